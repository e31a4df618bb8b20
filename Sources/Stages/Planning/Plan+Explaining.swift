import Bytes
import Files
package import Graph
import Problems

/// Single targets, explained: the slow twin of what the planner decides from columns.
extension Plan {
    /// The verdict on a step, with every component that differs.
    ///
    /// - Parameter files: to look at an output that planning had no need to look at.
    /// - Throws: where a record cannot be read.
    package func verdict(of step: Step, files: some FileInspecting) throws -> Verdict {
        let action = graph[step.action]
        let record =
            facts(of: step.action) == nil ? nil : try request.lookup.actionRecord(output: action.output)
        if request.forced.contains(step.action) {
            return .stale([Reason(.forced, component: "record", now: "asked for")])
        }
        let inputs = try zip(action.inputs, graph.inputPlaces(of: step.action)).map { input, place in
            try state(of: input, graph.input(at: place), recipe: action.recipe)
        }
        let decision = Graph.verdict(
            on: action, inputs: inputs, recipe: recipes[graph.rule(of: step.action)],
            writer: request.writer(action.recipe), record: record,
            output: output(of: step.action, record: record, files: files))
        guard decision != .fresh, let failure = request.records.failures[action.output] else {
            return decision
        }
        let reason = Reason(.failedBefore, component: failure.category.rawValue, now: failure.message)
        return switch decision {
        case .stale(let reasons): .stale(reasons + [reason])
        case .undecided(let reasons): .undecided(reasons + [reason])
        case .fresh: .fresh
        }
    }

    /// What planning found out about a file from outside, in full.
    package func state(of raw: RawID) throws -> RawState {
        let node = graph[raw]
        let finding = findings[raw.index]
        var record =
            facts(of: raw) == nil
            ? nil : try request.lookup.rawRecord(source: node.source, key: node.object.key)
        let hashed = hashedRaws[raw]
        if finding == .moved, let hashed { record?.stamp = hashed.stamp }
        return RawState(
            record: record, work: finding.work,
            reason: finding.reason(node, record: record, now: hashed?.content.sha256))
    }

    private func state(of input: ActionInput, _ id: InputID, recipe: Recipe) throws -> InputState {
        guard let raw = id.raw else {
            guard let producer = id.action, let step = self.step(of: producer), step.state == .fresh,
                let facts = facts(of: producer)
            else { return .stale(producer: input.name) }
            return .known(facts.valueDigest)
        }
        let finding = findings[raw.index]
        if finding.isRecordCurrent, let digest = facts(of: raw)?.digest(for: recipe) { return .known(digest) }
        return .unknown(
            try state(of: raw).reason
                ?? Reason(.upstreamNew, input: input.name, component: "payload", now: "not read yet"))
    }

    private func output(
        of action: ActionID, record: ActionRecord?, files: some FileInspecting
    ) -> OutputState {
        guard let record else { return .missing }
        let found: HashedFile?
        if let known = hashedOutputs[action] {
            found = known
        } else {
            guard let stamp = files.stamp(record.output) else { return .missing }
            if stamp == record.stamp { return .intact }
            found = files.identity(record.output)
        }
        guard let found else { return .missing }
        return found.content == record.content ? .intact : .modified(found.content.sha256)
    }

    /// The step of an action; nil where the plan has none.
    package func step(of action: ActionID) -> Step? { place(of: action).map { steps[$0] } }

    /// The place of an action's step; nil where the plan has none.
    package func place(of action: ActionID) -> Int? {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].action < action { low = middle + 1 } else { high = middle }
        }
        return low < steps.count && steps[low].action == action ? low : nil
    }
}
