import Bytes
import Graph
import Listing
package import Planning
import Problems
import Recording

/// Hands over partitions and raw files that the patterns pick, with their states, one after the other. Reads records and stamps
/// only.
package func inventory(
    of request: SelectionRequest, in workspace: Workspace, observer: some BuildObserver,
    _ body: (TargetListing) throws -> Void
) async throws {
    let view = try await ProjectView(workspace, refresh: .none, only: request, observer: observer)
    let plan = try inventoryPlan(of: request, view: view)
    let graph = plan.graph
    try forEachPart(of: plan.request.selection.raws) { raws in
        let nodes = raws.map { graph[$0] }
        let isRecorded = raws.map { plan.facts(of: $0) != nil }
        var records = try view.state.rawRecords(
            of: zip(nodes, isRecorded).filter(\.1).map { ($0.0.source, $0.0.object.key) }
        ).makeIterator()
        for (raw, (node, isRecorded)) in zip(raws, zip(nodes, isRecorded)) {
            let record = isRecorded ? records.next() ?? nil : nil
            try body(
                TargetListing(
                    target: node.isRemote ? node.path : node.name, kind: node.isRemote ? "raw" : "remote",
                    rule: nil, state: rawState(raw, name: node.name, in: plan),
                    bytes: record?.content.byteCount ?? node.object.byteCount, rows: nil,
                    xxh3_128: record?.content.xxh3.description, sha256: record?.content.sha256.description))
        }
    }
    try forEachPart(of: plan.steps.filter(\.isSelected)) { steps in
        let outputs = steps.map { graph.output(of: $0.action) }
        let isRecorded = steps.map { plan.facts(of: $0.action) != nil }
        var records = try view.state.actionRecords(of: zip(outputs, isRecorded).filter(\.1).map(\.0))
            .makeIterator()
        for (step, (output, isRecorded)) in zip(steps, zip(outputs, isRecorded)) {
            let record = isRecorded ? records.next() ?? nil : nil
            try body(
                TargetListing(
                    target: output, kind: "partition",
                    rule: view.project.rules[graph.rule(of: step.action)].name,
                    state: targetState(of: step, in: plan), bytes: record?.content.byteCount,
                    rows: record?.statistics == nil ? nil : record?.rowCount,
                    xxh3_128: record?.content.xxh3.description, sha256: record?.content.sha256.description))
        }
    }
}

/// As many are looked up at a time.
private let inventoryPartCount = 1_024

private func forEachPart<T>(of items: [T], _ body: (ArraySlice<T>) throws -> Void) rethrows {
    for start in stride(from: 0, to: items.count, by: inventoryPartCount) {
        try body(items[start..<min(start + inventoryPartCount, items.count)])
    }
}

/// The plan for what patterns pick; with no pattern for all files from outside, too.
private func inventoryPlan(of request: SelectionRequest, view: ProjectView) throws -> Plan {
    var selection = try view.select(request)
    if selection.isEverything { selection.raws = Array(view.graph.rawIDs) }
    return view.plan(selection)
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
    let view = try await ProjectView(workspace, refresh: .none, only: request, observer: observer)
    let plan = try inventoryPlan(of: request, view: view)
    var rows = [RuleStatus]()
    var places = [String: Int]()
    func add(_ name: String, state: String, rowCount: Int, byteCount: Int) {
        let place = places[name] ?? rows.count
        if place == rows.count {
            rows.append(RuleStatus(rule: name, states: [:], rows: 0, bytes: 0))
            places[name] = place
        }
        rows[place].states[state, default: 0] += 1
        rows[place].rows += rowCount
        rows[place].bytes += byteCount
    }
    for raw in plan.request.selection.raws {
        add(
            plan.graph.isRemote(raw) ? "raw" : "remote",
            state: rawState(raw, name: plan.graph.name(of: raw), in: plan), rowCount: 0,
            byteCount: plan.facts(of: raw)?.byteCount ?? plan.byteCount(of: raw))
    }
    for step in plan.steps where step.isSelected {
        let facts = plan.facts(of: step.action)
        add(
            view.project.rules[plan.graph.rule(of: step.action)].name, state: targetState(of: step, in: plan),
            rowCount: facts?.hasRows == true ? facts?.rowCount ?? 0 : 0, byteCount: facts?.byteCount ?? 0)
    }
    return rows
}
