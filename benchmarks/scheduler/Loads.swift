import Foundation
import Scheduling
import Synchronization
import WorkStealing

/// How trivial jobs depend on each other.
enum Shape: String, CaseIterable {
    /// Nobody waits for anybody.
    case independent
    /// Rows of 1,000; each job waits for two of the row before.
    case layers
    /// Each job but the first 2 waits for one: a forest of binary trees.
    case trees
    /// 100 fan out from one and in to one, which the next 100 wait for.
    case diamonds
    case chain

    func schedule(jobCount: Int) -> Schedule {
        var schedule = Schedule()
        schedule.reserveCapacity(jobs: jobCount, dependencies: 2 * jobCount)
        func job(_ index: Int) -> JobID { JobID(index: Int32(index)) }
        for index in 0..<jobCount {
            let after: [JobID]
            switch self {
            case .independent: after = []
            case .layers:
                after =
                    index < 1_000
                    ? [] : [job(index - 1_000), job((index / 1_000 - 1) * 1_000 + (index + 1) % 1_000)]
            case .trees: after = index < 2 ? [] : [job(index / 2 - 1)]
            case .diamonds:
                let place = index % 101
                after =
                    place > 0
                    ? [job(index - place)] : index > 0 ? (1...100).map { job(index - $0) } : []
            case .chain: after = index == 0 ? [] : [job(index - 1)]
            }
            _ = schedule.add(kind: .compute, expectedMilliseconds: 0, after: after)
        }
        return schedule
    }
}

/// One thread pushes and takes, another steals.
func dequeRate(itemCount: Int) async -> Rate {
    final class Shared: Sendable {
        let deque = ChaseLevDeque()
        let isDone = Atomic(false)
        let stolenCount = Atomic(0)
    }
    let shared = Shared()
    let thief = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        var count = 0
        loop: while true {
            switch shared.deque.steal() {
            case .item: count += 1
            case .lost: continue
            case .empty: if shared.isDone.load(ordering: .acquiring) { break loop }
            }
        }
        shared.stolenCount.store(count, ordering: .relaxed)
        thief.signal()
    }
    var takenCount = 0
    var rate = await Rate.measure(count: itemCount) {
        for item in 0..<UInt(itemCount) {
            shared.deque.push(item)
            // In bursts, as a scheduler does it.
            if item % 64 == 63 { while shared.deque.take() != nil { takenCount += 1 } }
        }
        while shared.deque.take() != nil { takenCount += 1 }
        shared.isDone.store(true, ordering: .releasing)
    }
    thief.waitUninterruptedly()
    rate.stealCount = shared.stolenCount.load(ordering: .relaxed)
    precondition(takenCount + rate.stealCount == itemCount, "items were lost")
    return rate
}

extension DispatchSemaphore {
    /// `wait()` may not be called from a task, which for a thread about to end is all the same.
    func waitUninterruptedly() { wait() }
}

/// A Swift task a job, made by a task on the pool.
///
/// Unstructured ones: a group looks for each task that ends among its children, from the oldest, and so takes time in the
/// square of their number where the youngest end first, as they do on a worker that nobody steals from.
func taskRate(jobCount: Int, workerCount: Int) async -> Rate {
    final class Left: Sendable {
        let count: Atomic<Int>
        init(_ count: Int) { self.count = Atomic(count) }
    }
    let pool = WorkStealingPool(workerCount: workerCount)
    var rate = await Rate.measure(count: jobCount) {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            let left = Left(jobCount)
            Task(executorPreference: pool) {
                for _ in 0..<jobCount {
                    Task(executorPreference: pool) {
                        if left.count.subtract(1, ordering: .relaxed).newValue == 0 { done.resume() }
                    }
                }
            }
        }
    }
    pool.shutdown()
    rate.stealCount = pool.counts.map(\.steals).reduce(0, +)
    return rate
}

/// Through `runSchedule`. The making of the graph is not measured; all that running it takes is.
func scheduleRate(_ shape: Shape, jobCount: Int, workerCount: Int) async -> Rate {
    let pool = WorkStealingPool(workerCount: workerCount)
    let schedule = shape.schedule(jobCount: jobCount)
    var summary = ScheduleSummary()
    var rate = await Rate.measure(count: jobCount) {
        summary = await runSchedule(
            schedule, limits: ScheduleLimits(connections: 1, workers: workerCount), on: pool,
            actions: ScheduleActions { _ in JobResult(.changed) })
    }
    pool.shutdown()
    precondition(summary.changed == jobCount, "jobs were lost")
    rate.stealCount = pool.counts.map(\.steals).reduce(0, +)
    return rate
}

/// One job of a second among 10,000 of a millisecond.
enum SkewedLoad: String, CaseIterable {
    case known = "expected times known, random order"
    case unknown = "nothing known, random order"
    case last = "nothing known, the long job last"

    static let shortCount = 10_000
    var isRandom: Bool { self != .last }
}

/// Runs a skewed load; the share of the run for which each worker was not idle.
func busyShares(
    _ load: SkewedLoad, seed: UInt64, workerCount: Int
) async -> (busy: [Double], seconds: Double, position: Int) {
    // SplitMix64 (Steele et al. 2014).
    var z = seed &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    let count = SkewedLoad.shortCount + 1
    let position = load.isRandom ? Int((z ^ (z >> 31)) % UInt64(count)) : count - 1
    var schedule = Schedule()
    for index in 0..<count {
        let expected = load == .known ? (index == position ? 1_000 : 1) : 0
        _ = schedule.add(kind: .compute, expectedMilliseconds: expected)
    }
    let pool = WorkStealingPool(workerCount: workerCount)
    let (all, limits) = (schedule, ScheduleLimits(connections: 1, workers: workerCount))
    let started = seconds(CLOCK_MONOTONIC)
    let before = pool.counts
    let summary = await runSchedule(
        all, limits: limits, on: pool,
        actions: ScheduleActions { job in
            burn(seconds: Int(job.index) == position ? 1 : 0.001)
            return JobResult(.changed)
        })
    let after = pool.counts
    let elapsed = seconds(CLOCK_MONOTONIC) - started
    pool.shutdown()
    precondition(summary.changed == count, "jobs were lost")
    let busy = zip(before, after).map { ($1.busy - $0.busy) / .seconds(elapsed) }
    return (busy, elapsed, position)
}

/// Computes until this thread has used that much of a processor. Looks at the clock every few microseconds, as it is a call
/// to the kernel.
private func burn(seconds duration: Double) {
    let end = seconds(CLOCK_THREAD_CPUTIME_ID) + duration
    var z: UInt64 = 1
    repeat {
        for _ in 0..<5_000 { z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB }
        // Never so, which the compiler cannot know.
        if z == 0 { return }
    } while seconds(CLOCK_THREAD_CPUTIME_ID) < end
}
