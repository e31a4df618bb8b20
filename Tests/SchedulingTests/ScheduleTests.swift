import Scheduling
import TestSupport
import Testing

@Suite("Schedule") struct ScheduleTests {
    private func ids(_ indices: Int32...) -> [JobID] { indices.map(JobID.init) }

    @Test("starts the longest expected first, else the one that was added first, up to the limits")
    func order() {
        var schedule = Schedule()
        for milliseconds in [5, 9, 5, 7] {
            _ = schedule.add(kind: .compute, expectedMilliseconds: milliseconds)
        }
        for _ in 0..<3 { _ = schedule.add(kind: .fetch, expectedMilliseconds: 0) }
        let first = schedule.start(limits: ScheduleLimits(connections: 2, workers: 1))
        #expect(first.toStart == ids(4, 5, 1))
        #expect(schedule.notStartedCount == 4)
        #expect(schedule.finish(JobID(index: 1), .changed).toStart == ids(3))
        #expect(schedule.finish(JobID(index: 5), .unchanged).toStart == ids(6))
        #expect(schedule.finish(JobID(index: 3), .failed).toStart == ids(0))
        #expect(schedule.finish(JobID(index: 0), .changed).toStart == ids(2))
        #expect(schedule.inFlightCount == 3)
    }

    @Test("a job starts when its last dependency is done, whichever that is")
    func last() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] as [[Int32]] {
            var schedule = Schedule()
            let fetches = (0..<3).map { _ in schedule.add(kind: .fetch, expectedMilliseconds: 1) }
            // One dependency named twice counts once.
            let job = schedule.add(kind: .compute, expectedMilliseconds: 1, after: fetches + [fetches[1]])
            #expect(schedule.start(limits: ScheduleLimits(connections: 9, workers: 9)).toStart == fetches)
            #expect(schedule.finish(JobID(index: order[0]), .changed) == Schedule.Step())
            #expect(schedule.finish(JobID(index: order[1]), .unchanged) == Schedule.Step())
            #expect(schedule.releaser(of: job) == nil)
            #expect(schedule.finish(JobID(index: order[2]), .changed).toStart == [job])
            #expect(schedule.releaser(of: job) == JobID(index: order[2]), "the last of them")
        }
    }

    @Test("a failure abandons what depends on it, each once, and nothing else")
    func failure() {
        var schedule = Schedule()
        let a = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        let b = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        let c = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [a])
        let d = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [a, b])
        let e = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [c, d])
        let f = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [b])
        #expect(schedule.start(limits: ScheduleLimits(connections: 2, workers: 2)).toStart == [a, b])
        #expect(schedule.finish(a, .failed).abandoned == [c, d, e])
        let step = schedule.finish(b, .failed)
        #expect(step.abandoned == [f])
        #expect(step.toStart.isEmpty)
        #expect(schedule.notStartedCount == 0)
        #expect(schedule.inFlightCount == 0)
    }

    @Test("nothing starts after a stop")
    func stop() {
        var schedule = Schedule()
        let a = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        _ = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        _ = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [a])
        _ = schedule.start(limits: ScheduleLimits(connections: 1, workers: 1))
        schedule.stop()
        #expect(schedule.finish(a, .changed) == Schedule.Step())
        #expect(schedule.notStartedCount == 2)
    }

    @Test("an empty schedule has nothing to start; limits below one count as one")
    func edges() {
        var schedule = Schedule()
        #expect(schedule.start(limits: ScheduleLimits(connections: 0, workers: 0)) == Schedule.Step())
        schedule = Schedule()
        let job = schedule.add(kind: .fetch, expectedMilliseconds: -5)
        _ = schedule.add(kind: .fetch, expectedMilliseconds: .max, after: [job])
        #expect(schedule.start(limits: ScheduleLimits(connections: 0, workers: -1)).toStart == [job])
    }

    /// The same rules, written to be obviously right.
    struct SlowTwin {
        struct Job {
            var kind: JobKind
            var milliseconds: Int
            var dependencies: Set<Int>
        }
        var jobs: [Job] = []
        var limits: [JobKind: Int]
        var succeeded: Set<Int> = []
        var failed: Set<Int> = []
        var abandoned: Set<Int> = []
        var inFlight: Set<Int> = []

        mutating func start() -> [Int] {
            var started = [Int]()
            for kind in [JobKind.fetch, .compute] {
                while inFlight.filter({ jobs[$0].kind == kind }).count < limits[kind]! {
                    let ready = jobs.indices.filter {
                        jobs[$0].kind == kind && jobs[$0].dependencies.isSubset(of: succeeded)
                            && !succeeded.contains($0) && !failed.contains($0) && !inFlight.contains($0)
                    }
                    guard
                        let next = ready.min(by: {
                            (-jobs[$0].milliseconds, $0) < (-jobs[$1].milliseconds, $1)
                        })
                    else { break }
                    inFlight.insert(next)
                    started.append(next)
                }
            }
            return started
        }

        mutating func finish(_ job: Int, _ outcome: JobOutcome) -> (toStart: [Int], abandoned: [Int]) {
            inFlight.remove(job)
            var lost = [Int]()
            if outcome == .failed {
                failed.insert(job)
                for other in jobs.indices
                where !abandoned.contains(other)
                    && !jobs[other].dependencies.isDisjoint(with: failed.union(abandoned))
                {
                    abandoned.insert(other)
                    lost.append(other)
                }
            } else {
                succeeded.insert(job)
            }
            return (start(), lost)
        }
    }

    @Test("random graphs: every step equals the slow twin's", arguments: 1...150 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limits = ScheduleLimits(
            connections: .random(in: 1...5, using: &random), workers: .random(in: 1...4, using: &random))
        var schedule = Schedule()
        var twin = SlowTwin(limits: [.fetch: limits.connections, .compute: limits.workers])
        let failureRate = [0, 5, 40].randomElement(using: &random)!
        let density = [1, 3, 10].randomElement(using: &random)!
        for index in 0..<Int.random(in: 1...60, using: &random) {
            let dependencies = Set(
                (0..<index).filter { _ in Int.random(in: 0..<40, using: &random) < density })
            let kind: JobKind = Bool.random(using: &random) ? .fetch : .compute
            let milliseconds = Int.random(in: 0..<6, using: &random)
            let id = schedule.add(
                kind: kind, expectedMilliseconds: milliseconds,
                after: dependencies.map { JobID(index: Int32($0)) })
            #expect(Int(id.index) == index)
            twin.jobs.append(.init(kind: kind, milliseconds: milliseconds, dependencies: dependencies))
        }

        #expect(schedule.start(limits: limits).toStart.map { Int($0.index) } == twin.start())
        while let job = twin.inFlight.sorted().randomElement(using: &random) {
            let outcome: JobOutcome =
                Int.random(in: 0..<100, using: &random) < failureRate
                ? .failed : Bool.random(using: &random) ? .changed : .unchanged
            let step = schedule.finish(JobID(index: Int32(job)), outcome)
            let expected = twin.finish(job, outcome)
            #expect(step.toStart.map { Int($0.index) } == expected.toStart, "seed \(seed)")
            #expect(step.abandoned.map { Int($0.index) } == expected.abandoned, "seed \(seed)")
            #expect(schedule.inFlightCount == twin.inFlight.count)
        }
        #expect(twin.succeeded.count + twin.failed.count + twin.abandoned.count == twin.jobs.count)
        #expect(schedule.notStartedCount == 0)
    }

    @Test("a long chain and a wide fan take time in proportion")
    func large() {
        var schedule = Schedule()
        var last = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        for _ in 0..<100_000 { last = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [last]) }
        for _ in 0..<100_000 { _ = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [last]) }
        var pending = schedule.start(limits: ScheduleLimits(connections: 1, workers: 8)).toStart
        var count = 0
        while let job = pending.popLast() {
            count += 1
            pending += schedule.finish(job, .changed).toStart
        }
        #expect(count == 200_001)
    }
}
