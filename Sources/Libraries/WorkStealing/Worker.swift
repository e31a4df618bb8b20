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
    private let jobCount = Atomic<Int>(0)
    private let stealCount = Atomic<Int>(0)
    private let parkCount = Atomic<Int>(0)
    private let idleNanoseconds = Atomic<Int64>(0)

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

    func countJob() { jobCount.store(jobCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
    func countSteal() { stealCount.store(stealCount.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
    func countIdle(nanoseconds: Int64) {
        idleNanoseconds.store(idleNanoseconds.load(ordering: .relaxed) &+ nanoseconds, ordering: .relaxed)
    }

    var counts: WorkerCounts {
        WorkerCounts(
            jobs: jobCount.load(ordering: .relaxed), steals: stealCount.load(ordering: .relaxed),
            parks: parkCount.load(ordering: .relaxed),
            idle: .nanoseconds(idleNanoseconds.load(ordering: .relaxed)))
    }
}

/// What one worker did so far.
package struct WorkerCounts: Hashable, Sendable {
    /// Jobs run: pieces of tasks between two suspensions.
    package var jobs: Int
    /// Of those, taken from another worker's queue.
    package var steals: Int
    /// How often it went to sleep for want of work.
    package var parks: Int
    /// Time without work, asleep or looking for some; the present spell not counted.
    package var idle: Duration
}
