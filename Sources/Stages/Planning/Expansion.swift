import Bytes
package import Graph

/// What listings and the project's own tree offer to the rules.
package struct Offerings: Sendable {
    /// Objects by source name, sorted by key.
    package var objects: [String: [RemoteObject]]
    /// Files under the project root that match a source-less pattern and that no rule makes, sorted by key;
    /// `key` is the project-relative path.
    package var localFiles: [RemoteObject]

    package init(objects: [String: [RemoteObject]], localFiles: [RemoteObject]) {
        self.objects = objects
        self.localFiles = localFiles
    }
}

/// Turns rules and what there is into actions: the graph.
///
/// Rules are expanded in an order in which producers come first, so a rule can match what others will make.
/// - Parameter mirrorPath: the project-relative path of a key's local copy, or nil where the key cannot be one.
package func expand(
    _ project: Project, offerings: Offerings, mirrorPath: (Source, String) -> String?
) -> BuildGraph {
    var expansion = Expansion(project: project, offerings: offerings)
    for rule in rulesInOrder(project.rules) { expansion.expand(rule, mirrorPath: mirrorPath) }
    return expansion.graph
}

/// Producers before consumers; the Datafile's order otherwise. The loader has refused cycles.
package func rulesInOrder(_ rules: [Rule]) -> [Rule] {
    var placed = Set<Int>()
    var order = [Rule]()
    func place(_ index: Int) {
        guard placed.insert(index).inserted else { return }
        for input in rules[index].inputs where input.source == nil {
            for (other, rule) in rules.enumerated()
            where other != index && mayMake(rule.output, input.pattern) {
                place(other)
            }
        }
        order.append(rules[index])
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
    var input: ActionInput
    var raw: RawNode?
    var bindings: Bindings
    /// Values of wildcards that are not dates: candidates that agree on them compete for days.
    var series: String
}

private struct Expansion {
    let project: Project
    let offerings: Offerings
    var graph = BuildGraph()

    init(project: Project, offerings: Offerings) {
        self.project = project
        self.offerings = offerings
    }

    mutating func expand(_ rule: Rule, mirrorPath: (Source, String) -> String?) {
        var groups = [String: [Candidate]]()
        for (preference, input) in rule.inputs.enumerated() {
            for candidate in candidates(of: rule, input, preference: preference, mirrorPath: mirrorPath) {
                groups[rule.output.expand(candidate.bindings), default: []].append(candidate)
            }
        }
        let outputNames = Set(rule.output.wildcardNames)
        for output in groups.keys.sorted() {
            let chosen = preferred(groups[output]!)
            if let clash = graph.actionIndex[output] {
                graph.conflicts.append(
                    GraphConflict(
                        output: output,
                        message: "made by two rules, '\(graph.actions[clash].rule)' and '\(rule.name)'"))
                continue
            }
            let days = rule.output.days(of: chosen[0].bindings)
            var bindings = chosen[0].bindings.filter { outputNames.contains($0.key) }
            // Of a month made of days, the month: not the day of whichever input comes first.
            for (name, kind) in rule.output.coarserDates {
                guard let value = bindings[name], let covered = DayRange(text: value) else { continue }
                bindings[name] = DayRange.text(ofDay: covered.start, kind: kind)
            }
            graph.actionIndex[output] = graph.actions.count
            graph.actions.append(
                Action(
                    rule: rule.name, output: output, bindings: bindings,
                    days: days, inputs: chosen.map(\.input),
                    recipe: rule.recipe))
            for candidate in chosen {
                guard let raw = candidate.raw, graph.rawIndex[raw.name] == nil else { continue }
                graph.rawIndex[raw.name] = graph.raws.count
                graph.raws.append(raw)
            }
        }
    }

    /// Everything that one `from` pattern matches and `where` lets through.
    private func candidates(
        of rule: Rule, _ input: InputPattern, preference: Int, mirrorPath: (Source, String) -> String?
    ) -> [Candidate] {
        let pattern = input.pattern
        let kinds = Dictionary(
            uniqueKeysWithValues: pattern.wildcardNames.map { ($0, pattern.kind(of: $0) ?? .text) })
        let seriesNames = pattern.wildcardNames.filter { kinds[$0]?.isDate != true }.sorted()

        func candidate(_ text: String, make: (Bindings, DayRange?) -> (ActionInput, RawNode?)?) -> Candidate?
        {
            guard let bindings = pattern.match(text) else { return nil }
            for (name, constraint) in rule.constraints {
                guard let value = bindings[name], let kind = kinds[name] else { continue }
                guard constraint.accepts(value, kind: kind) else { return nil }
            }
            let days = pattern.days(of: bindings)
            guard let (made, raw) = make(bindings, days) else { return nil }
            let series = seriesNames.map { bindings[$0]! }.joined(separator: "\u{0}")
            return Candidate(input: made, raw: raw, bindings: bindings, series: series)
        }

        var found = [Candidate]()
        if let name = input.source, let source = project.source(named: name) {
            let objects = offerings.objects[name] ?? []
            for object in slice(of: objects, prefix: pattern.literalPrefix) {
                let made = candidate(object.key) { bindings, days in
                    guard let origin = origin(of: object, in: source, mirrorPath: mirrorPath) else {
                        return nil
                    }
                    return (
                        ActionInput(origin: origin, preference: preference, days: days),
                        RawNode(origin: origin, object: object, bindings: bindings, pattern: pattern.text)
                    )
                }
                if let made { found.append(made) }
            }
            return found
        }
        for action in graph.actions where action.output.hasPrefix(pattern.literalPrefix) {
            let made = candidate(action.output) { _, days in
                (ActionInput(origin: .output(path: action.output), preference: preference, days: days), nil)
            }
            if let made { found.append(made) }
        }
        for file in slice(of: offerings.localFiles, prefix: pattern.literalPrefix)
        where graph.actionIndex[file.key] == nil {
            let made = candidate(file.key) { bindings, days in
                let origin = ActionInput.Origin.local(path: file.key)
                return (
                    ActionInput(origin: origin, preference: preference, days: days),
                    RawNode(origin: origin, object: file, bindings: bindings, pattern: pattern.text)
                )
            }
            if let made { found.append(made) }
        }
        return found
    }

    private func origin(
        of object: RemoteObject, in source: Source, mirrorPath: (Source, String) -> String?
    ) -> ActionInput.Origin? {
        switch source.location {
        case .s3:
            mirrorPath(source, object.key).map {
                .object(source: source.name, key: object.key, mirrorPath: $0)
            }
        case .directory(let path):
            .file(source: source.name, key: object.key, path: path + "/" + object.key)
        }
    }
}

/// The run of `objects` (sorted by key) whose keys begin with `prefix`.
package func slice(of objects: [RemoteObject], prefix: String) -> ArraySlice<RemoteObject> {
    func firstIndex(where isPast: (RemoteObject) -> Bool) -> Int {
        var low = 0
        var high = objects.count
        while low < high {
            let middle = (low + high) / 2
            if isPast(objects[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
    let start = firstIndex { !$0.key.precedesInBytes(prefix) }
    let end = firstIndex { !$0.key.precedesInBytes(prefix) && !$0.key.hasBytePrefix(prefix) }
    return objects[start..<max(start, end)]
}

extension Pattern {
    /// Dates that an output writes coarser than its inputs, by name, at the finest granularity it writes.
    fileprivate var coarserDates: [String: WildcardKind] {
        var kinds = [String: WildcardKind]()
        for case .coarser(let name, let kind) in pieces {
            if let other = kinds[name], !kind.isFiner(than: other) { continue }
            kinds[name] = kind
        }
        for case .wildcard(let name, _) in pieces { kinds[name] = nil }
        return kinds
    }
}
