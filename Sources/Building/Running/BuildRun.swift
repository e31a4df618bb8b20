import Bytes
import Cleaning
import Fetching
import Files
import Foundation
import Graph
import HTTP
import Planning
import Problems
import Publishing
import Recording
import Scheduling
import Synchronization
import WorkStealing

/// One run of a plan: turns its steps into jobs, does them, and counts what came of them.
///
/// What is known changes as jobs finish; it lives behind one lock in `knowledge`. Nothing slow happens under it.
final class BuildRun: Sendable {
    let identifier: String
    let request: BuildRequest
    let workspace: Workspace
    let plan: Plan
    var graph: BuildGraph { plan.graph }
    var project: Project { plan.graph.project }
    let journal: InFlightJournal
    let recorder: RecordingQueue
    let state: StateStore
    let manifest: ManifestWriter
    let observer: any BuildObserver
    /// The run's clock, and how long its listings took.
    let listings: ListingWatch
    let fetcher: Fetcher?
    /// When a budget of time is over: nothing is started any more.
    let deadline: ContinuousClock.Instant?
    let workerCount: Int
    let processors: ProcessorSlots
    let knowledge: Mutex<Knowledge>
    private let hosts: FetchHosts
    private let estimates: JobEstimates
    private let client: HTTPClient?

    /// What jobs have found out so far. What is not here is as planned, and as recorded.
    struct Knowledge: Sendable {
        /// By raw's name: as fetched or hashed in this run.
        var raws: [String: RawRecord] = [:]
        /// By output: as built or confirmed in this run.
        var actions: [String: ActionRecord] = [:]
        var failures: [String: FailureRecord]
        var report: BuildReport
        /// Outputs whose recipe ran to its end in this run.
        var wasBuilt = Set<String>()
        var eventNumbers = EventNumbers()
        /// Actions that are neither done nor given up, and of them those that were asked for.
        private(set) var unfinishedActionCount = 0
        private(set) var unfinishedSelectedCount = 0
        /// Of the unfinished ones, those that have computed all there is and wait for the disk.
        var publishingActionCount = 0
        /// Jobs that were due when the budget of time was over, and what waits for them.
        var left = Set<JobID>()
        var longest: BuildStatistics.Longest?

        mutating func expect(_ steps: [Plan.Step]) {
            unfinishedActionCount = steps.count { $0.state != .fresh }
            unfinishedSelectedCount = steps.count { $0.state != .fresh && $0.isSelected }
        }

        /// The step's action is done, or given up.
        mutating func end(_ step: Plan.Step) {
            unfinishedActionCount -= 1
            if step.isSelected { unfinishedSelectedCount -= 1 }
        }
    }

    init(
        identifier: String, request: BuildRequest, workspace: Workspace, plan: Plan, state: StateStore,
        journal: InFlightJournal, observer: any BuildObserver, listings: ListingWatch,
        started: ContinuousClock.Instant
    ) throws {
        self.identifier = identifier
        self.request = request
        self.workspace = workspace
        self.plan = plan
        self.journal = journal
        self.state = state
        self.observer = observer
        deadline = request.budget?.seconds.map { started + .seconds($0) }
        recorder = RecordingQueue(store: state)
        self.listings = listings
        manifest = ManifestWriter(
            directory: workspace.manifestDirectory, date: String(timestampText().prefix(10)))
        let needsNetwork = !request.isOffline && !plan.fetches.isEmpty
        let project = plan.graph.project
        client =
            needsNetwork
            ? HTTPClient(options: httpOptions(for: project, connections: request.connections)) : nil
        fetcher = client.map { Fetcher(client: $0) }
        workerCount = max(1, request.workers ?? project.settings.jobs ?? processorCount())
        processors = ProcessorSlots(count: workerCount)
        hosts = FetchHosts(project.sources)
        estimates = JobEstimates(of: plan)
        knowledge = Mutex(
            Knowledge(failures: plan.request.records.failures, report: BuildReport(run: identifier)))
    }

