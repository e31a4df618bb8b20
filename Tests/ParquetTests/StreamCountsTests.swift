import TestSupport
import Testing

@testable import Parquet

@Suite struct StreamCountsTests {
    /// What the counts say of `streamCount` streams of as many bytes, made one after the other.
    private static func codedByteCount(_ streamCount: Int, _ count: Int, _ byte: (Int) -> UInt8) -> Int {
        var counts = StreamCounts()
        // What was counted before is forgotten.
        let other = [UInt8](repeating: 9, count: 80)
        unsafe other.withUnsafeBytes { unsafe counts.add($0, streamByteCount: 10) }
        counts.removeAll()
        for _ in 0..<2 {
            let page = (0..<streamCount).flatMap { stream in (0..<count / 2).map { _ in byte(stream) } }
            unsafe page.withUnsafeBytes { unsafe counts.add($0, streamByteCount: count / 2) }
        }
        return counts.codedByteCount
    }

    @Test("a stream of one byte takes nothing")
    func constant() {
        #expect(Self.codedByteCount(8, 4_096) { UInt8($0) } == 0)
    }

    @Test("random bytes take their room", arguments: [1_536, 4_096, 8_192])
    func random(count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let found = Self.codedByteCount(8, count) { _ in UInt8.random(in: 0...255, using: &random) }
        // A sample alone would make them seem compressible, by 255 / (2 * 1536 * ln 2) bits of 8 at 1536.
        #expect(found <= 8 * count && found > 8 * count * 995 / 1000, "\(found) of \(8 * count)")
    }

    @Test("k equally frequent bytes take log2 k bits", arguments: [(2, 1), (4, 2), (16, 4)])
    func equal(distinct: Int, bits: Int) {
        var next = 0
        let found = Self.codedByteCount(4, 4_096) { _ in
            next += 1
            return UInt8(next % distinct)
        }
        #expect(abs(found - 4 * 4_096 * bits / 8) <= 4 * distinct)
    }

    @Test("long runs take less than their bytes' frequencies say")
    func runs() {
        var next = 0
        let found = Self.codedByteCount(1, 4_096) { _ in
            next += 1
            return UInt8(next / 256)
        }
        // Sixteen bytes that are equally frequent would take half a byte each.
        #expect(found == 16 * 3)
    }

    @Test("the first streams that nothing makes smaller are counted")
    func randomStreams() {
        var random = SeededGenerator(seed: 3)
        for expected in 0...4 {
            var counts = StreamCounts()
            let page = (0..<4).flatMap { stream in
                (0..<4_096).map { _ in
                    stream < expected
                        ? UInt8.random(in: 0...255, using: &random)
                        : UInt8.random(in: 0...200, using: &random)
                }
            }
            unsafe page.withUnsafeBytes { unsafe counts.add($0, streamByteCount: 4_096) }
            #expect(counts.randomStreamCount == expected)
        }
    }

    struct Stream: Sendable, CustomTestStringConvertible {
        var name: String
        var looksRandom: Bool
        var byte: @Sendable (Int, inout SeededGenerator) -> UInt8
        var testDescription: String { name }
    }

    static let streams: [Stream] = [
        Stream(name: "random bytes", looksRandom: true) { _, random in .random(in: 0...255, using: &random) },
        Stream(name: "one byte", looksRandom: false) { _, _ in 7 },
        Stream(name: "a third of the bytes", looksRandom: false) { _, random in
            .random(in: 0...85, using: &random)
        },
        Stream(name: "a counter", looksRandom: false) { row, _ in UInt8(truncatingIfNeeded: row) },
        Stream(name: "a counter by 37", looksRandom: false) { row, _ in UInt8(truncatingIfNeeded: 37 * row) },
        Stream(name: "runs", looksRandom: false) { row, _ in UInt8(truncatingIfNeeded: 89 * (row / 40)) },
        Stream(name: "zeros in the last half", looksRandom: false) { row, random in
            row < 10_000 ? .random(in: 0...255, using: &random) : 0
        },
    ]

    @Test("a page's stream looks random or not", arguments: streams)
    func looksRandom(_ stream: Stream) {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let bytes = (0..<20_000).map { stream.byte($0, &random) }
            #expect(
                unsafe bytes.withUnsafeBytes { unsafe StreamCounts.looksRandom($0) } == stream.looksRandom)
        }
        // Too short to tell.
        var random = SeededGenerator(seed: 1)
        let bytes = (0..<511).map { stream.byte($0, &random) }
        #expect(unsafe bytes.withUnsafeBytes { unsafe !StreamCounts.looksRandom($0) })
    }

    @Test("logarithms are those of the powers of two, and grow")
    func logarithms() {
        for exponent in 0..<62 { #expect(StreamCounts.computedLog2(1 << exponent) == exponent << 12) }
        // 2^12 * log2 of 3, 10 and 1,000,000, rounded down.
        #expect(StreamCounts.computedLog2(3) == 6_492)
        #expect(StreamCounts.computedLog2(10) == 13_606)
        #expect(StreamCounts.computedLog2(1_000_000) == 81_639)
        for number in 2...5_000 {
            #expect(StreamCounts.computedLog2(number) >= StreamCounts.computedLog2(number - 1))
        }
    }
}
