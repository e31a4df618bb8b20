import Glibc
import Locking
import Synchronization
import WorkStealing

/// One run of a schedule by its runners.
///
/// The schedule is behind one lock. A runner that has nothing to do holds it once: it takes note of all jobs that have
/// ended, takes the next for itself, and hands one to each parked runner that there is one for. For jobs of a
/// microsecond that would be too often, so *light* jobs (computations that need nothing of a budget and are not known to
/// take a millisecond) go in batches: into the runner's Chase-Lev deque, where runners without work steal them. How many
/// follows from how long the last ones took: a batch is meant to last ``batchNanoseconds``, so jobs that turn out long are
/// taken one at a time, and at the end no runner sits on what another could do.
///
/// **Ends.** A light job's end goes into the runner's queue of ends, without the lock. Whoever holds the lock next empties
/// all those queues, so no end waits for the job that its runner took up afterwards.
///
/// **Parking.** A runner parks with the lock held, after it (1) counted itself in `parkedCount` and (2) found the schedule
/// without a job for it and all deques and queues of ends empty. A runner that ends a light job (a) adds to its queue of
/// ends and (b) looks at `parkedCount`; unless that is 0 it goes for the lock. 1, 2, a and b are sequentially
/// consistent: if b comes before 1 then a comes before 2, and the parking runner finds the end. Batches are filled with
/// the lock held, so 2 sees them too. All else that makes a job ready happens with the lock held, and is followed,
/// before the lock goes, by the look for parked runners to hand it to. So none is parked while there is work for it.
final class ScheduleRun: Sendable {
    /// What a batch should last: some 100 times what taking it costs.
    private static let batchNanoseconds: Int64 = 50_000
    private static let batchLimit = 256
    private static let kinds = JobKind.allCases

    /// What a runner does next.
    private enum Move: Sendable {
        /// - isLight: as ``Schedule/isLight(_:)`` has it.
        case perform(JobID, isLight: Bool)
        /// Take from the own batch.
        case batch
        /// Look again: something is there.
        case again
        /// Nothing now.
        case park
        case end
    }

    private struct Parked: Sendable {
        var runner: ScheduleRunner
        var continuation: CheckedContinuation<Move, Never>
    }

    private struct State: Sendable {
        var schedule: Schedule
        /// By kind.
        var parked: [[Parked]] = [[], []]
        var summary = ScheduleSummary()
    }

    /// What is to be done once the lock is free.
    private struct Afterwards {
        var wakes: [(continuation: CheckedContinuation<Move, Never>, move: Move)] = []
        var refusals: [Refusal] = []
        var abandoned: [(job: JobID, because: JobID)] = []
    }

