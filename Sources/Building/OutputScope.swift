import Graph

/// What one output can be made from, read off its name: the little that must be known to plan it.
struct OutputScope {
    /// The rules that can make it: more than one is a conflict that planning finds.
    private(set) var rules: [Rule] = []
    /// What keys of its inputs begin with, by source.
    private(set) var prefixes: [String: [String]] = [:]

    /// Nil where the name does not tell: it belongs to no rule, may be split into wildcards in two ways, or is made from
    /// what lies in directories or what other rules make.
    ///
    /// - Parameter output: as a user may ask for it; a glob, a rule and a source's object are not one output.
    init?(_ output: String, in project: Project) {
        let beginning = output.prefix { $0 != ":" }
        guard Glob.isLiteral(output), !project.rules.contains(where: { $0.name == output }),
            beginning.count == output.count || project.source(named: String(beginning)) == nil
        else { return nil }
        for rule in project.rules {
            guard let bindings = rule.output.match(output) else { continue }
            guard rule.output.hasOneReading else { return nil }
            for input in rule.inputs {
                guard let name = input.source, let source = project.source(named: name),
                    case .s3 = source.location
                else { return nil }
                prefixes[name, default: []].append(input.pattern.prefix(under: bindings))
            }
            rules.append(rule)
        }
        if rules.isEmpty { return nil }
    }
}

extension Pattern {
    /// Whether a text that matches does so in one way: no two wildcards of free length share a segment.
    var hasOneReading: Bool {
        segments.allSatisfy { segment in
            segment.pieces.count { piece in piece.kind.map { $0.dateByteCount == nil } ?? false } <= 1
        }
    }

    /// What every text begins with that matches and agrees with `bindings`; these may hold coarser dates.
    func prefix(under bindings: Bindings) -> String {
        var prefix = ""
        for piece in pieces {
            guard let name = piece.name, let kind = piece.kind else {
                prefix += piece.text
                continue
            }
            guard let value = bindings[name] else { return prefix }
            guard let byteCount = kind.dateByteCount else {
                prefix += value
                continue
            }
            prefix += String(value.prefix(byteCount))
            if value.utf8.count < byteCount { return prefix }
        }
        return prefix
    }
}
