import Bytes
package import Graph

/// Turns rules and what there is into actions: the graph.
///
/// Rules are expanded in an order in which producers come first, so a rule can match what others will make.
/// - Parameter isMirrorable: whether the local copy of an object can be named after its key.
package func expand(
    _ project: Project, offerings: Offerings, isMirrorable: @Sendable (Span<UInt8>) -> Bool
) -> BuildGraph {
    var lists = project.sources.map { offerings.objects[$0.name] ?? ObjectList() }
    lists.append(offerings.localFiles)
    var graph = BuildGraph(project: project, objects: lists)
    for rule in rulesInOrder(project.rules) {
        var expansion = RuleExpansion(rule: rule)
        if expansion.addActionsAsFound(to: &graph, isMirrorable: isMirrorable) { continue }
        expansion.collect(from: graph, isMirrorable: isMirrorable)
        expansion.addActions(to: &graph)
    }
    return graph
}

/// Places of rules, producers before consumers; the Datafile's order otherwise. The loader has refused cycles.
package func rulesInOrder(_ rules: [Rule]) -> [Int] {
    var placed = Set<Int>()
    var order = [Int]()
    func place(_ index: Int) {
        guard placed.insert(index).inserted else { return }
        for input in rules[index].inputs where input.source == nil {
            for (other, rule) in rules.enumerated()
            where other != index && mayMake(rule.output, input.pattern) {
                place(other)
            }
        }
        order.append(index)
    }
    for index in rules.indices { place(index) }
    return order
}

/// Whether an output pattern can make paths that an input pattern matches, judged by their literal beginnings.
/// Too many yes only change the order of expansion.
private func mayMake(_ output: Pattern, _ input: Pattern) -> Bool {
    let a = output.literalPrefix
    let b = input.literalPrefix
    return a.hasPrefix(b) || b.hasPrefix(a)
}

/// One file a rule could read for one of its outputs.
struct Candidate {
    /// An object of a list, or an action where that is `actionList`.
    var list: UInt16
    var index: UInt32
    var preference: UInt16
    /// Place of the output among the rule's.
    var output: UInt32
    /// Values of wildcards that are not dates, as a number: candidates that agree on them compete for days.
    var series: UInt32
    var days: DayRange?

    static let actionList = UInt16.max
}

/// One rule, matched against all there is.
private struct RuleExpansion {
    let rule: Int
    private var candidates: [Candidate] = []
    private var outputs = OutputNames()
    private var series = NameList()
    private var seriesIndex = NameIndex()
    /// What the only pattern matched, where that is known already.
    private var matchedOnce: [MatchedNames]?

    init(rule: Int) { self.rule = rule }

    // MARK: the short way

    /// Makes the actions of a rule with one pattern over the keys of a source, where keys are found in the order in which their
    /// actions stand in the graph: nearly always, since keys sort like the outputs they make. Neither names nor candidates
    /// are kept meanwhile.
    ///
    /// - Returns: false where they are not, or the rule is another; the graph is as it was then.
    mutating func addActionsAsFound(
        to graph: inout BuildGraph, isMirrorable: @Sendable (Span<UInt8>) -> Bool
    ) -> Bool {
        let definition = graph.project.rules[rule]
        guard definition.inputs.count == 1, let source = definition.inputs[0].source,
            let list = graph.project.sources.firstIndex(where: { $0.name == source })
        else { return false }
        let found = matchedKeys(
            of: definition.inputs[0], list: list, in: graph, needsSeries: false, isMirrorable: isMirrorable
        ).filter { !$0.places.isEmpty }
        guard areInOrder(found) else {
            matchedOnce = found
            return false
        }
        let count = found.reduce(0) { $0 + $1.places.count }
        graph.beginActions(ofRule: rule, count: count, inputCount: count)
        var last = MatchedNames()
        var isMade = false
        for part in found {
            for (index, place) in part.places.enumerated() {
                let output = part.outputs[bytes: index]
                let isSame =
                    index > 0
                    ? part.outputs.equals(index - 1, output)
                    : !last.places.isEmpty && last.outputs.equals(last.places.count - 1, output)
                if !isSame { isMade = graph.addAction(output: output, rule: rule) != nil }
                guard isMade else { continue }
                let raw = graph.raw(list: list, object: Int(place), rule: rule, preference: 0)
                graph.addInput(InputID(raw), preference: 0)
            }
            last = part
        }
        return true
    }

    // MARK: matching

    /// Finds everything that the rule's `from` patterns match and `where` lets through.
    mutating func collect(from graph: BuildGraph, isMirrorable: @Sendable (Span<UInt8>) -> Bool) {
        let definition = graph.project.rules[rule]
        // Inputs of one pattern do not compete.
        let needsSeries = definition.inputs.count > 1
        for (preference, input) in definition.inputs.enumerated() {
            if let source = input.source {
                guard let list = graph.project.sources.firstIndex(where: { $0.name == source }) else {
                    continue
                }
                take(
                    matchedOnce
                        ?? matchedKeys(
                            of: input, list: list, in: graph, needsSeries: needsSeries,
                            isMirrorable: isMirrorable),
                    list: UInt16(list), preference: preference)
                continue
            }
            let reader = InputReader(input.pattern, of: definition)
            let prefix = input.pattern.literalPrefix
            for range in graph.actionsOfRules {
                let found = matched(
                    graph.outputs, graph.outputs.places(withPrefix: prefix, in: range), by: reader,
                    needsSeries: needsSeries, isUsable: { _ in true })
                take(found, list: Candidate.actionList, preference: preference)
            }
            let files = graph.objects[graph.localList].keys
            let found = matched(
                files, files.places(withPrefix: prefix), by: reader, needsSeries: needsSeries,
                isUsable: { graph.action(making: $0) == nil })
            take(found, list: UInt16(graph.localList), preference: preference)
        }
    }

