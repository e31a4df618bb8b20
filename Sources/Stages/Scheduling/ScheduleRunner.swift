import WorkStealing

/// One of the tasks that do a schedule's jobs, one job at a time.
final class ScheduleRunner: @unchecked Sendable {
    // Unchecked because of the variables: only the runner's own task touches them.

    let kind: JobKind
    /// Among the runners of its kind.
    let index: Int
    /// Jobs that it took in one go and has not begun; others steal from it.
    let batch: ChaseLevDeque
    /// Light jobs that ended: the job's number times 4, plus the outcome. Emptied by stealing, with the run's lock held.
    let ended: ChaseLevDeque

    /// Jobs since the last ``count()``, and how many of them were stolen.
    var performedCount = 0
    var stolenCount = 0
    /// How many light jobs to take in one go.
    private(set) var batchCount = 1
    /// Room for a batch on its way to the deque.
    var jobs: [JobID] = []
    private var settledAt: Int64?

    init(kind: JobKind, index: Int) {
        self.kind = kind
        self.index = index
        // Fetches are never light.
        batch = ChaseLevDeque(capacity: kind == .compute ? 256 : 1)
        ended = ChaseLevDeque(capacity: kind == .compute ? 512 : 1)
    }

    /// Sets the size of the next batch by how long the jobs since the last settling took.
    ///
    /// At most twice as large as what was done before, so that few jobs get into a batch on the word of one short one.
    ///
    /// - Parameters:
    ///   - now, aim: nanoseconds.
    func adaptBatch(at now: Int64, aim: Int64, limit: Int) {
        defer { settledAt = now }
        guard let before = settledAt, performedCount > 0 else { return }
        let fitting = Int(aim) * performedCount / max(1, Int(now - before))
        batchCount = min(max(1, fitting), 2 * performedCount, limit)
    }

    /// It did nothing for a while, which is no measure of any job.
    func didPark() { settledAt = nil }

    /// Adds what was done since the last call to the worker's counts.
    func count() {
        guard performedCount > 0 else { return }
        WorkStealingPool.countOnThisThread(jobs: performedCount, steals: stolenCount)
        performedCount = 0
        stolenCount = 0
    }
}
