import Glibc
import Synchronization

/// One thread of a pool: its queue, its place to sleep, its counts.
@safe final class Worker: @unchecked Sendable {
    // Unchecked because of `random` and `tick`, which only the worker's own thread touches, and the semaphore's
    // pointer, which is made for sharing.

    let index: Int
    let deque = ChaseLevDeque()
    private let semaphore: UnsafeMutablePointer<sem_t>
    private var random: UInt64
    /// Jobs looked for so far.
    private var tick: UInt = 0

    // Written by the worker alone, so no count needs more than a relaxed load and a relaxed store.
    private let pieceCount = Atomic<Int>(0)
    private let jobCount = Atomic<Int>(0)
    private let stealCount = Atomic<Int>(0)
    private let parkCount = Atomic<Int>(0)
    private let idleNanoseconds = Atomic<Int64>(0)
    /// When the present spell without work began; 0 while there is work.
    private let idleSince = Atomic<Int64>(0)
    private let startedAt = Atomic<Int64>(0)
    /// 0 while the thread runs.
    private let endedAt = Atomic<Int64>(0)
    /// Processor time of the thread when it last went to sleep or ended.
    private let processorNanoseconds = Atomic<Int64>(0)

    init(index: Int) {
        self.index = index
        random = UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Sleeps until ``wake()``, also one that came before.
    func sleep() {
        parkCount.store(parkCount.load(ordering: .relaxed) + 1, ordering: .relaxed)
        processorNanoseconds.store(nanoseconds(of: CLOCK_THREAD_CPUTIME_ID), ordering: .relaxed)
        while unsafe sem_wait(semaphore) != 0 {}
    }

    func wake() { unsafe sem_post(semaphore) }

    /// Whether this time the oldest jobs are due before the youngest.
    func isTurnOfOldest() -> Bool {
        tick &+= 1
        return tick % 61 == 0
    }

    /// A random index below `count` (xorshift64, Marsaglia 2003).
    func randomIndex(below count: Int) -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Int(random.multipliedFullWidth(by: UInt64(count)).high)
    }

    func countPiece() { pieceCount.store(pieceCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
    func countSteal() { count(jobs: 0, steals: 1) }
    func count(jobs: Int, steals: Int) {
        if jobs > 0 { jobCount.store(jobCount.load(ordering: .relaxed) &+ jobs, ordering: .relaxed) }
        if steals > 0 { stealCount.store(stealCount.load(ordering: .relaxed) &+ steals, ordering: .relaxed) }
    }

    func didStart() { startedAt.store(nanoseconds(of: CLOCK_MONOTONIC), ordering: .relaxed) }
    func didEnd() {
        processorNanoseconds.store(nanoseconds(of: CLOCK_THREAD_CPUTIME_ID), ordering: .relaxed)
        endedAt.store(nanoseconds(of: CLOCK_MONOTONIC), ordering: .relaxed)
    }
    func didFallIdle() {
        idleSince.store(nanoseconds(of: CLOCK_MONOTONIC), ordering: .relaxed)
    }
    func didFindWork() {
        let spell = nanoseconds(of: CLOCK_MONOTONIC) - idleSince.load(ordering: .relaxed)
        idleSince.store(0, ordering: .relaxed)
        idleNanoseconds.store(idleNanoseconds.load(ordering: .relaxed) &+ spell, ordering: .relaxed)
    }

    var counts: WorkerCounts {
        let now = nanoseconds(of: CLOCK_MONOTONIC)
        let (started, ended) = (startedAt.load(ordering: .relaxed), endedAt.load(ordering: .relaxed))
        let since = idleSince.load(ordering: .relaxed)
        let idle = idleNanoseconds.load(ordering: .relaxed) + (since == 0 ? 0 : max(0, now - since))
        let lifetime = started == 0 ? 0 : (ended == 0 ? now : ended) - started
        return WorkerCounts(
            jobs: jobCount.load(ordering: .relaxed), pieces: pieceCount.load(ordering: .relaxed),
            steals: stealCount.load(ordering: .relaxed), parks: parkCount.load(ordering: .relaxed),
            idle: .nanoseconds(idle), busy: .nanoseconds(max(0, lifetime - idle)),
            processor: .nanoseconds(processorNanoseconds.load(ordering: .relaxed)))
    }
}

private func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// What one worker did so far. While it runs, the numbers are not of one moment.
package struct WorkerCounts: Hashable, Sendable {
    /// Jobs of schedules, by whose runner on this worker they were done.
    package var jobs: Int
    /// Pieces of tasks run, each from one suspension to the next.
    package var pieces: Int
    /// Pieces taken from another worker's queue, and jobs taken from another runner's batch.
    package var steals: Int
    /// How often it went to sleep for want of work.
    package var parks: Int
    /// Time without work, asleep or looking for some.
    package var idle: Duration
    /// The rest of its time. Includes waits of the jobs themselves, such as for the disk.
    package var busy: Duration
    /// Processor time, up to when it last went to sleep or ended.
    package var processor: Duration
}
