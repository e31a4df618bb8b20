import Scheduling
import TestSupport
import Testing

@Suite("Schedule") struct ScheduleTests {
    private func ids(_ indices: Int32...) -> [JobID] { indices.map(JobID.init) }

    /// All jobs that start now, with this many free workers and connections.
    private func start(_ schedule: inout Schedule, fetches: Int = 99, computes: Int = 99) -> [JobID] {
        var started = [JobID]()
        for (kind, count) in [(JobKind.fetch, fetches), (.compute, computes)] {
            for _ in 0..<count {
                guard let job = schedule.next(kind) else { break }
                started.append(job)
            }
        }
        return started
    }

    @Test("gives out the longest expected first, else the one that was added first")
    func order() {
        var schedule = Schedule()
        for milliseconds in [5, 9, 5, 7] {
            _ = schedule.add(kind: .compute, expectedMilliseconds: milliseconds)
        }
        for _ in 0..<3 { _ = schedule.add(kind: .fetch, expectedMilliseconds: 0) }
        schedule.begin(limits: ScheduleLimits(connections: 2, workers: 1))
        #expect(start(&schedule, fetches: 2, computes: 1) == ids(4, 5, 1))
        #expect(schedule.notStartedCount == 4)
        _ = schedule.finish(JobID(index: 1), JobResult(.changed))
        #expect(start(&schedule, fetches: 0) == ids(3, 0, 2))
        #expect(start(&schedule) == ids(6))
        #expect(schedule.inFlightCount == 6)
    }

    @Test("what the most expected time waits for goes first, so that an action's inputs stay together")
    func chains() {
        var schedule = Schedule()
        let fetches = (0..<4).map { _ in schedule.add(kind: .fetch, expectedMilliseconds: 1) }
        _ = schedule.add(kind: .compute, expectedMilliseconds: 10, after: [fetches[0], fetches[2]])
        let long = schedule.add(kind: .compute, expectedMilliseconds: 20, after: [fetches[1]])
        _ = schedule.add(kind: .compute, expectedMilliseconds: 1, after: [fetches[3]])
        _ = schedule.add(kind: .compute, expectedMilliseconds: 30, after: [fetches[3], long])
        schedule.begin(limits: ScheduleLimits(connections: 4, workers: 1))
        #expect(start(&schedule) == ids(1, 3, 0, 2))
    }

