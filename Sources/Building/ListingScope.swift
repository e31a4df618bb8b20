import Graph
import Listing
import Planning

/// Which patterns must be listed for a request: everything, or only what the asked targets can be made from.
///
/// Narrowing saves requests and changes no answer: `select` picks the targets afterwards, and a snapshot keeps what
/// a narrowed listing did not look at.
struct ListingScope {
    /// By source name.
    private(set) var entries: [String: [ListingRequest.Entry]] = [:]
    /// Patterns of project files.
    private(set) var localEntries: [ListingRequest.Entry] = []

    init(project: Project, request: SelectionRequest) {
        for rule in project.rules {
            for constraints in Self.constraints(of: rule, project: project, request: request) {
                for input in rule.inputs {
                    let entry = ListingRequest.Entry(
                        pattern: input.pattern,
                        constraints: constraints.filter { input.pattern.kind(of: $0.key) != nil })
                    if let source = input.source {
                        entries[source, default: []].append(entry)
                    } else {
                        localEntries.append(entry)
                    }
                }
            }
        }
    }

    /// Whether a listing asks anybody but this machine's own directories.
    func asksServers(of project: Project) -> Bool {
        project.sources.contains { source in
            if case .directory = source.location { false } else { entries[source.name] != nil }
        }
    }

    /// The sets of constraints under which a rule's inputs are wanted; none when no asked target can need it.
    private static func constraints(
        of rule: Rule, project: Project, request: SelectionRequest
    ) -> [[String: Constraint]] {
        // A rule that feeds others may be needed by any of them.
        let feeds = project.rules.contains { $0.inputs.contains { $0.source == nil } }
        guard !request.patterns.isEmpty, !feeds else { return [rule.constraints] }
        var wanted = [[String: Constraint]]()
        for pattern in request.patterns {
            if rule.name == pattern { return [rule.constraints] }
            if let bindings = rule.output.match(pattern) {
                wanted.append(narrowed(rule, to: bindings))
            } else if touches(rule, pattern, project: project) {
                return [rule.constraints]
            }
        }
        return wanted
    }

    /// One output's own wildcards, for those that the rule does not restrict already.
    private static func narrowed(_ rule: Rule, to bindings: Bindings) -> [String: Constraint] {
        var constraints = rule.constraints
        for (name, value) in bindings {
            guard let kind = rule.inputs.lazy.compactMap({ $0.pattern.kind(of: name) }).first else {
                continue
            }
            if kind == .text { constraints[name] = .globs(includes: [value], excludes: []) }
        }
        if let days = rule.output.days(of: bindings) {
            for name in rule.inputs.flatMap(\.pattern.wildcardNames)
            where rule.inputs.contains(where: { $0.pattern.kind(of: name)?.isDate == true }) {
                constraints[name] = .days(start: days.start, end: days.end)
            }
        }
        return constraints
    }

    /// Whether a glob over paths, or over a source's keys, can reach what this rule reads or makes.
    private static func touches(_ rule: Rule, _ pattern: String, project: Project) -> Bool {
        let special = pattern.firstIndex { "*?{[".contains($0) } ?? pattern.endIndex
        let start = String(pattern[..<special])
        func meets(_ prefix: String) -> Bool { prefix.hasPrefix(start) || start.hasPrefix(prefix) }
        if meets(rule.output.literalPrefix) { return true }
        return rule.inputs.contains { input in
            guard let name = input.source else { return meets(input.pattern.literalPrefix) }
            if meets("\(name):\(input.pattern.literalPrefix)") { return true }
            guard let mirror = project.source(named: name)?.mirror else { return false }
            return meets("\(mirror)/\(input.pattern.literalPrefix)")
        }
    }
}
