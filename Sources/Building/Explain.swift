import Graph
package import Listing
import Planning
import Problems

/// Says of each target whether it is stale, and names every component that differs. Builds nothing.
///
/// Looks at the sources of just these targets first (`refresh`), so that what changed upstream a minute ago counts.
/// - Parameter walksToRoots: replaces reasons that only say "an input is stale" by that input's own reasons.
package func explain(
    _ targets: [String], in workspace: Workspace, refresh: RefreshMode, walksToRoots: Bool,
    observer: some BuildObserver
) async throws -> [WhyReport] {
    if refresh == .none, targets.count == 1,
        let view = try ProjectView(workspace, output: targets[0], observer: observer)
    {
        return try explain(targets, in: view, walksToRoots: walksToRoots)
    }
    let view = try await ProjectView(
        workspace, refresh: refresh, only: SelectionRequest(patterns: targets), observer: observer)
    return try explain(targets, in: view, walksToRoots: walksToRoots)
}

private func explain(
    _ targets: [String], in view: ProjectView, walksToRoots: Bool
) throws -> [WhyReport] {
    var reports = [WhyReport]()
    for target in targets {
        let selection = try select(
            SelectionRequest(patterns: [target]), in: view.project, graph: view.graph,
            recorded: Array(view.records.actions.keys))
        let plan = view.plan(selection)
        for step in plan.steps where step.isSelected {
            reports.append(report(on: step, plan: plan, view: view, walksToRoots: walksToRoots))
        }
        for index in selection.raws { reports.append(report(onRaw: index, plan: plan, view: view)) }
        if selection.actions.isEmpty && selection.raws.isEmpty {
            // Recorded once, and made by no rule or listing now.
            let matcher = Matcher(target, project: view.project)
            for name in view.records.actions.keys.sorted() where matcher.matches(name: name) {
                let reason = Reason(.upstreamGone, component: "rule", was: view.records.actions[name]?.rule)
                reports.append(WhyReport(target: name, state: "stale", reasons: [reason]))
            }
        }
    }
    return reports
}

/// Groups all stale targets that the patterns pick by what made them stale, largest group first.
package func summarizeCauses(
    of patterns: [String], in workspace: Workspace, refresh: RefreshMode, observer: some BuildObserver
) async throws -> [CauseSummary] {
    let view = try await ProjectView(
        workspace, refresh: refresh, only: SelectionRequest(patterns: patterns), observer: observer)
    let selection = try select(
        SelectionRequest(patterns: patterns), in: view.project, graph: view.graph,
        recorded: Array(view.records.actions.keys))
    let plan = view.plan(selection)
    var groups = [String: CauseSummary]()
    for step in plan.steps where step.isSelected && step.verdict != .fresh {
        guard let first = step.verdict.reasons.first else { continue }
        let output = view.graph.actions[step.action].output
        var group =
            groups["\(first.kind) \(first.component)"]
            ?? CauseSummary(kind: first.kind, component: first.component, targets: 0, example: output)
        group.targets += 1
        groups["\(first.kind) \(first.component)"] = group
    }
    return groups.values.sorted {
        ($1.targets, $0.kind.rawValue, $0.component) < ($0.targets, $1.kind.rawValue, $1.component)
    }
}

private func report(on step: Plan.Step, plan: Plan, view: ProjectView, walksToRoots: Bool) -> WhyReport {
    let action = view.graph.actions[step.action]
    var reasons = step.verdict.reasons
    if walksToRoots { reasons = rootReasons(of: step, plan: plan, view: view) }
    return WhyReport(
        target: action.output, state: targetState(of: step, in: view), reasons: reasons)
}

/// Follows stale inputs to the actions that make them, down to reasons of the world outside.
private func rootReasons(of step: Plan.Step, plan: Plan, view: ProjectView) -> [Reason] {
    var seen = Set<Int>()
    var found = [Reason]()
    func walk(_ step: Plan.Step) {
        guard seen.insert(step.action).inserted else { return }
        for reason in step.verdict.reasons {
            if reason.kind == .inputStale, let input = reason.input,
                let index = view.graph.actionIndex[input],
                let producer = plan.steps.first(where: { $0.action == index })
            {
                walk(producer)
            } else if !found.contains(reason) {
                found.append(reason)
            }
        }
    }
    walk(step)
    return found
}

private func report(onRaw index: Int, plan: Plan, view: ProjectView) -> WhyReport {
    let raw = view.graph.raws[index]
    let state = plan.raws[index]
    return WhyReport(
        target: raw.isRemote ? raw.path : raw.name, state: rawState(state, in: view, name: raw.name),
        reasons: state?.reason.map { [$0] } ?? [])
}

/// A partition's state, in the words of the JSON contract.
func targetState(of step: Plan.Step, in view: ProjectView) -> String {
    let output = view.graph.actions[step.action].output
    if step.verdict == .fresh { return "fresh" }
    if let failure = view.records.failures[output] { return failure.isQuarantined ? "quarantined" : "failed" }
    for input in view.graph.actions[step.action].inputs {
        if let failure = view.records.failures[input.name], failure.isQuarantined { return "quarantined" }
    }
    let isMissing = step.verdict.reasons.contains { $0.kind == .neverBuilt || $0.kind == .outputMissing }
    return isMissing ? "missing" : "stale"
}

/// A raw's state, in the same words.
func rawState(_ state: RawState?, in view: ProjectView, name: String) -> String {
    guard let state, state.work != .none else { return "fresh" }
    if let failure = view.records.failures[name] { return failure.isQuarantined ? "quarantined" : "failed" }
    let kind = state.reason?.kind
    return kind == .upstreamNew || kind == .outputMissing ? "missing" : "stale"
}
