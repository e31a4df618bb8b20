import Files
import Foundation
import TestSupport
import Testing

@Suite("Directories and small files") struct DirectoriesTests {
    @Test("makes what is missing, once, and says what")
    func makes() throws {
        let root = try TemporaryDirectory()
        let made = try makeDirectories(root.path("a/b/c"))
        #expect(made == ["a", "a/b", "a/b/c"].map(root.path))
        #expect(try makeDirectories(root.path("a/b/c")) == [])
        #expect(try makeDirectories(root.path("a/b/d/")).count == 1)
        #expect(try makeDirectories("") == [])
        #expect(try makeDirectories("/") == [])
        #expect(try makeDirectories(".") == [])
        try root.write("", to: "file")
        let problem = #expect(throws: FileProblem.self) { try makeDirectories(root.path("file/x")) }
        #expect(problem?.errorNumber == ENOTDIR)
    }

    @Test("many threads may make one directory at a time")
    func together() async throws {
        let root = try TemporaryDirectory()
        await withTaskGroup { group in
            for i in 0..<64 {
                group.addTask { (try? makeDirectories(root.path("x/\(i / 8)/y/\(i % 8)/z"))) != nil }
            }
            for await isMade in group { #expect(isMade) }
        }
    }

    @Test(
        "parent directory",
        arguments: [
            ("a/b/c", "a/b"), ("c", "."), ("/c", "/"), ("a/b/", "a"), ("a//b", "a"), ("/", "/"), ("//a", "/"),
            ("", "."),
        ])
    func parent(path: String, expected: String) { #expect(parentDirectory(of: path) == expected) }

    @Test(
        "an absolute directory is as written, but for what `..` leads to",
        arguments: [
            ("a/b", "a/b"), ("a//./b/", "a/b"), ("link", "link"), ("link/", "link"), ("link/..", "a"),
            ("a/b/../../link/.", "a/b"), ("file", nil), ("file/..", nil), ("none", nil), ("none/../a", nil),
        ])
    func absolute(path: String, expected: String?) throws {
        let enclosing = try TemporaryDirectory()
        let root = try realPath(enclosing.path("."))
        try makeDirectories(root + "/a/b")
        #expect(makeLink(root + "/link", to: "a/b"))
        try enclosing.write("", to: "file")
        #expect(try absoluteDirectory("\(root)/\(path)") == expected.map { "\(root)/\($0)" })
    }

    @Test("the working directory and the root are absolute directories")
    func ofWorkingDirectory() throws {
        let here = try realPath(".")
        #expect(try absoluteDirectory(".") == here)
        #expect(try absoluteDirectory("") == here)
        #expect(try absoluteDirectory("..") == parentDirectory(of: here))
        #expect(try absoluteDirectory("/") == "/")
        #expect(try absoluteDirectory("//.") == "/")
    }

    @Test("lists names in the order of their bytes, with kinds, links not followed")
    func lists() throws {
        let root = try TemporaryDirectory()
        // é as one scalar and as two: equal to Swift, two names to the system; and ￼ sorts before 😀 in bytes only.
        let names = ["b", "B", "a", "\u{E9}", "e\u{301}", "😀", "\u{FFFC}", ".hidden"]
        for name in names { try root.write("", to: name) }
        #expect(makeDirectory(root.path("dir")))
        #expect(makeLink(root.path("link"), to: "dir"))
        #expect(makePipe(root.path("pipe")))
        let entries = try listDirectory(root.path)
        #expect(
            entries.map { Array($0.name.utf8) }
                == (names + ["dir", "link", "pipe"]).map { Array($0.utf8) }
                .sorted { $0.lexicographicallyPrecedes($1) })
        let kinds = Dictionary(entries.map { (Array($0.name.utf8), $0.kind) }) { first, _ in first }
        #expect(kinds[Array("dir".utf8)] == .directory)
        #expect(kinds[Array("link".utf8)] == .symbolicLink)
        #expect(kinds[Array("pipe".utf8)] == .other)
        #expect(kinds[Array("a".utf8)] == .regularFile)
    }

    @Test("a name that is not UTF-8 is a problem, not a guess")
    func badName() throws {
        let root = try TemporaryDirectory()
        let path = root.path.utf8CString.dropLast() + [0x2F, 0x61, CChar(bitPattern: 0xFF), 0]
        let descriptor = unsafe Array(path).withUnsafeBufferPointer { unsafe creat($0.baseAddress!, 0o600) }
        #expect(descriptor >= 0)
        close(descriptor)
        let problem = #expect(throws: FileProblem.self) { try listDirectory(root.path) }
        #expect(problem?.cause == .nameNotText("a\u{FFFD}"))
    }

    @Test("reads small files, refuses large ones")
    func reads() throws {
        let root = try TemporaryDirectory()
        try root.write("hello", to: "a")
        try root.write("", to: "empty")
        #expect(try readSmallFile(root.path("a"), limit: 5) == Array("hello".utf8))
        #expect(try readSmallFile(root.path("empty"), limit: 0) == [])
        #expect(try readSmallFile(root.path("b"), limit: 5) == nil)
        #expect(try readSmallFile("/proc/self/status", limit: 1 << 20)?.isEmpty == false)
        #expect(throws: FileProblem(.read, path: root.path("a"), cause: .tooLarge(byteLimit: 4))) {
            try readSmallFile(root.path("a"), limit: 4)
        }
        #expect(throws: FileProblem(.read, path: root.path, cause: .notRegularFile)) {
            try readSmallFile(root.path, limit: 4)
        }
    }

    @Test("removes files and links, not what they point to")
    func removes() throws {
        let root = try TemporaryDirectory()
        try root.write("", to: "a")
        #expect(makeLink(root.path("link"), to: "a"))
        #expect(try removeFile(root.path("link")))
        #expect(try listDirectory(root.path).map(\.name) == ["a"])
        #expect(try removeFile(root.path("a")))
        #expect(try !removeFile(root.path("a")))
        #expect(throws: FileProblem.self) { try removeFile(root.path) }
    }

    @Test("resolves links and knows free space")
    func resolves() throws {
        let root = try TemporaryDirectory()
        try root.write("", to: "d/a")
        #expect(makeLink(root.path("link"), to: "d"))
        #expect(try realPath(root.path("link/../link/a")) == realPath(root.path("d/a")))
        #expect(throws: FileProblem.self) { try realPath(root.path("nothing")) }
        #expect(try freeBytes(root.path) > 0)
        #expect(throws: FileProblem.self) { try freeBytes(root.path("nothing")) }
    }
}
