import Bytes
import Files
package import Graph

/// Plans the selected actions and all they need.
package func plan(_ request: PlanRequest, graph: BuildGraph, files: some FileInspecting) -> Plan {
    var planner = Planner(plan: Plan(graph: graph, request: request), files: files)
    planner.run()
    return planner.plan
}

/// Decides for every action, from columns alone; the slow twin that names old and new values is `Plan.verdict(of:)`.
///
/// Not generic over the disk, which it asks about thousands of files at once: its code and its types would be put together anew
/// for each action.
private struct Planner {
    var plan: Plan
    let files: any FileInspecting
    /// State of each action decided so far, by its place in the graph.
    private var states: [Plan.Step.State]
    /// For each rule and each recorded recipe, whether they differ.
    private let recipeDiffers: [[Bool]]
    /// For each rule and each recorded writer, whether that is another than would write now.
    private let writerDiffers: [[Bool]]
    /// For each rule, whether an input counts by what is inside the zip, as `RawFacts.digest(for:)` has it.
    private let readsPayloads: [Bool]
    private let failedActions: Set<ActionID>

    init(plan: Plan, files: any FileInspecting) {
        self.plan = plan
        self.files = files
        let rules = plan.graph.project.rules
        let table = plan.request.records.actions
        states = Array(repeating: .fresh, count: plan.graph.actionCount)
        recipeDiffers = plan.recipes.map { fields in table.recipes.map { $0 != fields } }
        writerDiffers = rules.map { rule in
            let now = plan.request.writer(rule.recipe)
            return table.writers.map { $0 != now }
        }
        readsPayloads = rules.map { rule in if case .clean = rule.recipe { true } else { false } }
        failedActions = Set(
            plan.request.records.failures.keys.compactMap { plan.graph.action(making: $0) })
    }

    mutating func run() {
        let needed = closure(of: plan.request.selection.actions)
        inspectRaws(for: needed)
        plan.steps.reserveCapacity(needed.count)
        var selected = [Bool](repeating: false, count: plan.graph.actionCount)
        for action in plan.request.selection.actions { selected[action.index] = true }
        // Actions of one rule do not read each other: they are decided side by side.
        var start = 0
        while start < needed.count {
            let rule = plan.graph.rule(of: needed[start])
            var end = start + 1
            while end < needed.count, plan.graph.rule(of: needed[end]) == rule { end += 1 }
            let outputs = lookAtOutputs(of: needed[start..<end])
            let steps = inParts(of: start..<end) { [self, selected, start] part in
                part.map { place in
                    decide(
                        needed[place], isSelected: selected[needed[place].index],
                        output: outputs[place - start])
                }
            }
            for step in steps.joined() {
                states[step.action.index] = step.state
                plan.steps.append(step)
            }
            start = end
        }
    }

    /// The actions themselves and the ones that make their inputs, ascending: the graph lists producers first.
    private func closure(of actions: [ActionID]) -> [ActionID] {
        let graph = plan.graph
        var isNeeded = [Bool](repeating: false, count: graph.actionCount)
        for action in actions { isNeeded[action.index] = true }
        // Consumers come after producers, so one pass from the end finds all.
        for index in stride(from: graph.actionCount - 1, through: 0, by: -1) where isNeeded[index] {
            for place in graph.inputPlaces(of: ActionID(index)) {
                if let producer = graph.input(at: place).action { isNeeded[producer.index] = true }
            }
        }
        return graph.actionIDs.filter { isNeeded[$0.index] }
    }

    // MARK: files from outside

    private mutating func inspectRaws(for actions: [ActionID]) {
        let graph = plan.graph
        var isNeeded = [Bool](repeating: false, count: graph.rawCount)
        for raw in plan.request.selection.raws { isNeeded[raw.index] = true }
        for action in actions {
            for place in graph.inputPlaces(of: action) {
                if let raw = graph.input(at: place).raw { isNeeded[raw.index] = true }
            }
        }
        let found = inParts(of: 0..<graph.rawCount) { [self, isNeeded] part in
            inspect(part, isNeeded: isNeeded)
        }
        var next = 0
        for (findings, hashed) in found {
            for (offset, finding) in findings.enumerated() { plan.findings[next + offset] = finding }
            for (raw, file) in hashed { plan.hashedRaws[raw] = file }
            next += findings.count
        }
    }

