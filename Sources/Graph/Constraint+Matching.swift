extension Constraint {
    /// Whether a wildcard of `kind` may stand for `text`.
    ///
    /// Globs look at the text, whatever its kind. Days accept a date when the days it covers touch the range, and nothing
    /// that is no date; integers accept digits, of any number.
    package func accepts(_ text: String, kind: WildcardKind) -> Bool {
        switch self {
        case .globs(let includes, let excludes):
            guard includes.isEmpty || includes.contains(where: { Glob($0).matches(text) }) else {
                return false
            }
            return !excludes.contains { Glob($0).matches(text) }
        case .days(let start, let end):
            guard let days = DayRange(text: text, kind: kind) else { return false }
            return days.end > start ?? .min && days.start < end ?? .max
        case .integers(let lower, let upper):
            guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit) else { return false }
            // Digits that do not fit stand for more than any bound.
            guard let value = Int64(text) else { return upper == nil }
            return value >= lower ?? .min && value <= upper ?? .max
        }
    }
}

/// A constraint made ready for many texts.
package struct ConstraintMatcher: Sendable {
    private let constraint: Constraint
    private let kind: WildcardKind
    /// Includes that are plain names, and those that are not.
    private var names: Set<String> = []
    private var includes: [Glob] = []
    private var excludes: [Glob] = []

    package init(_ constraint: Constraint, kind: WildcardKind) {
        self.constraint = constraint
        self.kind = kind
        guard case .globs(let includes, let excludes) = constraint else { return }
        names = Set(includes.filter(Glob.isLiteral))
        self.includes = includes.filter { !Glob.isLiteral($0) }.map(Glob.init)
        self.excludes = excludes.map(Glob.init)
    }

    /// The same answer as `Constraint.accepts`.
    package func accepts(_ text: String) -> Bool {
        guard case .globs = constraint else { return constraint.accepts(text, kind: kind) }
        if !names.isEmpty || !includes.isEmpty {
            guard names.contains(text) || includes.contains(where: { $0.matches(text) }) else { return false }
        }
        return !excludes.contains { $0.matches(text) }
    }

    /// The only values that can be accepted, sorted, where the constraint says as much: for asking for them one by one.
    package var possibleNames: [String]? {
        guard !names.isEmpty, includes.isEmpty else { return nil }
        return names.filter { name in !excludes.contains { $0.matches(name) } }.sorted()
    }
}
