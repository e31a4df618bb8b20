import Scheduling
import Synchronization
import TestSupport
import Testing
import WorkStealing

@Suite("runSchedule", .timeLimit(.minutes(1))) struct RunScheduleTests {
    /// What was seen of a run, from all threads.
    final class Log: Sendable {
        struct Entries: Sendable {
            var done: [JobID: JobOutcome] = [:]
            var abandoned: [JobID: JobID] = [:]
            var inFlight: [JobKind: Int] = [.fetch: 0, .compute: 0]
            var most: [JobKind: Int] = [.fetch: 0, .compute: 0]
        }
        let entries = Lock(Entries())
    }

    @Test(
        "random graphs run in order and within limits; failures take only dependants",
        arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) async {
        var random = SeededGenerator(seed: seed)
        var schedule = Schedule()
        var kinds = [JobKind]()
        var dependencies = [[JobID]]()
        var outcomes = [JobOutcome]()
        for index in 0..<300 as Range<Int32> {
            let before = (0..<index).filter { _ in Int.random(in: 0..<100, using: &random) < 2 }.map(
                JobID.init)
            let kind: JobKind = Bool.random(using: &random) ? .fetch : .compute
            kinds.append(kind)
            dependencies.append(before)
            outcomes.append(
                [.changed, .changed, .unchanged, .unchanged, .unchanged, .failed][Int(random.next() % 6)])
            _ = schedule.add(kind: kind, expectedMilliseconds: Int(random.next() % 100), after: before)
        }
        let log = Log()
        let (allKinds, allDependencies, allOutcomes) = (kinds, dependencies, outcomes)
        let pool = WorkStealingPool(workerCount: 3)
        let fetchPool = WorkStealingPool(workerCount: 2)
        let summary = await runSchedule(
            schedule, limits: ScheduleLimits(connections: 5, workers: 3), on: pool,
            fetchExecutor: seed % 2 == 0 ? fetchPool : nil,
            perform: { job, releaser in
                let kind = allKinds[Int(job.index)]
                log.entries.withLock { log in
                    log.inFlight[kind]! += 1
                    log.most[kind]! = max(log.most[kind]!, log.inFlight[kind]!)
                    for dependency in allDependencies[Int(job.index)] {
                        #expect(log.done[dependency] != nil && log.done[dependency] != .failed)
                    }
                    #expect((releaser == nil) == allDependencies[Int(job.index)].isEmpty)
                    if let releaser { #expect(allDependencies[Int(job.index)].contains(releaser)) }
                }
                if kind == .compute { #expect(isOn(pool)) } else if seed % 2 == 0 { #expect(isOn(fetchPool)) }
                var random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(job.index))
                for _ in 0..<random.next() % 4 { await Task.yield() }
                let outcome = allOutcomes[Int(job.index)]
                log.entries.withLock { log in
                    log.inFlight[kind]! -= 1
                    #expect(log.done.updateValue(outcome, forKey: job) == nil, "ran twice")
                }
                return outcome
            },
            abandoned: { job, because in
                log.entries.withLock { #expect($0.abandoned.updateValue(because, forKey: job) == nil) }
            })
        pool.shutdown()
        fetchPool.shutdown()

        let entries = log.entries.withLock { $0 }
        #expect(entries.most[.fetch]! <= 5)
        #expect(entries.most[.compute]! <= 3)
        #expect(entries.done.count + entries.abandoned.count == 300)
        #expect(entries.abandoned.values.allSatisfy { entries.done[$0] == .failed })
        for index in 0..<300 {
            let isLost = dependencies[index].contains {
                entries.done[$0] == .failed || entries.abandoned[$0] != nil
            }
            #expect(isLost == (entries.abandoned[JobID(index: Int32(index))] != nil))
        }
        #expect(summary.abandoned == entries.abandoned.count)
        #expect(summary.failed == entries.done.values.count { $0 == .failed })
        #expect(summary.changed == entries.done.values.count { $0 == .changed })
        #expect(summary.unchanged == entries.done.values.count { $0 == .unchanged })
        #expect(summary.notStarted == 0)
    }

    @Test("a cancelled run starts nothing more and waits for what is in flight", arguments: ["task", "flag"])
    func cancels(how: String) async {
        final class Flags: Sendable {
            let isCancelled = Atomic(false)
            let started = Atomic(0)
            let finished = Atomic(0)
        }
        let flags = Flags()
        let pool = WorkStealingPool(workerCount: 2)
        var schedule = Schedule()
        for _ in 0..<100 { _ = schedule.add(kind: .compute, expectedMilliseconds: 0) }
        let (all, both) = (schedule, AsyncStream<Void>.makeStream())
        let run = Task {
            await runSchedule(
                all, limits: ScheduleLimits(connections: 1, workers: 2), on: pool,
                perform: { _, _ in
                    if flags.started.add(1, ordering: .relaxed).newValue == 2 { both.continuation.finish() }
                    while !flags.isCancelled.load(ordering: .relaxed) { await Task.yield() }
                    #expect(how == "flag" || Task.isCancelled)
                    for _ in 0..<10 { await Task.yield() }
                    flags.finished.add(1, ordering: .relaxed)
                    return .changed
                },
                isCancelled: { how == "flag" && flags.isCancelled.load(ordering: .relaxed) })
        }
        for await _ in both.stream {}
        if how == "task" { run.cancel() }
        flags.isCancelled.store(true, ordering: .relaxed)
        let summary = await run.value
        var expected = ScheduleSummary()
        expected.changed = 2
        expected.notStarted = 98
        #expect(summary == expected)
        let finished = flags.finished.load(ordering: .relaxed)
        #expect(finished == 2)
        pool.shutdown()
    }

    @Test("cancelled before it began: nothing runs")
    func cancelledBefore() async {
        let pool = WorkStealingPool(workerCount: 1)
        var schedule = Schedule()
        _ = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        let summary = await runSchedule(
            schedule, limits: ScheduleLimits(connections: 1, workers: 1), on: pool,
            perform: { _, _ in
                Issue.record("ran")
                return .changed
            }, isCancelled: { true })
        #expect(summary.notStarted == 1)
        pool.shutdown()
    }
}

private func isOn(_ pool: WorkStealingPool) -> Bool {
    unsafe withUnsafeCurrentTask { unsafe $0?.unownedTaskExecutor == pool.asUnownedTaskExecutor() }
}
