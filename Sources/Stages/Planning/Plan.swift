package import Bytes
package import Files
package import Graph
import Problems

/// What the state remembers, by target name.
package struct Records: Sendable {
    /// By `source:key`, or by path for plain local files.
    package var raws: [String: RawRecord]
    /// By output path.
    package var actions: [String: ActionRecord]
    /// By target name.
    package var failures: [String: FailureRecord]

    package init(
        raws: [String: RawRecord] = [:], actions: [String: ActionRecord] = [:],
        failures: [String: FailureRecord] = [:]
    ) {
        self.raws = raws
        self.actions = actions
        self.failures = failures
    }
}

/// What must be done, and why: read off graph, records and disk, nothing touched.
package struct Plan: Sendable {
    /// One action that was selected or that a selected one needs.
    package struct Step: Sendable {
        /// Index into the graph's actions.
        package var action: Int
        package var verdict: Verdict
        /// Whether the user's patterns picked it.
        package var isSelected: Bool
    }

    /// In the graph's order: producers first.
    package var steps: [Step]
    /// Raws that the steps read or that were picked: index into the graph's raws -> state.
    package var raws: [Int: RawState]
    /// Outputs whose bytes are as recorded under another stamp.
    package var movedOutputs: [(output: String, stamp: Stamp)]
    /// Recipe fields by rule, worked out once.
    package var recipes: [String: [RecipeField]]

    /// Raws to download, ascending.
    package var fetches: [Int] {
        raws.filter { $0.value.work == .fetch }.keys.sorted()
    }
}

/// What a plan is asked for.
package struct PlanRequest: Sendable {
    package var selection: Selection
    /// Version of the code that writes an output, by kind of recipe.
    package var writer: @Sendable (Recipe) -> String
    /// Outputs to build whatever the records say.
    package var forced: Set<String>
    /// Names of raws to download whatever the records say.
    package var refetched: Set<String>

    package init(
        selection: Selection, writer: @escaping @Sendable (Recipe) -> String, forced: Set<String> = [],
        refetched: Set<String> = []
    ) {
        self.selection = selection
        self.writer = writer
        self.forced = forced
        self.refetched = refetched
    }
}

/// Plans the selected actions and all they need.
package func plan(
    _ request: PlanRequest, graph: BuildGraph, records: Records, files: some FileInspecting
) -> Plan {
    var planner = Planner(request: request, graph: graph, records: records, files: files)
    return planner.plan()
}

/// The digest by which an input counts for a recipe: what is inside the zip for `clean`, the very bytes for `run`.
package func digest(of record: RawRecord, for recipe: Recipe) -> XXH3Digest? {
    switch recipe {
    case .clean: record.payload
    case .run: record.content.xxh3
    }
}

private struct Planner<Disk: FileInspecting> {
    let request: PlanRequest
    let graph: BuildGraph
    let records: Records
    let files: Disk
    var result = Plan(steps: [], raws: [:], movedOutputs: [], recipes: [:])
    /// Verdicts so far, by action index.
    var verdicts = [Int: Verdict]()

    init(request: PlanRequest, graph: BuildGraph, records: Records, files: Disk) {
        self.request = request
        self.graph = graph
        self.records = records
        self.files = files
    }

    mutating func plan() -> Plan {
        let selected = Set(request.selection.actions)
        let needed = closure(of: request.selection.actions)
        var raws = Set(request.selection.raws)
        for index in needed {
            for input in graph.actions[index].inputs {
                if let raw = graph.rawIndex[input.name] { raws.insert(raw) }
            }
        }
        inspectRaws(raws.sorted())
        for index in needed {
            let action = graph.actions[index]
            let verdict = decide(action)
            verdicts[index] = verdict
            result.steps.append(
                Plan.Step(action: index, verdict: verdict, isSelected: selected.contains(index)))
        }
        return result
    }

    /// The actions themselves and the ones that make their inputs, ascending: the graph lists producers first.
    private func closure(of actions: [Int]) -> [Int] {
        var seen = Set(actions)
        var open = actions
        while let index = open.popLast() {
            for input in graph.actions[index].inputs {
                if case .output(let path) = input.origin, let producer = graph.actionIndex[path],
                    seen.insert(producer).inserted
                {
                    open.append(producer)
                }
            }
        }
        return seen.sorted()
    }

    private mutating func inspectRaws(_ indices: [Int]) {
        for index in indices {
            let raw = graph.raws[index]
            result.raws[index] = inspect(
                raw, record: records.raws[raw.name], files: files,
                isForced: request.refetched.contains(raw.name))
        }
    }

    private mutating func decide(_ action: Action) -> Verdict {
        let record = records.actions[action.output]
        let inputs = action.inputs.map { state(of: $0, for: action) }
        if request.forced.contains(action.output) {
            return .stale([Reason(.forced, component: "record", now: "asked for")])
        }
        let fields: [RecipeField]
        if let known = result.recipes[action.rule] {
            fields = known
        } else {
            fields = action.recipe.fields
            result.recipes[action.rule] = fields
        }
        var decision = verdict(
            on: action, inputs: inputs, recipe: fields, writer: request.writer(action.recipe), record: record,
            output: output(of: action, record: record))
        if decision != .fresh, let failure = records.failures[action.output] {
            let reason = Reason(.failedBefore, component: failure.category.rawValue, now: failure.message)
            switch decision {
            case .stale(let reasons): decision = .stale(reasons + [reason])
            case .undecided(let reasons): decision = .undecided(reasons + [reason])
            case .fresh: break
            }
        }
        return decision
    }

    private func state(of input: ActionInput, for action: Action) -> InputState {
        if case .output(let path) = input.origin {
            guard let producer = graph.actionIndex[path], verdicts[producer] == .fresh,
                let record = records.actions[path]
            else { return .stale(producer: path) }
            return .known(record.valueDigest)
        }
        guard let index = graph.rawIndex[input.name], let raw = result.raws[index] else {
            return .unknown(Reason(.upstreamNew, input: input.name, component: "input", now: "not inspected"))
        }
        if raw.isRecordCurrent, let record = raw.record, let known = digest(of: record, for: action.recipe) {
            return .known(known)
        }
        return .unknown(
            raw.reason
                ?? Reason(.upstreamNew, input: input.name, component: "payload", now: "not read yet"))
    }

    private mutating func output(of action: Action, record: ActionRecord?) -> OutputState {
        guard let record, let stamp = files.stamp(action.output) else { return .missing }
        if stamp == record.stamp { return .intact }
        guard let found = files.identity(action.output) else { return .missing }
        if found.content == record.content {
            result.movedOutputs.append((action.output, found.stamp))
            return .intact
        }
        return .modified(found.content.sha256)
    }
}
