import Foundation
import Graph
import Recording
import Synchronization
import TestSupport
import Testing

@Suite struct RecordingQueueTests {
    let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private func open(_ access: StateStore.Access) throws -> StateStore {
        try StateStore.open(directory: scratch.path, access: access).store
    }

    @Test("changes of many workers are all there after a flush, the last of a target last")
    func manyWorkers() async throws {
        let store = try open(.writer)
        let queue = RecordingQueue(store: store)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var samples = Samples(seed: UInt64(worker))
                    for index in 0..<300 {
                        var record = samples.plainRaw(worker * 1_000 + index)
                        record.etag = "first"
                        queue.enqueue(.raw(record))
                        record.etag = "second"
                        queue.enqueue([.raw(record)])
                    }
                }
            }
        }
        try queue.flush()
        let reader = try open(.reader)
        let records = try reader.rawRecords()
        #expect(records.count == 2_400)
        #expect(records.allSatisfy { $0.etag == "second" })
        #expect(queue.failure == nil)
    }

    @Test("a batch is written without a flush")
    func patience() throws {
        let store = try open(.writer)
        let queue = RecordingQueue(store: store)
        var samples = Samples(seed: 1)
        queue.enqueue(.raw(samples.plainRaw(1)))
        // Not `await Task.yield()`: that queues behind every other test of the process, for longer than the deadline.
        var count = 0
        let deadline = ContinuousClock.now + .seconds(20)
        repeat { count = try store.rawRecords().count } while count == 0 && ContinuousClock.now < deadline
        #expect(count == 1)
    }

    @Test("an error of the writer comes out of flush, again and again")
    func failure() async throws {
        let store = try open(.writer)
        let queue = RecordingQueue(store: store)
        var samples = Samples(seed: 1)
        queue.enqueue(.raw(samples.raw(source: "a:b", key: "k")))
        #expect(throws: StateProblem.self) { try queue.flush() }
        #expect(queue.failure?.kind == .unrecordable)
        queue.enqueue(.raw(samples.plainRaw(1)))
        #expect(throws: StateProblem.self) { try queue.flush() }
        #expect(try store.rawRecords() == [])
    }

    /// Each transaction gives the same run to every output; a reader that sees two runs at once has seen half a transaction.
    @Test("eight readers beside a writer see whole transactions, and time only goes forward")
    func readers() throws {
        let writer = try open(.writer)
        var samples = Samples(seed: 9)
        let actions = (0..<120).map { samples.plainAction($0, inputCount: 2, run: "0") }
        try writer.record(actions.map { .action($0) })
        let shared = Shared()
        let finished = DispatchGroup()
        let path = scratch.path
        for _ in 0..<8 {
            finished.enter()
            Thread {
                defer { finished.leave() }
                do {
                    let reader = try StateStore.open(directory: path, access: .reader).store
                    var last = 0
                    var problems: [String] = []
                    repeat {
                        let records = try reader.actionRecords()
                        let runs = Set(records.map(\.run))
                        let run = runs.first.flatMap { Int($0) } ?? -1
                        if records.count != 120 || runs.count != 1 || run < last {
                            problems.append("\(runs)")
                        }
                        last = run
                    } while !shared.state.withLock { $0.isDone }
                    try reader.close()
                    let found = problems
                    shared.state.withLock { $0.problems += found }
                } catch {
                    shared.state.withLock { $0.problems.append("\(error)") }
                }
            }.start()
        }
        for run in 1...60 {
            let changes = actions.map { action in
                var action = action
                action.run = String(run)
                return StateChange.action(action)
            }
            try writer.record(changes)
        }
        shared.state.withLock { $0.isDone = true }
        finished.wait()
        #expect(shared.state.withLock { $0.problems } == [])
        try writer.close()
    }

    private final class Shared: Sendable {
        let state = Mutex((isDone: false, problems: [String]()))
    }
}
