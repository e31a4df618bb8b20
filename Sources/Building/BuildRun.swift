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
    let project: Project
    let graph: BuildGraph
    let plan: Plan
    let journal: InFlightJournal
    let recorder: RecordingQueue
    let state: StateStore
    let manifest: ManifestWriter
    let observer: any BuildObserver
    let fetcher: Fetcher?
    private let workerCount: Int
    let processors: ProcessorSlots
    /// Milliseconds since 1970.
    private let startedAt: Int64
    let knowledge: Mutex<Knowledge>
    private let client: HTTPClient?

    /// What jobs have found out so far.
    struct Knowledge: Sendable {
        /// By raw's name: as planned, then as fetched or hashed in this run.
        var raws: [String: RawRecord]
        /// By output: as planned, then as built in this run.
        var actions: [String: ActionRecord]
        var failures: [String: FailureRecord]
        var report: BuildReport
        /// Outputs whose recipe ran to its end in this run.
        var wasBuilt = Set<String>()
        /// Actions that are neither done nor given up.
        var unfinishedActionCount = 0
    }

    init(
        identifier: String, request: BuildRequest, workspace: Workspace, project: Project, graph: BuildGraph,
        plan: Plan, records: Records, state: StateStore, journal: InFlightJournal, observer: any BuildObserver
    ) throws {
        self.identifier = identifier
        self.request = request
        self.workspace = workspace
        self.project = project
        self.graph = graph
        self.plan = plan
        self.journal = journal
        self.state = state
        self.observer = observer
        recorder = RecordingQueue(store: state)
        startedAt = Stamp.now() / 1_000_000
        manifest = ManifestWriter(
            directory: workspace.manifestDirectory, date: String(timestampText().prefix(10)))
        let needsNetwork = !request.isOffline && !plan.fetches.isEmpty
        client =
            needsNetwork
            ? HTTPClient(options: httpOptions(for: project, connections: request.connections)) : nil
        fetcher = client.map { Fetcher(client: $0) }
        workerCount = max(
            1, request.workers ?? project.settings.jobs ?? ProcessInfo.processInfo.activeProcessorCount)
        processors = ProcessorSlots(count: workerCount)
        var raws = records.raws
        for (index, raw) in plan.raws { raws[graph.raws[index].name] = raw.record }
        var actions = records.actions
        // A forgotten record is no reason to leave an output alone.
        for step in plan.steps where step.verdict.reasons.contains(where: { $0.kind == .forced }) {
            actions[graph.actions[step.action].output] = nil
        }
        knowledge = Mutex(
            Knowledge(
                raws: raws, actions: actions, failures: records.failures, report: BuildReport(run: identifier)
            ))
    }

    /// Runs all jobs to their end, records the run, and returns the report.
    func execute(_ start: BuildReport) async throws -> BuildReport {
        knowledge.withLock { $0.report = start }
        // A run that was killed may have recorded outputs whose statistics it never wrote.
        let last = try state.runs().last
        let wasKilledBefore = last.map { $0.finishedAt == nil } ?? false
        try state.beginRun(runRecord(finished: nil))
        recordMovedStamps()

        let (schedule, jobs) = makeSchedule()
        knowledge.withLock { $0.unfinishedActionCount = plan.steps.count { $0.verdict != .fresh } }
        // More workers than may compute at once: as many jobs may wait for the disk while others compute, and one worker
        // serves transfers that come to their end meanwhile.
        let pool = WorkStealingPool(workerCount: 2 * workerCount + 1)
        _ = await runSchedule(
            schedule, limits: ScheduleLimits(connections: connectionCount, workers: 2 * workerCount),
            on: pool,
            fetchExecutor: pool,
            perform: { [self] id in await perform(jobs[Int(id.index)]) },
            abandoned: { id, cause in abandon(jobs[Int(id.index)], because: jobs[Int(cause.index)]) },
            isCancelled: { recorder.failure != nil })
        pool.shutdown()
        client?.shutdown()
        let lastPublished = fileClockNanoseconds()

        countFailuresOfTheGraph()
        let report = knowledge.withLock { known -> BuildReport in
            known.report.failures.sort { ($0.target, $0.message) < ($1.target, $1.message) }
            let stale = plan.steps.count { $0.isSelected && $0.verdict != .fresh }
            known.report.fresh = known.report.considered - stale
            return known.report
        }
        do {
            try await recorder.flush()
            try manifest.sync()
            try writeStatistics(everywhere: wasKilledBefore)
            try state.finishRun(runRecord(finished: report))
            try state.close()
        } catch {
            throw BuildProblem.lostState("\(error)")
        }
        waitForTick(after: lastPublished)
        try? journal.clear()
        return report
    }

    // MARK: jobs

    /// One thing the pool does.
    enum Job: Sendable {
        /// Index into the graph's raws.
        case fetch(Int)
        /// Index into the plan's steps.
        case step(Int)
    }

    private func makeSchedule() -> (Schedule, [Job]) {
        var schedule = Schedule()
        var jobs = [Job]()
        var fetchJobs = [Int: JobID]()
        for raw in plan.fetches {
            fetchJobs[raw] = schedule.add(kind: .fetch, expectedMilliseconds: 0, after: [])
            jobs.append(.fetch(raw))
        }
        var stepJobs = [String: JobID]()
        for (index, step) in plan.steps.enumerated() where step.verdict != .fresh {
            let action = graph.actions[step.action]
            var after = [JobID]()
            for input in action.inputs {
                if case .output(let path) = input.origin {
                    if let job = stepJobs[path] { after.append(job) }
                } else if let raw = graph.rawIndex[input.name], let job = fetchJobs[raw] {
                    after.append(job)
                }
            }
            let expected = knowledge.withLock { $0.actions[action.output]?.milliseconds ?? 0 }
            stepJobs[action.output] = schedule.add(
                kind: .compute, expectedMilliseconds: expected, after: after)
            jobs.append(.step(index))
        }
        return (schedule, jobs)
    }

    private func perform(_ job: Job) async -> JobOutcome {
        switch job {
        case .fetch(let raw): return await fetch(graph.raws[raw])
        case .step(let index):
            let outcome = await runAction(plan.steps[index])
            knowledge.withLock { $0.unfinishedActionCount -= 1 }
            return outcome
        }
    }

    private func abandon(_ job: Job, because cause: Job) {
        guard case .step(let index) = job else { return }
        let target = graph.actions[plan.steps[index].action].output
        let causeName =
            switch cause {
            case .fetch(let raw): graph.raws[raw].name
            case .step(let step): graph.actions[plan.steps[step].action].output
            }
        knowledge.withLock { known in
            known.report.failed += 1
            known.unfinishedActionCount -= 1
        }
        observer.observe(.abandoned(target: target, because: causeName))
    }

    // MARK: limits

    /// A processor that no action will ask for, as long as what is returned is held: there are fewer left than processors.
    func spareProcessor() -> ProcessorSlots.Slot? {
        guard knowledge.withLock({ $0.unfinishedActionCount }) < workerCount else { return nil }
        return processors.takeIfFree()
    }

    private var connectionCount: Int {
        request.connections ?? project.settings.connections ?? defaultConnectionCount
    }

    // MARK: failures

    /// Notes a failure in state, report and manifest.
    ///
    /// - Parameter subject: what failed, so that something new is tried afresh.
    func fail(
        _ target: String, _ kind: BuildEvent.WorkKind, _ problem: any Problem, attempts: Int,
        isQuarantined: Bool,
        subject: String
    ) {
        let record = FailureRecord(
            target: target, category: problem.category, message: problem.summary, attempts: attempts,
            isQuarantined: isQuarantined, subject: subject, lastAttempt: timestampText())
        knowledge.withLock { known in
            known.failures[target] = record
            known.report.failures.append(
                BuildReport.Failure(
                    target: target, category: problem.category, message: problem.summary, attempts: attempts))
        }
        recorder.enqueue([.failure(record)])
        observer.observe(
            .failed(
                target: target, kind: kind, category: problem.category, message: problem.description,
                attempts: attempts))
    }

    /// Paths that two rules claim have failed before anything ran.
    private func countFailuresOfTheGraph() {
        for conflict in graph.conflicts {
            knowledge.withLock { known in
                known.report.failed += 1
                known.report.failures.append(
                    BuildReport.Failure(
                        target: conflict.output, category: .recipe, message: conflict.message, attempts: 0))
            }
            observer.observe(
                .failed(
                    target: conflict.output, kind: .build, category: .recipe, message: conflict.message,
                    attempts: 0))
        }
    }

    // MARK: bookkeeping

    /// Files that were touched, moved or copied and hold what they held: their new stamps save the next hash.
    private func recordMovedStamps() {
        let now = Stamp.now()
        var changes = [StateChange]()
        for raw in plan.raws.values where raw.needsStamp {
            guard var record = raw.record else { continue }
            record.stamp = record.stamp.trusted(observedAt: now)
            changes.append(.raw(record))
        }
        for moved in plan.movedOutputs {
            let stamp = moved.stamp.trusted(observedAt: now)
            changes.append(.actionStamp(output: moved.output, stamp))
            knowledge.withLock { $0.actions[moved.output]?.stamp = stamp }
        }
        recorder.enqueue(changes)
    }

    private func runRecord(finished report: BuildReport?) -> RunRecord {
        Building.runRecord(of: identifier, request: request, startedAt: startedAt, finished: report)
    }

    /// Outputs are trusted by their stamps. One written again within the same tick of the file clock would look the same, so the
    /// run ends only when the tick in which the last one was published is over.
    ///
    /// - Parameter lastPublished: time of the file clock when nothing was left to publish.
    private func waitForTick(after lastPublished: Int64) {
        guard knowledge.withLock({ !$0.wasBuilt.isEmpty || $0.report.fetched.objects > 0 }) else { return }
        // Not `Task.sleep`, which a cancelled run would not wait for.
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
