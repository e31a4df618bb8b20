import Compression
import TestSupport
import Testing

/// Decompressors that know how much comes out.
@Suite struct PageCodecTests {
    private static func unzstd(_ frame: [UInt8], byteCount: Int) throws -> [UInt8] {
        var decompressor = ZstdDecompressor()
        var output = [UInt8](repeating: 0xEE, count: byteCount)
        try unsafe frame.withUnsafeBytes { source in
            try unsafe output.withUnsafeMutableBytes { try unsafe decompressor.decompress(source, into: $0) }
        }
        return output
    }

    private static func unsnappy(_ block: [UInt8], byteCount: Int) throws -> [UInt8] {
        var output = [UInt8](repeating: 0xEE, count: byteCount)
        try unsafe block.withUnsafeBytes { source in
            try unsafe output.withUnsafeMutableBytes {
                try unsafe SnappyDecompressor.decompress(source, into: $0)
            }
        }
        return output
    }

    private static func zstd(
        _ bytes: [UInt8], level: Int = 3, search: ZstdCompressor.Search? = nil
    ) -> [UInt8] {
        var compressor = ZstdCompressor(level: level, search: search)
        var frame = [UInt8](repeating: 0, count: ZstdCompressor.byteCountBound(for: bytes.count))
        let written = unsafe bytes.withUnsafeBytes { source in
            unsafe frame.withUnsafeMutableBytes { unsafe compressor.compress(source, into: $0) }
        }
        return Array(frame[..<written!])
    }