    let runners: [ScheduleRunner]
    /// Those of `runners` that compute: only they have batches.
    private let computing: [ScheduleRunner]
    private let actions: ScheduleActions
    private let state: Lock<State>
    private let parkedCount = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)

    /// - Parameter schedule: begun.
    init(_ schedule: Schedule, limits: ScheduleLimits, actions: ScheduleActions) {
        func runners(_ kind: JobKind, _ limit: Int) -> [ScheduleRunner] {
            (0..<min(max(1, limit), schedule.jobCount(of: kind))).map {
                ScheduleRunner(kind: kind, index: $0)
            }
        }
        computing = runners(.compute, limits.workers)
        self.runners = computing + runners(.fetch, limits.connections)
        self.actions = actions
        state = Lock(State(schedule: schedule))
    }

    /// Starts nothing more. Any thread, any time.
    func cancel() { isStopping.store(true, ordering: .relaxed) }

    /// Of the whole run, once all runners have ended.
    var summary: ScheduleSummary {
        state.withLock { state in
            state.summary.notStarted = state.schedule.notStartedCount
            state.summary.waits = state.schedule.waits
            return state.summary
        }
    }

    // MARK: On a runner's task

    /// Does jobs until there are no more for this runner.
    func work(_ runner: ScheduleRunner) async {
        var ended: (job: JobID, result: JobResult)?
        while true {
            var move = settle(runner, ended: ended)
            ended = nil
            if case .park = move {
                if let stolen = steal(runner) {
                    move = .perform(stolen, isLight: true)
                } else {
                    move = await withCheckedContinuation { park(runner, $0) }
                    runner.didPark()
                }
            }
            switch move {
            case .end: return
            case .again, .park: continue
            case .perform(let job, isLight: false):
                runner.performedCount += 1
                ended = (job, await actions.perform(job))
            case .perform(let job, isLight: true):
                await performLight(job, runner)
                await performBatch(runner)
            case .batch:
                // One in any case: as long as others are parked, `performBatch` leaves it at once.
                if let item = runner.batch.take() { await performLight(JobID(item), runner) }
                await performBatch(runner)
            }
        }
    }

    private func performLight(_ job: JobID, _ runner: ScheduleRunner) async {
        runner.performedCount += 1
        let result = await actions.perform(job)
        runner.ended.push(UInt(UInt32(bitPattern: job.index)) << 2 | UInt(result.outcome.rawValue))
    }

    /// The own batch to its end, unless there is a reason to settle first.
    private func performBatch(_ runner: ScheduleRunner) async {
        while !isStopping.load(ordering: .relaxed), !Task.isCancelled,
            parkedCount.load(ordering: .sequentiallyConsistent) == 0,
            let item = runner.batch.take()
        {
            await performLight(JobID(item), runner)
        }
    }

    private func steal(_ runner: ScheduleRunner) -> JobID? {
        guard runner.kind == .compute, !isStopping.load(ordering: .relaxed) else { return nil }
        for offset in 1..<max(1, computing.count) {
            let victim = computing[(runner.index + offset) % computing.count]
            var theft = victim.batch.steal()
            while theft == .lost { theft = victim.batch.steal() }
            if case .item(let item) = theft {
                runner.stolenCount += 1
                return JobID(item)
            }
        }
        return nil
    }

    // MARK: With the lock

    /// Takes note of what has ended, and finds the runner's next move.
    private func settle(_ runner: ScheduleRunner, ended: (job: JobID, result: JobResult)?) -> Move {
        if Task.isCancelled || actions.isCancelled() { cancel() }
        let now = monotonicNanoseconds()
        runner.adaptBatch(at: now, aim: Self.batchNanoseconds, limit: Self.batchLimit)
        runner.count()
        var afterwards = Afterwards()
        let move = state.withLock { state in
            state.schedule.noteTime(nanoseconds: now)
            if let ended { finish(ended.job, ended.result, &state, &afterwards) }
            return hand(runner, &state, &afterwards)
        }
        carryOut(afterwards)
        return move
    }

    /// Parks the runner with this continuation, or resumes it at once when there is something to do after all.
    private func park(_ runner: ScheduleRunner, _ continuation: CheckedContinuation<Move, Never>) {
        var afterwards = Afterwards()
        let move = state.withLock { state -> Move in
            parkedCount.add(1, ordering: .sequentiallyConsistent)
            var move = hand(runner, &state, &afterwards)
            if case .park = move {
                if computing.allSatisfy({ $0.ended.isEmpty && (runner.kind == .fetch || $0.batch.isEmpty) }) {
                    state.parked[Int(runner.kind.rawValue)].append(
                        Parked(runner: runner, continuation: continuation))
                    return .park
                }
                move = .again
            }
            parkedCount.subtract(1, ordering: .sequentiallyConsistent)
            return move
        }
        carryOut(afterwards)
        if case .park = move { return }
        continuation.resume(returning: move)
    }

    /// Takes note of light jobs that ended, then gives the runner, those that are parked, and the runner's batch what is due.
    private func hand(_ runner: ScheduleRunner, _ state: inout State, _ afterwards: inout Afterwards) -> Move
    {
        for other in computing {
            while case .item(let word) = other.ended.steal() {
                let job = JobID(word >> 2)
                let outcome = JobOutcome(rawValue: UInt8(word & 3)) ?? .failed
                finish(job, JobResult(outcome), &state, &afterwards)
            }
        }
        if isStopping.load(ordering: .relaxed) { stop(&state) }

        var move = Move.park
        if !runner.batch.isEmpty {
            move = .batch
        } else if let job = state.schedule.next(runner.kind, freeDisk: actions.freeDisk) {
            move = .perform(job, isLight: state.schedule.isLight(job))
        }
        for kind in Self.kinds {
            let index = Int(kind.rawValue)
            while !state.parked[index].isEmpty,
                let job = state.schedule.next(kind, freeDisk: actions.freeDisk)
            {
                wake(kind, .perform(job, isLight: state.schedule.isLight(job)), &state, &afterwards)
            }
        }
        if case .perform(_, isLight: true) = move { fillBatch(runner, &state) }

        let (refusals, abandoned) = state.schedule.takeRefusals()
        state.summary.refused += refusals.count
        state.summary.abandoned += abandoned.count
        afterwards.refusals += refusals
        afterwards.abandoned += abandoned
        // Jobs in batches have been given out, but there is still something to steal.
        for kind in Self.kinds
        where state.schedule.isOver(kind) && (kind == .fetch || computing.allSatisfy { $0.batch.isEmpty }) {
            while !state.parked[Int(kind.rawValue)].isEmpty { wake(kind, .end, &state, &afterwards) }
            if case .park = move, kind == runner.kind { move = .end }
        }
        return move
    }

    /// More light jobs, but no more than leave as many for each of the others.
    private func fillBatch(_ runner: ScheduleRunner, _ state: inout State) {
        let share = state.schedule.readyComputeCount / (2 * computing.count)
        let count = min(runner.batchCount - 1, share)
        guard count > 0 else { return }
        runner.jobs.removeAll(keepingCapacity: true)
        state.schedule.nextLight(atMost: count, into: &runner.jobs)
        // The deque gives back the last one first.
        for job in runner.jobs.reversed() { runner.batch.push(UInt(UInt32(bitPattern: job.index))) }
    }

    private func wake(
        _ kind: JobKind, _ move: Move, _ state: inout State, _ afterwards: inout Afterwards
    ) {
        guard let parked = state.parked[Int(kind.rawValue)].popLast() else { return }
        parkedCount.subtract(1, ordering: .sequentiallyConsistent)
        afterwards.wakes.append((parked.continuation, move))
    }

    private func finish(
        _ job: JobID, _ result: JobResult, _ state: inout State, _ afterwards: inout Afterwards
    ) {
        switch result.outcome {
        case .changed: state.summary.changed += 1
        case .unchanged: state.summary.unchanged += 1
        case .failed: state.summary.failed += 1
        }
        let abandoned = state.schedule.finish(job, result)
        state.summary.abandoned += abandoned.count
        for dependant in abandoned { afterwards.abandoned.append((dependant, job)) }
    }

    /// Takes back what lies in batches. A runner that got one just before performs it: it had begun.
    private func stop(_ state: inout State) {
        state.schedule.stop()
        for runner in computing {
            var theft = runner.batch.steal()
            while theft != .empty {
                if case .item(let item) = theft { state.schedule.putBack(JobID(item)) }
                theft = runner.batch.steal()
            }
        }
    }

    private func carryOut(_ afterwards: Afterwards) {
        for wake in afterwards.wakes { wake.continuation.resume(returning: wake.move) }
        for refusal in afterwards.refusals { actions.refused(refusal) }
        for (job, because) in afterwards.abandoned { actions.abandoned(job, because) }
    }
}

extension JobID {
    /// From a word of a deque.
    fileprivate init(_ word: UInt) { self.init(index: Int32(truncatingIfNeeded: word)) }
}

private func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
