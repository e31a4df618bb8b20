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
    ///
    /// - Parameter partCount: of how many steps a thread makes groups before they are put together.
    package func causeGroups(_ costs: CostModel, partCount: Int = 8_192) -> [CauseGroup] {
        let causes = rootCauses
        // Parts of the same length on all machines, put together in their order: sums of fractions are the same, too.
        let parts = inParts(of: steps.indices, partCount: partCount) { range in
            var grouping = CauseGrouping()
            for index in range where steps[index].isSelected {
                guard let cause = causes[index] else { continue }
                let place = grouping.place(of: cause, example: steps[index].action)
                grouping.groups[place].add(steps[index], plan: self, costs: costs)
            }
            return grouping
        }
        var grouping = CauseGrouping()
        for part in parts {
            for group in part.groups {
                grouping.groups[grouping.place(of: group.cause, example: group.example)].add(group)
            }
        }
        countFetches(of: causes, in: &grouping)
        return grouping.groups.sorted { a, b in
            if a.targetCount != b.targetCount { return a.targetCount > b.targetCount }
            return a.cause.name(in: graph.project) < b.cause.name(in: graph.project)
        }
    }

    /// Counts each download in the group of the first step that needs it.
    private func countFetches(of causes: [RootCause?], in grouping: inout CauseGrouping) {
        guard findings.contains(where: { $0.work == .fetch }) else { return }
        var isFetched = [Bool](repeating: false, count: graph.rawCount)
        for (step, cause) in zip(steps, causes) where step.isSelected {
            guard let cause else { continue }
            let group = grouping.place(of: cause, example: step.action)
            for place in graph.inputPlaces(of: step.action) {
                guard let raw = graph.input(at: place).raw, work(of: raw) == .fetch, !isFetched[raw.index]
                else { continue }
                isFetched[raw.index] = true
                grouping.groups[group].fetchCount += 1
                grouping.groups[group].fetchByteCount += byteCount(of: raw)
            }
        }
    }
}

/// Groups as steps are met, in the order of their first ones.
private struct CauseGrouping: Sendable {
    var groups: [CauseGroup] = []
    private var places: [RootCause: Int] = [:]
    // Neighbours mostly have the same cause.
    private var last: (cause: RootCause, place: Int)?

    /// The place of a cause's group, a new one where there is none.
    mutating func place(of cause: RootCause, example: @autoclosure () -> ActionID) -> Int {
        if let last, last.cause == cause { return last.place }
        let place = places[cause] ?? groups.count
        if place == groups.count {
            places[cause] = place
            groups.append(CauseGroup(cause: cause, example: example()))
        }
        last = (cause, place)
        return place
    }
}

extension CauseGroup {
    /// Counts a step, but for what it downloads.
    fileprivate mutating func add(_ step: Plan.Step, plan: Plan, costs: CostModel) {
        targetCount += 1
        if step.state == .undecided { undecidedCount += 1 }
        if step.firstCause == .inputStale { downstreamCount += 1 }
        for place in plan.graph.inputPlaces(of: step.action) {
            inputByteCount += plan.byteCount(of: plan.graph.input(at: place))
        }
        cost.add(costs.cost(of: step.action, in: plan))
        if cause.kind == .recipeChanged, plan.graph.rule(of: step.action) == cause.rule,
            let facts = plan.facts(of: step.action)
        {
            recordedRecipes.insert(facts.recipe)
        }
    }

    /// Counts what another part of the plan has of this cause.
    fileprivate mutating func add(_ other: CauseGroup) {
        targetCount += other.targetCount
        downstreamCount += other.downstreamCount
        undecidedCount += other.undecidedCount
        inputByteCount += other.inputByteCount
        cost.add(other.cost)
        recordedRecipes.formUnion(other.recordedRecipes)
    }
}
