import DatafileLoading
import Foundation
import Graph
import TestSupport
import Testing

struct IncludeTests {
    /// What is wrong, with the directory taken out of the names.
    private func diagnosis(_ directory: TemporaryDirectory, _ name: String = "Datafile") -> [String] {
        do {
            _ = try loadDatafile(path: directory.path(name))
            return []
        } catch {
            return error.diagnostics.map {
                ("\($0.file):\($0.line):\($0.column) \($0.message)" + ($0.hint.map { " | \($0)" } ?? ""))
                    .replacingOccurrences(of: directory.path + "/", with: "")
            }
        }
    }

    @Test("reads what is included, relative to the file that includes it")
    func included() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "version: 1\ninclude: parts/all.yaml\nrules:\n  last: {from: 'a:{x}', to: 'o/{x}', table: t}\n",
            to: "Datafile")
        try directory.write(
            "include: [sources.yaml, ../tables.yaml]\nrules:\n  first: {from: 'a:{x}', to: 'p/{x}', table: t}\n",
            to: "parts/all.yaml")
        try directory.write("version: 1\nsources: {a: {dir: d}}\n", to: "parts/sources.yaml")
        try directory.write("tables: {t: {columns: {a: int64}}}\n", to: "tables.yaml")
        let project = try loadDatafile(path: directory.path("Datafile"))
        #expect(project.rules.map(\.name) == ["first", "last"])
        #expect(project.sources.map(\.name) == ["a"])
        #expect(project.rules[0].location.file == directory.path("parts/all.yaml"))
        #expect(project.rules[0].location.line == 3)
    }

    @Test("errors name the file they are in, and names are unique over all files")
    func places() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "version: 1\ninclude: [b.yaml, c.yaml]\ntables: {t: {columns: {a: int64}}}\n", to: "Datafile")
        try directory.write("tables: {t: {columns: {a: int64}}}\nbuild: {jobs: 1}\n", to: "b.yaml")
        try directory.write(
            "rules:\n  r: {from: 'x/{y}', to: '{y}.yaml', table: u}\n  s: {from: 'x/{y}', to: b.yaml, table: t}\n",
            to: "c.yaml")
        #expect(
            diagnosis(directory) == [
                "Datafile:3:10 a second table 't' | the first is at b.yaml:1:10",
                "b.yaml:2:1 'build' may only stand in the Datafile itself",
                "c.yaml:2:26 the output would overwrite 'b.yaml', a part of the Datafile",
                "c.yaml:2:45 no table 'u' | did you mean 't'?",
                "c.yaml:3:26 the output would overwrite 'b.yaml', a part of the Datafile",
            ])
    }

    @Test("refuses rings, what is missing, and what is no file")
    func refused() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "version: 1\ninclude: [a.yaml, missing.yaml, sub, fifo, /etc/passwd, Datafile]\n", to: "Datafile")
        try directory.write("include: b.yaml\n", to: "a.yaml")
        try directory.write("include: a.yaml\n", to: "b.yaml")
        try directory.write("", to: "sub/x")
        #expect(unsafe mkfifo(directory.path("fifo"), 0o600) == 0)
        #expect(
            diagnosis(directory) == [
                "Datafile:2:19 'missing.yaml' no such file", "Datafile:2:33 'sub' is a directory",
                "Datafile:2:38 'fifo' is no regular file",
                "Datafile:2:44 'include' takes paths relative to this file",
                "Datafile:2:57 files include each other: Datafile -> Datafile",
                "b.yaml:1:10 files include each other: a.yaml -> b.yaml -> a.yaml",
            ])
    }

    @Test("at most a hundred files, and one that two include is read once")
    func limits() throws {
        let directory = try TemporaryDirectory()
        for index in 0..<101 {
            try directory.write("tables: {t\(index): {columns: {a: int64}}}\n", to: "f\(index).yaml")
        }
        func list(_ count: Int) -> String { (0..<count).map { "f\($0).yaml" }.joined(separator: ", ") }
        try directory.write("version: 1\ninclude: [\(list(100))]\n", to: "Datafile")
        #expect(diagnosis(directory) == [])
        try directory.write("version: 1\ninclude: [\(list(101))]\n", to: "Datafile")
        #expect(diagnosis(directory).map { $0.drop { $0 != " " } } == [" more than 100 files are included"])
        try directory.write("version: 1\ninclude: [f1.yaml, f1.yaml, ./f1.yaml]\n", to: "Datafile")
        #expect(diagnosis(directory) == [])
    }

    @Test("the Datafile itself: missing, a directory, too long, not UTF-8")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let hint = " | name it with -f, or make a new one with 'datamake init'"
        #expect(diagnosis(directory) == ["Datafile:0:0 no such file" + hint])
        try directory.write("", to: "sub/x")
        #expect(diagnosis(directory, "sub") == ["sub:0:0 is a directory" + hint])
        try directory.write(String(repeating: "#", count: 5 << 20), to: "long")
        #expect(
            diagnosis(directory, "long") == [
                "long:0:0 is longer than 4 MiB | split it, and include the parts"
            ])
        try directory.write(Data("version: 1\nx-é: \u{FF}".utf8) + Data([0xC0, 0xAF]), to: "bytes")
        #expect(
            diagnosis(directory, "bytes") == ["bytes:2:7 a byte that is no UTF-8 | save the file as UTF-8"])
    }
}
