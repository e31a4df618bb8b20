import Scheduling
import TestSupport
import Testing

@Suite("Budgets of a schedule") struct BudgetTests {
    private func ids(_ indices: Int32...) -> [JobID] { indices.map(JobID.init) }

    private func limits(memory: Int? = nil, disk: Int? = nil) -> ScheduleLimits {
        ScheduleLimits(connections: 99, workers: 99, memoryByteCount: memory, diskByteCount: disk)
    }

    private func startAll(_ schedule: inout Schedule) -> [JobID] {
        var started = [JobID]()
        for kind in [JobKind.fetch, .compute] { while let job = schedule.next(kind) { started.append(job) } }
        return started
    }

    @Test("small jobs fill the gap beside one that does not fit yet")
    func gaps() {
        var schedule = Schedule()
        // 60 of 100 run; 50 do not fit; 30 do; what needs nothing always does.
        for (memory, milliseconds) in [(60, 9), (50, 8), (30, 7), (0, 6)] {
            _ = schedule.add(
                kind: .compute, expectedMilliseconds: milliseconds, needs: JobNeeds(memoryByteCount: memory))
        }
        schedule.begin(limits: limits(memory: 100))
        #expect(startAll(&schedule) == ids(0, 2, 3))
        _ = schedule.finish(JobID(index: 2), JobResult(.changed))
        #expect(startAll(&schedule) == [])
        _ = schedule.finish(JobID(index: 0), JobResult(.failed))
        #expect(startAll(&schedule) == ids(1))
        #expect(schedule.waits.memory.jobs == 1)
    }

    @Test("a job larger than all memory runs, and beside it only what needs none")
    func alone() {
        var schedule = Schedule()
        for memory in [5, 1_000, 0, 5] {
            _ = schedule.add(
                kind: .compute, expectedMilliseconds: 1, needs: JobNeeds(memoryByteCount: memory))
        }
        schedule.begin(limits: limits(memory: 100))
        #expect(startAll(&schedule) == ids(0, 2, 3))
        _ = schedule.finish(JobID(index: 0), JobResult(.changed))
        #expect(startAll(&schedule) == [])
        _ = schedule.finish(JobID(index: 3), JobResult(.changed))
        #expect(startAll(&schedule) == ids(1))
    }

    @Test("a large job is overtaken a limited number of times, whatever small ones keep coming")
    func starvation() {
        var schedule = Schedule()
        let first = schedule.add(
            kind: .compute, expectedMilliseconds: 99, needs: JobNeeds(memoryByteCount: 10))
        let large = schedule.add(
            kind: .compute, expectedMilliseconds: 98, needs: JobNeeds(memoryByteCount: 95), after: [first])
        for _ in 0..<1_000 {
            _ = schedule.add(kind: .compute, expectedMilliseconds: 1, needs: JobNeeds(memoryByteCount: 10))
        }
        schedule.begin(limits: limits(memory: 100))
        var running = startAll(&schedule)
        #expect(running.count == 10)
        // Each that ends lets another small one in at once, so that it would never have 95 to itself.
        var overtakingCount = 0
        for step in 0... {
            let ended = running.removeFirst()
            _ = schedule.finish(ended, JobResult(.changed))
            let started = startAll(&schedule)
            if started.contains(large) { break }
            overtakingCount += started.count
            running += started
            if step > 1_000 || running.isEmpty {
                Issue.record("the large job never started")
                break
            }
        }
        #expect(overtakingCount == Schedule.overtakingLimit)
    }

