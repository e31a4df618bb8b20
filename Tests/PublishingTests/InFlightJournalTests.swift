import Files
import Foundation
import Publishing
import TestSupport
import Testing

@Suite("InFlightJournal") struct InFlightJournalTests {
    private func journal(_ root: TemporaryDirectory, compactionByteCount: Int = 1 << 20) throws
        -> InFlightJournal
    {
        try InFlightJournal(
            path: root.path(".datamake/in-flight"), root: root.path, compactionByteCount: compactionByteCount)
    }

    @Test("what a killed run left is removed by the next, and only that")
    func sweeps() throws {
        let root = try TemporaryDirectory()
        let names = ["lake/a.parquet.partial", "new\nline\\n.partial", root.path("absolute.partial")]
        do {
            let killed = try journal(root)
            for name in names + ["never-made.partial", "lake/kept.parquet"] { try killed.willWrite(name) }
        }
        for name in [
            "lake/a.parquet.partial", "new\nline\\n.partial", "absolute.partial", "lake/kept.parquet",
        ] {
            try root.write("half", to: name)
        }
        try root.write("another's", to: "lake/b.parquet.partial")
        let next = try journal(root)
        #expect(try next.sweep() == names.sorted())
        #expect(try listDirectory(root.path("lake")).map(\.name) == ["b.parquet.partial", "kept.parquet"])
        #expect(try listDirectory(root.path).map(\.name) == [".datamake", "lake"])
        #expect(try next.sweep() == [])
    }

    @Test("touches nothing outside the root, no links, no directories, whatever the journal says")
    func hostile() throws {
        let outside = try TemporaryDirectory()
        try outside.write("victim", to: "x.partial")
        let root = try TemporaryDirectory()
        try root.write("victim", to: "victim")
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: root.path("link.partial"), withDestinationPath: "victim")
        try manager.createSymbolicLink(atPath: root.path("way-out"), withDestinationPath: outside.path)
        try manager.createDirectory(atPath: root.path("directory.partial"), withIntermediateDirectories: true)
        let names = [
            "link.partial", "way-out/x.partial", "directory.partial", outside.path("x.partial"),
            "../\(outside.url.lastPathComponent)/x.partial", "victim", ".partial", "", "zero\0.partial",
        ]
        // As bytes: also what the journal itself would never write.
        try root.write(
            Data((names.joined(separator: "\n") + "\n").utf8) + Data([0xFF, 0x0A]), to: ".datamake/in-flight")
        #expect(try journal(root).sweep() == [])
        #expect(try outside.read("x.partial") == Data("victim".utf8))
        #expect(try listDirectory(root.path).count == 5)
    }

    @Test("a line without an end was never acted on")
    func torn() throws {
        let root = try TemporaryDirectory()
        try root.write("x", to: "a.partial")
        try root.write("x", to: "b.partial")
        try root.write("a.partial\nb.partial", to: ".datamake/in-flight")
        #expect(try journal(root).sweep() == ["a.partial"])
    }

    @Test("clear forgets")
    func clears() throws {
        let root = try TemporaryDirectory()
        let first = try journal(root)
        try first.willWrite("a.partial")
        try root.write("x", to: "a.partial")
        try first.clear()
        #expect(try root.read(".datamake/in-flight").isEmpty)
        #expect(try journal(root).sweep() == [])
    }

    @Test(
        "stays small over many files, and keeps the names in flight", arguments: 1...4 as ClosedRange<UInt64>)
    func compacts(seed: UInt64) throws {
        let root = try TemporaryDirectory()
        var random = SeededGenerator(seed: seed)
        var inFlight = [String]()
        do {
            let killed = try journal(root, compactionByteCount: 2_000)
            for i in 0..<2_000 {
                let name = "file-\(i).partial"
                try killed.willWrite(name)
                inFlight.append(name)
                if inFlight.count > 20 {
                    killed.didFinish(inFlight.remove(at: Int.random(in: 0..<20, using: &random)))
                }
                #expect(try root.read(".datamake/in-flight").count < 3_000)
            }
        }
        for name in inFlight { try root.write("half", to: name) }
        try root.write("half", to: ".datamake/in-flight.partial")
        #expect(try journal(root).sweep() == inFlight.sorted())
        #expect(try listDirectory(root.path(".datamake")).map(\.name) == ["in-flight"])
    }

    @Test("many threads may write")
    func threads() async throws {
        let root = try TemporaryDirectory()
        let first = try journal(root, compactionByteCount: 500)
        try await withThrowingTaskGroup { group in
            for i in 0..<8 {
                group.addTask {
                    for j in 0..<50 {
                        let file = try first.stage(for: root.path("d\(i)/\(j)"))
                        if j % 2 == 0 {
                            let path = file.temporaryPath
                            _ = try file.finish().publish(durably: false)
                            first.didFinish(path)
                        } else {
                            // A link keeps the file from going with the value, as a kill would.
                            try FileManager.default.linkItem(
                                atPath: file.temporaryPath, toPath: root.path("d\(i)/\(j).copy"))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for i in 0..<8 {
            for j in stride(from: 1, to: 50, by: 2) {
                try FileManager.default.moveItem(
                    atPath: root.path("d\(i)/\(j).copy"), toPath: root.path("d\(i)/\(j).partial"))
            }
        }
        #expect(try journal(root).sweep().count == 8 * 25)
    }
}
