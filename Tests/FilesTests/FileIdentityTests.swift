import Bytes
import Files
import Foundation
import Problems
import TestSupport
import Testing

@Suite("identity(ofFile:)") struct FileIdentityTests {
    @Test(
        "equals the digests of the bytes at every size around the buffer's",
        arguments: [0, 1, 4095, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
    func sizes(byteCount: Int) throws {
        let directory = try TemporaryDirectory()
        var random = SeededGenerator(seed: UInt64(byteCount))
        let bytes = (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        try directory.write(Data(bytes), to: "a")
        let (content, stamp) = try identity(ofFile: directory.path("a"))
        #expect(content == ContentIdentity(of: bytes))
        #expect(stamp == (try Stamp.of(path: directory.path("a"))))
    }

    @Test(
        "a small file comes whole, with its stamp, and a larger one not at all",
        arguments: [0, 1, 4_095, 4_096, 70_000])
    func contents(byteCount: Int) throws {
        let directory = try TemporaryDirectory()
        var random = SeededGenerator(seed: UInt64(byteCount))
        let bytes = (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        try directory.write(Data(bytes), to: "a")
        let path = directory.path("a")
        let found = try #require(try Files.contents(ofFile: path, upTo: byteCount))
        #expect(found.bytes[0..<found.bytes.count] == bytes)
        #expect(found.stamp == (try Stamp.of(path: path)))
        #expect(try Files.contents(ofFile: path, upTo: byteCount - 1) == nil)
        #expect(throws: FileProblem(.read, path: directory.path(""), cause: .notRegularFile)) {
            try Files.contents(ofFile: directory.path(""), upTo: 10)
        }
        #expect(throws: FileProblem(.read, path: "/proc/self/status", cause: .changedWhileRead)) {
            try Files.contents(ofFile: "/proc/self/status", upTo: 10)
        }
    }

    @Test("names a missing file")
    func missing() throws {
        let problem = #expect(throws: FileProblem.self) { try identity(ofFile: "no/such/file") }
        #expect(problem?.summary == "no/such/file: cannot read: No such file or directory")
    }

    @Test("a file that grows while it is read is a problem")
    func grows() throws {
        // Files in /proc say they are empty and are not: the same to a reader as one that grew in between.
        #expect(throws: FileProblem(.read, path: "/proc/self/status", cause: .changedWhileRead)) {
            try identity(ofFile: "/proc/self/status")
        }
    }
}

@Suite("FileProblem") struct FileProblemTests {
    @Test("says what, where and what to do")
    func text() {
        let problem = FileProblem(.rename, path: "lake/x\u{1B}.parquet", errorNumber: ENOSPC)
        #expect(problem.summary == "lake/x\\u{1b}.parquet: cannot rename: No space left on device")
        #expect(problem.hint?.contains("df -i") == true)
        #expect(problem.category == .disk)
        for number in [EACCES, EROFS, EMFILE, ENAMETOOLONG, ENOSPC] {
            #expect(FileProblem(.open, path: "x", errorNumber: number).hint != nil)
        }
        #expect(FileProblem(.open, path: "x", errorNumber: 12345).summary.contains("12345"))
    }
}
