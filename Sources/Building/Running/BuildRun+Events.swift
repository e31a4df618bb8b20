import Graph
import Problems
import Recording
import Scheduling
import Synchronization
import WorkStealing

/// What is recorded of a run's jobs, for `log`: one event a job, when it has ended.
extension BuildRun {
    /// A job that is being done, with what its event will say of how it came to start.
    struct RunningJob: Sendable {
        var id: JobID
        /// The job that it had waited for last; nil where it waited for none.
        var releaser: JobID?
        /// Of the pool, or -1 for the network's thread.
        var worker: Int
        var reason: ReasonKind?
        /// Microseconds since 1970.
        var startedAt: Int64
        /// From `startedAt` until its inputs were hashed.
        var hashingMicroseconds = 0
        /// When its result was begun to be put in its place; nil if it came to none.
        var publishingAt: Int64?
    }

    /// Numbers of events: what one says of the job it waited for.
    struct EventNumbers: Sendable {
        private(set) var last = 0
        /// That of the plan, which everything waits for that waits for no job.
        private(set) var plan = 0
        /// By job; 0 for one that has not ended.
        private var ofJobs: [Int32] = []

        mutating func next() -> Int {
            last += 1
            return last
        }

        /// From now on jobs end.
        mutating func begin(jobCount: Int) {
            plan = last
            ofJobs = Array(repeating: 0, count: jobCount)
        }

        mutating func next(of job: JobID) -> Int {
            let number = next()
            if let count = Int32(exactly: number) { ofJobs[Int(job.index)] = count }
            return number
        }

        /// Of these jobs, the one that ended last: numbers are given when jobs end. Nil of none.
        func lastToEnd(of jobs: [JobID]) -> JobID? { jobs.max { number(of: $0) < number(of: $1) } }

        func number(of job: JobID?) -> Int {
            let number = job.map { Int(ofJobs[Int($0.index)]) } ?? 0
            return number > 0 ? number : plan
        }
    }

    /// What is recorded of a job that has ended just now. To be called once a job, before it returns.
    func event(
        _ job: RunningJob, _ target: String, _ kind: RunEvent.Kind, _ outcome: RunEvent.Outcome,
        byteCount: Int = 0, message: String = ""
    ) -> StateChange {
        let now = listings.clock.now()
        let (number, after) = knowledge.withLock { known in
            (known.eventNumbers.next(of: job.id), known.eventNumbers.number(of: job.releaser))
        }
        return .event(
            RunEvent(
                run: identifier, number: number, target: target, kind: kind, reason: job.reason,
                startedAt: job.startedAt, microseconds: Int(now - job.startedAt),
                hashingMicroseconds: job.hashingMicroseconds,
                publishingMicroseconds: job.publishingAt.map { Int(now - $0) } ?? 0, outcome: outcome,
                worker: job.worker, after: after, byteCount: byteCount, message: shortened(message)))
    }

    /// A job that begins now, after those that it waited for.
    func runningJob(_ id: JobID, after: [JobID], on pool: WorkStealingPool) -> RunningJob {
        let releaser = knowledge.withLock { $0.eventNumbers.lastToEnd(of: after) }
        return RunningJob(
            id: id, releaser: releaser, worker: pool.currentWorkerIndex ?? -1, startedAt: listings.clock.now()
        )
    }

    /// Records that a job will not be done, because what it needs failed.
    func recordAbandoned(_ job: JobID, _ target: String, _ kind: RunEvent.Kind, because cause: JobID) {
        let now = listings.clock.now()
        let running = RunningJob(id: job, releaser: cause, worker: -1, startedAt: now)
        recorder.enqueue(event(running, target, kind, .abandoned))
    }

    /// Records what was done before there were jobs: listings, those that failed too, and the plan.
    ///
    /// - Parameter failures: of the listings.
    func recordPreparation(jobCount: Int, failures: [BuildReport.Failure]) {
        var changes = [StateChange]()
        var lastEnd = listings.clock.startedAt
        func append(
            _ target: String, _ kind: RunEvent.Kind, from start: Int64, to end: Int64,
            _ outcome: RunEvent.Outcome = .done, message: String = ""
        ) {
            let number = knowledge.withLock { $0.eventNumbers.next() }
            changes.append(
                .event(
                    RunEvent(
                        run: identifier, number: number, target: target, kind: kind, startedAt: start,
                        microseconds: Int(end - start), outcome: outcome, worker: -1,
                        after: number > 1 ? number - 1 : nil, message: shortened(message))))
            lastEnd = end
        }
        for listing in listings.listings {
            append(listing.source, .list, from: listing.startedAt, to: listing.endedAt)
        }
        for failure in failures {
            append(
                failure.target, .list, from: lastEnd, to: lastEnd, .failed(failure.category),
                message: failure.message)
        }
        append(workspace.datafile, .plan, from: lastEnd, to: listings.clock.now())
        knowledge.withLock { $0.eventNumbers.begin(jobCount: jobCount) }
        recorder.enqueue(changes)
    }

    /// Records a target that failed before anything ran.
    func recordConflict(_ target: String, message: String) {
        let now = listings.clock.now()
        let (number, plan) = knowledge.withLock { ($0.eventNumbers.next(), $0.eventNumbers.plan) }
        recorder.enqueue(
            .event(
                RunEvent(
                    run: identifier, number: number, target: target, kind: .plan, startedAt: now,
                    microseconds: 0, outcome: .failed(.recipe), worker: -1, after: plan,
                    message: shortened(message))))
    }
}

/// The kind of event that building with a recipe is.
func eventKind(of recipe: Recipe) -> RunEvent.Kind {
    if case .clean = recipe { .clean } else { .command }
}

/// The beginning of a message, as much as an event keeps, with an ellipsis where something is missing.
func shortened(_ message: String) -> String {
    guard message.utf8.count > RunEvent.messageByteLimit else { return message }
    let ellipsis = "…"
    var end = message.startIndex
    var byteCount = ellipsis.utf8.count
    while end < message.endIndex {
        byteCount += message[end].utf8.count
        if byteCount > RunEvent.messageByteLimit { break }
        end = message.index(after: end)
    }
    return message[..<end] + ellipsis
}
