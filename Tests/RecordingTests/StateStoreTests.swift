import Bytes
import Files
import Foundation
import Graph
import Problems
import Recording
import TestSupport
import Testing

@Suite struct StateStoreTests {
    let scratch: TemporaryDirectory
    var directory: String { scratch.path(".datamake") }

    init() throws { scratch = try TemporaryDirectory() }

    private func writer(_ journal: StateStore.Journal? = nil) throws -> StateStore {
        let (store, note) = try StateStore.open(directory: directory, access: .writer, journal: journal)
        #expect(note == nil)
        return store
    }

    /// Both journals, and records read back three ways: by the writer, by a reader beside it, and after a new start.
    @Test(
        "records of any value come back as they were", arguments: [StateStore.Journal.log, .rollback],
        [1, 2, 3] as [UInt64])
    func roundTrip(_ journal: StateStore.Journal, seed: UInt64) throws {
        var samples = Samples(seed: seed)
        let keys = Samples.odd + ["dir/a", "dir.b", "dir/", "dir"]
        let objects = keys.map { samples.object(key: $0) }
        let raws =
            keys.map { samples.raw(source: "s", key: $0) } + keys.map { samples.raw(source: "s2", key: $0) }
        let actions =
            Samples.odd.map { samples.action(output: $0 + "x") }
            + Samples.odd.map { samples.action(output: $0) }
        let failures = Samples.odd.map { samples.failure(target: $0) }
        let runs = Samples.odd.map { samples.run(id: $0) }
        let events = (1...200).map { samples.event(run: "run", number: $0) }
        let sweeps = [
            "": SweepRecord(lastKey: nil, sweptAt: -1, pageCount: 0),
            "data/": SweepRecord(
                startAfter: "data/a", lastKey: "data/é", sweptAt: 1_700_000_000, pageCount: 7),
        ]

        func check(_ store: StateStore, _ comment: Comment) throws {
            let byKey = { (a: String, b: String) in a.utf8.lexicographicallyPrecedes(b.utf8) }
            #expect(
                try Array(store.objectList(ofSource: "s")).map(ExactObject.init)
                    == objects.sorted { byKey($0.key, $1.key) }.map(ExactObject.init), comment)
            #expect(try Array(store.objectList(ofSource: "other")) == [], comment)
            #expect(try store.sweeps(ofSource: "s") == sweeps, comment)
            let sortedRaws = raws.sorted { byKey($0.source + ":" + $0.key, $1.source + ":" + $1.key) }
            #expect(
                try store.rawRecords().sorted { byKey($0.source + ":" + $0.key, $1.source + ":" + $1.key) }
                    == sortedRaws, comment)
            #expect(try store.rawRecords(ofSource: "s").count == keys.count, comment)
            #expect(
                try store.rawRecord(source: "s2", key: "dir/a")
                    == raws.first { $0.source == "s2" && $0.key == "dir/a" }, comment)
            #expect(
                try store.actionRecords().sorted { byKey($0.output, $1.output) }
                    == actions.sorted { byKey($0.output, $1.output) }, comment)
            for action in actions {
                #expect(try store.actionRecord(output: action.output) == action, comment)
            }
            #expect(try store.actionRecord(output: "no/such") == nil, comment)
            #expect(try store.failures() == failures.sorted { byKey($0.target, $1.target) }, comment)
            #expect(Set(try store.runs()) == Set(runs), comment)
            #expect(try store.events(ofRun: "run") == events, comment)
            #expect(try store.event(ofRun: "run", number: 7) == events[6], comment)
            #expect(try store.event(ofRun: "run", number: 201) == nil, comment)
            #expect(store.droppedRowCount == 0, comment)
        }

        let store = try writer(journal)
        try store.replaceObjects(ofSource: "s", changed: objects, gone: [])
        try store.saveSweeps(ofSource: "s", sweeps)
        try store.record(raws.map { .raw($0) } + actions.map { .action($0) } + failures.map { .failure($0) })
        for run in runs { try store.beginRun(run) }
        try store.record(events.map { .event($0) })
        try check(store, "by the writer, seed \(seed)")
        let reader = try StateStore.open(directory: directory, access: .reader).store
        try check(reader, "by a reader, seed \(seed)")
        try reader.close()
        try store.close()
        let again = try writer(journal)
        try check(again, "after a new start, seed \(seed)")
        try again.close()
        #expect(
            !FileManager.default.fileExists(atPath: directory + "/state.db-wal"),
            "the log is gone when all is closed")
    }

    /// Strings as Swift compares them are too kind: these two differ on disk and in buckets.
    @Test("names that differ only in Unicode form are different names")
    func unicodeForms() throws {
        var samples = Samples(seed: 4)
        let store = try writer()
        let names = ["caf\u{E9}/x", "cafe\u{301}/x"]
        let records = names.map { samples.raw(source: "s", key: $0) }
        try store.record(records.map { .raw($0) })
        let found = try store.rawRecords()
        #expect(Set(found.map { Array($0.key.utf8) }) == Set(names.map { Array($0.utf8) }))
        for (record, name) in zip(records, names) {
            #expect(try store.rawRecord(source: "s", key: name)?.content == record.content)
        }
    }

    @Test("changes overwrite, restamp and forget")
    func changes() throws {
        var samples = Samples(seed: 5)
        let store = try writer()
        var raw = samples.plainRaw(1)
        var action = samples.plainAction(1, inputCount: 30)
        try store.record([.raw(raw), .action(action), .failure(samples.failure(target: "t"))])
        raw.etag = "other"
        try store.record([.raw(raw), .clearFailure(target: "t"), .clearFailure(target: "unknown")])
        #expect(try store.rawRecords() == [raw])
        #expect(try store.failures() == [])

        raw.stamp = samples.stamp()
        action.stamp = samples.stamp()
        try store.record([
            .rawStamp(source: raw.source, key: raw.key, raw.stamp),
            .actionStamp(output: action.output, action.stamp),
            .actionStamp(output: "unknown", action.stamp),
            .rawStamp(source: "archive", key: "unknown", raw.stamp),
        ])
        #expect(try store.rawRecords() == [raw])
        #expect(try store.actionRecords() == [action])

        try store.record([
            .forgetRaw(source: raw.source, key: raw.key), .forgetAction(output: action.output),
            .forgetAction(output: "unknown"),
        ])
        #expect(try store.rawRecords() == [])
        #expect(try store.actionRecords() == [])
    }

    @Test("objects change from one listing to the next")
    func listings() throws {
        var samples = Samples(seed: 6)
        let store = try writer()
        var objects = (0..<50).map { samples.plainObject($0) }
        try store.replaceObjects(ofSource: "s", changed: objects, gone: [])
        objects[7] = samples.plainObject(7)
        try store.replaceObjects(ofSource: "s", changed: [objects[7]], gone: [objects[3].key, "unknown"])
        objects.remove(at: 3)
        #expect(try Array(store.objectList(ofSource: "s")) == objects.sorted { $0.key < $1.key })
        try store.saveSweeps(ofSource: "s", ["a/": SweepRecord(lastKey: "a/1", sweptAt: 1, pageCount: 1)])
        try store.saveSweeps(
            ofSource: "s", ["b/": SweepRecord(lastKey: "b/1", sweptAt: 2, pageCount: 1)], gone: ["a/"])
        #expect(try store.sweeps(ofSource: "s").keys.sorted() == ["b/"])
    }

    @Test("runs end, and are forgotten with their events")
    func runs() throws {
        let store = try writer()
        var run = RunRecord(id: "r1", startedAt: 1_000, arguments: ["build"], version: "1")
        try store.beginRun(run)
        #expect(try store.runs() == [run])
        let events = (1...2).map { number in
            RunEvent(
                run: "r1", number: number, target: "lake/a.parquet", kind: .clean, startedAt: 1_001,
                microseconds: 5, outcome: .done, worker: 1)
        }
        try store.record(events.map { .event($0) })
        run.finishedAt = 2_000
        run.outcome = .done
        try store.finishRun(run)
        try store.beginRun(RunRecord(id: "r0", startedAt: 3_000, arguments: [], version: "1"))
        #expect(try store.runs().map(\.id) == ["r1", "r0"])
        #expect(try store.events(ofRun: "r1") == events)
        try store.forgetRuns(["r1"])
        #expect(try store.runs().map(\.id) == ["r0"])
        #expect(try store.events(ofRun: "r1") == [])
        try store.record([.event(events[0])])
        #expect(try store.events(ofRun: "r1") == [events[0]])
    }

    @Test("the generation changes with what plans are made from, and with nothing else")
    func generations() throws {
        var samples = Samples(seed: 9)
        let store = try writer()
        var seen: Set<[UInt8]> = [try #require(try store.generation())]
        let raw = samples.plainRaw(1)
        let action = samples.plainAction(1, inputCount: 2)
        let failure = FailureRecord(
            target: "t", category: .data, message: "m", attempts: 1, isQuarantined: false, subject: "s",
            lastAttempt: "2024-01-01T00:00:00Z")
        let changes: [StateChange] = [
            .raw(raw), .rawStamp(source: raw.source, key: raw.key, raw.stamp), .action(action),
            .actionStamp(output: action.output, action.stamp), .failure(failure), .clearFailure(target: "t"),
            .forgetRaw(source: raw.source, key: raw.key), .forgetAction(output: action.output),
        ]
        for change in changes {
            try store.record([change])
            #expect(seen.insert(try #require(try store.generation())).inserted, "\(change)")
        }
        try store.replaceObjects(ofSource: "s", changed: [samples.plainObject(1)], gone: [])
        #expect(seen.insert(try #require(try store.generation())).inserted)

        let last = try store.generation()
        try store.saveSweeps(ofSource: "s", ["a/": SweepRecord(lastKey: "a/1", sweptAt: 1, pageCount: 1)])
        try store.beginRun(RunRecord(id: "r1", startedAt: 1_000, arguments: [], version: "1"))
        try store.record([
            .event(
                RunEvent(
                    run: "r1", number: 1, target: "x", kind: .clean, startedAt: 1, microseconds: 5,
                    outcome: .done, worker: 1))
        ])
        try store.forgetRuns(["r1"])
        #expect(try store.generation() == last)
        try store.close()
        #expect(try StateStore.open(directory: directory, access: .reader).store.generation() == last)
    }

    @Test("a transaction that fails leaves nothing, and the store goes on")
    func rollback() throws {
        var samples = Samples(seed: 8)
        let store = try writer()
        #expect(throws: StateProblem.self) {
            try store.record([
                .action(samples.plainAction(1, inputCount: 2)), .raw(samples.raw(source: "a:b", key: "k")),
            ])
        }
        #expect(try store.actionRecords() == [])
        let action = samples.plainAction(2, inputCount: 2)
        try store.record([.action(action)])
        #expect(try store.actionRecords() == [action])
    }

    @Test("a reader refuses to write, a closed store everything")
    func refusals() throws {
        let store = try writer()
        let reader = try StateStore.open(directory: directory, access: .reader).store
        #expect(throws: StateProblem.self) { try reader.record([.forgetAction(output: "x")]) }
        try store.close()
        #expect(throws: StateProblem.self) { try store.failures() }
        #expect(try reader.failures() == [])
    }

    @Test(
        "file systems of other machines get a rollback journal",
        arguments: [
            (0x6969, true), (0xFF53_4D42, true), (0x6573_5546, true), (0xEF53, false), (0x0102_1994, false),
            (0x9123_683E, false),
        ] as [(UInt32, Bool)])
    func fileSystems(_ magic: UInt32, isShared: Bool) { #expect(isNetworkFileSystem(magic) == isShared) }
}

/// Compares keys byte for byte.
struct ExactObject: Equatable {
    let key: [UInt8]
    let object: RemoteObject

    init(_ object: RemoteObject) {
        key = Array(object.key.utf8)
        self.object = object
    }
}