    @Test("zstd frames give what went in", arguments: [0, 1, 100, 70_000, 300_000])
    func zstdRoundTrip(count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let noise = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() % 5) }
        for bytes in [noise, [UInt8](repeating: 7, count: count)] {
            for (level, search) in [(1, nil), (3, nil), (3, Self.search), (19, nil)] {
                let frame = Self.zstd(bytes, level: level, search: search)
                #expect(try Self.unzstd(frame, byteCount: count) == bytes)
                #expect(count <= ZstdDecompressor.byteCountBound(for: frame.count))
            }
        }
        // Frames may follow each other.
        #expect(
            try Self.unzstd(Self.zstd(noise) + Self.zstd([1, 2]), byteCount: count + 2) == noise + [1, 2])
    }

    private static let search = ZstdCompressor.Search(hashLog: 16, leastMatch: 4)

    /// Four bytes of each row are those of a row before, and libzstd's level 1 looks for more.
    @Test("a search of its own finds what is shorter than the level's") func search() throws {
        var generator = SeededGenerator(seed: 3)
        let words = (0..<64).map { _ in (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) } }
        let bytes = (0..<20_000).flatMap { _ in
            words.randomElement(using: &generator)!
                + (0..<2).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        let found = Self.zstd(bytes, level: 1, search: Self.search)
        #expect(found.count < bytes.count * 8 / 10)
        #expect(Self.zstd(bytes, level: 1).count > bytes.count * 9 / 10)
        #expect(try Self.unzstd(found, byteCount: bytes.count) == bytes)
    }

    /// Lengths around those at which a frame's header and its blocks change.
    static let storedCases: [(count: Int, stored: Int, piece: Int)] = [
        (1, 1, 1024), (255, 255, 1024), (256, 100, 64), (5_000, 1_000, 1_000), (8_008, 5_008, 1_000),
        (65_791, 65_791, 8_192), (65_792, 1, 8_192), (131_072, 131_072, 16_384), (131_073, 131_073, 16_384),
        (160_000, 100_000, 20_000), (300_000, 262_144, 12_000), (800_000, 300_000, 100_000),
    ]

    @Test("zstd frames of which the first bytes are stored give what went in", arguments: storedCases)
    func zstdStored(count: Int, stored: Int, piece: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let noise = (0..<stored).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Matches at the same few distances over and over, some of which reach the start of the rest.
        let period = [3, 7, 50, 999][Int.random(in: 0..<4, using: &generator)]
        let word = (0..<period).map { _ in UInt8.random(in: 0...40, using: &generator) }
        let rest = (0..<count - stored).map {
            $0 % 97 == 0 ? UInt8.random(in: 0...255, using: &generator) : word[$0 % period]
        }
        let bytes = noise + rest
        // One context for all: what it remembers of a frame must not matter to the next.
        for (level, search) in [(1, nil), (3, nil), (3, Self.search), (9, nil)] {
            var compressor = ZstdCompressor(level: level, search: search)
            for _ in 0..<2 {
                let bound = ZstdCompressor.byteCountBound(for: count, pieces: count / piece + 2)
                var frame = [UInt8](repeating: 0, count: bound)
                var kept: [KeptBytes] = []
                let written = unsafe bytes.withUnsafeBytes { source in
                    unsafe frame.withUnsafeMutableBytes {
                        unsafe compressor.compress(
                            source, storedByteCount: stored, pieceByteCount: piece, into: $0, kept: &kept)
                    }
                }
                #expect(kept.flatMap(\.source) == Array(0..<stored))
                frame = Array(frame[..<written!])
                for part in kept.reversed() { frame.insert(contentsOf: bytes[part.source], at: part.place) }
                #expect(try Self.unzstd(frame, byteCount: count) == bytes)
                #expect(frame.count < stored + rest.count / 2 + 300)
                // Not a frame each: what follows the whole one is another.
                #expect(try Self.unzstd(frame + Self.zstd([9]), byteCount: count + 1) == bytes + [9])
            }
        }
    }

    @Test("zstd frames of another length, cut, or damaged are refused")
    func zstdDamage() throws {
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let frame = Self.zstd(bytes)
        #expect(throws: CompressionProblem(.tooLong(expected: 4999), inputOffset: 0)) {
            try Self.unzstd(frame, byteCount: 4999)
        }
        #expect(throws: CompressionProblem(.tooShort(found: 5000, expected: 5001), inputOffset: frame.count))
        {
            try Self.unzstd(frame, byteCount: 5001)
        }
        for count in 0..<frame.count {
            #expect(throws: CompressionProblem.self) {
                try Self.unzstd(Array(frame[..<count]), byteCount: 5000)
            }
        }
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            var damaged = frame
            damaged[Int.random(in: 0..<frame.count, using: &generator)] = UInt8.random(
                in: 0...255, using: &generator)
            // No checksum: other bytes may come out, but as many, or a problem.
            if let output = try? Self.unzstd(damaged, byteCount: 5000) { #expect(output.count == 5000) }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var block: [UInt8]
        var text: String
        var testDescription: String { name }
    }

    // From the format's description: a literal is (length - 1) << 2; a copy of one byte of offset is
    // (length - 4) << 2 | 1 with the offset's upper bits on top; of two bytes, (length - 1) << 2 | 2.
    static let snappyCases = [
        Case(name: "nothing", block: [0], text: ""),
        Case(name: "a literal", block: [3, 8, 97, 98, 99], text: "abc"),
        Case(name: "a literal with its length apart", block: [3, 60 << 2, 2, 97, 98, 99], text: "abc"),
        Case(name: "a copy", block: [8, 12, 97, 98, 99, 100, 1, 4], text: "abcdabcd"),
        Case(
            name: "a copy that overlaps itself", block: [10, 4, 97, 98, 7 << 2 | 2, 2, 0], text: "ababababab"),
        Case(
            name: "a copy of four bytes of offset", block: [6, 8, 97, 98, 99, 2 << 2 | 3, 3, 0, 0, 0],
            text: "abcabc"),
    ]

    @Test("Snappy blocks", arguments: snappyCases)
    func snappy(_ c: Case) throws {
        #expect(try Self.unsnappy(c.block, byteCount: c.text.utf8.count) == Array(c.text.utf8))
        for count in 0..<c.block.count {
            #expect(throws: CompressionProblem.self) {
                try Self.unsnappy(Array(c.block[..<count]), byteCount: c.text.utf8.count)
            }
        }
        for byteCount in [c.text.utf8.count - 1, c.text.utf8.count + 1] where byteCount >= 0 {
            #expect(throws: CompressionProblem.self) { try Self.unsnappy(c.block, byteCount: byteCount) }
        }
    }

    static let badBlocks: [(String, [UInt8])] = [
        ("a length without end", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        ("a literal longer than the block", [4, 12, 97]),
        ("a literal longer than the output", [4, 16, 97, 98, 99, 100, 101]),
        ("a literal of 4 GB", [4, 63 << 2, 0xFF, 0xFF, 0xFF, 0xFF, 97]),
        ("a copy from before the start", [4, 0, 97, 2 << 2 | 2, 2, 0]),
        ("a copy from nowhere", [4, 0, 97, 2 << 2 | 2, 0, 0]),
        ("a copy beyond the output", [4, 0, 97, 9 << 2 | 2, 1, 0]),
        ("a copy without its offset", [4, 0, 97, 2 << 2 | 2, 1]),
        ("bytes after the end", [1, 0, 97, 0, 97]),
    ]

    @Test("bad Snappy blocks are refused", arguments: badBlocks)
    func badSnappy(name: String, block: [UInt8]) {
        #expect(throws: CompressionProblem.self) { try Self.unsnappy(block, byteCount: Int(block[0] & 0x7F)) }
    }
}
