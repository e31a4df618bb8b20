import Building
import Foundation
import Graph
import TestSupport
import Testing

/// What Chrome and Perfetto ask of a trace.
@Suite struct ChromeTraceTests {
    struct Trace: Decodable {
        struct Event: Decodable {
            struct Arguments: Decodable {
                var name: String?, target: String?, outcome: String?, reason: String?
                var downloads: Int?, workers: Int?
            }
            var ph: String, name: String, pid: Int, tid: Int
            var ts: Int64?, dur: Int64?, id: Int?, cat: String?, bp: String?
            var args: Arguments?
        }
        var traceEvents: [Event]
        var otherData: [String: String]
    }

    static func trace(_ run: RunRecord, _ events: [RunEvent]) throws -> Trace {
        var text = ""
        ChromeTrace(of: LoggedRun(record: run), events: events).write { text += $0 }
        return try JSONDecoder().decode(Trace.self, from: Data(text.utf8))
    }

    /// Slices of a thread lie beside or inside each other, times ascend, counters come back to nothing, and each arrow has a
    /// tail and a head, each on a slice of its thread.
    static func check(_ trace: Trace, _ comment: Comment) {
        let timed = trace.traceEvents.filter { $0.ph != "M" }
        #expect(timed.allSatisfy { ($0.ts ?? -1) >= 0 }, comment)
        #expect(zip(timed, timed.dropFirst()).allSatisfy { $0.ts! <= $1.ts! }, comment)
        #expect(trace.traceEvents.allSatisfy { $0.pid == 1 }, comment)
        let named = Set(trace.traceEvents.filter { $0.name == "thread_name" }.map(\.tid))
        var open = [Int: [Int64]]()
        for event in timed where event.ph == "X" {
            #expect(named.contains(event.tid), comment)
            let end = event.ts! + event.dur!
            var ends = open[event.tid] ?? []
            while let last = ends.last, last <= event.ts! { ends.removeLast() }
            #expect(
                ends.last.map { end <= $0 } ?? true, "\(event) in a slice that ends at \(ends), \(comment)")
            open[event.tid] = ends + [end]
        }
        let tails = timed.filter { $0.ph == "s" }
        let heads = timed.filter { $0.ph == "f" }
        #expect(tails.compactMap(\.id).sorted() == heads.compactMap(\.id).sorted(), comment)
        #expect(Set(tails.compactMap(\.id)).count == tails.count, comment)
        #expect(heads.allSatisfy { $0.bp == "e" }, comment)
        for arrow in tails + heads {
            let isOnSlice = timed.contains { slice in
                slice.ph == "X" && slice.tid == arrow.tid && slice.ts! <= arrow.ts!
                    && arrow.ts! <= slice.ts! + slice.dur!
            }
            #expect(isOnSlice, "\(arrow), \(comment)")
        }
        let samples = timed.filter { $0.ph == "C" }
        #expect(samples.allSatisfy { $0.args!.downloads! >= 0 && $0.args!.workers! >= 0 }, comment)
        if let last = samples.last { #expect(last.args!.downloads == 0 && last.args!.workers == 0, comment) }
    }

    @Test("random runs make well-formed traces", arguments: 1...30 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        // Jobs of four workers and of a network, that start after one that ended before; now and then two at once on a worker.
        var events = [RunEvent]()
        let start: Int64 = 1_700_000_000_000_000
        for number in 1...200 {
            let isFetch = Bool.random(using: &random)
            let after =
                number > 1 && Bool.random(using: &random) ? Int.random(in: 1..<number, using: &random) : nil
            let duration = Int.random(in: 0...400, using: &random)
            var event = RunEvent(
                run: "r", number: number, target: "t\(number)\"\\\n", kind: isFetch ? .fetch : .clean,
                startedAt: (after.map { events[$0 - 1].endedAt } ?? start)
                    + Int64.random(in: 0...300, using: &random),
                microseconds: duration, hashingMicroseconds: Int.random(in: 0...300, using: &random),
                publishingMicroseconds: Int.random(in: 0...300, using: &random), outcome: .done,
                worker: isFetch ? -1 : Int.random(in: -1...3, using: &random), after: after)
            if Int.random(in: 0..<20, using: &random) == 0 { event.outcome = .abandoned }
            events.append(event)
        }
        let run = RunRecord(
            id: "r", startedAt: start / 1_000, finishedAt: start / 1_000 + 1_000, arguments: ["build"],
            version: "1", outcome: .done)
        let trace = try Self.trace(run, events.shuffled(using: &random))
        Self.check(trace, "seed \(seed)")
        let jobs = trace.traceEvents.filter { $0.ph == "X" && $0.args?.target != nil }
        #expect(jobs.count == events.count { $0.outcome != .abandoned })
        #expect(jobs.contains { $0.name == "t1\"\\\n" } == (events[0].outcome != .abandoned))
        #expect(
            trace.traceEvents.contains { $0.name == "publish" }
                && trace.traceEvents.contains { $0.name == "hash" })
    }

    @Test("workers, network and preparation have threads of their own") func threads() throws {
        func event(_ number: Int, _ kind: RunEvent.Kind, at: Int64, worker: Int, after: Int?) -> RunEvent {
            RunEvent(
                run: "r", number: number, target: "t\(number)", kind: kind, reason: .neverBuilt,
                startedAt: at,
                microseconds: 100, hashingMicroseconds: 10, publishingMicroseconds: 20, outcome: .done,
                worker: worker, after: after)
        }
        let trace = try Self.trace(
            RunRecord(id: "r", startedAt: 1, arguments: ["build", "a b"], version: "1"),
            [
                event(1, .plan, at: 1_000, worker: -1, after: nil),
                event(2, .fetch, at: 1_100, worker: -1, after: 1),
                event(3, .fetch, at: 1_150, worker: -1, after: 1),
                event(4, .clean, at: 1_300, worker: 2, after: 3),
                event(5, .command, at: 1_500, worker: -1, after: 4),
            ])
        let names = trace.traceEvents.filter { $0.name == "thread_name" }
        #expect(
            names.map { $0.args?.name } == [
                "listing and plan", "worker 2", "network 1", "network 2", "work 1",
            ])
        let threads = Dictionary(
            uniqueKeysWithValues: trace.traceEvents.filter { $0.args?.target != nil }.map {
                ($0.name, $0.tid)
            })
        #expect(Set(threads.values).count == 5)
        let clean = trace.traceEvents.filter { $0.tid == threads["t4"] && $0.ph == "X" }
        #expect(clean.map(\.name) == ["t4", "hash", "publish"])
        #expect(clean.map(\.ts) == [300, 300, 380])
        #expect(clean.map(\.dur) == [100, 10, 20])
        // From the fetch to the clean, and on to the command; the plan is no job.
        #expect(trace.traceEvents.filter { $0.ph == "s" }.map(\.ts) == [249, 399])
        #expect(trace.otherData["command"] == "build a b" && trace.otherData["outcome"] == "killed")
        Self.check(trace, "five events")
    }
}
