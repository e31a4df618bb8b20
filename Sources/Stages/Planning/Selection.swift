package import Bytes
package import Graph
package import Problems

/// What the words on a command line pick out of the graph.
package struct Selection: Sendable {
    /// Ascending.
    package var actions: [ActionID]
    /// Raws that were asked for by name, ascending; their actions were not.
    package var raws: [RawID]
    /// Whether no pattern and no narrowing was given.
    package var isEverything: Bool

    package init(actions: [ActionID], raws: [RawID], isEverything: Bool) {
        self.actions = actions
        self.raws = raws
        self.isEverything = isEverything
    }
}

/// Patterns, `--where` and `--except` as the user gave them.
package struct SelectionRequest: Hashable, Sendable, Codable {
    package var patterns: [String]
    package var excluded: [String]
    /// By wildcard name.
    package var narrowing: [String: Constraint]

    package init(patterns: [String] = [], excluded: [String] = [], narrowing: [String: Constraint] = [:]) {
        self.patterns = patterns
        self.excluded = excluded
        self.narrowing = narrowing
    }
}

/// A pattern that names nothing.
package struct SelectionProblem: Problem, Hashable {
    package var pattern: String
    package var suggested: String?

    package init(pattern: String, suggested: String?) {
        self.pattern = pattern
        self.suggested = suggested
    }

    package var summary: String { "no target, rule or source matches '\(pattern.escapedForDisplay)'" }
    package var hint: String? {
        suggested.map { "did you mean '\($0.escapedForDisplay)'?" } ?? "'datamake ls' lists all targets"
    }
    package var category: ProblemCategory { .internal }
}

/// Picks targets: by rule name, by `source:glob`, or by a glob over paths. No pattern picks everything.
///
/// Names are in order, so only those that begin as the pattern does are looked at.
///
/// - Parameter recorded: names of targets known from the past that the graph may not have any more; a pattern that
///   matches only these selects nothing and is no error.
package func select(
    _ request: SelectionRequest, in project: Project, graph: BuildGraph, recorded: NameList = NameList()
) throws(SelectionProblem) -> Selection {
    let keeper = Keeper(request, project: project, graph: graph)
    if request.patterns.isEmpty {
        return Selection(
            actions: keeper.kept(0..<graph.actionCount), raws: [], isEverything: keeper.keepsEverything)
    }
    var actions = Set<ActionID>()
    var raws = Set<RawID>()
    for pattern in request.patterns {
        let matcher = Matcher(pattern, project: project)
        let someActions = matcher.actions(of: graph)
        let someRaws = matcher.raws(of: graph)
        if someActions.isEmpty && someRaws.isEmpty && !matcher.isRule
            && !(0..<recorded.count).contains(where: { matcher.matches(name: recorded[$0]) })
        {
            let names =
                project.rules.map(\.name) + graph.actionIDs.prefix(10_000).map(graph.output(of:))
                + graph.rawIDs.prefix(10_000).map { graph[$0].path }
            throw SelectionProblem(pattern: pattern, suggested: suggestion(for: pattern, among: names))
        }
        actions.formUnion(someActions.filter(keeper.isKept))
        raws.formUnion(someRaws.filter(keeper.isKept))
    }
    return Selection(actions: actions.sorted(), raws: raws.sorted(), isEverything: false)
}

/// `--where` and `--except`.
private struct Keeper: Sendable {
    private let graph: BuildGraph
    private let narrowing: [String: Constraint]
    private let excluded: [Matcher]

    init(_ request: SelectionRequest, project: Project, graph: BuildGraph) {
        self.graph = graph
        narrowing = request.narrowing
        excluded = request.excluded.map { Matcher($0, project: project) }
    }

    var keepsEverything: Bool { narrowing.isEmpty && excluded.isEmpty }

    /// Those of a run of actions that are kept.
    func kept(_ range: Range<Int>) -> [ActionID] {
        if keepsEverything { return range.map { ActionID($0) } }
        let parts = inParts(of: range) { part in part.map { ActionID($0) }.filter(isKept) }
        return Array(parts.joined())
    }