    @Test("a claim on one budget is no obstacle for what does not use it")
    func claims() {
        var schedule = Schedule()
        let first = schedule.add(
            kind: .compute, expectedMilliseconds: 99, needs: JobNeeds(memoryByteCount: 10))
        _ = schedule.add(
            kind: .compute, expectedMilliseconds: 98, needs: JobNeeds(memoryByteCount: 100), after: [])
        for _ in 0..<20 {
            _ = schedule.add(kind: .compute, expectedMilliseconds: 1, needs: JobNeeds(memoryByteCount: 1))
        }
        let fetch = schedule.add(kind: .fetch, expectedMilliseconds: 1, needs: JobNeeds(diskByteCount: 1))
        schedule.begin(limits: limits(memory: 100, disk: 1))
        #expect(schedule.next(.compute) == first)
        for _ in 0..<Schedule.overtakingLimit { #expect(schedule.next(.compute) != nil) }
        #expect(schedule.next(.compute) == nil)
        #expect(schedule.next(.fetch) == fetch)
    }

    @Test("too little disk refuses a job and what depends on it before it starts, and nothing else")
    func refusal() {
        var schedule = Schedule()
        let big = schedule.add(kind: .fetch, expectedMilliseconds: 9, needs: JobNeeds(diskByteCount: 70))
        let small = schedule.add(kind: .fetch, expectedMilliseconds: 8, needs: JobNeeds(diskByteCount: 40))
        let late = schedule.add(kind: .fetch, expectedMilliseconds: 1, needs: JobNeeds(diskByteCount: 50))
        let dependant = schedule.add(kind: .compute, expectedMilliseconds: 1, after: [late])
        let other = schedule.add(kind: .compute, expectedMilliseconds: 1, after: [small])
        schedule.begin(limits: limits(disk: 100))
        // 40 and 50 may fit once it is known what the first keeps.
        #expect(startAll(&schedule) == [big])
        _ = schedule.finish(big, JobResult(.changed, keptDiskByteCount: 20))
        #expect(startAll(&schedule) == [small])
        #expect(schedule.takeRefusals().refusals == [])
        _ = schedule.finish(small, JobResult(.changed, keptDiskByteCount: 40))
        #expect(startAll(&schedule) == [other])
        let (refusals, abandoned) = schedule.takeRefusals()
        #expect(refusals.map(\.job) == [late])
        #expect(refusals.map(\.neededByteCount) == [50])
        #expect(refusals.map(\.leftByteCount) == [40])
        #expect(abandoned.map(\.job) == [dependant] && abandoned.map(\.because) == [late])
        #expect(schedule.isOver(.fetch) && schedule.isOver(.compute))
        #expect(schedule.takeRefusals().refusals == [])
    }

    @Test("the disk is measured again before a job is refused; an allowance stays what it is")
    func measuring() {
        for (allowance, starts) in [(nil, true), (1_000, true), (45, false)] as [(Int?, Bool)] {
            var schedule = Schedule()
            let job = schedule.add(kind: .fetch, expectedMilliseconds: 1, needs: JobNeeds(diskByteCount: 50))
            // Somebody tidied up since.
            schedule.begin(limits: limits(disk: allowance), freeDisk: { 10 })
            #expect(schedule.next(.fetch, freeDisk: { 60 }) == (starts ? job : nil))
            #expect(schedule.takeRefusals().refusals.map(\.leftByteCount) == (starts ? [] : [45]))
        }
    }

    @Test("time counts as waiting while something is held up")
    func waits() {
        var schedule = Schedule()
        for _ in 0..<2 {
            _ = schedule.add(kind: .compute, expectedMilliseconds: 1, needs: JobNeeds(memoryByteCount: 60))
        }
        for _ in 0..<2 { _ = schedule.add(kind: .fetch, expectedMilliseconds: 1) }
        schedule.begin(
            limits: ScheduleLimits(connections: 9, hostConnections: [1], workers: 9, memoryByteCount: 100))
        schedule.noteTime(nanoseconds: 1_000)
        #expect(startAll(&schedule) == ids(2, 0))
        schedule.noteTime(nanoseconds: 1_300)
        _ = schedule.finish(JobID(index: 0), JobResult(.changed))
        #expect(startAll(&schedule) == ids(1))
        schedule.noteTime(nanoseconds: 1_800)
        _ = schedule.finish(JobID(index: 2), JobResult(.changed))
        #expect(startAll(&schedule) == ids(3))
        schedule.noteTime(nanoseconds: 9_000)
        #expect(schedule.waits.memory.nanoseconds == 300)
        #expect(schedule.waits.connections.nanoseconds == 800)
        #expect(schedule.waits.disk.nanoseconds == 0)
    }

    @Test(
        "random needs: budgets are never exceeded, and all jobs come to an end",
        arguments: 1...200 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let shape = Shape.allCases[Int(seed) % Shape.allCases.count]
        let (memory, disk) = (100, 400)
        var schedule = Schedule()
        var needs = [JobNeeds]()
        for dependencies in shape.dependencies(seed: seed) {
            func amount(_ limit: Int) -> Int {
                Bool.random(using: &random) ? 0 : Int.random(in: 0...limit, using: &random)
            }
            // Some more than there is.
            needs.append(JobNeeds(memoryByteCount: amount(130), diskByteCount: amount(120)))
            _ = schedule.add(
                kind: Bool.random(using: &random) ? .fetch : .compute,
                expectedMilliseconds: Int.random(in: 0..<9, using: &random), needs: needs.last!,
                after: dependencies.map { JobID(index: Int32($0)) })
        }
        schedule.begin(limits: limits(memory: memory, disk: disk))
        var running = Set<Int>()
        var (keptByteCount, endedCount, lostCount) = (0, 0, 0)
        while true {
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                guard let job = schedule.next(Bool.random(using: &random) ? .fetch : .compute) else {
                    continue
                }
                running.insert(Int(job.index))
            }
            if running.isEmpty { running.formUnion(startAll(&schedule).map { Int($0.index) }) }
            let (refusals, abandoned) = schedule.takeRefusals()
            lostCount += refusals.count + abandoned.count
            for refusal in refusals {
                #expect(refusal.neededByteCount > disk - keptByteCount, "seed \(seed)")
            }
            #expect(
                running.map { min(memory, needs[$0].memoryByteCount) }.reduce(0, +) <= memory, "seed \(seed)")
            #expect(
                running.map { needs[$0].diskByteCount }.reduce(keptByteCount, +) <= disk, "seed \(seed)")
            guard let job = running.sorted().randomElement(using: &random) else { break }
            running.remove(job)
            endedCount += 1
            let kept = Int.random(in: 0...needs[job].diskByteCount, using: &random) / 4
            keptByteCount += kept
            let outcome: JobOutcome = random.next() % 20 == 0 ? .failed : .changed
            lostCount +=
                schedule.finish(
                    JobID(index: Int32(job)), JobResult(outcome, keptDiskByteCount: kept)
                ).count
        }
        #expect(endedCount + lostCount == schedule.jobCount, "seed \(seed)")
    }
}
