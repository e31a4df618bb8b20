import Bytes
import Graph
import Recording
import TestSupport
import Testing

/// What planning reads as columns is what the full records say.
@Suite struct ColumnTests {
    private let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private func writer() throws -> StateStore {
        try StateStore.open(directory: scratch.path(".datamake"), access: .writer).store
    }

    @Test("of raw files, by the objects that are listed now", arguments: 1...5 as ClosedRange<UInt64>)
    func rawFiles(_ seed: UInt64) async throws {
        var samples = Samples(seed: seed)
        // Without a source: files of the project, whose names have no colon before the first slash.
        let sources = ["s", "s2", ""]
        // Few files a directory are read in one walk, many in one for each directory.
        let many = seed % 2 == 0 ? (0..<3_000).map { "many/\($0 / 1_000)/\($0)" } : []
        let keys = Samples.odd + ["dir/a", "dir.b", "dir/", "dir"] + many
        let names = sources.map { $0.isEmpty ? ["in/a.csv", "in/b.csv", "c"] : keys }
        let store = try writer()
        var records = [[String: RawRecord]]()
        for (source, names) in zip(sources, names) {
            let some = names.filter { _ in samples.flag() }.map { samples.raw(source: source, key: $0) }
            try store.record(some.map { .raw($0) })
            records.append(Dictionary(uniqueKeysWithValues: some.map { (id($0.key), $0) }))
        }
        // Others are listed than are recorded, under etags that are the recorded ones or not.
        let lists = zip(zip(sources, names), records).map { pair, records in
            var objects = pair.1.filter { _ in samples.flag() }.map { key -> RemoteObject in
                var object = samples.object(key: key)
                if samples.flag(), let record = records[id(key)] { object.etag = record.etag }
                return object
            }
            objects.append(samples.object(key: "zz/never recorded"))
            return (source: pair.0, objects: ObjectList(objects))
        }
        // Read by one, and by three with a connection each.
        let reading = RawFactsReading(lists)
        try reading.read(store)
        let together = RawFactsReading(lists)
        let readers = try (0..<3).map { _ in
            try StateStore.open(directory: scratch.path(".datamake"), access: .reader).store
        }
        try await withThrowingTaskGroup { group in
            for reader in readers { group.addTask { try together.read(reader) } }
            try await group.waitForAll()
        }
        #expect(reading.isOver && together.isOver)
        let facts = reading.facts
        for (one, three) in zip(facts, together.facts) {
            #expect((0..<one.count).allSatisfy { one[$0] == three[$0] })
        }
        var found = 0
        for ((list, facts), records) in zip(zip(lists, facts), records) {
            try #require(facts.count == list.objects.count)
            for (object, facts) in zip(list.objects, (0..<facts.count).map { facts[$0] }) {
                let record = records[id(object.key)]
                #expect(
                    facts == record.map { RawFacts($0, listedETag: object.etag) },
                    "seed \(seed), \(object.key.debugDescription)")
                if facts != nil { found += 1 }
            }
        }
        #expect(found > 5, "the samples must meet")
    }

    /// Bytes tell keys apart that Swift calls equal.
    private func id(_ key: String) -> String { key.utf8.map(String.init).joined(separator: " ") }

    @Test("of actions", arguments: 1...5 as ClosedRange<UInt64>) func actions(_ seed: UInt64) throws {
        var samples = Samples(seed: seed)
        let records = (Samples.odd.map { $0 + "x" } + Samples.odd).map { samples.action(output: $0) }
        let store = try writer()
        try store.record(records.map { .action($0) })
        let table = try store.actionTable()
        try #require(table.count == records.count)
        for record in records {
            let output = Array(record.output.utf8)
            let place = try #require((0..<table.count).first { table.outputs.equals($0, output.span) })
            // The slow twin: a table of this record alone.
            var alone = ActionTable()
            alone.append(record)
            var facts = table.facts[place]
            #expect(
                table.recipes[Int(facts.recipe)] == record.recipe
                    && table.writers[Int(facts.writer)] == record.writer)
            (facts.recipe, facts.writer) = (0, 0)
            #expect(facts == alone.facts[0], "seed \(seed)")
            #expect(table.inputs(place).map { table.inputDigests[$0] } == alone.inputDigests, "seed \(seed)")
            #expect(
                table.inputs(place).map { table.inputNameHashes[$0] } == alone.inputNameHashes, "seed \(seed)"
            )
        }
    }
}
