import Graph
import Planning

extension Plan {
    /// How much there is to do.
    func counts(in graph: BuildGraph) -> PlanCounts {
        var counts = PlanCounts()
        for step in steps where step.isSelected {
            counts.considered += 1
            switch step.verdict {
            case .fresh: counts.fresh += 1
            case .stale: counts.stale += 1
            case .undecided: counts.undecided += 1
            }
        }
        let fetches = fetches
        counts.fetchCount = fetches.count
        counts.fetchByteCount = fetches.reduce(0) { $0 + graph.raws[$1].object.byteCount }
        return counts
    }
}

extension BuildReport {
    /// Fills in what a dry run shows: each target that would be fetched or built, with its reasons.
    mutating func describe(_ plan: Plan, in graph: BuildGraph) {
        fresh = plan.steps.count { $0.isSelected && $0.verdict == .fresh }
        self.plan = plan.steps.compactMap { step in
            let target = graph.actions[step.action].output
            return switch step.verdict {
            case .fresh: nil
            case .stale(let reasons): Planned(target: target, state: "stale", reasons: reasons)
            case .undecided(let reasons): Planned(target: target, state: "undecided", reasons: reasons)
            }
        }
        fetches = plan.fetches.map { index in
            Planned(
                target: graph.raws[index].name, state: "stale",
                reasons: plan.raws[index]?.reason.map { [$0] } ?? [])
        }
    }
}

/// Names of everything from outside that the selected actions read, or that was picked itself.
func rawNames(of selection: Selection, in graph: BuildGraph) -> Set<String> {
    var names = Set(selection.raws.map { graph.raws[$0].name })
    for index in selection.actions {
        for input in graph.actions[index].inputs where graph.rawIndex[input.name] != nil {
            names.insert(input.name)
        }
    }
    return names
}
