import Bytes
import Files
import Foundation
import TestSupport
import Testing

@Suite("StagedFile") struct StagedFileTests {
    /// Names below `directory`, sorted.
    private func names(_ directory: TemporaryDirectory, _ relative: String = "") throws -> [String] {
        try listDirectory(relative.isEmpty ? directory.path : directory.path(relative)).map(\.name)
    }

    private func problemOfPublishing(_ file: consuming FinishedFile) -> FileProblem? {
        do throws(FileProblem) { _ = try file.publish() } catch { return error }
        return nil
    }

    @Test("publishes the bytes, their digests and the stamp of the published file", arguments: [true, false])
    func publishes(durably: Bool) throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("a/b/c.parquet")
        var file = try StagedFile(for: path)
        #expect(file.temporaryPath == path + ".partial")
        try file.write([1, 2, 3].span)
        #expect(try names(directory, "a/b") == ["c.parquet.partial"])
        let finished = try file.finish()
        #expect(finished.content == ContentIdentity(of: [1, 2, 3]))
        #expect(try names(directory, "a/b") == ["c.parquet.partial"])
        let stamp = try finished.publish(durably: durably)
        #expect(try names(directory, "a/b") == ["c.parquet"])
        #expect(try directory.read("a/b/c.parquet") == Data([1, 2, 3]))
        #expect(stamp == (try Stamp.of(path: path)))
    }

    @Test("writes of every size arrive in order", arguments: 1...8 as ClosedRange<UInt64>)
    func sizes(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        var random = SeededGenerator(seed: seed)
        var expected = [UInt8]()
        var file = try StagedFile(for: directory.path("a"))
        for _ in 0..<60 {
            let limit = [3, 100, 5_000, 65_535, 65_536, 65_537, 200_000].randomElement(using: &random)!
            let piece = (0..<Int.random(in: 0...limit, using: &random)).map {
                UInt8(truncatingIfNeeded: $0 &* 7)
            }
            try file.write(piece.span)
            expected += piece
            #expect(file.byteCount == expected.count)
            if Bool.random(using: &random) {
                let count = Int.random(in: 0...70_000, using: &random)
                #expect(try file.tail(byteCount: count) == Array(expected.suffix(count)))
            }
        }
        let finished = try file.finish()
        #expect(finished.content == ContentIdentity(of: expected))
        _ = try finished.publish(durably: false)
        #expect(try Array(directory.read("a")) == expected)
    }

    @Test("dropping or discarding it at any step leaves nothing, and the old file as it was")
    func discards() throws {
        let directory = try TemporaryDirectory()
        try directory.write("old", to: "a")
        let stamp = try Stamp.of(path: directory.path("a"))
        do { _ = try StagedFile(for: directory.path("a")) }
        try StagedFile(for: directory.path("a")).discard()
        do {
            var file = try StagedFile(for: directory.path("a"))
            try file.write(Array("new".utf8).span)
            _ = try file.finish()
        }
        try StagedFile(for: directory.path("a")).finish().discard()
        #expect(try names(directory) == ["a"])
        #expect(try Stamp.of(path: directory.path("a")) == stamp)
    }

    @Test("replaces a leftover of a dead run, whatever its length")
    func leftover() throws {
        let directory = try TemporaryDirectory()
        try directory.write("something longer", to: "a.partial")
        var file = try StagedFile(for: directory.path("a"))
        try file.write(Array("new".utf8).span)
        _ = try file.finish().publish()
        #expect(try directory.read("a") == Data("new".utf8))
        #expect(try names(directory) == ["a"])
    }

    @Test("a hard-linked leftover keeps its bytes under the other name")
    func hardLink() throws {
        let directory = try TemporaryDirectory()
        try directory.write("precious", to: "other")
        #expect(makeHardLink(directory.path("a.partial"), to: directory.path("other")))
        var file = try StagedFile(for: directory.path("a"))
        try file.write(Array("new".utf8).span)
        _ = try file.finish().publish()
        #expect(try directory.read("other") == Data("precious".utf8))
    }

    @Test("refuses a link, a pipe or a directory in the temporary file's place, and leaves it alone")
    func refuses() throws {
        let directory = try TemporaryDirectory()
        try directory.write("victim", to: "victim")
        #expect(makeLink(directory.path("link.partial"), to: directory.path("victim")))
        #expect(makePipe(directory.path("pipe.partial")))
        #expect(makeDirectory(directory.path("directory.partial")))
        for name in ["link", "pipe", "directory"] {
            let path = directory.path(name + ".partial")
            #expect(throws: FileProblem(.create, path: path, cause: .notRegularFile)) {
                _ = try StagedFile(for: directory.path(name))
            }
        }
        #expect(try directory.read("victim") == Data("victim".utf8))
        #expect(try names(directory).count == 4)
    }

    @Test("a link at the destination is replaced, not followed")
    func destinationLink() throws {
        let directory = try TemporaryDirectory()
        try directory.write("victim", to: "victim")
        #expect(makeLink(directory.path("a"), to: directory.path("victim")))
        try writeFileAtomically(directory.path("a"), Array("new".utf8))
        #expect(try directory.read("victim") == Data("victim".utf8))
        #expect(try listDirectory(directory.path).first == DirectoryEntry(name: "a", kind: .regularFile))
    }

    @Test("of two for one destination only the younger is published, and neither removes the other's file")
    func twoWriters() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("a")
        var older = try StagedFile(for: path)
        try older.write(Array("older".utf8).span)
        var younger = try StagedFile(for: path)
        try younger.write(Array("younger".utf8).span)
        let problem = problemOfPublishing(try older.finish())
        #expect(problem == FileProblem(.rename, path: path + ".partial", cause: .replacedWhileWritten))
        #expect(try names(directory) == ["a.partial"])
        _ = try younger.finish().publish()
        #expect(try directory.read("a") == Data("younger".utf8))
    }

    @Test("starting over forgets bytes and digests, and gives back the bytes")
    func startOver() throws {
        let directory = try TemporaryDirectory()
        var file = try StagedFile(for: directory.path("a"))
        try file.write([UInt8](repeating: 7, count: 200_000).span)
        try file.write([1, 2].span)
        var last = [UInt8](repeating: 0, count: 3)
        try unsafe last.withUnsafeMutableBytes { try unsafe file.read(into: $0, at: 199_999) }
        #expect(last == [7, 1, 2])
        let former = try file.startOver()
        #expect(file.byteCount == 0)
        #expect(try names(directory) == ["a.partial"])
        try file.write([3].span)
        last = [0, 0, 0]
        try unsafe last.withUnsafeMutableBytes { try unsafe former.read(into: $0, at: 199_999) }
        #expect(last == [7, 1, 2])
        let beyond = #expect(throws: FileProblem.self) {
            try unsafe last.withUnsafeMutableBytes { try unsafe former.read(into: $0, at: 200_000) }
        }
        #expect(beyond?.operation == .read)
        #expect(try file.tail(byteCount: 10) == [3])
        let finished = try file.finish()
        #expect(finished.content == ContentIdentity(of: [3]))
        _ = try finished.publish()
        #expect(try directory.read("a") == Data([3]))
    }

    @Test("names the place where a directory cannot be made or a name is too long")
    func places() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", to: "a")
        let below = #expect(throws: FileProblem.self) { _ = try StagedFile(for: directory.path("a/b")) }
        #expect(below?.path == directory.path("a"))
        #expect(below?.errorNumber == ENOTDIR)
        let long = String(repeating: "x", count: 250)
        let tooLong = #expect(throws: FileProblem.self) { _ = try StagedFile(for: directory.path(long)) }
        #expect(tooLong?.errorNumber == ENAMETOOLONG)
        #expect(try names(directory) == ["a"])
    }

    @Test("a destination that is a directory: a problem, and no temporary file stays")
    func destinationDirectory() throws {
        let directory = try TemporaryDirectory()
        #expect(makeDirectory(directory.path("a")))
        let problem = problemOfPublishing(try StagedFile(for: directory.path("a")).finish())
        #expect(problem?.operation == .rename)
        #expect(problem?.errorNumber == EISDIR)
        #expect(try names(directory) == ["a"])
    }

    @Test("a write that the system refuses is final, and no temporary file stays")
    func refusedWrite() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(3) }
            var file = try StagedFile(for: directory.path("a"))
            let piece = [UInt8](repeating: 1, count: 70_000)
            try file.write(piece.span)
            var refusals = 0
            for _ in 0..<3 {
                do throws(FileProblem) { try file.write(piece.span) } catch {
                    if error.errorNumber == EFBIG, error.operation == .write { refusals += 1 }
                }
            }
            do throws(FileProblem) {
                _ = try file.finish()
                exit(4)
            } catch { if error.errorNumber == EFBIG { refusals += 1 } }
            exit(try refusals == 4 && listDirectory(directory.path).isEmpty ? 0 : 5)
        }
    }

    @Test("new files take the usual permissions")
    func permissions() throws {
        let directory = try TemporaryDirectory()
        try writeFileAtomically(directory.path("a"), [1])
        try directory.write("x", to: "b")
        let modes = try ["a", "b"].map {
            try FileManager.default.attributesOfItem(atPath: directory.path($0))[.posixPermissions] as? Int
        }
        #expect(modes[0] == modes[1])
    }
}
