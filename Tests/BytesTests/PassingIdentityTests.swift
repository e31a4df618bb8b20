import Bytes
import TestSupport
import Testing

@Suite struct PassingIdentityTests {
    private struct Disk: Error {}

    /// A file in memory that counts what is read for the hash alone.
    private final class File {
        let bytes: [UInt8]
        var readByteCount = 0

        init(byteCount: Int, random: inout SeededGenerator) {
            bytes = (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }

        func read(_ buffer: UnsafeMutableRawBufferPointer, _ offset: Int) {
            unsafe buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
            readByteCount += buffer.count
        }

        func pass(_ range: Range<Int>, by identity: PassingIdentity) {
            let block = Array(bytes[range])
            unsafe block.withUnsafeBytes { block in
                unsafe identity.note(block, at: range.lowerBound) { unsafe read($0, $1) }
            }
        }

        func finish(_ identity: PassingIdentity) -> ContentIdentity {
            unsafe identity.finish(byteCount: bytes.count) { unsafe read($0, $1) }
        }
    }

    @Test("read from front to end behind a header, only the header and what follows are read again")
    func inOrder() {
        var random = SeededGenerator(seed: 1)
        let file = File(byteCount: 700_000, random: &random)
        let identity = PassingIdentity()
        // The end first, as of an archive, then a member.
        file.pass(650_000..<700_000, by: identity)
        for start in stride(from: 60, to: 640_060, by: 64_000) {
            file.pass(start..<start + 64_000, by: identity)
        }
        #expect(file.readByteCount == 60)
        #expect(file.finish(identity) == ContentIdentity(of: file.bytes))
        #expect(file.readByteCount == 60 + 700_000 - 640_060)
    }

    @Test("read in any order, in part, twice", arguments: [UInt64](1...20))
    func anyOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let byteCounts = [0, 1, 1_000, 200_000, 2_300_000]
        let file = File(byteCount: byteCounts.randomElement(using: &random)!, random: &random)
        let identity = PassingIdentity()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let start = Int.random(in: 0...file.bytes.count, using: &random)
            file.pass(start..<Int.random(in: start...file.bytes.count, using: &random), by: identity)
        }
        #expect(file.finish(identity) == ContentIdentity(of: file.bytes))
    }

    @Test("an error of the disk comes out")
    func fails() {
        let identity = PassingIdentity()
        let block: [UInt8] = [1, 2, 3]
        #expect(throws: Disk.self) {
            try unsafe block.withUnsafeBytes {
                try unsafe identity.note($0, at: 10) { (_, _) throws(Disk) in throw Disk() }
            }
        }
        #expect(throws: Disk.self) {
            try unsafe identity.finish(byteCount: 3) { (_, _) throws(Disk) in throw Disk() }
        }
    }
}
