import Files
import Foundation
import TestSupport
import Testing

@Suite("StagedBatch") struct StagedBatchTests {
    private func finished(_ path: String, _ text: String) throws(FileProblem) -> FinishedFile {
        var file = try StagedFile(for: path)
        try file.write(Array(text.utf8).span)
        return try file.finish()
    }

    @Test("publishes all, in order, in few and in many directories", arguments: [1, 3, 40])
    func publishes(directoryCount: Int) throws {
        let root = try TemporaryDirectory()
        var batch = try StagedBatch(onFileSystemOf: root.path)
        let names = (0..<100).map { "d\($0 % directoryCount)/\($0)" }
        for name in names { try batch.add(finished(root.path(name), name)) }
        #expect(batch.count == 100)
        #expect(batch.byteCount == names.map(\.utf8.count).reduce(0, +))
        #expect(try listDirectory(root.path("d0")).allSatisfy { $0.name.hasSuffix(".partial") })
        let results = batch.publish()
        #expect(results.count == 100)
        for (name, result) in zip(names, results) {
            #expect(try result.get() == Stamp.of(path: root.path(name)))
            #expect(try root.read(name) == Data(name.utf8))
        }
        #expect(try listDirectory(root.path("d0")).count == (100 + directoryCount - 1) / directoryCount)
    }

    @Test("dropped, it leaves nothing")
    func drops() throws {
        let root = try TemporaryDirectory()
        do {
            var batch = try StagedBatch(onFileSystemOf: root.path)
            for i in 0..<10 { try batch.add(finished(root.path("\(i)"), "x")) }
        }
        #expect(try listDirectory(root.path).isEmpty)
        #expect(try StagedBatch(onFileSystemOf: root.path).publish().isEmpty)
    }

    @Test("one file that cannot be published does not keep the others")
    func oneFails() throws {
        let root = try TemporaryDirectory()
        var batch = try StagedBatch(onFileSystemOf: root.path)
        for name in ["a", "b", "c"] { try batch.add(finished(root.path(name), name)) }
        try FileManager.default.createDirectory(atPath: root.path("b"), withIntermediateDirectories: false)
        let results = batch.publish()
        #expect(throws: FileProblem(.rename, path: root.path("b"), errorNumber: EISDIR)) {
            try results[1].get()
        }
        #expect(try results[0].get() == Stamp.of(path: root.path("a")))
        #expect(try results[2].get() == Stamp.of(path: root.path("c")))
        #expect(try listDirectory(root.path).map(\.name) == ["a", "b", "c"])
    }

    @Test("takes files of another file system", .enabled(if: isExecutable("/dev/shm")))
    func otherFileSystem() throws {
        let root = try TemporaryDirectory()
        let other = "/dev/shm/" + root.url.lastPathComponent
        defer { try? FileManager.default.removeItem(atPath: other) }
        var batch = try StagedBatch(onFileSystemOf: root.path)
        try batch.add(finished(root.path("a"), "a"))
        try batch.add(finished(other + "/b", "b"))
        let results = batch.publish()
        #expect(try results[0].get() == Stamp.of(path: root.path("a")))
        #expect(try results[1].get() == Stamp.of(path: other + "/b"))
    }
}
