package import WorkStealing

/// How a run of a schedule ended.
package struct ScheduleSummary: Hashable, Sendable {
    /// Jobs by what became of them. Together all jobs.
    package var changed = 0
    package var unchanged = 0
    package var failed = 0
    package var abandoned = 0
    /// Left over because the run was cancelled.
    package var notStarted = 0

    package init() {}
}

/// Runs a schedule to its end.
///
/// One task, the caller's, owns the schedule; it only hands out jobs and takes their outcomes, so there is no lock, and no
/// more tasks exist than jobs are in flight. Call it from outside the pool: behind a long computation the next
/// download would wait to be handed out.
///
/// When the calling task is cancelled, or `isCancelled` says so, no further job starts, and those in flight are waited
/// for. (Jobs in flight are children of the calling task: its cancellation is theirs too.) Both are looked at whenever
/// a job ends.
///
/// - Parameters:
///   - pool: where computations run.
///   - fetchExecutor: where fetches run; nil is Swift's global pool. Not `pool`: with all workers computing, finished
///     transfers would lie there.
///   - perform: does one job; called once for each that is started, from many threads, with the job whose end let it start.
///   - abandoned: called for each job that will not run because the job `because`, directly or not, failed; in order,
///     on the calling task.
package func runSchedule(
    _ schedule: consuming Schedule, limits: ScheduleLimits, on pool: WorkStealingPool,
    fetchExecutor: (any TaskExecutor)? = nil,
    perform: @escaping @Sendable (_ job: JobID, _ releaser: JobID?) async -> JobOutcome,
    abandoned: (_ job: JobID, _ because: JobID) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }
) async -> ScheduleSummary {
    // A consuming parameter cannot be changed in a closure.
    var states = schedule
    return await withTaskGroup(of: (JobID, JobOutcome).self) { group in
        var summary = ScheduleSummary()
        if Task.isCancelled || isCancelled() { states.stop() }
        var step = states.start(limits: limits)
        while true {
            for job in step.toStart {
                let releaser = states.releaser(of: job)
                group.addTask(executorPreference: states.kind(of: job) == .fetch ? fetchExecutor : pool) {
                    (job, await perform(job, releaser))
                }
            }
            guard let (job, outcome) = await group.next() else { break }
            switch outcome {
            case .changed: summary.changed += 1
            case .unchanged: summary.unchanged += 1
            case .failed: summary.failed += 1
            }
            if Task.isCancelled || isCancelled() { states.stop() }
            step = states.finish(job, outcome)
            summary.abandoned += step.abandoned.count
            for dependant in step.abandoned { abandoned(dependant, job) }
        }
        summary.notStarted = states.notStartedCount
        return summary
    }
}
