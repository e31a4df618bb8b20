import Bytes
import DatafileLoading
import Files
import Graph
import Listing
import Planning
import Problems
import Publishing
import Recording

/// The whole build: Datafile -> rules -> listing -> graph -> plan -> schedule -> fetch -> clean -> publish -> record.
///
/// Throws only when nothing could start or the state could not be written; targets that fail are in the report.
package func build(
    _ request: BuildRequest, in workspace: Workspace, observer: some BuildObserver
) async throws -> BuildReport {
    let started = ContinuousClock.now
    let observer = ListingWatch(observer)
    // Where there are no records yet, room for them is made while the Datafile is read.
    let newDatabase =
        request.isDryRun || StateStore.isThere(in: workspace.stateDirectory)
        ? nil : Task.detached { StateStore.makeDatabase() }
    let loaded = try loadProject(workspace)
    let project = loaded.project

    // One build at a time. A dry run reads along with whoever builds.
    let lock =
        request.isDryRun
        ? nil : try ProjectLock(workspace, waits: request.waitsForLock, observer: observer)
    defer { withExtendedLifetime(lock) {} }
    let journal =
        try request.isDryRun
        ? nil : InFlightJournal(path: workspace.journalPath, root: workspace.root)
    _ = try journal?.sweep()
    let scope = ListingScope(project: project, request: request.selection)
    func listDirectories() -> DirectoryListings { DirectoryListings(project, scope: scope, in: workspace) }
    // Where nothing was settled, they will be asked for.
    let early = SettledPlan.isKept(workspace) ? nil : listDirectories()
    let state = try openState(
        workspace, access: request.isDryRun ? .reader : .writer, newDatabase: await newDatabase?.value,
        observer: observer)

    // What was settled before, if all is as it was then.
    let refresh = request.isOffline ? .none : request.refresh
    func settledKey() throws -> XXH3Digest? {
        guard request.canBeSettled else { return nil }
        return SettledPlan.key(
            of: loaded, in: workspace, generation: try state.generation(), toolVersion: request.toolVersion)
    }
    let asksNobody = refresh == .none || !scope.asksServers(of: project)
    let settledBefore = try settledKey().flatMap { SettledPlan(workspace, key: $0) }
    if asksNobody, let settledBefore, settledBefore.holds,
        let report = try settledReport(
            request, settledBefore, state: state, journal: journal, observer: observer, started: started)
    {
        return report
    }

    // What is out there, and what that makes of the rules.
    var survey = Survey(
        workspace: workspace, project: project, state: state, directories: early ?? listDirectories(),
        records: !request.isDryRun, observer: observer)
    // Whether the disk is as it was takes a look at every file: that goes on while the sources answer.
    let settledHolds = asksNobody ? nil : settledBefore.map { settled in Task.detached { settled.holds } }
    let offerings = try await survey.offerings(
        scope: scope, refresh: refresh, connections: request.connections)
    let key = try settledKey()
    var changed: (part: ChangedPart, rest: SettledPlan)?
    if let settledBefore, survey.problems.isEmpty {
        if survey.news.isEmpty {
            if await settledHolds?.value == true,
                let report = try settledReport(
                    request, settledBefore, state: state, journal: journal, observer: observer,
                    started: started)
            {
                return report
            }
        } else if let part = ChangedPart(of: project, news: survey.news, snapshots: survey.snapshots),
            await settledHolds?.value == true
        {
            changed = (part, settledBefore)
        }
    }
    let graph: BuildGraph
    let records: RecordTable
    if let part = changed?.part {
        graph = part.graph
        records = try loadRecords(state, of: graph)
    } else {
        (graph, records) = try await expandAndLoad(
            project, offerings: offerings, state: state,
            actions: ActionLoading(state, workspace: workspace))
    }

    // What of it is stale, and why.
    let selection =
        try changed?.part.selection
        ?? select(request.selection, in: project, graph: graph, recorded: records.actions.outputs)
    var planRequest = PlanRequest(
        selection: selection, writer: writerVersion(for:), records: records,
        lookup: StateRecords(state: state))
    if request.forgetsRecords {
        planRequest.forced = Set(selection.actions)
        for action in selection.actions { planRequest.records.failures[graph.output(of: action)] = nil }
        if !request.isDryRun {
            try state.record(selection.actions.map { .forgetAction(output: graph.output(of: $0)) })
        }
    }
    if request.refetches { planRequest.refetched = raws(of: selection, in: graph) }
    let files = DiskFiles(workspace: workspace)
    let (plan, leftCount) = try plan(planRequest, graph: graph, files: files).part(
        for: request, state: state,
        workers: request.workers ?? project.settings.jobs ?? processorCount())
    var counts = plan.counts
    let settledCount =
        changed.map { $0.rest.consideredCount + $0.part.addedCount - counts.considered } ?? 0
    counts.considered += settledCount
    counts.fresh += settledCount
    observer.observe(.planned(counts))

    var report = BuildReport(run: newRunIdentifier())
    report.considered = counts.considered + leftCount
    if request.budget != nil { report.left = leftCount }
    for problem in survey.problems {
        report.failures.append(
            BuildReport.Failure(
                target: "\(problem.source):\(problem.prefix)", category: problem.category,
                message: problem.summary,
                attempts: 1))
    }
    guard let journal else {
        try report.describe(plan, files: files)
        report.fresh += settledCount
        report.seconds = secondsSince(started)
        return report
    }

    // Do it.
    let run = try BuildRun(
        identifier: report.run, request: request, workspace: workspace, plan: plan, state: state,
        journal: journal, observer: observer, listings: observer, started: started)
    let mayBeSettled = key != nil && changed == nil && !plan.isSettled
    let generation: [UInt8]?
    let settledStamps: ChangedStamps?
    (report, generation, settledStamps) = try await run.execute(report) { [visits = survey.visits] report in
        guard mayBeSettled, report.failures.isEmpty, !run.hasAdded(to: visits) else { return nil }
        return plan.stampsWhenDone(after: run.changes, startedAt: observer.clock.startedAt * 1_000)
    }
    if report.failures.isEmpty, !Task.isCancelled {
        if let changed {
            try resettle(
                changed.part, besides: changed.rest, consideredCount: counts.considered, in: workspace,
                project: project, observer: observer
            ) { generation in
                SettledPlan.key(
                    of: loaded, in: workspace, generation: generation, toolVersion: request.toolVersion)
            }
        } else if let key, plan.isSettled {
            plan.settle(workspace, key: key, consideredCount: counts.considered, visits: survey.visits)
        } else if let settledStamps,
            let key = SettledPlan.key(
                of: loaded, in: workspace, generation: generation, toolVersion: request.toolVersion)
        {
            plan.settle(
                workspace, key: key, consideredCount: counts.considered, visits: survey.visits,
                changed: settledStamps)
        }
    }
    report.seconds = secondsSince(started)
    // Plan and records are many small pieces: whoever waits for the report need not wait until they are taken apart.
    Task.detached { [run] in withExtendedLifetime(run) {} }
    return report
}

