package import Graph
package import Problems

/// What the words on a command line pick out of the graph.
package struct Selection: Sendable {
    /// Indices into the graph's actions, ascending.
    package var actions: [Int]
    /// Indices into the graph's raws that were asked for by name; their actions were not.
    package var raws: [Int]
    /// Whether no pattern and no narrowing was given.
    package var isEverything: Bool

    package init(actions: [Int], raws: [Int], isEverything: Bool) {
        self.actions = actions
        self.raws = raws
        self.isEverything = isEverything
    }
}

/// Patterns, `--where` and `--except` as the user gave them.
package struct SelectionRequest: Sendable {
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
/// - Parameter recorded: names of targets known from the past that the graph does not have any more; a pattern that
///   matches only these selects nothing and is no error.
package func select(
    _ request: SelectionRequest, in project: Project, graph: BuildGraph, recorded: [String] = []
) throws(SelectionProblem) -> Selection {
    let excluded = request.excluded.map { Matcher($0, project: project) }
    var actions = Set<Int>()
    var raws = Set<Int>()
    func isKept(_ action: Action) -> Bool {
        for (name, constraint) in request.narrowing {
            guard let value = action.bindings[name] else { return false }
            if !constraint.accepts(value, kind: dateKind(of: value)) { return false }
        }
        return !excluded.contains { $0.matches(action) }
    }
    func isKept(_ raw: RawNode) -> Bool {
        for (name, constraint) in request.narrowing {
            guard let value = raw.bindings[name] else { return false }
            if !constraint.accepts(value, kind: dateKind(of: value)) { return false }
        }
        return !excluded.contains { $0.matches(raw) }
    }
    if request.patterns.isEmpty {
        actions.formUnion(graph.actions.indices.filter { isKept(graph.actions[$0]) })
    }
    for pattern in request.patterns {
        let matcher = Matcher(pattern, project: project)
        let someActions = graph.actions.indices.filter { matcher.matches(graph.actions[$0]) }
        let someRaws = matcher.isRule ? [] : graph.raws.indices.filter { matcher.matches(graph.raws[$0]) }
        if someActions.isEmpty && someRaws.isEmpty && !matcher.isRule
            && !recorded.contains(where: { matcher.matches(name: $0) })
        {
            let names =
                project.rules.map(\.name) + graph.actions.prefix(10_000).map(\.output)
                + graph.raws.prefix(10_000).map(\.path)
            throw SelectionProblem(pattern: pattern, suggested: suggestion(for: pattern, among: names))
        }
        actions.formUnion(someActions.filter { isKept(graph.actions[$0]) })
        raws.formUnion(someRaws.filter { isKept(graph.raws[$0]) })
    }
    return Selection(
        actions: actions.sorted(), raws: raws.sorted(),
        isEverything: request.patterns.isEmpty && excluded.isEmpty && request.narrowing.isEmpty)
}

/// The kind a bare value shows by its form: dates written `2024`, `2024-01`, `2024-01-05`; else text.
private func dateKind(of value: String) -> WildcardKind {
    for kind in [WildcardKind.day, .month] where DayRange(text: value, kind: kind) != nil { return kind }
    if value.utf8.count == 4, DayRange(text: value, kind: .year) != nil { return .year }
    if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return .int }
    return .text
}

/// One pattern, understood.
package struct Matcher {
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

    package func matches(_ action: Action) -> Bool {
        if isRule { return action.rule == text }
        return source == nil && (action.output == text || glob.matches(action.output))
    }

    package func matches(_ raw: RawNode) -> Bool {
        if isRule { return false }
        if let source { return raw.source == source && (glob.matches(raw.object.key)) }
        return raw.path == text || glob.matches(raw.path)
    }

    /// Matches a recorded target's bare name.
    package func matches(name: String) -> Bool {
        guard let source else { return name == text || glob.matches(name) }
        guard name.hasPrefix(source + ":") else { return false }
        return glob.matches(String(name.dropFirst(source.count + 1)))
    }
}
