import Building
import Graph
import TestSupport
import Testing

/// The chain that a run's end came from.
@Suite struct CriticalPathTests {
    private let run = LoggedRun(
        record: RunRecord(
            id: "r", startedAt: 1_000, finishedAt: 1_100, arguments: [], version: "1", outcome: .done))

    private func event(
        _ number: Int, _ kind: RunEvent.Kind, from start: Int64, to end: Int64, after: Int?
    ) -> RunEvent {
        RunEvent(
            run: "r", number: number, target: "t\(number)", kind: kind, startedAt: 1_000_000 + start * 1_000,
            microseconds: Int(end - start) * 1_000, outcome: .done, worker: 0, after: after)
    }

    private func path(_ events: [RunEvent], endingWith last: RunEvent) -> CriticalPath {
        CriticalPath(of: run, endingWith: last) { number in events.first { $0.number == number } }
    }

    @Test("each link is the last that the next one waited for") func chain() {
        let events = [
            event(1, .list, from: 5, to: 10, after: nil), event(2, .plan, from: 10, to: 20, after: 1),
            event(3, .fetch, from: 20, to: 25, after: 2), event(4, .fetch, from: 30, to: 45, after: 2),
            event(5, .clean, from: 55, to: 75, after: 4), event(6, .command, from: 75, to: 90, after: 5),
        ]
        let links = path(events, endingWith: events[5]).links
        #expect(links.map(\.target) == ["", "t1", "t2", "t4", "t5", "t6", ""])
        #expect(
            links.map(\.work) == [
                .load, .event(.list), .event(.plan), .event(.fetch), .event(.clean), .event(.command),
                .record,
            ])
        #expect(links.map { $0.waitedMicroseconds / 1_000 } == [0, 0, 0, 10, 10, 0, 0])
        #expect(links.map(\.waitedFor) == [nil, nil, nil, .connection, .worker, nil, nil])
        #expect(links.map { $0.microseconds / 1_000 } == [5, 5, 10, 15, 20, 15, 10])
        #expect(abs(links.map(\.share).reduce(0, +) - 1) < 1e-9)
        #expect(abs(links[4].share - 0.3) < 1e-9)
    }

    @Test("an event that is gone ends the chain, and is named") func missing() {
        let last = event(6, .command, from: 75, to: 90, after: 5)
        let found = path([last], endingWith: last)
        #expect(found.missing == 5)
        #expect(found.links.map(\.target) == ["t6", ""])
        #expect(found.links.first?.waitedMicroseconds == 0)
    }

    @Test("numbers that do not go down are damage, not a ring") func ring() {
        let last = event(6, .command, from: 75, to: 90, after: 6)
        #expect(path([last], endingWith: last).missing == 6)
    }
}