    @Test("a job starts when its last dependency is done, whichever that is")
    func last() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] as [[Int32]] {
            var schedule = Schedule()
            let fetches = (0..<3).map { _ in schedule.add(kind: .fetch, expectedMilliseconds: 1) }
            // One dependency named twice counts once.
            let job = schedule.add(kind: .compute, expectedMilliseconds: 1, after: fetches + [fetches[1]])
            schedule.begin(limits: ScheduleLimits(connections: 9, workers: 9))
            #expect(start(&schedule) == fetches)
            for (position, index) in order.enumerated() {
                #expect(start(&schedule) == [], "after \(position)")
                _ = schedule.finish(JobID(index: index), JobResult(position == 1 ? .unchanged : .changed))
            }
            #expect(start(&schedule) == [job])
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
        schedule.begin(limits: ScheduleLimits(connections: 2, workers: 2))
        #expect(start(&schedule) == [a, b])
        #expect(schedule.finish(a, JobResult(.failed)) == [c, d, e])
        #expect(!schedule.isOver(.compute))
        #expect(schedule.finish(b, JobResult(.failed)) == [f])
        #expect(start(&schedule) == [])
        #expect(schedule.isOver(.compute))
        #expect(schedule.notStartedCount == 0)
        #expect(schedule.inFlightCount == 0)
    }

    @Test("nothing starts after a stop, and what was not begun can be put back")
    func stop() {
        var schedule = Schedule()
        let a = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        _ = schedule.add(kind: .fetch, expectedMilliseconds: 0)
        _ = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [a])
        let light = schedule.add(kind: .compute, expectedMilliseconds: 0)
        schedule.begin(limits: ScheduleLimits(connections: 1, workers: 1))
        #expect(start(&schedule, fetches: 1, computes: 1) == [a, light])
        schedule.stop()
        schedule.putBack(light)
        #expect(schedule.finish(a, JobResult(.changed)) == [])
        #expect(start(&schedule) == [])
        #expect(schedule.notStartedCount == 3)
        #expect(schedule.inFlightCount == 0)
        #expect(schedule.isOver(.fetch) && schedule.isOver(.compute))
    }

    @Test("an empty schedule has nothing to start; odd times and limits count as the nearest that is none")
    func edges() {
        var schedule = Schedule()
        schedule.begin(limits: ScheduleLimits(connections: 0, workers: 0))
        #expect(start(&schedule) == [])
        schedule = Schedule()
        let job = schedule.add(kind: .fetch, expectedMilliseconds: -5)
        _ = schedule.add(kind: .fetch, expectedMilliseconds: .max, after: [job])
        let other = schedule.add(kind: .fetch, expectedMilliseconds: .max)
        schedule.begin(limits: ScheduleLimits(connections: 0, hostConnections: [-1], workers: -1))
        #expect(start(&schedule) == [job])
        _ = schedule.finish(job, JobResult(.changed))
        #expect(start(&schedule) == ids(1))
        _ = schedule.finish(JobID(index: 1), JobResult(.changed))
        #expect(start(&schedule) == [other])
    }

    @Test("light jobs come in batches in order, up to the first that is none")
    func light() {
        var schedule = Schedule()
        _ = schedule.add(kind: .compute, expectedMilliseconds: 1)
        for index in 1..<6 {
            _ = schedule.add(
                kind: .compute, expectedMilliseconds: 0, needs: JobNeeds(memoryByteCount: index == 4 ? 1 : 0))
        }
        schedule.begin(limits: ScheduleLimits(connections: 1, workers: 1))
        var jobs = [JobID]()
        schedule.nextLight(atMost: 9, into: &jobs)
        #expect(jobs == [])
        #expect(schedule.next(.compute) == JobID(index: 0))
        schedule.nextLight(atMost: 2, into: &jobs)
        #expect(jobs == ids(1, 2))
        schedule.nextLight(atMost: 9, into: &jobs)
        #expect(jobs == ids(1, 2, 3))
    }

    /// The same rules, written to be obviously right.
    struct SlowTwin {
        struct Job {
            var kind: JobKind
            var milliseconds: Int
            var dependencies: Set<Int>
            var host: Int
        }
        var jobs: [Job] = []
        var hostLimits: [Int]
        var succeeded: Set<Int> = []
        var failed: Set<Int> = []
        var abandoned: Set<Int> = []
        var inFlight: Set<Int> = []

        /// Own time and that of the longest chain behind.
        func priority(_ job: Int) -> Int {
            jobs[job].milliseconds
                + (jobs.indices.filter { jobs[$0].dependencies.contains(job) }.map(priority).max() ?? 0)
        }

        mutating func next(_ kind: JobKind) -> Int? {
            let ready = jobs.indices.filter { job in
                jobs[job].kind == kind && jobs[job].dependencies.isSubset(of: succeeded)
                    && !succeeded.contains(job) && !failed.contains(job) && !inFlight.contains(job)
                    && (kind == .compute
                        || inFlight.count { jobs[$0].kind == .fetch && jobs[$0].host == jobs[job].host }
                            < hostLimits[jobs[job].host])
            }
            let next = ready.min { (-priority($0), $0) < (-priority($1), $1) }
            if let next { inFlight.insert(next) }
            return next
        }

        /// What is abandoned.
        mutating func finish(_ job: Int, _ outcome: JobOutcome) -> [Int] {
            inFlight.remove(job)
            guard outcome == .failed else {
                succeeded.insert(job)
                return []
            }
            var lost = [Int]()
            failed.insert(job)
            for other in jobs.indices
            where !abandoned.contains(other)
                && !jobs[other].dependencies.isDisjoint(with: failed.union(abandoned))
            {
                abandoned.insert(other)
                lost.append(other)
            }
            return lost
        }
    }

    @Test(
        "every step equals the slow twin's", arguments: Shape.allCases, 1...15 as ClosedRange<UInt64>)
    func twin(shape: Shape, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let connections = Int.random(in: 1...5, using: &random)
        let workers = Int.random(in: 1...4, using: &random)
        let hostLimits = [1, 3, 2]
        var schedule = Schedule()
        var twin = SlowTwin(hostLimits: hostLimits)
        let failureRate = [0, 5, 40].randomElement(using: &random)!
        // The longest chains of the twin are found anew each time.
        for (index, dependencies) in shape.dependencies(seed: seed).prefix(40).enumerated() {
            let kind: JobKind = Bool.random(using: &random) ? .fetch : .compute
            let milliseconds = Int.random(in: 0..<6, using: &random)
            let host = Int.random(in: 0..<3, using: &random)
            let id = schedule.add(
                kind: kind, expectedMilliseconds: milliseconds, needs: JobNeeds(host: host),
                after: dependencies.map { JobID(index: Int32($0)) })
            #expect(Int(id.index) == index)
            twin.jobs.append(
                .init(kind: kind, milliseconds: milliseconds, dependencies: Set(dependencies), host: host))
        }

        schedule.begin(
            limits: ScheduleLimits(
                connections: connections, hostConnections: hostLimits, workers: workers))
        repeat {
            for (kind, limit) in [(JobKind.fetch, connections), (.compute, workers)] {
                while twin.inFlight.count(where: { twin.jobs[$0].kind == kind }) < limit {
                    let (mine, expected) = (schedule.next(kind), twin.next(kind))
                    #expect(mine.map { Int($0.index) } == expected, "seed \(seed)")
                    guard expected != nil else { break }
                }
            }
            guard let job = twin.inFlight.sorted().randomElement(using: &random) else { break }
            let outcome: JobOutcome =
                Int.random(in: 0..<100, using: &random) < failureRate
                ? .failed : Bool.random(using: &random) ? .changed : .unchanged
            let abandoned = schedule.finish(JobID(index: Int32(job)), JobResult(outcome))
            #expect(abandoned.map { Int($0.index) } == twin.finish(job, outcome), "seed \(seed)")
            #expect(schedule.inFlightCount == twin.inFlight.count)
        } while true
        #expect(twin.succeeded.count + twin.failed.count + twin.abandoned.count == twin.jobs.count)
        #expect(schedule.notStartedCount == 0)
    }

    @Test("a long chain and a wide fan take time in proportion")
    func large() {
        var schedule = Schedule()
        var last = schedule.add(kind: .compute, expectedMilliseconds: 0)
        for _ in 0..<100_000 { last = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [last]) }
        for _ in 0..<100_000 { _ = schedule.add(kind: .compute, expectedMilliseconds: 0, after: [last]) }
        schedule.begin(limits: ScheduleLimits(connections: 1, workers: 8))
        var count = 0
        while let job = schedule.next(.compute) {
            count += 1
            _ = schedule.finish(job, JobResult(.changed))
        }
        #expect(count == 200_001)
    }
}