/// The report of a build that has nothing to do, as was settled before and still holds; nil where it takes a plan to know.
private func settledReport(
    _ request: BuildRequest, _ settled: SettledPlan, state: StateStore, journal: InFlightJournal?,
    observer: some BuildObserver, started: ContinuousClock.Instant
) throws -> BuildReport? {
    // A run that was killed may have recorded outputs whose statistics it never wrote.
    if !request.isDryRun, let last = try state.runs().last, last.finishedAt == nil { return nil }
    var counts = PlanCounts()
    counts.considered = settled.consideredCount
    counts.fresh = settled.consideredCount
    observer.observe(.planned(counts))
    var report = BuildReport(run: newRunIdentifier())
    report.considered = settled.consideredCount
    report.fresh = settled.consideredCount
    guard let journal else {
        report.plan = []
        report.fetches = []
        report.seconds = secondsSince(started)
        return report
    }
    do {
        let startedAt = Stamp.now() / 1_000_000 - Int64(secondsSince(started) * 1_000)
        try state.finishRun(
            runRecord(of: report.run, request: request, startedAt: startedAt, finished: report))
        try state.close()
    } catch {
        throw BuildProblem.lostState("\(error)")
    }
    try? journal.clear()
    report.seconds = secondsSince(started)
    return report
}

/// Plans what was just built once more; where it is settled, so is all.
private func resettle(
    _ part: ChangedPart, besides rest: SettledPlan, consideredCount: Int, in workspace: Workspace,
    project: Project, observer: some BuildObserver, key: (_ generation: [UInt8]?) -> XXH3Digest?
) throws {
    let state = try openState(workspace, access: .reader, observer: observer)
    guard let key = key(try state.generation()) else { return }
    let request = PlanRequest(
        selection: part.selection, writer: writerVersion(for:),
        records: try loadRecords(state, of: part.graph), lookup: StateRecords(state: state))
    let plan = plan(request, graph: part.graph, files: DiskFiles(workspace: workspace))
    try state.close()
    guard plan.isSettled else { return }
    plan.settle(
        workspace, key: key, consideredCount: consideredCount, visits: DirectoryVisits(), besides: rest,
        replacing: part.paths.union(statisticsPaths(of: project).map { Array($0.utf8) }))
}

/// Wall time, to the microsecond.
private func secondsSince(_ start: ContinuousClock.Instant) -> Double {
    let elapsed = start.duration(to: .now).components
    let microseconds = elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
    return Double(microseconds) / 1e6
}
