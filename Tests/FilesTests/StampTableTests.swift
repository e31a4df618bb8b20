import Bytes
import Files
import Foundation
import TestSupport
import Testing

@Suite("StampTable") struct StampTableTests {
    let scratch: TemporaryDirectory
    let key = XXH3Digest(high: 1, low: 2)

    init() throws { scratch = try TemporaryDirectory() }

    /// The table of the files as they are now.
    private func table(_ paths: [String], note: Int = 0) throws -> [UInt8] {
        var writer = StampTableWriter()
        for path in paths {
            writer.append(path: path, stamp: (try? Stamp.of(path: absolute(path))) ?? nil)
        }
        return try #require(writer.finish(key: key, note: note))
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : scratch.path(path) }

    /// The table that a file with these bytes is.
    private func opened(_ bytes: [UInt8]) throws -> StampTable? {
        let path = scratch.path + ".table"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        return StampTable(path: path)
    }

    /// Whether the files are as the table says; asked for in both ways.
    private func matches(_ bytes: [UInt8], workers: Int = 2) throws -> Bool {
        let table = try #require(try opened(bytes))
        let moving = table.matchesDisk(under: scratch.path, workerCount: workers)
        #expect(
            moving == table.matchesDisk(under: scratch.path, workerCount: workers, movingThreads: false))
        return moving
    }

    @Test("of no file always matches, and keeps key and note")
    func empty() throws {
        let table = try #require(try opened(try table([], note: 1 << 40)))
        #expect(table.key == key)
        #expect(table.note == 1 << 40)
        #expect(table.matchesDisk(under: scratch.path, workerCount: 2))
        #expect(table.matchesDisk(under: scratch.path("absent"), workerCount: 1))
    }

    /// Enough files that directories are cut into several blocks, some are opened, and some are not.
    private func makeTree() throws -> [String] {
        var random = SeededGenerator(seed: 11)
        var paths = ["top", "é/e\u{301}", "a b/c d", "one/two/three/x"]
        for directory in ["few", "many", "deep/er"] {
            let count = directory == "many" ? 5_000 : directory == "few" ? 3 : 40
            for index in 0..<count { paths.append("\(directory)/file-\(index * 7)") }
        }
        for path in paths { try scratch.write(String(random.next() % 100), to: path) }
        paths.append("few/absent")
        paths.append("no directory/absent")
        paths.append(scratch.path("top"))
        return paths
    }

    @Test("matches while nothing changed, in any order and by any number of threads", arguments: [1, 2, 7])
    func unchanged(_ workers: Int) throws {
        var paths = try makeTree()
        #expect(try matches(try table(paths), workers: workers))
        var random = SeededGenerator(seed: 3)
        paths.shuffle(using: &random)
        #expect(try matches(try table(paths), workers: workers))
    }

    @Test("every change of any one file shows")
    func changes() throws {
        let paths = try makeTree()
        let changes: [(String, (String) throws -> Void)] = [
            ("removed", { try FileManager.default.removeItem(atPath: $0) }),
            ("longer", { try Data("longer than before".utf8).write(to: URL(filePath: $0)) }),
            ("touched", { _ = try Peer.run("/usr/bin/touch", [$0]) }),
            (
                "a directory",
                {
                    try FileManager.default.removeItem(atPath: $0)
                    try FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false)
                }
            ),
        ]
        for path in [
            "top", "é/e\u{301}", "one/two/three/x", "few/file-7", "many/file-34993", "deep/er/file-0",
        ] {
            for (name, change) in changes {
                try? FileManager.default.removeItem(atPath: absolute(path))
                try scratch.write("12", to: path)
                let bytes = try table(paths)
                #expect(try matches(bytes))
                try change(absolute(path))
                #expect(try !matches(bytes), "\(path) \(name)")
            }
        }
        try? FileManager.default.removeItem(atPath: scratch.path("top"))
        try scratch.write("12", to: "top")
        let bytes = try table(paths)
        try scratch.write("1", to: "few/absent")
        #expect(try !matches(bytes), "one that was absent came")
    }

    @Test("a table without some files, and with others, is the table of what there is")
    func rewriting() throws {
        let paths = try makeTree()
        var random = SeededGenerator(seed: 8)
        for _ in 0..<10 {
            var changed = Set<String>()
            for _ in 0..<5 { changed.insert(paths.randomElement(using: &random)!) }
            for path in changed where !path.contains("absent") {
                try scratch.write("other \(random.next())", to: path.hasPrefix("/") ? "top" : path)
            }
            if changed.contains("top") || changed.contains(scratch.path("top")) {
                changed.formUnion(["top", scratch.path("top")])
            }
            let before = try #require(try opened(try table(paths)))
            for path in changed where !path.contains("absent") {
                try scratch.write("and more \(random.next())", to: path.hasPrefix("/") ? "top" : path)
            }
            #expect(
                changed.allSatisfy { $0.contains("absent") }
                    || !before.matchesDisk(under: scratch.path, workerCount: 1))
            var writer = try #require(before.writer(without: Set(changed.map { Array($0.utf8) })))
            #expect(
                try matches(try #require(writer.finish(key: key, note: 1))), "without them the rest matches")
            var others = StampTableWriter()
            for path in changed.sorted() {
                others.append(path: path, stamp: (try? Stamp.of(path: absolute(path))) ?? nil)
            }
            writer = try #require(before.writer(without: Set(changed.map { Array($0.utf8) })))
            writer.append(others)
            let rewritten = try #require(writer.finish(key: key, note: 1))
            #expect(try matches(rewritten))
            let victim = changed.first { !$0.contains("absent") }
            if let victim {
                try FileManager.default.removeItem(atPath: absolute(victim))
                #expect(try !matches(rewritten))
                try scratch.write("again", to: victim.hasPrefix("/") ? "top" : victim)
            }
        }
    }

    @Test("names in a directory are compared, whatever their order, and links are not trusted")
    func names() throws {
        for name in ["d/b", "d/a", "d/é", "d/.hidden", "d/..more", "d/sub/x", "other/x"] {
            try scratch.write("1", to: name)
        }
        func table(_ names: DirectoryNames) throws -> [UInt8] {
            var writer = StampTableWriter()
            writer.append(path: "d/a", stamp: try Stamp.of(path: scratch.path("d/a")))
            writer.append(directory: "d", names: names)
            writer.append(directory: scratch.path("other"), names: try #require(try now("other")))
            writer.append(directory: "absent", names: DirectoryNames())
            return try #require(writer.finish(key: key, note: 0))
        }
        func now(_ directory: String) throws -> DirectoryNames? {
            try DirectoryNames(listDirectory(scratch.path(directory)).reversed())
        }
        let before = try #require(try now("d"))
        #expect(try matches(table(before)))
        #expect(try !matches(table(DirectoryNames())))
        let manager = FileManager.default
        let changes: [(String, () throws -> Void, () throws -> Void)] = [
            (
                "more", { try self.scratch.write("", to: "d/c") },
                { try manager.removeItem(atPath: self.scratch.path("d/c")) }
            ),
            (
                "another",
                { try manager.moveItem(atPath: self.scratch.path("d/b"), toPath: self.scratch.path("d/c")) },
                { try manager.moveItem(atPath: self.scratch.path("d/c"), toPath: self.scratch.path("d/b")) }
            ),
            (
                "a link", { _ = makeLink(self.scratch.path("d/l"), to: "a") },
                { try manager.removeItem(atPath: self.scratch.path("d/l")) }
            ),
            (
                "the absent came", { try self.scratch.write("", to: "absent/x") },
                { try manager.removeItem(atPath: self.scratch.path("absent")) }
            ),
        ]
        for (name, change, undo) in changes {
            let bytes = try table(before)
            try change()
            #expect(try !matches(bytes), "\(name)")
            if name == "a link" { #expect(try now("d") == nil) }
            try undo()
            #expect(try matches(bytes), "\(name), undone")
        }
    }

    @Test("a damaged table is none, or matches nothing")
    func damage() throws {
        let good = try table(try makeTree())
        #expect(try matches(good))
        var random = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            var bytes = good
            let index = Int.random(in: 0..<bytes.count, using: &random)
            bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            guard let table = try opened(bytes) else { continue }
            #expect(!table.matchesDisk(under: scratch.path, workerCount: 1), "byte \(index)")
            #expect(table.writer(without: []) == nil, "byte \(index)")
        }
        for length in [0, 1, 31, 32, 47, 48, 51, 52, 100, good.count / 2, good.count - 1] {
            #expect(try opened(Array(good[..<length])) == nil)
        }
        #expect(StampTable(path: scratch.path) == nil, "a directory")
        #expect(StampTable(path: scratch.path("absent")) == nil)
    }

    @Test("blocks that lie about lengths match nothing and read nothing outside")
    func lies() throws {
        try scratch.write("1", to: "a/b")
        let good = try table(["a/b"])
        // One segment: 32 bytes before it, and its entry in the index, the count and a digest behind it.
        let blocks = Array(good.dropFirst(32).dropLast(40))
        var random = SeededGenerator(seed: 6)
        var lieCount = 0
        for _ in 0..<2_000 {
            var bytes = blocks
            let place = Int.random(in: bytes.indices, using: &random)
            let value = UInt8.random(in: 0...255, using: &random)
            guard bytes[place] != value else { continue }
            bytes[place] = value
            let entry = good[(good.count - 40)..<(good.count - 36)] + XXH3Digest(of: bytes).bytes
            let index = Array(entry + good[(good.count - 20)..<(good.count - 16)])
            let file = good[..<32] + bytes + index + XXH3Digest(of: good[..<32] + index).bytes
            let table = try #require(try opened(Array(file)))
            #expect(!table.matchesDisk(under: scratch.path, workerCount: 1))
            lieCount += 1
        }
        #expect(lieCount > 1_900)
    }

    @Test("threads that move leave the process where it was")
    func workingDirectory() throws {
        let before = FileManager.default.currentDirectoryPath
        #expect(try matches(try table(try makeTree()), workers: 3))
        #expect(FileManager.default.currentDirectoryPath == before)
    }

    @Test(
        "a path that no file can have makes no table",
        arguments: ["", "a/", "a\u{0}b", String(repeating: "x", count: 5_000)])
    func unusable(_ path: String) throws {
        var writer = StampTableWriter()
        writer.append(path: "good", stamp: nil)
        writer.append(path: path, stamp: nil)
        #expect(writer.finish(key: key, note: 0) == nil)
    }
}