    private func inspect(
        _ part: Range<Int>, isNeeded: [Bool]
    ) -> (findings: [RawFinding], hashed: [(RawID, HashedFile)]) {
        let graph = plan.graph
        let isRemote = graph.objects.indices.map { graph.isRemote(list: $0) }
        let refetched = plan.request.refetched
        var hashed = [(RawID, HashedFile)]()
        let stamps = copyStamps(of: part, isNeeded: isNeeded)
        var findings = [RawFinding]()
        findings.reserveCapacity(part.count)
        // Neither a closure that has the graph nor a column taken out of its array: both are counted, and files are very many.
        var list = 0
        var column = plan.request.records.raws[list]
        for index in part {
            guard isNeeded[index] else {
                findings.append(.notInspected)
                continue
            }
            let raw = RawID(index)
            if Int(graph.rawLists[index]) != list {
                list = Int(graph.rawLists[index])
                column = plan.request.records.raws[list]
            }
            let facts = column[Int(graph.rawObjects[index])]
            let isObject = isRemote[list]
            // Where copies are not looked at they count as whole.
            let finding =
                isObject
                ? inspectObject(
                    byteCount: graph.byteCount(of: raw), facts: facts,
                    isForced: !refetched.isEmpty && refetched.contains(raw),
                    stamp: stamps.isEmpty ? facts?.stamp : stamps[index - part.lowerBound])
                : inspectFile(stamp: graph.stamp(of: raw), facts: facts)
            findings.append(finding ?? hash(raw, isObject: isObject, into: &hashed))
        }
        return (findings, hashed)
    }

    /// Reads a file whose stamp does not say enough.
    private func hash(_ raw: RawID, isObject: Bool, into hashed: inout [(RawID, HashedFile)]) -> RawFinding {
        guard let file = files.identity(plan.graph[raw].path) else {
            return RawFinding(isObject: isObject, file: nil, isRecorded: false)
        }
        hashed.append((raw, file))
        return RawFinding(
            isObject: isObject, file: file, isRecorded: recordedContent(of: raw) == file.content)
    }

    /// Stamps of the local copies that may be compared, by place in `part`; empty where none is to be looked at.
    private func copyStamps(of part: Range<Int>, isNeeded: [Bool]) -> [Stamp?] {
        guard plan.request.looksAtAllFiles else { return [] }
        let graph = plan.graph
        let prefixes = graph.objects.indices.map { Array(graph.pathPrefix(list: $0).utf8) }
        var paths = NameList()
        var places = [Int]()
        for index in part where isNeeded[index] {
            let list = Int(graph.rawLists[index])
            guard graph.isRemote(list: list), plan.facts(of: RawID(index)) != nil else { continue }
            paths.append { path in
                path += prefixes[list]
                graph.objects[list].keys.copy(Int(graph.rawObjects[index]), to: &path)
            }
            places.append(index - part.lowerBound)
        }
        var stamps = [Stamp?](repeating: nil, count: part.count)
        for (place, stamp) in zip(places, files.stamps(of: paths)) { stamps[place] = stamp }
        return stamps
    }

    /// A record that cannot be read counts as none.
    private func recordedContent(of raw: RawID) -> ContentIdentity? {
        let node = plan.graph[raw]
        return (try? plan.request.lookup.rawRecord(source: node.source, key: node.object.key))??.content
    }

    // MARK: outputs

    private enum OutputFinding: UInt8 {
        case notInspected, missing, intact, modified
    }

    private mutating func lookAtOutputs(of actions: ArraySlice<ActionID>) -> [OutputFinding] {
        let graph = plan.graph
        let found = inParts(of: actions.startIndex..<actions.endIndex) { [self] part in
            var findings = [OutputFinding](repeating: .notInspected, count: part.count)
            var paths = NameList()
            var places = [Int]()
            for place in part {
                let action = actions[place]
                guard let facts = plan.facts(of: action) else { continue }
                guard plan.request.looksAtAllFiles || ownCauses(of: action, facts).isEmpty else { continue }
                paths.append(action.index, of: graph.outputs)
                places.append(place)
            }
            var hashed = [(ActionID, HashedFile)]()
            for (place, stamp) in zip(places, files.stamps(of: paths)) {
                let action = actions[place]
                var finding = OutputFinding.missing
                if let stamp, let facts = plan.facts(of: action) {
                    if stamp == facts.stamp {
                        finding = .intact
                    } else if let file = files.identity(graph.output(of: action)) {
                        hashed.append((action, file))
                        finding = recordedContent(of: action) == file.content ? .intact : .modified
                    }
                }
                findings[place - part.lowerBound] = finding
            }
            return (findings: findings, hashed: hashed)
        }
        var findings = [OutputFinding]()
        for part in found {
            let start = findings.count
            findings += part.findings
            for (action, file) in part.hashed {
                plan.hashedOutputs[action] = file
                guard let place = actions[(actions.startIndex + start)...].firstIndex(of: action) else {
                    continue
                }
                if findings[place - actions.startIndex] == .intact {
                    plan.movedOutputs[action] = file.stamp
                }
            }
        }
        return findings
    }

