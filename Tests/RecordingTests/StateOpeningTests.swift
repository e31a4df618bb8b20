import Foundation
import Graph
import Recording
import TestSupport
import Testing

@Suite struct StateOpeningTests {
    let scratch: TemporaryDirectory
    var directory: String { scratch.path(".datamake") }
    var path: String { directory + "/state.db" }

    init() throws { scratch = try TemporaryDirectory() }

    private func fill() throws -> RawRecord {
        var samples = Samples(seed: 1)
        let record = samples.plainRaw(1)
        let store = try StateStore.open(directory: directory, access: .writer).store
        try store.record([.raw(record)])
        try store.close()
        return record
    }

    private var names: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory).sorted()) ?? []
    }

    @Test("a reader without a database sees nothing and makes nothing")
    func absent() throws {
        let (store, note) = try StateStore.open(directory: directory, access: .reader)
        #expect(note == nil)
        #expect(try store.rawRecords() == [])
        #expect(try Array(store.objectList(ofSource: "s")) == [])
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test("the directory is the owner's alone")
    func permissions() throws {
        _ = try fill()
        let mode = try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    @Test("a newer format is refused and not touched", arguments: [StateStore.Access.reader, .writer])
    func newer(_ access: StateStore.Access) throws {
        _ = try fill()
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes.replaceSubrange(60..<64, with: [0, 0, 0, 9])
        try bytes.write(to: URL(filePath: path))
        #expect {
            try StateStore.open(directory: directory, access: access)
        } throws: { error in
            (error as? StateProblem)?.kind == .newerFormat(found: 9, known: 2)
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        #expect(names == ["state.db"])
    }

    @Test(
        "what is no database of ours is set aside",
        arguments: [
            "garbage", String(repeating: "garbage ", count: 4_096), "SQLite format 3\u{0}",
        ])
    func foreign(_ text: String) throws {
        try scratch.write(text, to: ".datamake/state.db")
        try scratch.write("stray", to: ".datamake/state.db-journal")
        let (reader, readerNote) = try StateStore.open(directory: directory, access: .reader)
        #expect(readerNote?.contains("not used") == true)
        #expect(try reader.rawRecords() == [])
        #expect(names == ["state.db", "state.db-journal"], "a reader changes nothing")

        let (store, note) = try StateStore.open(directory: directory, access: .writer)
        #expect(note?.contains("state.db.corrupt-1") == true)
        #expect(note?.contains("\n") == false)
        #expect(try store.rawRecords() == [])
        try store.close()
        #expect(try String(decoding: scratch.read(".datamake/state.db.corrupt-1"), as: UTF8.self) == text)
        #expect(names.contains("state.db.corrupt-1-journal"))
        #expect(try StateStore.open(directory: directory, access: .writer).note == nil, "said once")
    }

    @Test("other tables, and an older format, are set aside under the next number")
    func otherTables() throws {
        for number in 1...2 {
            _ = try fill()
            var bytes = try Data(contentsOf: URL(filePath: path))
            if number == 1 {
                bytes.replaceSubrange(60..<64, with: [0, 0, 0, 0])
            } else {
                let name = try #require(bytes.range(of: Data("CREATE TABLE recipe".utf8)))
                bytes.replaceSubrange(name, with: Data("CREATE TABLE reciqe".utf8))
            }
            try bytes.write(to: URL(filePath: path))
            let (store, note) = try StateStore.open(directory: directory, access: .writer)
            #expect(note?.contains("state.db.corrupt-\(number)") == true)
            try store.close()
        }
    }

    @Test(
        "a database of format 1 is read as it is, and a writer brings it up to date",
        .enabled(if: Peer.python != nil))
    func formatOne() throws {
        let record = try fill()
        let script =
            "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute('DROP TABLE generation'); "
            + "d.execute('PRAGMA user_version = 1'); d.commit(); d.execute('PRAGMA journal_mode = DELETE'); d.close()"
        #expect(try Peer.run(#require(Peer.python), ["-c", script, path]).status == 0)
        let (reader, readerNote) = try StateStore.open(directory: directory, access: .reader)
        #expect(readerNote == nil)
        #expect(try reader.rawRecords() == [record])
        #expect(try reader.generation() == nil)
        try reader.close()
        let (store, note) = try StateStore.open(directory: directory, access: .writer)
        #expect(note == nil)
        #expect(try store.rawRecords() == [record])
        #expect(try store.generation()?.count == 16)
        try store.close()
        let again = try StateStore.open(directory: directory, access: .reader)
        #expect(again.note == nil)
        #expect(try again.store.rawRecords() == [record])
    }

    @Test("an empty file, and one whose log was left behind, start afresh")
    func leftovers() throws {
        _ = try fill()
        let store = try StateStore.open(directory: directory, access: .writer).store
        var samples = Samples(seed: 2)
        try store.record([.raw(samples.plainRaw(2))])
        // The log of a database that is gone must not be played into the next one.
        let log = try scratch.read(".datamake/state.db-wal")
        #expect(!log.isEmpty)
        try store.close()
        for content in [nil, Data()] as [Data?] {
            try? FileManager.default.removeItem(atPath: path)
            if let content { try scratch.write(content, to: ".datamake/state.db") }
            try scratch.write(log, to: ".datamake/state.db-wal")
            let (fresh, note) = try StateStore.open(directory: directory, access: .writer)
            #expect(note == nil)
            #expect(try fresh.rawRecords() == [])
            try fresh.close()
        }
    }

    @Test(
        "a new database is made whole, in the form of its journal",
        arguments: [StateStore.Journal.log, .rollback])
    func new(_ journal: StateStore.Journal) throws {
        // What a maker that was killed leaves.
        try scratch.write("SQLite", to: ".datamake/state.db.partial")
        let (store, note) = try StateStore.open(directory: directory, access: .writer, journal: journal)
        #expect(note == nil)
        // Nothing was written yet: what is there is what was published.
        let bytes = try scratch.read(".datamake/state.db")
        #expect(!names.contains("state.db.partial"))
        #expect(Array(bytes[18..<20]) == (journal == .log ? [2, 2] : [1, 1]))
        #expect(bytes.count % 8_192 == 0)
        #expect(try store.generation()?.count == 16)
        var samples = Samples(seed: 4)
        let record = samples.plainRaw(1)
        try store.record([.raw(record)])
        try store.close()
        #expect(names == ["state.db"])
        let (again, secondNote) = try StateStore.open(directory: directory, access: .writer, journal: journal)
        #expect(secondNote == nil)
        #expect(try again.rawRecords() == [record])
        try again.close()
    }

    @Test("something else in its place is an error, not a loss")
    func directoryInPlace() throws {
        try scratch.write("x", to: ".datamake/state.db/file")
        #expect(throws: StateProblem.self) { try StateStore.open(directory: directory, access: .writer) }
        #expect(throws: StateProblem.self) { try StateStore.open(directory: directory, access: .reader) }
        #expect(try scratch.read(".datamake/state.db/file") == Data("x".utf8))
    }

    /// A descriptor of our own, closed after looking at the header, would release the writer's locks.
    @Test(
        "opening beside a writer leaves its locks",
        .enabled(if: Peer.python != nil, "needs the judges' Python"))
    func locks() throws {
        _ = try fill()
        let store = try StateStore.open(directory: directory, access: .writer).store
        var samples = Samples(seed: 3)
        let record = samples.plainRaw(3)
        try store.record([.raw(record)])
        try StateStore.open(directory: directory, access: .reader).store.close()
        // The last to close checkpoints and deletes the log; that must not be this foreigner.
        let script =
            "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); print(c.execute('select count(*) from raw').fetchone()[0]); c.close()"
        let output = try Peer.run(Peer.python!, ["-c", script, path])
        #expect(output.standardOutput == "2\n", "\(output.standardError)")
        #expect(names.contains("state.db-wal"))
        try store.record([.raw(samples.plainRaw(4))])
        #expect(try store.rawRecords().count == 3)
    }

    @Test("readers leave the log alone")
    func readersDoNotCheckpoint() throws {
        _ = try fill()
        do {
            let store = try StateStore.open(directory: directory, access: .writer).store
            var samples = Samples(seed: 3)
            try store.record([.raw(samples.plainRaw(3))])
            // Not closed: as after a crash, the log stays.
        }
        let before = try scratch.read(".datamake/state.db")
        let log = try scratch.read(".datamake/state.db-wal")
        let reader = try StateStore.open(directory: directory, access: .reader).store
        #expect(try reader.rawRecords().count == 2)
        try reader.close()
        #expect(try scratch.read(".datamake/state.db") == before)
        #expect(try scratch.read(".datamake/state.db-wal") == log)
        try StateStore.open(directory: directory, access: .writer).store.close()
        #expect(names == ["state.db"])
    }
}
