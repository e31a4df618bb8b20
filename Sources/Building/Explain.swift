import Bytes
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
        let selection = try view.select(SelectionRequest(patterns: [target]))
        let plan = view.plan(selection)
        for step in plan.steps where step.isSelected {
            reports.append(try report(on: step, plan: plan, view: view, walksToRoots: walksToRoots))
        }
        for raw in selection.raws { reports.append(try report(on: raw, plan: plan, view: view)) }
        if selection.actions.isEmpty && selection.raws.isEmpty {
            // Recorded once, and made by no rule or listing now.
            let matcher = Matcher(target, project: view.project)
            let recorded = view.records.actions.outputs
            let names = (0..<recorded.count).map { recorded[$0] }.filter { matcher.matches(name: $0) }
            for name in names.sorted() {
                let rule = try view.lookup.actionRecord(output: name)?.rule
                let reason = Reason(.upstreamGone, component: "rule", was: rule)
                reports.append(
                    WhyReport(target: name, state: "stale", reasons: [reason], mayTurnOutUnchanged: false))
            }
        }
    }
    return reports
}

private func report(
    on step: Plan.Step, plan: Plan, view: ProjectView, walksToRoots: Bool
) throws -> WhyReport {
    let reasons =
        walksToRoots
        ? try rootReasons(of: step, plan: plan, view: view)
        : try plan.verdict(of: step, files: view.files).reasons
    return WhyReport(
        target: plan.graph.output(of: step.action), state: targetState(of: step, in: plan), reasons: reasons,
        mayTurnOutUnchanged: step.state == .undecided)
}

/// Follows stale inputs to the actions that make them, down to reasons of the world outside.
private func rootReasons(of step: Plan.Step, plan: Plan, view: ProjectView) throws -> [Reason] {
    var seen = Set<ActionID>()
    var found = [Reason]()
    func walk(_ step: Plan.Step) throws {
        guard seen.insert(step.action).inserted else { return }
        for reason in try plan.verdict(of: step, files: view.files).reasons {
            if reason.kind == .inputStale, let input = reason.input,
                let producer = plan.graph.action(making: input).flatMap({ plan.step(of: $0) })
            {
                try walk(producer)
            } else if !found.contains(reason) {
                found.append(reason)
            }
        }
    }
    try walk(step)
    return found
}

private func report(on raw: RawID, plan: Plan, view: ProjectView) throws -> WhyReport {
    let node = plan.graph[raw]
    return WhyReport(
        target: node.isRemote ? node.path : node.name, state: rawState(raw, name: node.name, in: plan),
        reasons: try plan.state(of: raw).reason.map { [$0] } ?? [], mayTurnOutUnchanged: false)
}

/// A partition's state, in the words of the JSON contract.
func targetState(of step: Plan.Step, in plan: Plan) -> String {
    if step.state == .fresh { return "fresh" }
    let failures = plan.request.records.failures
    if !failures.isEmpty {
        if let failure = failures[plan.graph.output(of: step.action)] {
            return failure.isQuarantined ? "quarantined" : "failed"
        }
        for place in plan.graph.inputPlaces(of: step.action) {
            let name = plan.graph.name(of: plan.graph.input(at: place))
            if let failure = failures[name], failure.isQuarantined { return "quarantined" }
        }
    }
    let isMissing = !step.causes.isDisjoint(with: [CauseSet(.neverBuilt), CauseSet(.outputMissing)])
    return isMissing ? "missing" : "stale"
}

/// A raw's state, in the same words.
func rawState(_ raw: RawID, name: @autoclosure () -> String, in plan: Plan) -> String {
    let finding = plan.findings[raw.index]
    if finding.work == .none { return "fresh" }
    let failures = plan.request.records.failures
    if !failures.isEmpty, let failure = failures[name()] {
        return failure.isQuarantined ? "quarantined" : "failed"
    }
    switch finding {
    case .new, .unhashed, .copyMissing: return "missing"
    default: return "stale"
    }
}
