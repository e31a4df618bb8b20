import CXXHash
import Foundation
import GRDB
import Graph
import Problems
import Recording
import TestSupport
import Testing

/// What is kept of past runs, for how long, and what it takes on disk.
@Suite struct HistoryTests {
    let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private func writer() throws -> StateStore {
        try StateStore.open(directory: scratch.path, access: .writer).store
    }

    private func event(_ run: String, _ number: Int) -> RunEvent {
        RunEvent(
            run: run, number: number, target: "a:data/\(number).zip", kind: .fetch, startedAt: 1,
            microseconds: 2, outcome: .done, worker: -1)
    }

    /// Runs `r10`, `r11`, … with so many events each, all finished in order under the same limits.
    private func kept(_ eventCounts: [Int], _ limits: HistoryLimits) throws -> (runs: [String], events: [Int])
    {
        let store = try writer()
        for (index, count) in eventCounts.enumerated() {
            let run = RunRecord(id: "r\(10 + index)", startedAt: Int64(index), arguments: [], version: "1")
            try store.beginRun(run)
            if count > 0 { try store.record((1...count).map { .event(event(run.id, $0)) }) }
            try store.finishRun(run, keeping: limits)
        }
        return (
            try store.runs().map(\.id),
            try eventCounts.indices.map { try store.events(ofRun: "r\(10 + $0)").count }
        )
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var eventCounts: [Int]
        var limits: HistoryLimits
        var runs: [String]
        var events: [Int]
    }

    static let cases = [
        Case(
            testDescription: "within the limits all is kept", eventCounts: [2, 0, 3],
            limits: HistoryLimits(runCount: 3, eventCount: 5), runs: ["r10", "r11", "r12"], events: [2, 0, 3]),
        Case(
            testDescription: "the oldest runs go, those without events too", eventCounts: [0, 1, 1, 1],
            limits: HistoryLimits(runCount: 2, eventCount: 9), runs: ["r12", "r13"], events: [0, 0, 1, 1]),
        Case(
            testDescription: "many events push older ones out, whole runs at a time",
            eventCounts: [1, 4, 4, 4], limits: HistoryLimits(runCount: 9, eventCount: 8),
            runs: ["r10", "r11", "r12", "r13"], events: [0, 0, 4, 4]),
        Case(
            testDescription: "the last run with events keeps them, however many",
            eventCounts: [1, 9, 0], limits: HistoryLimits(runCount: 9, eventCount: 8),
            runs: ["r10", "r11", "r12"], events: [0, 9, 0]),
        Case(
            testDescription: "a limit of one keeps one", eventCounts: [1, 1],
            limits: HistoryLimits(runCount: 1, eventCount: 1), runs: ["r11"], events: [0, 1]),
    ]

    @Test("history is bounded", arguments: cases) func bounded(_ c: Case) throws {
        let found = try kept(c.eventCounts, c.limits)
        #expect(found.runs == c.runs)
        #expect(found.events == c.events)
    }

    @Test("events of earlier versions are read, in milliseconds and without what they lack")
    func earlierRows() throws {
        let store = try writer()
        try store.record([.event(event("r1", 1)), .event(event("r1", 2)), .event(event("r1", 3))])
        try store.close()
        // Kind, start (twice 1,700,000,000,123, as LEB128), 250 ms, worker -1, outcome.
        let start: [UInt8] = [0xF6, 0xA1, 0xAB, 0xFE, 0xF9, 0x62]
        try replaceBody(number: 1, by: [1] + start + [0xFA, 0x01, 1, 3, 7] + Array("network".utf8))
        try replaceBody(number: 2, by: [3] + start + [0, 1, 1])
        try replaceBody(number: 3, by: [9] + start + [0, 1, 1])
        let reader = try StateStore.open(directory: scratch.path, access: .reader).store
        let failed = RunEvent(
            run: "r1", number: 1, target: "a:data/1.zip", kind: .fetch, startedAt: 1_700_000_000_123_000,
            microseconds: 250_000, outcome: .failed(.network), worker: -1)
        let unchanged = RunEvent(
            run: "r1", number: 2, target: "a:data/2.zip", kind: .clean, startedAt: 1_700_000_000_123_000,
            microseconds: 0, outcome: .unchanged, worker: -1)
        #expect(try reader.events(ofRun: "r1") == [failed, unchanged])
        #expect(reader.droppedRowCount == 1, "the kind that nobody knows")
    }

    /// Puts other values in the place of an event's, sealed as the format says.
    private func replaceBody(number: Int, by values: [UInt8]) throws {
        let database = try DatabaseQueue(path: scratch.path("state.db"))
        try database.write { database in
            let row = try #require(
                try Row.fetchOne(database, sql: "SELECT place, name FROM event WHERE number = \(number)"))
            let place: Int64 = row["place"]
            let name: String = row["name"]
            let eventTable: UInt64 = 7
            let seed = UInt64(bitPattern: place) &* 0x9E37_79B9_7F4A_7C15 ^ eventTable
            // SAFETY: both arrays hold `count` bytes.
            let key = unsafe XXH3_64bits_withSeed(Array(name.utf8), name.utf8.count, seed)
            let sum = unsafe XXH3_64bits_withSeed(values, values.count, key)
            let body = Data(values + (0..<8).map { UInt8(truncatingIfNeeded: sum >> (56 - 8 * $0)) })
            try database.execute(
                sql: "UPDATE event SET body = ? WHERE number = ?", arguments: [body, number])
        }
        try database.close()
    }

    @Test("an event takes at most 150 bytes of the database, one with a message 300")
    func size() throws {
        let store = try writer()
        let count = 20_000
        func grown(by events: [RunEvent]) throws -> Int {
            let before = try scratch.read("state.db").count
            let store = try StateStore.open(directory: scratch.path, access: .writer).store
            try store.record(events.map { .event($0) })
            try store.close()
            return (try scratch.read("state.db").count - before) / events.count
        }
        try store.close()
        let message = String(repeating: "m", count: RunEvent.messageByteLimit)
        func events(_ run: String, _ message: String) -> [RunEvent] {
            (1...count).map { number in
                RunEvent(
                    run: run, number: number, target: "archive:" + Samples.key(number), kind: .clean,
                    reason: .neverBuilt, startedAt: 1_700_000_000_000_000 + Int64(number) * 300,
                    microseconds: 123_456, hashingMicroseconds: 1_234, publishingMicroseconds: 5_678,
                    outcome: message.isEmpty ? .done : .failed(.network), worker: 3,
                    after: number > 200 ? number - 199 : nil, byteCount: 123_456, message: message)
            }
        }
        #expect(try grown(by: events("r1", "")) <= 150)
        #expect(try grown(by: events("r2", message)) <= 350)
    }
}
