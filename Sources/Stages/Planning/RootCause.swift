package import Graph
package import Problems

/// What made targets stale in the first place: a kind of reason, and the rule whose targets have it of their own.
///
/// A target that is stale just because an input of it is has the cause of that input. Of several causes the first in `order`
/// counts, so every stale target has exactly one.
package struct RootCause: Hashable, Sendable {
    package var kind: ReasonKind
    /// Place in the project's rules.
    package var rule: Int

    package init(kind: ReasonKind, rule: Int) {
        self.kind = kind
        self.rule = rule
    }

    /// What is certain and concerns whole rules first, what the disk shows last.
    package static let order: [ReasonKind] = [
        .forced, .neverBuilt, .recipeChanged, .writerChanged, .upstreamChanged, .upstreamNew, .upstreamGone,
        .outputMissing, .outputModified, .inputStale, .failedBefore,
    ]

    /// As it is written and read: `recipe-changed:spot-klines`.
    package func name(in project: Project) -> String { "\(kind.rawValue):\(project.rules[rule].name)" }
}

/// A cause that cannot be meant.
package struct RootCauseProblem: Problem, Hashable {
    package var text: String
    package var suggested: String?

    package var summary: String { "'\(text.escapedForDisplay)' is no cause" }
    package var hint: String? {
        suggested.map { "did you mean '\($0.escapedForDisplay)'?" }
            ?? "write KIND:RULE, as 'datamake why --summary' shows them"
    }
    package var category: ProblemCategory { .internal }
}

extension RootCause {
    /// Reads what `name(in:)` writes.
    package init(_ text: String, in project: Project) throws(RootCauseProblem) {
        for kind in ReasonKind.allCases where text.hasPrefix(kind.rawValue + ":") {
            let name = text.dropFirst(kind.rawValue.count + 1)
            if let rule = project.rules.firstIndex(where: { $0.name == name }) {
                self.init(kind: kind, rule: rule)
                return
            }
        }
        let names = ReasonKind.allCases.flatMap { kind in
            project.rules.indices.map { RootCause(kind: kind, rule: $0).name(in: project) }
        }
        throw RootCauseProblem(text: text, suggested: suggestion(for: text, among: names))
    }
}

extension Plan {
    /// The root cause of each step; nil for those that are fresh.
    package var rootCauses: [RootCause?] {
        var ofActions = [RootCause?](repeating: nil, count: graph.actionCount)
        // Producers come first.
        return steps.map { step in
            guard let kind = step.firstCause else { return nil }
            var cause = RootCause(kind: kind, rule: graph.rule(of: step.action))
            if kind == .inputStale || kind == .failedBefore {
                for place in graph.inputPlaces(of: step.action) {
                    guard let producer = graph.input(at: place).action, let root = ofActions[producer.index]
                    else { continue }
                    cause = root
                    break
                }
            }
            ofActions[step.action.index] = cause
            return cause
        }
    }
}

extension Plan.Step {
    /// The first of its causes in `RootCause.order`; nil when it is fresh.
    package var firstCause: ReasonKind? {
        state == .fresh ? nil : RootCause.order.first { causes.contains(CauseSet($0)) }
    }
}
