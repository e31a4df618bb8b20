import Graph
import Planning
import Recording

extension Plan {
    /// How much there is to do.
    var counts: PlanCounts {
        var counts = PlanCounts()
        for step in steps where step.isSelected {
            counts.considered += 1
            switch step.state {
            case .fresh: counts.fresh += 1
            case .stale: counts.stale += 1
            case .undecided: counts.undecided += 1
            }
        }
        for raw in fetches {
            counts.fetchCount += 1
            counts.fetchByteCount += byteCount(of: raw)
        }
        return counts
    }

    /// Whether all of it is as the records say, with nothing to write down either.
    var isSettled: Bool {
        graph.conflicts.isEmpty && steps.allSatisfy { $0.state == .fresh } && !tookHashing
            && findings.allSatisfy { $0 == .current || $0 == .notInspected }
    }
}

extension Plan {
    /// The part of this plan that a request asks for by a saved plan, a cause or a budget.
    ///
    /// - Returns: the part, and how many stale targets a budget leaves for later.
    func part(
        for request: BuildRequest, state: StateStore, workers: Int
    ) throws -> (plan: Plan, leftCount: Int) {
        var plan = self
        if let saved = request.savedPlan { plan = try saved.part(of: plan) }
        if let name = request.cause {
            let cause = try RootCause(name, in: graph.project)
            let causes = plan.rootCauses
            plan = plan.restricted(keepsFresh: false) { causes[$0] == cause }
        }
        guard let budget = request.budget else { return (plan, 0) }
        return try plan.within(
            budget, Forecast(plan, fetchRates: try pastFetchRates(state), workers: workers))
    }
}

extension BuildReport {
    /// Fills in what a dry run shows: each target that would be fetched or built, with its reasons.
    mutating func describe(_ plan: Plan, files: DiskFiles) throws {
        fresh = plan.steps.count { $0.isSelected && $0.state == .fresh }
        self.plan = try plan.steps.compactMap { step in
            let target = plan.graph.output(of: step.action)
            return switch try plan.verdict(of: step, files: files) {
            case .fresh: nil
            case .stale(let reasons): Planned(target: target, state: "stale", reasons: reasons)
            case .undecided(let reasons): Planned(target: target, state: "undecided", reasons: reasons)
            }
        }
        fetches = try plan.fetches.map { raw in
            Planned(
                target: plan.graph.name(of: raw), state: "stale",
                reasons: try plan.state(of: raw).reason.map { [$0] } ?? [])
        }
    }
}

/// Everything from outside that the selected actions read, or that was picked itself.
func raws(of selection: Selection, in graph: BuildGraph) -> Set<RawID> {
    var raws = Set(selection.raws)
    for action in selection.actions {
        for place in graph.inputPlaces(of: action) {
            if let raw = graph.input(at: place).raw { raws.insert(raw) }
        }
    }
    return raws
}
