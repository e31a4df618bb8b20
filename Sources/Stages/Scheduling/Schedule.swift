/// Which jobs may run now: a state machine that knows no threads and does nothing itself.
///
/// Jobs are added, those they wait for first, so there are no cycles. After ``begin(limits:freeDisk:)``, ``next(_:freeDisk:)``
/// gives out jobs one by one, and ``finish(_:_:)`` takes note of each that ended.
///
/// **Order.** Of the jobs that could start, the one goes first behind which the most expected time lies: its own and that
/// of the longest chain of jobs that waits for it. Among jobs nobody waits for that is the longest expected first; and
/// the inputs of one action stay together. Then goes the one that was added first.
///
/// **Budgets.** A job that lacks memory or disk is held up, and others may overtake it. One that was overtaken by
/// ``overtakingLimit`` jobs that use what it lacks gets a claim, one at a time: nobody else is given of the budgets it needs
/// until it has started. So small jobs fill the gaps beside large ones, and no job waits for ever. A job that needs more disk than
/// is left once nobody holds any is refused: it counts as failed, before it could fill the disk.
///
/// Everything is in flat arrays: 14 bytes a job, 4 a dependency, 8 more for each ready job, and 24 a job where any has needs.
package struct Schedule: Sendable {
    /// How many jobs may overtake one that is held up.
    package static let overtakingLimit = 16
    /// How many jobs are held up before the rest of the queue waits behind them.
    private static let heldUpLimit = 64

    private enum State: UInt8 {
        case waiting, ready, inFlight, done, abandoned
    }
    private struct HeldUp {
        var index: Int32
        var overtakenCount = 0
        /// What it lacked when it was last looked at.
        var shortage: Shortage = []
        /// Not looked at yet.
        var isNew: Bool
    }

    private var kinds: [JobKind] = []
    private var states: [State] = []
    private var expectedMilliseconds: [UInt32] = []
    /// Once begun: own expected time and that of the longest chain behind.
    private var priorities: [UInt32] = []
    /// Empty where no job needs anything.
    private var needs: [JobNeeds] = []
    /// Dependencies that are not done.
    private var waitingFor: [Int32] = []

    /// Dependencies in the order in which jobs were added: those of job `i` are `dependencyEnds[i - 1]..<dependencyEnds[i]`.
    /// Empty once begun.
    private var dependencies: [Int32] = []
    private var dependencyEnds: [Int32] = []
    /// The same edges the other way: dependants of job `i` are `dependantStarts[i]..<dependantStarts[i + 1]`.
    private var dependants: [Int32] = []
    private var dependantStarts: [Int32] = []

    /// By host.
    private var readyFetches: [ReadyQueue] = []
    private var readyComputes = ReadyQueue()
    /// In the order in which they are due.
    private var heldUp: [HeldUp] = []
    private var hostLimits: [Int] = []
    private var hostInFlight: [Int] = []
    private var budgets = Budgets(memoryByteCount: nil, diskByteCount: nil, freeDiskByteCount: nil)
    package private(set) var isStopped = false
    private var refusals: [Refusal] = []
    private var refusedAbandoned: [(job: JobID, because: JobID)] = []

    /// Jobs by kind.
    private var totals = [0, 0]
    private var unstarted = [0, 0]
    private var inFlight = [0, 0]

    package private(set) var waits = ScheduleWaits()
    private var notedAt: Int64?

    package init() {}

    package var jobCount: Int { kinds.count }
    package var inFlightCount: Int { inFlight[0] + inFlight[1] }
    /// Jobs that neither began nor were given up.
    package var notStartedCount: Int { unstarted[0] + unstarted[1] }
    /// Jobs of this kind that were added.
    package func jobCount(of kind: JobKind) -> Int { totals[Int(kind.rawValue)] }
    /// Whether no job of this kind will start any more.
    package func isOver(_ kind: JobKind) -> Bool { isStopped || unstarted[Int(kind.rawValue)] == 0 }

    /// Whether the job may be handed out with others in one go: a computation that is not known to take a millisecond and
    /// takes from no budget.
    package func isLight(_ job: JobID) -> Bool { isLight(Int(job.index)) }

    private func isLight(_ index: Int) -> Bool {
        kinds[index] == .compute && expectedMilliseconds[index] == 0
            && (needs.isEmpty || Budgets.uses(of: needs[index]).isEmpty)
    }

    package mutating func reserveCapacity(jobs: Int, dependencies: Int) {
        kinds.reserveCapacity(jobs)
        states.reserveCapacity(jobs)
        expectedMilliseconds.reserveCapacity(jobs)
        waitingFor.reserveCapacity(jobs)
        dependencyEnds.reserveCapacity(jobs)
        self.dependencies.reserveCapacity(dependencies)
    }

    /// Adds a job. Only before the start.
    ///
    /// - Parameters:
    ///   - expectedMilliseconds: from history or an estimate; 0 where there is neither.
    ///   - dependencies: jobs of this schedule; one named twice counts once.
    package mutating func add(
        kind: JobKind, expectedMilliseconds: Int, needs: JobNeeds = JobNeeds(),
        after dependencies: some Sequence<JobID> = EmptyCollection()
    ) -> JobID {
        precondition(dependantStarts.isEmpty, "the schedule has begun")
        precondition((0...0xFFFF).contains(needs.host), "no index of a host")
        let index = Int32(kinds.count)
        let before = self.dependencies.count
        for dependency in dependencies {
            precondition(dependency.index >= 0 && dependency.index < index, "a job of another schedule")
            self.dependencies.append(dependency.index)
        }
        if needs != JobNeeds() && self.needs.isEmpty {
            self.needs = Array(repeating: JobNeeds(), count: kinds.count)
        }
        if needs != JobNeeds() || !self.needs.isEmpty { self.needs.append(needs) }
        kinds.append(kind)
        states.append(.waiting)
        self.expectedMilliseconds.append(UInt32(clamping: expectedMilliseconds))
        waitingFor.append(Int32(self.dependencies.count - before))
        dependencyEnds.append(Int32(self.dependencies.count))
        totals[Int(kind.rawValue)] += 1
        unstarted[Int(kind.rawValue)] += 1
        return JobID(index: index)
    }

    /// Ends the adding and makes ready what waits for nothing. Once.
    ///
    /// - Parameter freeDisk: measures the bytes that the disk has room for; nil where nobody knows.
    package mutating func begin(limits: ScheduleLimits, freeDisk: () -> Int? = { nil }) {
        precondition(dependantStarts.isEmpty, "the schedule has begun")
        let hostCount = 1 + (needs.lazy.map(\.host).max() ?? 0)
        hostLimits = (0..<hostCount).map { host in
            host < limits.hostConnections.count ? max(1, limits.hostConnections[host]) : .max
        }
        hostInFlight = Array(repeating: 0, count: hostCount)
        readyFetches = Array(repeating: ReadyQueue(), count: hostCount)
        budgets = Budgets(
            memoryByteCount: limits.memoryByteCount, diskByteCount: limits.diskByteCount,
            freeDiskByteCount: needs.isEmpty ? nil : freeDisk())
        turnEdgesAround()
        sumExpectedTimes()
        for index in kinds.indices where waitingFor[index] == 0 { makeReady(index) }
    }

    /// Counting sort of the edges by dependency; the dependants of a job stay in the order in which they were added.
    private mutating func turnEdgesAround() {
        var starts = [Int32](repeating: 0, count: kinds.count + 1)
        for dependency in dependencies { starts[Int(dependency) + 1] += 1 }
        for index in kinds.indices { starts[index + 1] += starts[index] }
        var next = starts
        dependants = [Int32](repeating: 0, count: dependencies.count)
        var edge = 0
        for index in kinds.indices {
            while edge < Int(dependencyEnds[index]) {
                let dependency = Int(dependencies[edge])
                dependants[Int(next[dependency])] = Int32(index)
                next[dependency] += 1
                edge += 1
            }
        }
        dependantStarts = starts
        dependencies = []
        dependencyEnds = []
    }

    /// From the last job to the first, so that all that waits for a job comes before it.
    private mutating func sumExpectedTimes() {
        priorities = expectedMilliseconds
        for index in kinds.indices.reversed() {
            var longest: UInt32 = 0
            for edge in dependantStarts[index]..<dependantStarts[index + 1] {
                longest = max(longest, priorities[Int(dependants[Int(edge)])])
            }
            let (sum, overflowed) = priorities[index].addingReportingOverflow(longest)
            priorities[index] = overflowed ? .max : sum
        }
    }

    // MARK: Handing out

    /// A job of this kind to run now, in flight from here on; nil when none can start. Each job is given out once.
    /// The limits on workers and on connections over all hosts are the caller's: it asks only for what it can run.
    ///
    /// - Parameter freeDisk: as in ``begin(limits:freeDisk:)``; asked before a job is refused.
    package mutating func next(_ kind: JobKind, freeDisk: () -> Int? = { nil }) -> JobID? {
        if isStopped { return nil }
        if needs.isEmpty { return removeFirstReady(kind).map { start(Int($0)) } }
        return nextWithinBudgets(kind, freeDisk: freeDisk)
    }

    /// In order of priority through those held up and those ready, to the first that can start.
    private mutating func nextWithinBudgets(_ kind: JobKind, freeDisk: () -> Int?) -> JobID? {
        let claimant = heldUp.first { $0.overtakenCount >= Self.overtakingLimit }?.index
        let claimed = claimant.map { uses(Int($0)) } ?? []
        var position = 0
        while true {
            let heldKey = position < heldUp.count ? key(heldUp[position].index) : .max
            let readyKey = firstReadyKey(kind) ?? .max
            if readyKey < heldKey {
                // As many are held up as may be, all of them due before this one.
                if position >= Self.heldUpLimit { return nil }
                guard let index = removeFirstReady(kind) else { return nil }
                heldUp.insert(HeldUp(index: index, isNew: true), at: position)
                if heldUp.count > Self.heldUpLimit { makeReady(Int(heldUp.removeLast().index)) }
            } else if heldKey == .max {
                return nil
            }
            let index = Int(heldUp[position].index)
            var shortage = budgets.shortage(of: needs[index])
            if shortage.contains(.disk) {
                if refuse(index, freeDisk: freeDisk) {
                    heldUp.remove(at: position)
                    continue
                }
                shortage = budgets.shortage(of: needs[index])
            }
            if heldUp[position].index != claimant { shortage.formUnion(uses(index).intersection(claimed)) }
            if shortage.isEmpty, kinds[index] == kind, hasConnection(index) {
                heldUp.remove(at: position)
                noteOvertaking(by: index)
                return start(index)
            }
            if heldUp[position].isNew {
                heldUp[position].isNew = false
                if shortage.contains(.memory) { waits.memory.jobs += 1 }
                if shortage.contains(.disk) { waits.disk.jobs += 1 }
            }
            heldUp[position].shortage = shortage
            position += 1
        }
    }

    /// Up to `limit` more light computations, appended in the order in which they are due.
    package mutating func nextLight(atMost limit: Int, into jobs: inout [JobID]) {
        guard !isStopped else { return }
        for _ in 0..<max(0, limit) {
            guard let first = readyComputes.first, isLight(Int(first)),
                let index = readyComputes.removeFirst()
            else { return }
            jobs.append(start(Int(index)))
        }
    }

    /// Computations that are ready and were not looked at yet.
    package var readyComputeCount: Int { readyComputes.count }

    private func uses(_ index: Int) -> Shortage { Budgets.uses(of: needs[index]) }

    private func host(_ index: Int) -> Int { needs.isEmpty ? 0 : needs[index].host }

    private func hasConnection(_ index: Int) -> Bool {
        kinds[index] != .fetch || hostInFlight[host(index)] < hostLimits[host(index)]
    }

    /// Orders jobs: the smallest goes first.
    private func key(_ index: Int32) -> UInt64 { ReadyQueue.key(index, priority: priorities[Int(index)]) }

    private func firstReadyKey(_ kind: JobKind) -> UInt64? {
        kind == .compute ? readyComputes.firstKey : bestHost().flatMap { readyFetches[$0].firstKey }
    }

    private mutating func removeFirstReady(_ kind: JobKind) -> Int32? {
        if kind == .compute { return readyComputes.removeFirst() }
        return bestHost().flatMap { readyFetches[$0].removeFirst() }
    }

    /// Of the hosts that may be asked, the one whose fetch goes first.
    private func bestHost() -> Int? {
        var best: (key: UInt64, host: Int)?
        for host in readyFetches.indices where hostInFlight[host] < hostLimits[host] {
            if let key = readyFetches[host].firstKey, key < best?.key ?? .max { best = (key, host) }
        }
        return best?.host
    }

    /// Those held up for what this job takes were overtaken by it.
    private mutating func noteOvertaking(by index: Int) {
        for position in heldUp.indices where !heldUp[position].shortage.isDisjoint(with: uses(index)) {
            heldUp[position].overtakenCount += 1
        }
    }

    private mutating func start(_ index: Int) -> JobID {
        states[index] = .inFlight
        let kind = kinds[index]
        unstarted[Int(kind.rawValue)] -= 1
        inFlight[Int(kind.rawValue)] += 1
        if kind == .fetch { hostInFlight[host(index)] += 1 }
        if !needs.isEmpty { budgets.take(needs[index]) }
        return JobID(index: Int32(index))
    }

    /// Gives up a job for which there is too little disk; false when there is enough, or may be later.
    private mutating func refuse(_ index: Int, freeDisk: () -> Int?) -> Bool {
        guard budgets.isDiskUnused else { return false }
        if let free = freeDisk() { budgets.measure(freeDiskByteCount: free) }
        let needed = needs[index].diskByteCount
        guard needed > budgets.diskLeft else { return false }
        states[index] = .done
        unstarted[Int(kinds[index].rawValue)] -= 1
        let job = JobID(index: Int32(index))
        refusals.append(Refusal(job: job, neededByteCount: needed, leftByteCount: budgets.diskLeft))
        for dependant in abandonDependants(of: index) { refusedAbandoned.append((dependant, job)) }
        return true
    }

    /// Jobs given up for want of disk since this was last asked, and what depended on them.
    package mutating func takeRefusals() -> (refusals: [Refusal], abandoned: [(job: JobID, because: JobID)]) {
        if refusals.isEmpty { return ([], []) }
        defer {
            refusals = []
            refusedAbandoned = []
        }
        return (refusals, refusedAbandoned)
    }

    // MARK: Taking back

    /// Takes note that a job in flight ended.
    ///
    /// - Returns: the jobs that will never run because this one failed, each named once in the life of a schedule, in the
    ///   order in which they were added.
    package mutating func finish(_ job: JobID, _ result: JobResult) -> [JobID] {
        let index = leave(job, keptDiskByteCount: result.keptDiskByteCount)
        states[index] = .done
        if result.outcome == .failed { return abandonDependants(of: index) }
        for edge in dependantStarts[index]..<dependantStarts[index + 1] {
            let dependant = Int(dependants[Int(edge)])
            waitingFor[dependant] -= 1
            if waitingFor[dependant] == 0, states[dependant] == .waiting { makeReady(dependant) }
        }
        return []
    }

    /// Takes back a job that was given out and, because of ``stop()``, not begun.
    package mutating func putBack(_ job: JobID) {
        let index = leave(job, keptDiskByteCount: 0)
        states[index] = .ready
        unstarted[Int(kinds[index].rawValue)] += 1
    }

    private mutating func leave(_ job: JobID, keptDiskByteCount: Int) -> Int {
        let index = Int(job.index)
        precondition(states.indices.contains(index) && states[index] == .inFlight, "the job is not in flight")
        let kind = kinds[index]
        inFlight[Int(kind.rawValue)] -= 1
        if kind == .fetch { hostInFlight[host(index)] -= 1 }
        if !needs.isEmpty { budgets.giveBack(needs[index], keptDiskByteCount: keptDiskByteCount) }
        return index
    }

    /// From now on nothing is given out; what is in flight still finishes.
    package mutating func stop() { isStopped = true }

    private mutating func abandonDependants(of failed: Int) -> [JobID] {
        var abandoned = [JobID]()
        var pending = [Int32(failed)]
        while let index = pending.popLast() {
            for edge in dependantStarts[Int(index)]..<dependantStarts[Int(index) + 1] {
                let dependant = dependants[Int(edge)]
                // It waits for `index`, so it cannot have been ready; others that failed may have abandoned it before.
                if states[Int(dependant)] == .abandoned { continue }
                states[Int(dependant)] = .abandoned
                unstarted[Int(kinds[Int(dependant)].rawValue)] -= 1
                abandoned.append(JobID(index: dependant))
                pending.append(dependant)
            }
        }
        abandoned.sort { $0.index < $1.index }
        return abandoned
    }

    private mutating func makeReady(_ index: Int) {
        states[index] = .ready
        switch kinds[index] {
        case .fetch: readyFetches[host(index)].insert(Int32(index), priority: priorities[index])
        case .compute: readyComputes.insert(Int32(index), priority: priorities[index])
        }
    }

    // MARK: Waiting

    /// Counts the time since the last call for whatever jobs wait for. To be called before anything changes.
    package mutating func noteTime(nanoseconds now: Int64) {
        defer { notedAt = now }
        guard let before = notedAt, !isStopped else { return }
        let elapsed = now - before
        if readyFetches.contains(where: { !$0.isEmpty }) { waits.connections.nanoseconds += elapsed }
        if !readyComputes.isEmpty { waits.workers.nanoseconds += elapsed }
        var lacking: Shortage = []
        for held in heldUp { lacking.formUnion(held.shortage) }
        if lacking.contains(.memory) { waits.memory.nanoseconds += elapsed }
        if lacking.contains(.disk) { waits.disk.nanoseconds += elapsed }
    }
}
