import CVector
import TestSupport
import Testing

@testable import Parquet

/// Packing in vector instructions gives the bytes of its twins, and sorting by bytes the order of comparing.
@Suite struct PackingTwinTests {
    @Test("deltas of every width", arguments: 0...64)
    func deltas(width: Int) {
        var random = SeededGenerator(seed: UInt64(width))
        for count in [1, 2, 128, 129, 130, 257, 1_000] {
            var value: Int64 = Int64.random(in: -1_000...1_000, using: &random)
            let values = (0..<count).map { _ in
                let delta =
                    width == 0
                    ? 0 : UInt64.random(in: 0...(UInt64.max >> (64 - UInt64(width))), using: &random)
                value &+= Int64(bitPattern: delta) &- 7
                return value
            }
            var fast = ByteBuffer()
            var slow = ByteBuffer()
            let widths = unsafe values.withUnsafeBufferPointer {
                unsafe (
                    DeltaBinaryPacked.append($0, to: &fast),
                    DeltaBinaryPacked.append($0, to: &slow, usesKernel: false)
                )
            }
            #expect(widths.0 == widths.1)
            #expect(fast.array() == slow.array(), "\(count) values")
        }
    }

    @Test("integers of every width", arguments: 1...32)
    func bits(width: Int) {
        var random = SeededGenerator(seed: UInt64(width))
        for count in [0, 8, 24, 32, 40, 64, 96, 104, 1_000] {
            let values = (0..<count).map { _ in
                UInt32.random(in: 0...(UInt32.max >> UInt32(32 - width)), using: &random)
            }
            var fast = [UInt8](repeating: 0, count: count * width / 8 + 1)
            var slow = fast
            unsafe values.withUnsafeBufferPointer { values in
                unsafe fast.withUnsafeMutableBytes {
                    unsafe BitPacking.pack(values, width: width, into: $0.baseAddress!)
                }
                unsafe slow.withUnsafeMutableBytes {
                    unsafe BitPacking.packAny(values, width: UInt64(width), into: $0.baseAddress!)
                }
            }
            #expect(fast == slow, "\(count) values")
        }
    }

    /// Numbers among which every kind stands at every place of a kernel's step.
    private static func floats(_ count: Int, _ random: inout SeededGenerator) -> [Double] {
        (0..<count).map { _ in
            switch Int.random(in: 0..<8, using: &random) {
            case 0: [Double.nan, -.nan, 0, -0.0, .infinity, -.infinity].randomElement(using: &random)!
            case 1: Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &random))
            default: Double.random(in: -1e6...1e6, using: &random)
            }
        }
    }

    @Test("streams of 4 and 8 bytes", arguments: [0, 1, 15, 16, 17, 31, 32, 33, 1_000])
    func streams(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let words = (0..<count).map { _ in UInt64.random(in: 0...UInt64.max, using: &random) }
        func compare<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_ values: [T]) {
            var fast = ByteBuffer()
            var slow = ByteBuffer()
            unsafe values.withUnsafeBufferPointer {
                unsafe ByteStreamSplit.append($0, to: &fast)
                unsafe ByteStreamSplit.append($0, to: &slow, usesKernel: false)
            }
            #expect(fast.count == values.count * MemoryLayout<T>.size)
            #expect(fast.array() == slow.array(), "\(T.self)")
        }
        compare(words)
        compare(words.map { UInt32(truncatingIfNeeded: $0) })
    }

    @Test("smallest and largest integers", arguments: [1, 2, 3, 4, 5, 31, 32, 33, 1_000])
    func integerExtremes(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        for shape in 0..<3 {
            let values = (0..<count).map { _ -> Int64 in
                switch shape {
                case 0: Int64.random(in: Int64.min...Int64.max, using: &random)
                case 1: Int64.random(in: -3...3, using: &random)
                default: [Int64.min, .max].randomElement(using: &random)!
                }
            }
            let extremes = unsafe values.withUnsafeBufferPointer {
                unsafe (
                    IntegerValues<Int64, UInt64>.extremes($0),
                    IntegerValues<Int64, UInt64>.extremes($0, usesKernel: false)
                )
            }
            #expect(extremes.0.min == values.min() && extremes.0.max == values.max())
            #expect(extremes.1.min == values.min() && extremes.1.max == values.max())
        }
    }

    @Test("smallest and largest numbers, and NaNs counted", arguments: [1, 2, 15, 16, 17, 31, 32, 33, 1_000])
    func floatExtremes(count: Int) {
        for seed in 0..<20 {
            var random = SeededGenerator(seed: UInt64(seed))
            let values = Self.floats(count, &random)
            let found = unsafe values.withUnsafeBufferPointer {
                unsafe (
                    FloatValues<Double, UInt64>.extremes($0),
                    FloatValues<Double, UInt64>.extremes($0, usesKernel: false)
                )
            }
            let numbers = values.filter { !$0.isNaN }
            for (extremes, nanCount) in [found.0, found.1] {
                #expect(nanCount == count - numbers.count, "seed \(seed)")
                // Without numbers they are what they began as.
                #expect(extremes.min == numbers.min() ?? .infinity, "seed \(seed)")
                #expect(extremes.max == numbers.max() ?? -.infinity, "seed \(seed)")
            }
        }
    }

    @Test("words sorted by their bytes", arguments: [0, 1, 2, 255, 1_000, 70_000])
    func radixSort(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        for shape in 0..<4 {
            let keys = (0..<count).map { _ -> UInt64 in
                switch shape {
                case 0: UInt64.random(in: 0...UInt64.max, using: &random)
                case 1: UInt64.random(in: 0...300, using: &random)
                case 2: Double(Int.random(in: 0...1_000_000, using: &random)).bitPattern
                default: 7
                }
            }
            var sorted = keys
            var order = (0..<count).map(UInt32.init)
            var scratch = keys
            var orderScratch = order
            unsafe sorted.withUnsafeMutableBufferPointer { sorted in
                unsafe order.withUnsafeMutableBufferPointer { order in
                    unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                        unsafe orderScratch.withUnsafeMutableBufferPointer { orderScratch in
                            guard count > 0 else { return }
                            unsafe RadixSort.sort(
                                sorted.baseAddress!, order.baseAddress!, otherKeys: scratch.baseAddress!,
                                otherIndices: orderScratch.baseAddress!, count: count)
                        }
                    }
                }
            }
            #expect(sorted == keys.sorted())
            // Equal keys keep their order.
            #expect(order == (0..<count).sorted { (keys[$0], $0) < (keys[$1], $1) }.map(UInt32.init))
        }
    }
}
