import Glibc
import Locking
import Synchronization

/// Threads that run Swift tasks, each with a queue of its own, and that steal from each other when theirs is empty.
///
/// Give it to `Task(executorPreference:)`, `addTask(executorPreference:)` or `withTaskExecutorPreference`. A job made
/// by a job goes to the queue of the worker it runs on, and is next there; a job from elsewhere goes to a common queue.
/// Every 61st job a worker takes is the oldest it can find instead of the youngest, so that tasks which yield to each
/// other in a circle do not keep the rest waiting for ever.
///
/// A pool lives until ``shutdown()``, also when nobody holds it.
///
/// **Parking.** A worker that finds nothing (1) is counted in `searching` while it looks, (2) puts itself on the list
/// of sleepers, (3) leaves `searching`, (4) looks through all queues once more, and (5) sleeps, or takes itself off the
/// list if it found something. Whoever adds a job does so first, and then wakes a sleeper if there is one and nobody is
/// searching. A searcher that found a job and was the last searcher wakes a sleeper too, in case there is more.
/// The stores and loads of those steps are all sequentially consistent, so they have one order, and a job cannot be
/// left lying while workers sleep:
/// - The adder saw nobody searching and nobody asleep: then who goes to sleep later does step 2 after the adder's look, and
///   step 4 finds the job.
/// - The adder saw a searcher: that one, or the last of those that search beside it, leaves `searching` after the
///   adder's look. If it leaves at step 3, its step 4 finds the job. If it leaves with a job, it wakes another, who
///   searches; and if nobody sleeps at that moment, the first case holds.
/// - The adder saw a sleeper and nobody searching: it takes one off the list, counts it as searching, and wakes it.
/// A worker is taken off the list by exactly one thread, and is woken exactly if that was another's doing.
package final class WorkStealingPool: TaskExecutor, Sendable {
    private let workers: [Worker]
    private let injector = Lock(Injector())
    /// Length of the injector's queue, for looks without the lock. Written with the lock held.
    private let injectedCount = Atomic<Int>(0)
    private let searching = Atomic<Int>(0)
    /// Workers asleep or on their way there, by index.
    private let sleepers = Lock<[Int]>([])
    /// Length of `sleepers`, for looks without the lock. Written with the lock held.
    private let sleeperCount = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let threads = Lock<[pthread_t]>([])

    /// Starts the threads. A system that refuses some gets on with those it has; without any, jobs go to the global pool.
    ///
    /// - Parameter workerCount: at least 1; smaller numbers count as 1.
    package init(workerCount: Int) {
        workers = (0..<max(1, workerCount)).map(Worker.init)
        threads.withLock { threads in
            for worker in workers {
                let start = unsafe Unmanaged.passRetained(ThreadStart(pool: self, worker: worker))
                var thread = pthread_t()
                let result = unsafe pthread_create(
                    &thread, nil,
                    { context in
                        // SAFETY: the one release of the reference that was retained for this thread.
                        let start = unsafe Unmanaged<ThreadStart>.fromOpaque(context!).takeRetainedValue()
                        start.pool.run(start.worker)
                        return nil
                    }, start.toOpaque())
                guard result == 0 else {
                    unsafe start.release()
                    break
                }
                threads.append(thread)
            }
            if threads.isEmpty { injector.withLock { $0.isClosed = true } }
        }
    }

    package var workerCount: Int { workers.count }

    /// Index of the worker whose thread this is; nil on any other.
    package var currentWorkerIndex: Int? { currentWorker()?.index }

    /// One entry a worker; not a snapshot of one moment.
    package var counts: [WorkerCounts] { workers.map(\.counts) }

    /// Adds jobs that a task did to the counts of the worker whose thread this is; elsewhere nothing happens.
    ///
    /// - Parameter steals: how many of them the task took from another.
    package static func countOnThisThread(jobs: Int, steals: Int) {
        guard let pointer = unsafe pthread_getspecific(workerKey) else { return }
        // SAFETY: as in `currentWorker`.
        unsafe Unmanaged<Worker>.fromOpaque(pointer).takeUnretainedValue().count(jobs: jobs, steals: steals)
    }

    /// Runs what is queued, ends the threads and waits for them. Jobs that come later run on the global pool.
    ///
    /// Blocks the calling thread, which must not be one of the pool's.
    package func shutdown() {
        precondition(currentWorker() == nil, "a pool cannot wait for its own thread")
        injector.withLock { $0.isClosed = true }
        isStopping.store(true, ordering: .sequentiallyConsistent)
        // Who goes to sleep from now on sees isStopping in step 4.
        while wakeOne() {}
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { pthread_join(thread, nil) }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // SAFETY: a job reference is one pointer that nobody counts.
        let item = unsafe unsafeBitCast(job, to: UInt.self)
        if let worker = currentWorker() {
            worker.deque.push(item)
        } else {
            let isClosed = injector.withLock { injector in
                if injector.isClosed { return true }
                injector.append(item)
                injectedCount.store(injector.count, ordering: .sequentiallyConsistent)
                return false
            }
            if isClosed {
                globalConcurrentExecutor.enqueue(ExecutorJob(job))
                return
            }
        }
        wakeOneIfNobodySearches()
    }

    private func wakeOneIfNobodySearches() {
        if searching.load(ordering: .sequentiallyConsistent) == 0,
            sleeperCount.load(ordering: .sequentiallyConsistent) > 0
        {
            wakeOne()
        }
    }

    /// Wakes a sleeper, who then counts as searching; false when there is none.
    @discardableResult
    private func wakeOne() -> Bool {
        let sleeper = sleepers.withLock { sleepers -> Int? in
            guard let sleeper = sleepers.popLast() else { return nil }
            sleeperCount.store(sleepers.count, ordering: .sequentiallyConsistent)
            searching.add(1, ordering: .sequentiallyConsistent)
            return sleeper
        }
        guard let sleeper else { return false }
        workers[sleeper].wake()
        return true
    }

    // MARK: On the worker's thread

    private func run(_ worker: Worker) {
        unsafe pthread_setspecific(workerKey, Unmanaged.passUnretained(worker).toOpaque())
        worker.didStart()
        let executor = unsafe asUnownedTaskExecutor()
        while let item = nextItem(for: worker) {
            // SAFETY: the bits of an UnownedJob that was pushed once and is removed once.
            let job = unsafe unsafeBitCast(item, to: UnownedJob.self)
            worker.countPiece()
            unsafe job.runSynchronously(on: executor)
        }
        worker.didEnd()
        pthread_setspecific(workerKey, nil)
    }

    /// Waits for work; nil when the pool stops and there is none.
    private func nextItem(for worker: Worker) -> UInt? {
        if worker.isTurnOfOldest() {
            if let item = injectedItem(for: worker, atMost: 1) { return item }
            if case .item(let item) = worker.deque.steal() { return item }
        }
        return worker.deque.take() ?? search(worker)
    }

    private func search(_ worker: Worker) -> UInt? {
        worker.didFallIdle()
        defer { worker.didFindWork() }
        searching.add(1, ordering: .sequentiallyConsistent)
        while true {
            for _ in 0..<4 {
                if let item = foundItem(for: worker) {
                    if searching.subtract(1, ordering: .sequentiallyConsistent).newValue == 0,
                        sleeperCount.load(ordering: .sequentiallyConsistent) > 0
                    {
                        wakeOne()
                    }
                    return item
                }
                // As below: who is woken to end need not look around first.
                if isStopping.load(ordering: .sequentiallyConsistent), !hasWork {
                    searching.subtract(1, ordering: .sequentiallyConsistent)
                    return nil
                }
                sched_yield()
            }
            sleepers.withLock { sleepers in
                sleepers.append(worker.index)
                sleeperCount.store(sleepers.count, ordering: .sequentiallyConsistent)
            }
            searching.subtract(1, ordering: .sequentiallyConsistent)
            let hasReason = hasWork || isStopping.load(ordering: .sequentiallyConsistent)
            if hasReason, takeOffList(worker) {
                if isStopping.load(ordering: .sequentiallyConsistent), !hasWork { return nil }
                searching.add(1, ordering: .sequentiallyConsistent)
            } else {
                // Whoever takes or took this worker off the list also counts it as searching.
                worker.sleep()
            }
        }
    }

    /// False when another thread did so before.
    private func takeOffList(_ worker: Worker) -> Bool {
        sleepers.withLock { sleepers in
            guard let position = sleepers.lastIndex(of: worker.index) else { return false }
            sleepers.remove(at: position)
            sleeperCount.store(sleepers.count, ordering: .sequentiallyConsistent)
            return true
        }
    }

    private var hasWork: Bool {
        if injectedCount.load(ordering: .sequentiallyConsistent) > 0 { return true }
        for worker in workers where !worker.deque.isEmpty { return true }
        return false
    }

    private func foundItem(for worker: Worker) -> UInt? {
        if let item = injectedItem(for: worker, atMost: 32) { return item }
        let first = worker.randomIndex(below: workers.count)
        for offset in 0..<workers.count {
            let victim = workers[(first + offset) % workers.count]
            if victim === worker { continue }
            while true {
                switch victim.deque.steal() {
                case .item(let item):
                    worker.countSteal()
                    return item
                case .lost: continue
                case .empty: break
                }
                break
            }
        }
        return nil
    }

    /// The oldest job from elsewhere; this worker's share of the others, up to `limit` in all, goes to its queue.
    private func injectedItem(for worker: Worker, atMost limit: Int) -> UInt? {
        if injectedCount.load(ordering: .relaxed) == 0 { return nil }
        return injector.withLock { injector in
            let share = min(limit, (injector.count + workers.count - 1) / workers.count)
            if share == 0 { return nil }
            // The youngest goes in first: the queue gives back the last one first.
            for position in stride(from: share - 1, to: 0, by: -1) { worker.deque.push(injector[position]) }
            let item = injector[0]
            injector.removeFirst(share)
            injectedCount.store(injector.count, ordering: .sequentiallyConsistent)
            return item
        }
    }

    /// The worker whose thread this is, if it is one of this pool's.
    private func currentWorker() -> Worker? {
        guard let pointer = unsafe pthread_getspecific(workerKey) else { return nil }
        // SAFETY: set by `run` to an object that outlives the thread's loop, and cleared after it.
        let worker = unsafe Unmanaged<Worker>.fromOpaque(pointer).takeUnretainedValue()
        return worker.index < workers.count && workers[worker.index] === worker ? worker : nil
    }
}

/// What a thread is started with.
private final class ThreadStart: Sendable {
    let pool: WorkStealingPool
    let worker: Worker

    init(pool: WorkStealingPool, worker: Worker) {
        self.pool = pool
        self.worker = worker
    }
}

/// First in, first out; removing is cheap on average.
private struct Injector {
    private var items: [UInt] = []
    private var head = 0
    /// No more jobs are taken: the threads end.
    var isClosed = false

    var count: Int { items.count - head }

    /// The item with `position` others before it.
    subscript(position: Int) -> UInt { items[head + position] }

    mutating func append(_ item: UInt) { items.append(item) }

    mutating func removeFirst(_ count: Int) {
        head += count
        if head >= 1024, head * 2 >= items.count {
            items.removeFirst(head)
            head = 0
        }
    }
}

/// Where a thread keeps the worker it belongs to.
private let workerKey: pthread_key_t = {
    var key = pthread_key_t()
    unsafe pthread_key_create(&key, nil)
    return key
}()