    private func recordedContent(of action: ActionID) -> ContentIdentity? {
        (try? plan.request.lookup.actionRecord(output: plan.graph.output(of: action)))??.content
    }

    // MARK: verdicts

    /// Causes that are the action's own, whatever its inputs and its output are.
    private func ownCauses(of action: ActionID, _ facts: ActionFacts) -> CauseSet {
        if plan.request.forced.contains(action) { return CauseSet(.forced) }
        let rule = plan.graph.rule(of: action)
        var causes: CauseSet = []
        if writerDiffers[rule][Int(facts.writer)] { causes.insert(CauseSet(.writerChanged)) }
        if recipeDiffers[rule][Int(facts.recipe)] { causes.insert(CauseSet(.recipeChanged)) }
        return causes
    }

    private func decide(_ action: ActionID, isSelected: Bool, output: OutputFinding) -> Plan.Step {
        let isForced = plan.request.forced.contains(action)
        func step(_ state: Plan.Step.State, _ causes: CauseSet) -> Plan.Step {
            var causes = causes
            if state != .fresh, !isForced, failedActions.contains(action) {
                causes.insert(CauseSet(.failedBefore))
            }
            return Plan.Step(action: action, state: state, isSelected: isSelected, causes: causes)
        }
        if isForced { return step(.stale, CauseSet(.forced)) }
        guard let facts = plan.facts(of: action) else { return step(.stale, CauseSet(.neverBuilt)) }
        var certain = ownCauses(of: action, facts)
        switch output {
        case .notInspected, .intact: break
        case .missing: certain.insert(CauseSet(.outputMissing))
        case .modified: certain.insert(CauseSet(.outputModified))
        }
        // What runs anyway has its root cause already: those of inputs come after its own.
        if !certain.isEmpty, !plan.request.looksAtAllFiles { return step(.stale, certain) }
        let (changed, open) = inputCauses(of: action)
        certain.formUnion(changed)
        if !certain.isEmpty { return step(.stale, certain.union(open)) }
        return open.isEmpty ? step(.fresh, []) : step(.undecided, open)
    }

    private enum Input {
        case known(XXH3Digest)
        case unknown(ReasonKind)
        case stale
    }

    private func state(of input: InputID, readsPayload: Bool) -> Input {
        guard let raw = input.raw else {
            guard let producer = input.action, states[producer.index] == .fresh,
                let facts = plan.facts(of: producer)
            else { return .stale }
            return .known(facts.valueDigest)
        }
        let finding = plan.findings[raw.index]
        if finding.isRecordCurrent, let facts = plan.facts(of: raw),
            let digest = readsPayload ? facts.payload : facts.xxh3
        {
            return .known(digest)
        }
        return .unknown(finding.reasonKind ?? .upstreamNew)
    }

    /// As `verdict` does it: causes that are certain, and causes that may dissolve once unknown inputs are known.
    private func inputCauses(of action: ActionID) -> (certain: CauseSet, open: CauseSet) {
        let graph = plan.graph
        let table = plan.request.records.actions
        let recorded = table.inputs(Int(plan.recordPlaces[action.index]))
        let places = graph.inputPlaces(of: action)
        let readsPayload = readsPayloads[graph.rule(of: action)]
        var isSame = places.count == recorded.count
        var open: CauseSet = []
        for (offset, place) in places.enumerated() {
            switch state(of: graph.input(at: place), readsPayload: readsPayload) {
            case .known(let digest):
                if isSame, table.inputDigests[recorded.lowerBound + offset] != digest { isSame = false }
            case .unknown(let kind): open.insert(CauseSet(kind))
            case .stale: open.insert(CauseSet(.inputStale))
            }
        }
        if isSame { return ([], open) }

        // The sequence differs: say how, by name.
        var certain: CauseSet = []
        var old = [UInt64: XXH3Digest]()
        for index in recorded where old[table.inputNameHashes[index]] == nil {
            old[table.inputNameHashes[index]] = table.inputDigests[index]
        }
        var names = Set<UInt64>()
        for place in places {
            let input = graph.input(at: place)
            let name = Array(graph.name(of: input).utf8)
            let hash = NameIndex.hash(name.span)
            names.insert(hash)
            guard case .known(let digest) = state(of: input, readsPayload: readsPayload) else { continue }
            if let was = old[hash] {
                if was != digest { certain.insert(CauseSet(.upstreamChanged)) }
            } else {
                certain.insert(CauseSet(.upstreamNew))
            }
        }
        if recorded.contains(where: { !names.contains(table.inputNameHashes[$0]) }) {
            certain.insert(CauseSet(.upstreamGone))
        }
        if places.count != recorded.count { return (certain.union(open), []) }
        if certain.isEmpty && open.isEmpty { certain.insert(CauseSet(.upstreamChanged)) }
        return (certain, open)
    }
}