    func isKept(_ action: ActionID) -> Bool {
        if !excluded.isEmpty {
            let output = graph.output(of: action)
            let rule = graph.project.rules[graph.rule(of: action)].name
            if excluded.contains(where: { $0.matches(output: output, rule: rule) }) { return false }
        }
        return narrowing.isEmpty || isWanted(graph.bindings(of: action))
    }

    func isKept(_ raw: RawID) -> Bool {
        if keepsEverything { return true }
        let node = graph[raw]
        return !excluded.contains { $0.matches(node) } && isWanted(node.bindings)
    }

    private func isWanted(_ bindings: Bindings) -> Bool {
        narrowing.allSatisfy { name, constraint in
            bindings[name].map { constraint.accepts($0, kind: dateKind(of: $0)) } ?? false
        }
    }
}

/// The kind a bare value shows by its form: dates written `2024`, `2024-01`, `2024-01-05`; else text.
private func dateKind(of value: String) -> WildcardKind {
    for kind in [WildcardKind.day, .month] where DayRange(text: value, kind: kind) != nil { return kind }
    if value.utf8.count == 4, DayRange(text: value, kind: .year) != nil { return .year }
    if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return .int }
    return .text
}

/// One pattern, understood.
package struct Matcher: Sendable {
    package let isRule: Bool
    private let text: String
    private let source: String?
    private let glob: Glob

    package init(_ text: String, project: Project) {
        self.text = text
        isRule = project.rules.contains { $0.name == text }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, project.source(named: String(parts[0])) != nil {
            source = String(parts[0])
            glob = Glob(String(parts[1]))
        } else {
            source = nil
            glob = Glob(text)
        }
    }

    /// Actions that the pattern names, by rule or by output.
    func actions(of graph: BuildGraph) -> [ActionID] {
        let rules = graph.project.rules
        if isRule {
            return rules.indices.filter { rules[$0].name == text }.flatMap { rule in
                graph.actionsOfRules[rule].map { ActionID($0) }
            }
        }
        guard source == nil else { return [] }
        if let action = graph.action(making: text) { return [action] }
        return graph.actionsOfRules.flatMap { range in
            inParts(of: graph.outputs.places(withPrefix: glob.literalPrefix, in: range)) { part in
                part.filter { glob.matches(graph.outputs[$0]) }.map { ActionID($0) }
            }.joined()
        }
    }

    /// Files from outside that the pattern names, by key or by path.
    func raws(of graph: BuildGraph) -> [RawID] {
        if isRule { return [] }
        return graph.objects.indices.flatMap { list -> [RawID] in
            let keys = graph.objects[list].keys
            // What stands before the key in what the pattern is matched with.
            let before = source == nil ? graph.pathPrefix(list: list) : ""
            if let source {
                guard list < graph.project.sources.count, graph.project.sources[list].name == source else {
                    return []
                }
            }
            let prefix = glob.literalPrefix
            let range: Range<Int>
            if prefix.hasBytePrefix(before) {
                range = keys.places(
                    withPrefix: String(decoding: prefix.utf8.dropFirst(before.utf8.count), as: UTF8.self))
            } else if before.hasBytePrefix(prefix) {
                range = 0..<keys.count
            } else {
                return []
            }
            let parts = inParts(of: range) { part in
                part.compactMap { object -> RawID? in
                    guard let raw = graph.raw(list: list, object: object) else { return nil }
                    let name = before + keys[object]
                    return (source == nil && name == text) || glob.matches(name) ? raw : nil
                }
            }
            return Array(parts.joined())
        }
    }

    func matches(output: String, rule: String) -> Bool {
        if isRule { return rule == text }
        return source == nil && glob.matches(output)
    }

    func matches(_ raw: RawNode) -> Bool {
        if isRule { return false }
        if let source { return raw.source == source && glob.matches(raw.object.key) }
        return glob.matches(raw.path)
    }

    /// Matches a recorded target's bare name.
    package func matches(name: String) -> Bool {
        guard let source else { return name == text || glob.matches(name) }
        guard name.hasPrefix(source + ":") else { return false }
        return glob.matches(String(name.dropFirst(source.count + 1)))
    }
}
