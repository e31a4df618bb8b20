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
    let project = try loadProject(workspace)

    // One build at a time. A dry run reads along with whoever builds.
    let lock =
        request.isDryRun
        ? nil : try ProjectLock(workspace, waits: request.waitsForLock, observer: observer)
    defer { withExtendedLifetime(lock) {} }
    let state = try openState(workspace, access: request.isDryRun ? .reader : .writer, observer: observer)
    let journal =
        try request.isDryRun
        ? nil : InFlightJournal(path: workspace.journalPath, root: workspace.root)
    _ = try journal?.sweep()

    // What is out there, and what that makes of the rules.
    var survey = Survey(
        workspace: workspace, project: project, state: state, records: !request.isDryRun, observer: observer)
    let offerings = try await survey.offerings(
        scope: ListingScope(project: project, request: request.selection),
        refresh: request.isOffline ? .none : request.refresh, connections: request.connections)
    let graph = expand(project, offerings: offerings, mirrorPath: survey.mirrorPath)

    // What of it is stale, and why.
    var records = try loadRecords(state)
    let selection = try select(
        request.selection, in: project, graph: graph, recorded: Array(records.actions.keys))
    let forgotten = request.forgetsRecords ? Set(selection.actions.map { graph.actions[$0].output }) : []
    let refetched = request.refetches ? rawNames(of: selection, in: graph) : []
    if request.forgetsRecords && !request.isDryRun {
        try state.record(forgotten.sorted().map { .forgetAction(output: $0) })
        for output in forgotten { records.failures[output] = nil }
    }
    let plan = plan(
        PlanRequest(
            selection: selection, writer: writerVersion(for:), forced: forgotten, refetched: refetched),
        graph: graph, records: records, files: DiskFiles(workspace: workspace))
    let counts = plan.counts(in: graph)
    observer.observe(.planned(counts))

    var report = BuildReport(run: newRunIdentifier())
    report.considered = counts.considered
    for problem in survey.problems {
        report.failures.append(
            BuildReport.Failure(
                target: "\(problem.source):\(problem.prefix)", category: problem.category,
                message: problem.summary,
                attempts: 1))
    }
    guard let journal else {
        report.describe(plan, in: graph)
        report.seconds = secondsSince(started)
        return report
    }

    // Do it.
    let run = try BuildRun(
        identifier: report.run, request: request, workspace: workspace, project: project, graph: graph,
        plan: plan,
        records: records, state: state, journal: journal, observer: observer)
    report = try await run.execute(report)
    report.seconds = secondsSince(started)
    return report
}

/// Wall time, to the microsecond.
private func secondsSince(_ start: ContinuousClock.Instant) -> Double {
    let elapsed = start.duration(to: .now).components
    let microseconds = elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
    return Double(microseconds) / 1e6
}
