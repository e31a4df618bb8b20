import Graph
import Listing
import Planning
import Problems

/// What `build` would do, in figures: JSON.
package struct PlanSummary: Hashable, Sendable, Codable {
    package struct RuleCount: Hashable, Sendable, Codable {
        package var rule: String
        /// Selected partitions that are stale, and of them those that may turn out unchanged.
        package var targets: Int
        package var undecided: Int
    }
    package struct Disk: Hashable, Sendable, Codable {
        /// Bytes of downloads, of outputs that are not there yet, and of those being written at one time.
        package var needed: Int
        /// What a build may use: less than the file system has by a reserve. Null where the system does not say.
        package var free: Int?
    }

    package var considered: Int
    package var fresh: Int
    package var stale: Int
    package var undecided: Int
    /// Stale targets that a budget leaves for later.
    package var left: Int
    package var rules: [RuleCount]
    package var causes: [CauseSummary]
    package var fetch: BuildReport.Fetched
    package var disk: Disk
    package var time: PredictedTime
    /// Sources of which something could not be listed.
    package var problems: [String]
    /// Where the plan was saved.
    package var saved: String?
}

/// Plans what `build` with the same request would do, and saves the plan where that is asked for. Builds nothing.
///
/// - Parameter path: where to save it, absolute; nil for nowhere.
package func summarizePlan(
    _ request: BuildRequest, savingTo path: String?, in workspace: Workspace, observer: some BuildObserver
) async throws -> PlanSummary {
    let refresh: RefreshMode = request.isOffline ? .none : request.refresh
    let view = try await ProjectView(
        workspace, refresh: refresh, only: request.selection, observer: observer)
    let whole = view.plan(try view.select(request.selection))
    let workers = request.workers ?? view.workerCount
    let (plan, leftCount) = try whole.part(for: request, state: view.state, workers: workers)
    let forecast = Forecast(plan, fetchRates: try pastFetchRates(view.state), workers: workers)
    let counts = plan.counts
    var cost = Cost()
    var rules = view.project.rules.map {
        PlanSummary.RuleCount(rule: $0.name, targets: 0, undecided: 0)
    }
    var newByteCount = 0
    var largest = 0
    for step in plan.steps where step.state != .fresh {
        let own = forecast.costs.cost(of: step.action, in: plan)
        cost.add(own)
        largest = max(largest, own.outputByteCount)
        if plan.facts(of: step.action) == nil { newByteCount += own.outputByteCount }
        let rule = plan.graph.rule(of: step.action)
        guard step.isSelected else { continue }
        rules[rule].targets += 1
        if step.state == .undecided { rules[rule].undecided += 1 }
    }
    var summary = PlanSummary(
        considered: counts.considered + leftCount, fresh: counts.fresh, stale: counts.stale,
        undecided: counts.undecided, left: leftCount,
        rules: rules.filter { $0.targets > 0 },
        causes: plan.causeGroups(forecast.costs).map { CauseSummary($0, plan: plan, forecast: forecast) },
        fetch: BuildReport.Fetched(objects: counts.fetchCount, bytes: counts.fetchByteCount),
        disk: PlanSummary.Disk(
            needed: counts.fetchByteCount + newByteCount + workers * largest,
            free: MachineLimits.freeDiskByteCount(at: workspace.root)),
        time: forecast.time(of: cost, fetching: counts.fetchByteCount),
        problems: view.problems.map(\.summary))
    if let path {
        try SavedPlan(plan, selection: request.selection, toolVersion: request.toolVersion).write(to: path)
        summary.saved = path
    }
    return summary
}
