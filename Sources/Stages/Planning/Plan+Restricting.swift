package import Graph

extension Plan {
    /// The part of this plan that runs some of its stale steps, the stale ones that make their inputs, and the downloads these
    /// need.
    ///
    /// - Parameters:
    ///   - keepsFresh: whether steps that are fresh stay in the plan.
    ///   - keepsFetch: whether a download stays that none of the kept steps waits for, as one that replaces a lost copy.
    ///   - isKept: whether a step, by its place, is wanted for its own sake.
    package func restricted(
        keepsFresh: Bool, keepsFetch: (RawID) -> Bool = { _ in false }, isKept: (Int) -> Bool
    ) -> Plan {
        var isNeeded = [Bool](repeating: false, count: graph.actionCount)
        var kept = [Step]()
        for place in steps.indices.reversed() {
            var step = steps[place]
            let isWanted = step.isSelected && step.state != .fresh && isKept(place)
            if step.state == .fresh {
                if keepsFresh { kept.append(step) }
                continue
            }
            guard isWanted || isNeeded[step.action.index] else { continue }
            step.isSelected = isWanted
            kept.append(step)
            for input in graph.inputPlaces(of: step.action) {
                if let producer = graph.input(at: input).action { isNeeded[producer.index] = true }
            }
        }
        var plan = self
        plan.steps = kept.reversed()
        var isRead = [Bool](repeating: false, count: graph.rawCount)
        for step in plan.steps where step.state != .fresh {
            for place in graph.inputPlaces(of: step.action) {
                if let raw = graph.input(at: place).raw { isRead[raw.index] = true }
            }
        }
        for index in findings.indices
        where !isRead[index] && findings[index].work != .none && !keepsFetch(RawID(index)) {
            plan.findings[index] = .notInspected
        }
        return plan
    }
}
