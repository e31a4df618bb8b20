package import Graph
package import Listing
package import Planning

/// Groups all stale targets that the patterns pick by what made them stale, largest group first.
///
/// Looks at no file whose state changes no verdict, so a local copy that is gone is not among the downloads it counts.
package func summarizeCauses(
    of request: SelectionRequest, in workspace: Workspace, refresh: RefreshMode, observer: some BuildObserver
) async throws -> [CauseSummary] {
    let view = try await ProjectView(workspace, refresh: refresh, only: request, observer: observer)
    let plan = view.plan(try view.select(request), looksAtAllFiles: false)
    let forecast = Forecast(plan, fetchRates: try pastFetchRates(view.state), workers: view.workerCount)
    return plan.causeGroups(forecast.costs).map { CauseSummary($0, plan: plan, forecast: forecast) }
}

/// One group of `why --summary` and of `plan`: JSON.
package struct CauseSummary: Hashable, Sendable, Codable {
    /// How a field of the recipe differs from what such targets were made with.
    package struct Change: Hashable, Sendable, Codable {
        package var component: String
        package var was: String?
        package var now: String?
    }

    /// As `build --cause` takes it.
    package var cause: String
    package var kind: ReasonKind
    package var rule: String
    package var targets: Int
    /// Of them, those that are stale only through an input that is.
    package var downstream: Int
    /// Of them, those that may turn out unchanged.
    package var undecided: Int
    /// Of all they read.
    package var bytes: Int
    package var fetch: BuildReport.Fetched
    package var time: PredictedTime
    package var example: String
    package var changes: [Change]
    /// Builds just these targets.
    package var command: String

    init(_ group: CauseGroup, plan: Plan, forecast: Forecast) {
        cause = group.cause.name(in: plan.graph.project)
        kind = group.cause.kind
        rule = plan.graph.project.rules[group.cause.rule].name
        targets = group.targetCount
        downstream = group.downstreamCount
        undecided = group.undecidedCount
        bytes = group.inputByteCount
        fetch = BuildReport.Fetched(objects: group.fetchCount, bytes: group.fetchByteCount)
        time = forecast.time(of: group.cost, fetching: group.fetchByteCount)
        example = plan.graph.output(of: group.example)
        changes = group.recipeDifferences(in: plan).map {
            Change(component: $0.component, was: $0.was, now: $0.now)
        }
        command = "datamake build --cause \(cause)"
    }
}
