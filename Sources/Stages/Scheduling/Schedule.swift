/// A job of one schedule: the number of ``Schedule/add(kind:expectedMilliseconds:after:)`` calls before its own.
package struct JobID: Hashable, Sendable {
    package var index: Int32

    package init(index: Int32) { self.index = index }
}

/// What a job mostly waits for, and so which limit it counts against.
package enum JobKind: UInt8, Hashable, Sendable {
    case fetch, compute
}

/// How a job ended.
package enum JobOutcome: Hashable, Sendable {
    /// Its result is new.
    case changed
    /// Its result is what it was. Dependants are still asked: whether there is work for them is their own decision.
    case unchanged
    /// Nothing that depends on it can run.
    case failed
}

/// How many jobs of each kind may be in flight at a time; less than 1 counts as 1.
package struct ScheduleLimits: Hashable, Sendable {
    package var connections: Int
    package var workers: Int

    package init(connections: Int, workers: Int) {
        self.connections = connections
        self.workers = workers
    }
}

/// Which jobs may run now: a state machine that knows no threads and does nothing itself.
///
/// Jobs are added, those they wait for first, so there are no cycles. Then ``start(limits:)`` says what to start, and
/// each ``finish(_:_:)`` what to start next. Among those that could start, the longest expected goes first, else the
/// one that was added first. Everything is in flat arrays: 22 bytes a job, 4 a dependency, and 8 more for each ready job.
package struct Schedule: Sendable {
    /// What to do now.
    package struct Step: Hashable, Sendable {
        /// Jobs to start at once, fetches first. Each is named once in the life of a schedule.
        package var toStart: [JobID] = []
        /// Will never run, because what they wait for failed; each named once, in the order in which they were added.
        package var abandoned: [JobID] = []

        package init() {}
    }

    private enum State: UInt8 {
        case waiting, ready, inFlight, done, abandoned
    }

    private var kinds: [JobKind] = []
    private var states: [State] = []
    private var expectedMilliseconds: [UInt32] = []
    /// Dependencies that are not done.
    private var waitingFor: [Int32] = []
    /// The job that each had waited for last, or -1.
    private var releasers: [Int32] = []

    /// Dependencies in the order in which jobs were added: those of job `i` are `dependencyEnds[i - 1]..<dependencyEnds[i]`.
    /// Empty once started.
    private var dependencies: [Int32] = []
    private var dependencyEnds: [Int32] = []
    /// The same edges the other way: dependants of job `i` are `dependantStarts[i]..<dependantStarts[i + 1]`.
    private var dependants: [Int32] = []
    private var dependantStarts: [Int32] = []

    private var readyFetches = ReadyQueue()
    private var readyComputes = ReadyQueue()
    private var fetchLimit = 0
    private var computeLimit = 0
    private var isStopped = false

    package private(set) var fetchesInFlight = 0
    package private(set) var computesInFlight = 0
    /// Jobs that were never named in a step.
    package private(set) var notStartedCount = 0

    package init() {}

    package var jobCount: Int { kinds.count }
    package var inFlightCount: Int { fetchesInFlight + computesInFlight }

    package func kind(of job: JobID) -> JobKind { kinds[Int(job.index)] }

    /// The job whose end let this one start: of all that it waited for, the last to end. Nil where it waited for none, or
    /// still waits.
    package func releaser(of job: JobID) -> JobID? {
        let index = releasers[Int(job.index)]
        return index < 0 ? nil : JobID(index: index)
    }

    package mutating func reserveCapacity(jobs: Int, dependencies: Int) {
        kinds.reserveCapacity(jobs)
        states.reserveCapacity(jobs)
        expectedMilliseconds.reserveCapacity(jobs)
        waitingFor.reserveCapacity(jobs)
        releasers.reserveCapacity(jobs)
        dependencyEnds.reserveCapacity(jobs)
        self.dependencies.reserveCapacity(dependencies)
    }

    /// Adds a job. Only before the start.
    ///
    /// - Parameters:
    ///   - expectedMilliseconds: from history, or 0.
    ///   - dependencies: jobs of this schedule; one named twice counts once.
    package mutating func add(
        kind: JobKind, expectedMilliseconds: Int, after dependencies: some Sequence<JobID> = EmptyCollection()
    ) -> JobID {
        precondition(dependantStarts.isEmpty, "the schedule has started")
        let index = Int32(kinds.count)
        let before = self.dependencies.count
        for dependency in dependencies {
            precondition(dependency.index >= 0 && dependency.index < index, "a job of another schedule")
            self.dependencies.append(dependency.index)
        }
        kinds.append(kind)
        states.append(.waiting)
        self.expectedMilliseconds.append(UInt32(clamping: expectedMilliseconds))
        waitingFor.append(Int32(self.dependencies.count - before))
        releasers.append(-1)
        dependencyEnds.append(Int32(self.dependencies.count))
        notStartedCount += 1
        return JobID(index: index)
    }

    /// The jobs to start with. Once.
    package mutating func start(limits: ScheduleLimits) -> Step {
        precondition(dependantStarts.isEmpty, "the schedule has started")
        fetchLimit = max(1, limits.connections)
        computeLimit = max(1, limits.workers)
        turnEdgesAround()
        for index in kinds.indices where waitingFor[index] == 0 { makeReady(index) }
        var step = Step()
        startReady(&step)
        return step
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

    /// Takes note that a job in flight ended, and says what follows.
    package mutating func finish(_ job: JobID, _ outcome: JobOutcome) -> Step {
        let index = Int(job.index)
        precondition(states.indices.contains(index) && states[index] == .inFlight, "the job is not in flight")
        states[index] = .done
        switch kinds[index] {
        case .fetch: fetchesInFlight -= 1
        case .compute: computesInFlight -= 1
        }
        var step = Step()
        if outcome == .failed {
            step.abandoned = abandonDependants(of: index)
        } else {
            for edge in dependantStarts[index]..<dependantStarts[index + 1] {
                let dependant = Int(dependants[Int(edge)])
                waitingFor[dependant] -= 1
                if waitingFor[dependant] == 0, states[dependant] == .waiting {
                    releasers[dependant] = job.index
                    makeReady(dependant)
                }
            }
        }
        startReady(&step)
        return step
    }

    /// From now on nothing is started; what is in flight still finishes.
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
                notStartedCount -= 1
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
        case .fetch: readyFetches.insert(Int32(index), expectedMilliseconds[index])
        case .compute: readyComputes.insert(Int32(index), expectedMilliseconds[index])
        }
    }

    private mutating func startReady(_ step: inout Step) {
        if isStopped { return }
        while fetchesInFlight < fetchLimit, let index = readyFetches.removeFirst() {
            fetchesInFlight += 1
            begin(index, &step)
        }
        while computesInFlight < computeLimit, let index = readyComputes.removeFirst() {
            computesInFlight += 1
            begin(index, &step)
        }
    }

    private mutating func begin(_ index: Int32, _ step: inout Step) {
        states[Int(index)] = .inFlight
        notStartedCount -= 1
        step.toStart.append(JobID(index: index))
    }
}

/// Ready jobs, longest expected first, then lowest number: a binary heap of one word a job.
struct ReadyQueue: Sendable {
    /// Complement of the expected time in the upper half, number in the lower: the smallest word goes first.
    private var words: [UInt64] = []

    mutating func insert(_ index: Int32, _ expectedMilliseconds: UInt32) {
        words.append(UInt64(~expectedMilliseconds) << 32 | UInt64(UInt32(bitPattern: index)))
        var child = words.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if words[parent] <= words[child] { break }
            words.swapAt(parent, child)
            child = parent
        }
    }

    mutating func removeFirst() -> Int32? {
        guard let first = words.first, let last = words.popLast() else { return nil }
        if !words.isEmpty {
            words[0] = last
            var parent = 0
            while true {
                var smallest = parent
                for child in (2 * parent + 1)...(2 * parent + 2)
                where child < words.count && words[child] < words[smallest] { smallest = child }
                if smallest == parent { break }
                words.swapAt(parent, smallest)
                parent = smallest
            }
        }
        return Int32(truncatingIfNeeded: first)
    }
}
