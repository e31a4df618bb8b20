package import WorkStealing

/// How a run of a schedule ended.
package struct ScheduleSummary: Hashable, Sendable {
    /// Jobs by what became of them. Together all jobs.
    package var changed = 0
    package var unchanged = 0
    package var failed = 0
    /// Given up for want of disk before they began.
    package var refused = 0
    package var abandoned = 0
    /// Left over because the run was cancelled.
    package var notStarted = 0
    package var waits = ScheduleWaits()

    package init() {}
}

/// What the owner of a schedule does and is told; all of it from many threads.
package struct ScheduleActions: Sendable {
    /// Does one job; called once for each that is started.
    package var perform: @Sendable (JobID) async -> JobResult
    /// A job will not run because another, `because`, failed. Each failure's in order.
    package var abandoned: @Sendable (_ job: JobID, _ because: JobID) -> Void = { _, _ in }
    /// A job will not run because there is too little disk.
    package var refused: @Sendable (Refusal) -> Void = { _ in }
    /// Bytes that the disk has room for; nil where nobody knows. Short: nothing starts meanwhile.
    package var freeDisk: @Sendable () -> Int? = { nil }
    /// Whether to start nothing more.
    package var isCancelled: @Sendable () -> Bool = { false }

    package init(perform: @escaping @Sendable (JobID) async -> JobResult) { self.perform = perform }
}

/// Runs a schedule to its end.
///
/// As many tasks as there may be jobs in flight, the runners, live as long as there are jobs of their kind; no task is made
/// for a job. A runner takes what is due, does it, and takes note of the end; jobs of a few microseconds it takes in
/// batches from which others steal (see `ScheduleRun`).
///
/// When the calling task is cancelled, or `isCancelled` says so, no further job starts, and those in flight are waited
/// for. (Runners are children of the calling task: its cancellation is theirs too.)
///
/// - Parameters:
///   - pool: where computations run.
///   - fetchExecutor: where fetches run; nil is Swift's global pool. `pool` only if it has more workers than
///     computations are allowed: with all workers computing, finished transfers would lie there.
package func runSchedule(
    _ schedule: consuming Schedule, limits: ScheduleLimits, on pool: WorkStealingPool,
    fetchExecutor: (any TaskExecutor)? = nil, actions: ScheduleActions
) async -> ScheduleSummary {
    schedule.begin(limits: limits, freeDisk: actions.freeDisk)
    let run = ScheduleRun(schedule, limits: limits, actions: actions)
    if Task.isCancelled { run.cancel() }
    await withTaskCancellationHandler {
        await withTaskGroup(of: Void.self) { group in
            for runner in run.runners {
                group.addTask(executorPreference: runner.kind == .fetch ? fetchExecutor : pool) {
                    await run.work(runner)
                }
            }
        }
    } onCancel: {
        run.cancel()
    }
    return run.summary
}
