import Bytes
import Graph
import Listing
package import Planning
import Problems

/// Lists partitions and raw files that the patterns pick, with their states. Reads records and stamps only.
package func inventory(
    of request: SelectionRequest, in workspace: Workspace, observer: some BuildObserver
) async throws -> [TargetListing] {
    let view = try await ProjectView(workspace, refresh: .none, only: request, observer: observer)
    let selection = try select(
        request, in: view.project, graph: view.graph, recorded: Array(view.records.actions.keys))
    var raws = selection.raws
    if request.patterns.isEmpty && request.excluded.isEmpty && request.narrowing.isEmpty {
        raws = Array(view.graph.raws.indices)
    }
    let plan = view.plan(
        Selection(actions: selection.actions, raws: raws, isEverything: selection.isEverything))
    var listings = [TargetListing]()
    for index in raws {
        let raw = view.graph.raws[index]
        let record = view.records.raws[raw.name]
        listings.append(
            TargetListing(
                target: raw.isRemote ? raw.path : raw.name, kind: raw.isRemote ? "raw" : "remote", rule: nil,
                state: rawState(plan.raws[index], in: view, name: raw.name),
                bytes: record?.content.byteCount ?? raw.object.byteCount, rows: nil,
                xxh3_128: record?.content.xxh3.description, sha256: record?.content.sha256.description))
    }
    for step in plan.steps where step.isSelected {
        let action = view.graph.actions[step.action]
        let record = view.records.actions[action.output]
        listings.append(
            TargetListing(
                target: action.output, kind: "partition", rule: action.rule,
                state: targetState(of: step, in: view), bytes: record?.content.byteCount,
                rows: record?.statistics == nil ? nil : record?.rowCount,
                xxh3_128: record?.content.xxh3.description, sha256: record?.content.sha256.description))
    }
    return listings
}

/// One line of `status`.
package struct RuleStatus: Hashable, Sendable, Codable {
    package var rule: String
    /// How many targets are in each state.
    package var states: [String: Int]
    package var rows: Int
    package var bytes: Int
}

/// Counts the partitions that the patterns pick by rule and state, and raw files under the name `raw`.
package func statusByRule(
    of request: SelectionRequest, in workspace: Workspace, observer: some BuildObserver
) async throws -> [RuleStatus] {
    var rows = [RuleStatus]()
    var index = [String: Int]()
    for listing in try await inventory(of: request, in: workspace, observer: observer) {
        let name = listing.rule ?? listing.kind
        if index[name] == nil {
            index[name] = rows.count
            rows.append(RuleStatus(rule: name, states: [:], rows: 0, bytes: 0))
        }
        rows[index[name]!].states[listing.state, default: 0] += 1
        rows[index[name]!].rows += listing.rows ?? 0
        rows[index[name]!].bytes += listing.bytes ?? 0
    }
    return rows
}