    /// Runs all jobs to their end, and records the run.
    ///
    /// - Parameter settling: finds out beside the last records what `Plan.stampsWhenDone` says.
    /// - Returns: the report, what `StateStore.generation` gives for the records as they are now, and what `settling` does.
    func execute(
        _ start: BuildReport, settling: @escaping @Sendable (BuildReport) -> ChangedStamps?
    ) async throws -> (report: BuildReport, generation: [UInt8]?, stamps: ChangedStamps?) {
        knowledge.withLock { $0.report = start }
        // A run that was killed may have recorded outputs whose statistics it never wrote.
        let last = try state.runs().last
        let wasKilledBefore = last.map { $0.finishedAt == nil } ?? false
        try state.beginRun(runRecord(finished: nil))
        recordMovedStamps()

        let (schedule, jobs) = makeSchedule()
        recordPreparation(jobCount: jobs.count, failures: start.failures)
        knowledge.withLock { $0.expect(plan.steps) }
        // More workers than may compute at once: as many jobs may wait for the disk while others compute, and one worker
        // serves transfers that come to their end meanwhile.
        let pool = WorkStealingPool(workerCount: 2 * workerCount + 1)
        let limits = ScheduleLimits(
            connections: connectionCount, hostConnections: hosts.downloads, workers: 2 * workerCount,
            memoryByteCount: memoryByteCount, diskByteCount: diskByteCount)
        let freeDiskByteCount = MachineLimits.freeDiskByteCount(at: workspace.root)
        var actions = ScheduleActions { [self] id in
            let job = jobs[Int(id.index)]
            return await perform(job.work, as: runningJob(id, after: job.after, on: pool))
        }
        actions.abandoned = { [self] id, cause in
            abandon(id, jobs[Int(id.index)].work, because: cause, jobs[Int(cause.index)].work)
        }
        actions.refused = { [self] in refuse($0, jobs[Int($0.job.index)].work) }
        actions.freeDisk = { [workspace] in MachineLimits.freeDiskByteCount(at: workspace.root) }
        actions.isCancelled = { [self] in recorder.failure != nil || isOverTime }
        let summary = await runSchedule(
            schedule, limits: limits, on: pool, fetchExecutor: pool, actions: actions)
        let lastPublished = fileClockNanoseconds()
        countFailuresOfTheGraph()
        let report = knowledge.withLock { known -> BuildReport in
            known.report.failures.sort { ($0.target, $0.message) < ($1.target, $1.message) }
            let stale = plan.steps.count { $0.isSelected && $0.state != .fresh }
            known.report.fresh = known.report.considered - stale - (known.report.left ?? 0)
            if let left = known.report.left, isOverTime {
                known.report.left = left + known.unfinishedSelectedCount
            }
            return known.report
        }
        // Everything else that is left goes on beside the last records and their waits for the disk.
        async let stamps = { [client] in
            pool.shutdown()
            client?.shutdown()
            return settling(report)
        }()
        let generation: [UInt8]?
        do {
            try recorder.flush()
            try manifest.sync()
            try writeStatistics(everywhere: wasKilledBefore)
            // One wait for the disk for all records since the last.
            try state.finishRun(runRecord(finished: report))
            generation = try state.generation()
            try state.close()
        } catch {
            throw BuildProblem.lostState("\(error)")
        }
        waitForTick(after: lastPublished)
        try? journal.clear()
        let settledStamps = await stamps
        var statistics = BuildStatistics(workers: pool.counts, waits: summary.waits)
        statistics.longest = knowledge.withLock { $0.longest }
        statistics.memoryBytes = limits.memoryByteCount
        statistics.diskBytes = [limits.diskByteCount, freeDiskByteCount].compactMap { $0 }.min()
        var reportWithStatistics = report
        reportWithStatistics.stats = statistics
        return (reportWithStatistics, generation, settledStamps)
    }

    // MARK: jobs

    /// One thing the pool does.
    enum Job: Sendable {
        case fetch(RawID)
        case run(Plan.Step)
    }

    /// The schedule, and each job of it with those it waits for.
    private func makeSchedule() -> (Schedule, [(work: Job, after: [JobID])]) {
        var schedule = Schedule()
        var jobs = [(work: Job, after: [JobID])]()
        var fetchJobs = [RawID: JobID]()
        for raw in plan.fetches {
            fetchJobs[raw] = schedule.add(
                kind: .fetch,
                expectedMilliseconds: JobEstimates.fetchMilliseconds(byteCount: plan.byteCount(of: raw)),
                needs: JobNeeds(
                    diskByteCount: missingByteCount(of: raw),
                    host: hosts.index(ofList: Int(graph.rawLists[raw.index]))))
            jobs.append((.fetch(raw), []))
        }
        var runJobs = [ActionID: JobID]()
        var estimates = estimates
        for step in plan.steps where step.state != .fresh {
            let after = graph.inputPlaces(of: step.action).compactMap { place -> JobID? in
                let input = graph.input(at: place)
                return input.raw.flatMap { fetchJobs[$0] } ?? input.action.flatMap { runJobs[$0] }
            }
            let estimate = estimates.estimate(of: step.action, in: plan)
            runJobs[step.action] = schedule.add(
                kind: .compute, expectedMilliseconds: estimate.milliseconds, needs: estimate.needs,
                after: after)
            jobs.append((.run(step), after))
        }
        return (schedule, jobs)
    }

    private func perform(_ job: Job, as running: RunningJob) async -> JobResult {
        var running = running
        let (target, path, kind) = subject(of: job)
        let byteCountBefore = byteCountOfFile(path)
        let started = ContinuousClock.now
        let outcome: JobOutcome
        switch job {
        case .fetch(let raw):
            running.worker = -1
            running.reason = plan.findings[raw.index].reasonKind
            outcome = await fetch(raw, as: running)
        case .run(let step):
            running.reason = step.firstCause
            guard let end = await runAction(step, as: running) else {
                knowledge.withLock { _ = $0.left.insert(running.id) }
                return JobResult(.failed)
            }
            outcome = end
            knowledge.withLock { $0.end(step) }
        }
        let duration = started.duration(to: .now)
        knowledge.withLock { known in
            if duration > known.longest?.duration ?? .zero {
                known.longest = BuildStatistics.Longest(target: target, kind: kind, duration: duration)
            }
        }
        let kept = outcome == .failed ? 0 : byteCountOfFile(path) - byteCountBefore
        return JobResult(outcome, keptDiskByteCount: kept)
    }