    /// What a pattern matches of the keys of its source, which is a list of the graph.
    private func matchedKeys(
        of input: InputPattern, list: Int, in graph: BuildGraph, needsSeries: Bool,
        isMirrorable: @Sendable (Span<UInt8>) -> Bool
    ) -> [MatchedNames] {
        let keys = graph.objects[list].keys
        let isRemote = graph.isRemote(list: list)
        return matched(
            keys, keys.places(withPrefix: input.pattern.literalPrefix),
            by: InputReader(input.pattern, of: graph.project.rules[rule]), needsSeries: needsSeries,
            isUsable: { !isRemote || isMirrorable($0) })
    }

    private mutating func take(_ found: [MatchedNames], list: UInt16, preference: Int) {
        let count = found.reduce(0) { $0 + $1.places.count }
        candidates.reserveCapacity(candidates.count + count)
        for part in found {
            for (index, place) in part.places.enumerated() {
                let number =
                    part.series.map { seriesIndex.intern($0[bytes: index], in: &series) } ?? 0
                candidates.append(
                    Candidate(
                        list: list, index: place, preference: UInt16(preference),
                        output: UInt32(outputs.place(of: part.outputs[bytes: index])),
                        series: UInt32(number), days: part.days[index]))
            }
        }
    }

    // MARK: choosing

    /// Makes an action of each output, in byte order, from the inputs that its rule prefers.
    mutating func addActions(to graph: inout BuildGraph) {
        let groups = grouped()
        graph.beginActions(ofRule: rule, count: outputs.count, inputCount: candidates.count)
        let order = outputs.names.isAscending ? Array(0..<outputs.count) : outputs.names.ascendingOrder
        var group = [Candidate]()
        for output in order {
            group.removeAll(keepingCapacity: true)
            for place in groups.starts[output]..<groups.starts[output + 1] {
                group.append(candidates[groups.places[place]])
            }
            choosePreferred(&group) { a, b in Self.name(of: a, comesBefore: b, in: graph) }
            guard graph.addAction(output: outputs.names[bytes: output], rule: rule) != nil else { continue }
            for candidate in group {
                let input =
                    candidate.list == Candidate.actionList
                    ? InputID(ActionID(Int(candidate.index)))
                    : InputID(
                        graph.raw(
                            list: Int(candidate.list), object: Int(candidate.index), rule: rule,
                            preference: Int(candidate.preference)))
                graph.addInput(input, preference: Int(candidate.preference))
            }
        }
    }

    /// Places of candidates by output: a counting sort, which keeps the order in which they were found.
    private func grouped() -> (starts: [Int], places: [Int]) {
        var starts = [Int](repeating: 0, count: outputs.count + 1)
        for candidate in candidates { starts[Int(candidate.output) + 1] += 1 }
        for output in 0..<outputs.count { starts[output + 1] += starts[output] }
        var next = starts
        var places = [Int](repeating: 0, count: candidates.count)
        for (place, candidate) in candidates.enumerated() {
            places[next[Int(candidate.output)]] = place
            next[Int(candidate.output)] += 1
        }
        return (starts, places)
    }

    /// By target name, in byte order.
    private static func name(of a: Candidate, comesBefore b: Candidate, in graph: BuildGraph) -> Bool {
        if a.list == b.list {
            let names = a.list == Candidate.actionList ? graph.outputs : graph.objects[Int(a.list)].keys
            return names.compare(Int(a.index), with: names[bytes: Int(b.index)]) < 0
        }
        func name(_ candidate: Candidate) -> String {
            if candidate.list == Candidate.actionList { return graph.outputs[Int(candidate.index)] }
            let list = Int(candidate.list)
            let key = graph.objects[list].keys[Int(candidate.index)]
            return list == graph.localList ? key : graph.project.sources[list].name + ":" + key
        }
        return name(a).precedesInBytes(name(b))
    }
}

/// Distinct names of outputs, in the order in which they are met.
///
/// They are met in byte order as long as keys sort like the outputs they make, which is nearly always: then no index is
/// needed to find one again. The first that is out of order makes one.
private struct OutputNames {
    private(set) var names = NameList()
    private var index: NameIndex?
    /// The place found last; the next is mostly this one or the one after.
    private var last = 0

    var count: Int { names.count }

    /// The place of a name, which is added where it is new.
    mutating func place(of name: Span<UInt8>) -> Int {
        if last < names.count, names.equals(last, name) { return last }
        last = find(name)
        return last
    }

    private mutating func find(_ name: Span<UInt8>) -> Int {
        if index == nil {
            if names.isEmpty || names.compare(names.count - 1, with: name) < 0 {
                names.append(name)
                return names.count - 1
            }
            if let known = names.place(of: name, hint: last + 1) { return known }
            index = NameIndex(names)
        }
        return index?.intern(name, in: &names) ?? 0
    }
}
