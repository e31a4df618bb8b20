import Parquet
import TestSupport
import Testing

@Suite struct EncodingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var values: [Int]
        var width = 0
        var bytes: [UInt8]
        var testDescription: String { name }
    }

    private static func encode(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
        var page = ByteBuffer()
        body(&page)
        return page.array()
    }

    private static func hybrid(_ values: [UInt32], width: Int) -> [UInt8] {
        encode { page in
            unsafe values.withUnsafeBufferPointer { unsafe RunLength.append($0, width: width, to: &page) }
        }
    }

    private static func bits(_ values: [UInt8]) -> [UInt8] {
        encode { page in unsafe values.withUnsafeBufferPointer { unsafe RunLength.appendBits($0, to: &page) }
        }
    }

    private static func deltas<T: FixedWidthInteger & SignedInteger & BitwiseCopyable>(_ values: [T])
        -> [UInt8]
    where T.Magnitude: UnsignedInteger & FixedWidthInteger {
        encode { page in
            unsafe values.withUnsafeBufferPointer { _ = unsafe DeltaBinaryPacked.append($0, to: &page) }
        }
    }

    // MARK: the hybrid

    static let hybridCases = [
        Case(name: "nothing", values: [], width: 3, bytes: []),
        Case(
            name: "spec example, 0...7 in 3 bits", values: Array(0...7), width: 3,
            bytes: [0x03, 0x88, 0xC6, 0xFA]),
        Case(name: "a run", values: Array(repeating: 4, count: 100), width: 3, bytes: [0xC8, 0x01, 0x04]),
        Case(
            name: "a run of two-byte values", values: Array(repeating: 258, count: 8), width: 9,
            bytes: [0x10, 2, 1]),
        Case(
            name: "a partial group is filled with zeros", values: [1, 0, 1], width: 1, bytes: [0x03, 0x05]),
        Case(
            name: "a run gives values to the group before it",
            values: [1, 0] + Array(repeating: 1, count: 14),
            width: 1, bytes: [0x03, 0xFD, 0x10, 0x01]),
        Case(
            name: "a run too short once it has given stays packed",
            values: [1, 0] + Array(repeating: 1, count: 13),
            width: 1, bytes: [0x05, 0xFD, 0x7F]),
        Case(name: "width 8", values: [1, 2, 3], width: 8, bytes: [0x03, 1, 2, 3, 0, 0, 0, 0, 0]),
        Case(
            name: "width 16", values: [1, 258], width: 16,
            bytes: [0x03, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]

    @Test("hybrid", arguments: hybridCases)
    func hybrid(_ c: Case) {
        #expect(Self.hybrid(c.values.map { UInt32($0) }, width: c.width) == c.bytes)
    }

    @Test("hybrid reads back, every width", arguments: 0...32)
    func hybridRoundTrip(width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        for count in [0, 1, 7, 8, 9, 63, 64, 65, 500] {
            let limit = width == 32 ? UInt32.max : (1 << UInt32(width)) - 1
            var values = [UInt32]()
            while values.count < count {
                let value = UInt32.random(in: 0...limit, using: &generator)
                let length = Bool.random(using: &generator) ? 1 : Int.random(in: 1...30, using: &generator)
                values += Array(repeating: value, count: min(length, count - values.count))
            }
            var reader = SlowReader(Self.hybrid(values, width: width))
            #expect(reader.hybrid(count, width: width) == values, "width \(width), count \(count)")
            #expect(reader.offset == reader.bytes.count)
        }
    }

    static let bitCases = [
        Case(name: "nothing", values: [], bytes: []),
        Case(name: "one run", values: Array(repeating: 1, count: 20), bytes: [0x28, 0x01]),
        Case(name: "one run of zeros", values: Array(repeating: 0, count: 9), bytes: [0x12, 0x00]),
        Case(name: "packed", values: [1, 1, 0, 1], bytes: [0x03, 0x0B]),
        Case(
            name: "a long run between packed groups",
            values: [1, 0, 0, 0, 0, 0, 0, 0] + Array(repeating: 1, count: 32) + [0],
            bytes: [0x03, 1, 0x40, 1, 0x03, 0]),
    ]

    @Test("bits", arguments: bitCases)
    func bits(_ c: Case) {
        #expect(Self.bits(c.values.map { UInt8($0) }) == c.bytes)
    }

    @Test("bits read back")
    func bitsRoundTrip() {
        var generator = SeededGenerator(seed: 3)
        for count in Array(0...70) + [1000, 4096] {
            for longest in [1, 5, 40, 300] {
                var values = [UInt8]()
                while values.count < count {
                    let length = min(Int.random(in: 1...longest, using: &generator), count - values.count)
                    values += Array(repeating: UInt8.random(in: 0...1, using: &generator), count: length)
                }
                var reader = SlowReader(Self.bits(values))
                #expect(
                    reader.hybrid(count, width: 1) == values.map { UInt32($0) },
                    "count \(count), runs \(longest)")
                #expect(reader.offset == reader.bytes.count)
                let plain = Self.encode { page in
                    unsafe values.withUnsafeBufferPointer { unsafe Plain.appendBits($0, to: &page) }
                }
                var plainReader = SlowReader(plain)
                #expect(plainReader.packed(count, width: 1) == values.map { UInt64($0) })
                #expect(plainReader.offset == plain.count)
            }
        }
    }

    // MARK: deltas

    static let deltaCases = [
        // Header of both: blocks of 128 (0x80 0x01), 4 miniblocks.
        Case(name: "nothing", values: [], bytes: [0x80, 1, 4, 0, 0]),
        Case(name: "one value", values: [-3], bytes: [0x80, 1, 4, 1, 5]),
        Case(name: "spec example 1", values: [1, 2, 3, 4, 5], bytes: [0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0]),
        Case(
            // Deltas -2 -2 -2 1 1 1 1, less the smallest 0 0 0 3 3 3 3, in 2 bits.
            name: "spec example 2", values: [7, 5, 3, 1, 2, 3, 4, 5],
            bytes: [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0, 0, 0]),
    ]

    @Test("deltas", arguments: deltaCases)
    func deltas(_ c: Case) {
        #expect(Self.deltas(c.values.map { Int64($0) }) == c.bytes)
        #expect(Self.deltas(c.values.map { Int32($0) }) == c.bytes)
    }

    @Test("deltas read back, every width", arguments: 0...64)
    func deltaRoundTrip(width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        for count in [0, 1, 2, 31, 32, 33, 34, 128, 129, 130, 257, 1000] {
            var value = Int64(bitPattern: generator.next())
            var wide = [Int64]()
            for _ in 0..<count {
                wide.append(value)
                value &+= Int64(bitPattern: width == 0 ? 0 : generator.next() >> UInt64(64 - width)) &- 5
            }
            var reader = SlowReader(Self.deltas(wide))
            #expect(reader.deltas(as: Int64.self) == wide, "width \(width), count \(count)")
            #expect(reader.offset == reader.bytes.count)
            let narrow = wide.map { Int32(truncatingIfNeeded: $0) }
            var narrowReader = SlowReader(Self.deltas(narrow))
            #expect(narrowReader.deltas(as: Int32.self) == narrow, "width \(width), count \(count)")
            #expect(narrowReader.offset == narrowReader.bytes.count)
        }
    }

    @Test("deltas wrap at the limits")
    func deltaLimits() {
        let wide: [Int64] = [.max, .min, .max, 0, .min, .min, .max, -1]
        var reader = SlowReader(Self.deltas(wide))
        #expect(reader.deltas(as: Int64.self) == wide)
        let narrow: [Int32] = [.max, .min, .max, 0, .min, .min, .max, -1]
        let bytes = Self.deltas(narrow)
        // No miniblock of 32-bit values may be wider than 32 bits.
        #expect(bytes.count <= 5 + 4 + 5 + 4 + 32 * 4 + 5)
        var narrowReader = SlowReader(bytes)
        #expect(narrowReader.deltas(as: Int32.self) == narrow)
    }

    // MARK: texts and streams

    private static func ends(_ texts: [String]) -> (ends: [UInt32], bytes: [UInt8]) {
        var ends = [UInt32]()
        var bytes = [UInt8]()
        for text in texts {
            bytes += Array(text.utf8)
            ends.append(UInt32(bytes.count))
        }
        return (ends, bytes)
    }

    @Test("texts")
    func texts() {
        let (ends, bytes) = Self.ends(["skipped", "Hello", "", "ä"])
        let part = Array(ends[1...])
        let plain = Self.encode { page in
            unsafe part.withUnsafeBufferPointer { ends in
                unsafe bytes.withUnsafeBytes {
                    unsafe Plain.appendTexts(ends: ends, start: 7, bytes: $0, to: &page)
                }
            }
        }
        #expect(plain == [5, 0, 0, 0] + Array("Hello".utf8) + [0, 0, 0, 0, 2, 0, 0, 0, 0xC3, 0xA4])
        var lengths = ByteBuffer()
        let apart = Self.encode { page in
            unsafe part.withUnsafeBufferPointer { ends in
                unsafe bytes.withUnsafeBytes {
                    unsafe DeltaLengthByteArray.append(
                        ends: ends, start: 7, bytes: $0, lengths: &lengths, to: &page)
                }
            }
        }
        // Lengths 5 0 2: deltas -5 2, less the smallest 0 7, in 3 bits.
        #expect(
            apart == [0x80, 1, 4, 3, 10, 9, 3, 0, 0, 0, 0x38] + Array(repeating: 0, count: 11)
                + Array("Helloä".utf8))
    }

    @Test("byte streams")
    func byteStreams() {
        // The spec's example: AA BB CC DD, 00 11 22 33, A3 B4 C5 D6.
        let values: [UInt32] = [0xDDCC_BBAA, 0x3322_1100, 0xD6C5_B4A3]
        let bytes = Self.encode { page in
            unsafe values.withUnsafeBufferPointer { unsafe ByteStreamSplit.append($0, to: &page) }
        }
        #expect(bytes == [0xAA, 0x00, 0xA3, 0xBB, 0x11, 0xB4, 0xCC, 0x22, 0xC5, 0xDD, 0x33, 0xD6])
    }

    @Test("wide decimals, most significant byte first")
    func wideDecimals() {
        let values: [Int128] = [1, -2]
        let bytes = Self.encode { page in
            unsafe values.withUnsafeBufferPointer { unsafe Plain.appendBigEndian($0, to: &page) }
        }
        #expect(bytes == Array(repeating: 0, count: 15) + [1] + Array(repeating: 0xFF, count: 15) + [0xFE])
    }
}