    private func abandon(_ id: JobID, _ job: Job, because causeID: JobID, _ cause: Job) {
        guard case .run(let step) = job else { return }
        let isLeft = knowledge.withLock { known in
            known.left.contains(causeID) && known.left.insert(id).inserted
        }
        if isLeft { return }
        if !Task.isCancelled {
            let rule = project.rules[graph.rule(of: step.action)]
            recordAbandoned(
                id, graph.output(of: step.action), eventKind(of: rule.recipe), because: causeID)
        }
        knowledge.withLock { known in
            known.report.failed += 1
            known.end(step)
        }
        observer.observe(.abandoned(target: subject(of: job).target, because: subject(of: cause).target))
    }

    // MARK: records

    /// What is known of a file from outside: found out in this run, else as recorded, with the stamp that planning saw.
    func record(of raw: RawID) throws -> RawRecord? {
        if let known = knowledge.withLock({ $0.raws[graph.name(of: raw)] }) { return known }
        return plan.facts(of: raw) == nil ? nil : try plan.state(of: raw).record
    }

    /// What is known of an action: made in this run, else as recorded, with the stamp that planning saw. Nil for one that is
    /// forced, whose record is forgotten.
    func record(of action: ActionID) throws -> ActionRecord? {
        let output = graph.output(of: action)
        if let known = knowledge.withLock({ $0.actions[output] }) { return known }
        guard plan.facts(of: action) != nil, !plan.request.forced.contains(action) else { return nil }
        var record = try plan.request.lookup.actionRecord(output: output)
        if let stamp = plan.movedOutputs[action] { record?.stamp = stamp }
        return record
    }

    // MARK: bookkeeping

    /// Files that were touched, moved or copied and hold what they held: their new stamps save the next hash.
    private func recordMovedStamps() {
        let now = Stamp.now()
        var changes = [StateChange]()
        for (raw, stamp) in plan.movedRaws {
            let object = graph[raw]
            changes.append(
                .rawStamp(
                    source: object.source, key: object.object.key, stamp.trusted(observedAt: now)))
        }
        for (action, stamp) in plan.movedOutputs.sorted(by: { $0.key < $1.key }) {
            changes.append(
                .actionStamp(output: graph.output(of: action), stamp.trusted(observedAt: now)))
        }
        recorder.enqueue(changes)
    }

    private func runRecord(finished report: BuildReport?) -> RunRecord {
        Building.runRecord(
            of: identifier, request: request, startedAt: listings.clock.startedAt / 1_000, finished: report)
    }

    /// Outputs are trusted by their stamps. One written again within the same tick of the file clock would look the same, so the
    /// run ends only when the tick in which the last one was published is over.
    ///
    /// - Parameter lastPublished: time of the file clock when nothing was left to publish.
    private func waitForTick(after lastPublished: Int64) {
        guard knowledge.withLock({ !$0.wasBuilt.isEmpty || $0.report.fetched.objects > 0 }) else { return }
        // Not `Task.sleep`, which a cancelled run would not wait for. A tick is some milliseconds, and nothing tells when it ends.
        while fileClockNanoseconds() == lastPublished { usleep(500) }
    }
}

/// What is remembered of a run: how it began, or how it ended.
///
/// - Parameter startedAt: milliseconds since 1970.
func runRecord(
    of identifier: String, request: BuildRequest, startedAt: Int64, finished report: BuildReport?
) -> RunRecord {
    var record = RunRecord(
        id: identifier, startedAt: startedAt, arguments: Array(CommandLine.arguments.dropFirst()),
        version: request.toolVersion)
    guard let report else { return record }
    record.finishedAt = Stamp.now() / 1_000_000
    record.outcome = Task.isCancelled ? .cancelled : report.failures.isEmpty ? .done : .failed
    record.counts.considered = report.considered
    record.counts.fresh = report.fresh
    record.counts.built = report.built
    record.counts.unchanged = report.unchanged
    record.counts.failed = report.failed
    record.counts.fetchedObjects = report.fetched.objects
    record.counts.fetchedByteCount = report.fetched.bytes
    record.counts.rows = report.rows
    return record
}

/// The clock that kernels stamp files by: it moves every 1 to 10 ms.
private func fileClockNanoseconds() -> Int64 {
    var time = timespec()
    // SAFETY: writes the one value it is given.
    unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Downloads at once when neither flag, environment nor Datafile says.
let defaultConnectionCount = 16
