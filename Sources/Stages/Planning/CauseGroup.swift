import Bytes
package import Graph

/// All selected stale targets of one root cause.
package struct CauseGroup: Sendable {
    package var cause: RootCause
    package var targetCount = 0
    /// Of them, those that are stale only through an input that is.
    package var downstreamCount = 0
    /// Of them, those that may turn out unchanged once their inputs are here.
    package var undecidedCount = 0
    /// The first.
    package var example: ActionID
    /// Bytes of all they read, a file counted once for each that reads it.
    package var inputByteCount = 0
    /// What must be downloaded for them, and was not counted in a group before.
    package var fetchCount = 0
    package var fetchByteCount = 0
    package var cost = Cost()
    /// Recipes that such targets are recorded with, where they differ: places in `ActionTable.recipes`.
    package var recordedRecipes: Set<Int32> = []

    /// How the recipe's fields differ from those that targets of this group are recorded with, a reason a field.
    package func recipeDifferences(in plan: Plan) -> [Reason] {
        let now = plan.recipes[cause.rule]
        var reasons = [Reason]()
        for place in recordedRecipes.sorted() {
            let was = plan.request.records.actions.recipes[Int(place)]
            for reason in recipeReasons(was: was, now: now) where !reasons.contains(reason) {
                reasons.append(reason)
            }
        }
        return reasons
    }
}

extension Plan {
    /// Every root cause, that of most targets first.
    package func causeGroups(_ costs: CostModel) -> [CauseGroup] {
        var groups = [CauseGroup]()
        // Few causes, very many steps: place of each cause's group, by rule and kind.
        var places = [[Int]](
            repeating: Array(repeating: -1, count: ReasonKind.allCases.count),
            count: graph.project.rules.count)
        var isFetched = [Bool](repeating: false, count: graph.rawCount)
        for (step, cause) in zip(steps, rootCauses) where step.isSelected {
            guard let cause else { continue }
            let kind = RootCause.order.firstIndex(of: cause.kind) ?? 0
            if places[cause.rule][kind] < 0 {
                places[cause.rule][kind] = groups.count
                groups.append(CauseGroup(cause: cause, example: step.action))
            }
            groups[places[cause.rule][kind]].add(step, plan: self, costs: costs, isFetched: &isFetched)
        }
        return groups.sorted { a, b in
            if a.targetCount != b.targetCount { return a.targetCount > b.targetCount }
            return a.cause.name(in: graph.project) < b.cause.name(in: graph.project)
        }
    }
}

extension CauseGroup {
    fileprivate mutating func add(_ step: Plan.Step, plan: Plan, costs: CostModel, isFetched: inout [Bool]) {
        targetCount += 1
        if step.state == .undecided { undecidedCount += 1 }
        if step.firstCause == .inputStale { downstreamCount += 1 }
        for place in plan.graph.inputPlaces(of: step.action) {
            let input = plan.graph.input(at: place)
            inputByteCount += plan.byteCount(of: input)
            guard let raw = input.raw, plan.work(of: raw) == .fetch, !isFetched[raw.index] else { continue }
            isFetched[raw.index] = true
            fetchCount += 1
            fetchByteCount += plan.byteCount(of: raw)
        }
        cost.add(costs.cost(of: step.action, in: plan))
        if cause.kind == .recipeChanged, plan.graph.rule(of: step.action) == cause.rule,
            let facts = plan.facts(of: step.action)
        {
            recordedRecipes.insert(facts.recipe)
        }
    }
}
