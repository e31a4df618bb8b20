import Foundation
import Locking
import Synchronization
import TestSupport
import Testing
import WorkStealing

@Suite("WorkStealingPool", .timeLimit(.minutes(10))) struct WorkStealingPoolTests {
    /// Runs `body` with a pool that is shut down afterwards.
    private func withPool<R: Sendable>(
        _ workerCount: Int, _ body: (WorkStealingPool) async throws -> R
    ) async rethrows -> R {
        let pool = WorkStealingPool(workerCount: workerCount)
        do {
            let result = try await body(pool)
            pool.shutdown()
            return result
        } catch {
            pool.shutdown()
            throw error
        }
    }

    @Test("runs 100,000 tasks, each once", arguments: [1, 2, 5])
    func each(workerCount: Int) async {
        let counts = await withPool(workerCount) { pool in
            final class Runs: Sendable { let total = Lock([UInt8](repeating: 0, count: 100_000)) }
            let runs = Runs()
            await withTaskGroup { group in
                for i in 0..<100_000 {
                    group.addTask(executorPreference: pool) { runs.total.withLock { $0[i] += 1 } }
                }
            }
            runs.total.withLock { #expect($0.allSatisfy { $0 == 1 }) }
            return pool.counts
        }
        #expect(counts.count == workerCount)
        #expect(counts.map(\.pieces).reduce(0, +) >= 100_000)
    }

    @Test("tasks run where they should, also after a suspension and in an actor")
    func place() async {
        await withPool(2) { pool in
            actor Counter {
                var count = 0
                func add() { count += 1 }
            }
            let counter = Counter()
            await withTaskExecutorPreference(pool) {
                #expect(isOn(pool))
                await Task.yield()
                #expect(isOn(pool))
                await withTaskGroup { group in
                    for _ in 0..<100 {
                        group.addTask {
                            #expect(isOn(pool))
                            await counter.add()
                            #expect(isOn(pool))
                        }
                    }
                }
                #expect(isOn(pool))
            }
            #expect(await counter.count == 100)
            #expect(await Task(executorPreference: pool) { isOn(pool) }.value)
            #expect(!isOn(pool))
        }
    }

    @Test("a worker that is busy is robbed of all it has")
    func steals() async {
        await withPool(2) { pool in
            final class Done: Sendable { let count = Atomic(0) }
            let done = Done()
            await Task(executorPreference: pool) {
                for _ in 0..<1_000 {
                    Task(executorPreference: pool) { done.count.add(1, ordering: .relaxed) }
                }
                // Never suspends: only the other worker can run them.
                while done.count.load(ordering: .relaxed) < 1_000 { sched_yield() }
            }.value
            #expect(pool.counts.map(\.steals).reduce(0, +) >= 1_000)
        }
    }

    @Test("no wake-up is lost over many rounds of falling asleep", arguments: [1, 2, 4])
    func wakes(workerCount: Int) async {
        await withPool(workerCount) { pool in
            for seed in 0..<5_000 as Range<UInt64> {
                // Between rounds the workers are on their way to sleep: a different way every time.
                var random = SeededGenerator(seed: seed)
                for _ in 0..<Int.random(in: 0..<40, using: &random) { sched_yield() }
                let sum = await Task(executorPreference: pool) {
                    await withTaskGroup(of: Int.self) { group in
                        for i in 0..<Int(seed % 4) { group.addTask { i } }
                        return await group.reduce(0, +)
                    }
                }.value
                #expect(sum == [0, 0, 1, 3][Int(seed % 4)])
            }
            #expect(pool.counts.map(\.parks).reduce(0, +) > 0)
        }
    }

    @Test("threads from outside may add at any time")
    func outside() async {
        await withPool(2) { pool in
            final class Done: Sendable { let count = Atomic(0) }
            let done = Done()
            _ = runThreads(4) { thread in
                var random = SeededGenerator(seed: UInt64(thread))
                for round in 1...2_000 {
                    Task(executorPreference: pool) { done.count.add(1, ordering: .relaxed) }
                    if round % 50 == 0 {
                        for _ in 0..<Int.random(in: 0..<100, using: &random) { sched_yield() }
                    }
                }
            }
            while done.count.load(ordering: .relaxed) < 8_000 { await Task.yield() }
        }
    }

    @Test("tasks that yield to each other do not keep an older one waiting", arguments: [1, 2])
    func fairness(workerCount: Int) async {
        await withPool(workerCount) { pool in
            final class Flag: Sendable { let isSet = Atomic(false) }
            let flag = Flag()
            await Task(executorPreference: pool) {
                await withTaskGroup { group in
                    group.addTask { flag.isSet.store(true, ordering: .relaxed) }
                    for _ in 0..<4 {
                        group.addTask { while !flag.isSet.load(ordering: .relaxed) { await Task.yield() } }
                    }
                }
            }.value
            let isSet = flag.isSet.load(ordering: .relaxed)
            #expect(isSet)
        }
    }

    @Test("what is queued at shutdown is run; what comes later runs elsewhere")
    func shutdown() async {
        final class Done: Sendable { let count = Atomic(0) }
        for seed in 0..<200 {
            let done = Done()
            let pool = WorkStealingPool(workerCount: 1 + seed % 3)
            let tasks = (0..<50).map { _ in
                Task(executorPreference: pool) {
                    await Task.yield()
                    done.count.add(1, ordering: .relaxed)
                }
            }
            pool.shutdown()
            let late = Task(executorPreference: pool) { done.count.add(1, ordering: .relaxed) }
            for task in tasks { await task.value }
            _ = await late.value
            let count = done.count.load(ordering: .relaxed)
            #expect(count == 51)
            pool.shutdown()
        }
    }

    @Test("counts of workers below one mean one")
    func clamps() async {
        await withPool(-3) { pool in
            #expect(pool.workerCount == 1)
            #expect(await Task(executorPreference: pool) { 7 }.value == 7)
        }
    }
}

private func isOn(_ pool: WorkStealingPool) -> Bool {
    unsafe withUnsafeCurrentTask { unsafe $0?.unownedTaskExecutor == pool.asUnownedTaskExecutor() }
}
