import Glibc
import Locking
import Scheduling
import Synchronization
import TestSupport
import Testing
import WorkStealing

@Suite("runSchedule", .timeLimit(.minutes(10))) struct RunScheduleTests {
    /// What was seen of a run, from all threads.
    final class Log: Sendable {
        struct Entries: Sendable {
            var done: [JobID: JobOutcome] = [:]
            var abandoned: [JobID: JobID] = [:]
            var refused: [JobID: Refusal] = [:]
            var inFlight: Set<JobID> = []
            var keptDiskByteCount = 0
            /// What was wrong, in words.
            var wrongs: [String] = []
        }
        let entries = Lock(Entries())
    }

    struct Job: Sendable {
        var kind: JobKind
        var needs: JobNeeds
        var dependencies: [JobID]
        var result: JobResult
    }

    static let limits = ScheduleLimits(
        connections: 5, hostConnections: [2, 9], workers: 3, memoryByteCount: 100, diskByteCount: 1_500)

    /// Jobs of every sort: light, expected long, with needs, fetches of two hosts.
    static func jobs(_ shape: Shape, seed: UInt64) -> (schedule: Schedule, jobs: [Job]) {
        var random = SeededGenerator(seed: seed)
        var schedule = Schedule()
        var jobs = [Job]()
        let lightShare = [0, 50, 100][Int(seed % 3)]
        for dependencies in shape.dependencies(seed: seed) {
            var job = Job(
                kind: .compute, needs: JobNeeds(), dependencies: dependencies.map { JobID(index: Int32($0)) },
                result: JobResult(
                    [.changed, .changed, .unchanged, .unchanged, .unchanged, .failed][
                        Int(random.next() % (seed % 2 == 0 ? 5 : 6))]))
            var expected = 0
            if Int.random(in: 0..<100, using: &random) >= lightShare {
                job.kind = Bool.random(using: &random) ? .fetch : .compute
                expected = Int.random(in: 0..<50, using: &random)
                job.needs = JobNeeds(
                    memoryByteCount: max(0, Int.random(in: -60...120, using: &random)),
                    diskByteCount: max(0, Int.random(in: -60...60, using: &random)),
                    host: job.kind == .fetch ? Int.random(in: 0...1, using: &random) : 0)
                job.result.keptDiskByteCount = job.needs.diskByteCount / 2
            }
            jobs.append(job)
            _ = schedule.add(
                kind: job.kind, expectedMilliseconds: expected, needs: job.needs, after: job.dependencies)
        }
        return (schedule, jobs)
    }

    @Test(
        "every job once, in order, within all limits and budgets; failures take only dependants",
        arguments: Shape.allCases, [1, 2, 3])
    func everything(shape: Shape, workerCount: Int) async {
        let pool = WorkStealingPool(workerCount: workerCount)
        let fetchPool = WorkStealingPool(workerCount: 2)
        for seed in 0..<24 as Range<UInt64> {
            let (schedule, jobs) = Self.jobs(shape, seed: seed)
            let log = Log()
            var actions = ScheduleActions { job in
                log.entries.withLock { Self.noteStart(of: job, jobs, &$0) }
                let wanted = jobs[Int(job.index)].kind == .fetch ? seed % 2 == 0 ? fetchPool : nil : pool
                if let wanted, !isOn(wanted) {
                    log.entries.withLock { $0.wrongs.append("\(job) in a wrong place") }
                }
                var random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(job.index))
                for _ in 0..<random.next() % 4 {
                    if random.next() % 2 == 0 { await Task.yield() } else { sched_yield() }
                }
                let result = jobs[Int(job.index)].result
                log.entries.withLock { seen in
                    seen.inFlight.remove(job)
                    seen.keptDiskByteCount += result.keptDiskByteCount
                    if seen.done.updateValue(result.outcome, forKey: job) != nil {
                        seen.wrongs.append("\(job) ran twice")
                    }
                }
                return result
            }
            actions.abandoned = { job, because in
                log.entries.withLock { seen in
                    if seen.abandoned.updateValue(because, forKey: job) != nil {
                        seen.wrongs.append("\(job) was abandoned twice")
                    }
                }
            }
            actions.refused = { refusal in log.entries.withLock { $0.refused[refusal.job] = refusal } }
            let summary = await runSchedule(
                schedule, limits: Self.limits, on: pool, fetchExecutor: seed % 2 == 0 ? fetchPool : nil,
                actions: actions)
            Self.check(log.entries.withLock { $0 }, jobs, summary, "\(shape), seed \(seed)")
        }
        pool.shutdown()
        fetchPool.shutdown()
    }

    private static func noteStart(of job: JobID, _ jobs: [Job], _ log: inout Log.Entries) {
        log.inFlight.insert(job)
        for dependency in jobs[Int(job.index)].dependencies
        where log.done[dependency] == nil || log.done[dependency] == .failed {
            log.wrongs.append("\(job) ran before \(dependency)")
        }
        let running = log.inFlight.map { jobs[Int($0.index)] }
        let fetches = running.filter { $0.kind == .fetch }
        if fetches.count > limits.connections { log.wrongs.append("\(fetches.count) fetches") }
        for host in 0...1 where fetches.count(where: { $0.needs.host == host }) > limits.hostConnections[host]
        {
            log.wrongs.append("too many fetches from host \(host)")
        }
        if running.count - fetches.count > limits.workers { log.wrongs.append("too many computations") }
        let memory = running.map { min(100, $0.needs.memoryByteCount) }.reduce(0, +)
        if memory > 100 { log.wrongs.append("\(memory) bytes of memory") }
        let disk = running.map(\.needs.diskByteCount).reduce(log.keptDiskByteCount, +)
        if disk > 1_500 { log.wrongs.append("\(disk) bytes of disk") }
    }

    private static func check(
        _ log: Log.Entries, _ jobs: [Job], _ summary: ScheduleSummary, _ what: String
    ) {
        #expect(log.wrongs == [], "\(what)")
        #expect(log.done.count + log.abandoned.count + log.refused.count == jobs.count, "\(what)")
        for cause in log.abandoned.values {
            #expect(log.done[cause] == .failed || log.refused[cause] != nil, "\(what)")
        }
        for (index, job) in jobs.enumerated() {
            let isLost = job.dependencies.contains {
                log.done[$0] == .failed || log.abandoned[$0] != nil || log.refused[$0] != nil
            }
            #expect(isLost == (log.abandoned[JobID(index: Int32(index))] != nil), "\(what)")
        }
        #expect(summary.abandoned == log.abandoned.count)
        #expect(summary.refused == log.refused.count)
        for (count, outcome) in [
            (summary.failed, .failed), (summary.changed, .changed), (summary.unchanged, .unchanged),
        ] as [(Int, JobOutcome)] {
            #expect(count == log.done.values.count { $0 == outcome }, "\(what)")
        }
        #expect(summary.notStarted == 0)
    }

    @Test("100,000 light jobs go in batches, each once", arguments: [1, 2, 4])
    func light(workerCount: Int) async {
        final class Runs: Sendable { let counts = Lock([UInt8](repeating: 0, count: 100_000)) }
        let runs = Runs()
        let pool = WorkStealingPool(workerCount: workerCount)
        var schedule = Schedule()
        for index in 0..<100_000 as Range<Int32> {
            let after = index < 1_000 ? [] : [JobID(index: index - 1_000), JobID(index: index / 2)]
            _ = schedule.add(kind: .compute, expectedMilliseconds: 0, after: after)
        }
        let summary = await runSchedule(
            schedule, limits: ScheduleLimits(connections: 1, workers: workerCount), on: pool,
            actions: ScheduleActions { job in
                runs.counts.withLock { $0[Int(job.index)] += 1 }
                return JobResult(.unchanged)
            })
        #expect(summary.unchanged == 100_000)
        runs.counts.withLock { #expect($0.allSatisfy { $0 == 1 }) }
        pool.shutdown()
        #expect(pool.counts.map(\.jobs).reduce(0, +) == 100_000)
        #expect(pool.counts.allSatisfy { $0.steals <= $0.jobs + $0.pieces })
    }

    @Test("a job that turns out long holds up nothing of its batch, nor what waits for the jobs before it")
    func long() async {
        // The first 1,000 are over at once, so that batches get large; then one ends only when all others have.
        for seed in 0..<20 as Range<Int32> {
            final class Left: Sendable { let count = Atomic(2_999) }
            let left = Left()
            let pool = WorkStealingPool(workerCount: 2)
            var schedule = Schedule()
            for index in 0..<3_000 as Range<Int32> {
                _ = schedule.add(
                    kind: .compute, expectedMilliseconds: 0,
                    after: index % 3 == 2 && index > 1_500 && index % 1_000 != 2
                        ? [JobID(index: index - 1)] : [])
            }
            let long = JobID(index: 1_000 + seed * 17)
            let summary = await runSchedule(
                schedule, limits: ScheduleLimits(connections: 1, workers: 2), on: pool,
                actions: ScheduleActions { job in
                    if job == long {
                        while left.count.load(ordering: .relaxed) > 0 { sched_yield() }
                    } else {
                        left.count.subtract(1, ordering: .relaxed)
                    }
                    return JobResult(.changed)
                })
            #expect(summary.changed == 3_000)
            pool.shutdown()
        }
    }

    @Test("no wake-up is lost over many rounds of parking", arguments: [1, 2, 4])
    func wakes(workerCount: Int) async {
        let pool = WorkStealingPool(workerCount: workerCount)
        for seed in 0..<2_000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            // Narrow and wide in turn, light and not, so that runners park and are needed again all the time.
            var schedule = Schedule()
            var before = [JobID]()
            for _ in 0..<8 {
                let width = [1, 1, 2, 5][Int(random.next() % 4)]
                let kind: JobKind = random.next() % 4 == 0 ? .fetch : .compute
                let expected = Int(random.next() % 2)
                before = (0..<width).map { _ in
                    schedule.add(kind: kind, expectedMilliseconds: expected, after: before)
                }
            }
            let (all, jobCount) = (schedule, schedule.jobCount)
            let summary = await runSchedule(
                all, limits: ScheduleLimits(connections: 2, workers: workerCount), on: pool,
                fetchExecutor: pool,
                actions: ScheduleActions { job in
                    var random = SeededGenerator(seed: seed &* 100 &+ UInt64(job.index))
                    for _ in 0..<random.next() % 3 {
                        if random.next() % 2 == 0 { await Task.yield() } else { sched_yield() }
                    }
                    return JobResult(.changed)
                })
            #expect(summary.changed == jobCount, "seed \(seed)")
        }
        pool.shutdown()
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
            var actions = ScheduleActions { _ in
                if flags.started.add(1, ordering: .relaxed).newValue == 2 { both.continuation.finish() }
                while !flags.isCancelled.load(ordering: .relaxed) { await Task.yield() }
                #expect(how == "flag" || Task.isCancelled)
                for _ in 0..<10 { await Task.yield() }
                flags.finished.add(1, ordering: .relaxed)
                return JobResult(.changed)
            }
            actions.isCancelled = { how == "flag" && flags.isCancelled.load(ordering: .relaxed) }
            return await runSchedule(
                all, limits: ScheduleLimits(connections: 1, workers: 2), on: pool, actions: actions)
        }
        for await _ in both.stream {}
        if how == "task" { run.cancel() }
        flags.isCancelled.store(true, ordering: .relaxed)
        let summary = await run.value
        #expect(summary.changed == 2)
        #expect(summary.notStarted == 98)
        #expect(summary.failed + summary.abandoned + summary.refused + summary.unchanged == 0)
        let finished = flags.finished.load(ordering: .relaxed)
        #expect(finished == 2)
        pool.shutdown()
    }

    @Test("cancelled amid batches: what was begun ends, the rest is left", arguments: [1, 2, 4])
    func cancelsBatches(workerCount: Int) async {
        final class Flags: Sendable {
            let started = Atomic(0)
            let startedLate = Atomic(0)
        }
        let pool = WorkStealingPool(workerCount: workerCount)
        for seed in 1...20 {
            let flags = Flags()
            var schedule = Schedule()
            for _ in 0..<20_000 { _ = schedule.add(kind: .compute, expectedMilliseconds: 0) }
            let all = schedule
            let summary = await withTaskGroup(of: ScheduleSummary.self) { group in
                let stream = AsyncStream<Void>.makeStream()
                group.addTask {
                    await runSchedule(
                        all, limits: ScheduleLimits(connections: 1, workers: workerCount), on: pool,
                        actions: ScheduleActions { _ in
                            if Task.isCancelled { flags.startedLate.add(1, ordering: .relaxed) }
                            if flags.started.add(1, ordering: .relaxed).newValue == seed * 700 {
                                stream.continuation.finish()
                                // The cancellation comes while this one runs.
                                while !Task.isCancelled { sched_yield() }
                            }
                            return JobResult(.changed)
                        })
                }
                for await _ in stream.stream {}
                group.cancelAll()
                return await group.next()!
            }
            let started = flags.started.load(ordering: .relaxed)
            #expect(summary.changed == started)
            #expect(summary.notStarted == 20_000 - started)
            // Each runner may have been between its look and its job.
            let late = flags.startedLate.load(ordering: .relaxed)
            #expect(late <= workerCount, "\(started) of \(seed * 700)")
        }
        pool.shutdown()
    }

    @Test("cancelled before it began: nothing runs")
    func cancelledBefore() async {
        let pool = WorkStealingPool(workerCount: 1)
        var schedule = Schedule()
        _ = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        _ = schedule.add(kind: .compute, expectedMilliseconds: 0)
        var actions = ScheduleActions { _ in
            Issue.record("ran")
            return JobResult(.changed)
        }
        actions.isCancelled = { true }
        let summary = await runSchedule(
            schedule, limits: ScheduleLimits(connections: 1, workers: 1), on: pool, actions: actions)
        #expect(summary.notStarted == 2)
        pool.shutdown()
    }

    @Test("an empty schedule ends at once")
    func empty() async {
        let pool = WorkStealingPool(workerCount: 1)
        let summary = await runSchedule(
            Schedule(), limits: ScheduleLimits(connections: 1, workers: 1), on: pool,
            actions: ScheduleActions { _ in JobResult(.changed) })
        #expect(summary == ScheduleSummary())
        pool.shutdown()
    }
}

private func isOn(_ pool: WorkStealingPool) -> Bool {
    unsafe withUnsafeCurrentTask { unsafe $0?.unownedTaskExecutor == pool.asUnownedTaskExecutor() }
}
