/// A path or key with wildcards: `lake/{symbol}/{date:month}.parquet`.
///
/// `{name}` matches one or more characters other than `/`, as few as possible. Typed wildcards match just their own form.
/// A name that stands more than once must match the same text each time. In an output pattern `{date.month}` and
/// `{date.year}` write a coarser form of the date `date`; in an input pattern they match it.
package struct Pattern: Hashable, Sendable {
    package enum Piece: Hashable, Sendable {
        case literal(String)
        case wildcard(name: String, kind: WildcardKind)
        /// `{name.month}`: the date of `name` written at a coarser granularity.
        case coarser(name: String, kind: WildcardKind)
    }

    package var text: String
    package var pieces: [Piece] {
        didSet { program = PatternProgram(pieces) }
    }
    /// `pieces` made ready for matching; follows from them.
    private(set) var program: PatternProgram

    package init(text: String, pieces: [Piece]) {
        self.text = text
        self.pieces = pieces
        self.program = PatternProgram(pieces)
    }

    package static func == (a: Pattern, b: Pattern) -> Bool { a.text == b.text && a.pieces == b.pieces }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(pieces)
    }
}

/// What a wildcard may match.
package enum WildcardKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Any text within one path segment.
    case text
    /// `YYYY-MM-DD`, `YYYY-MM` and `YYYY`, with real calendar values.
    case day, month, year
    /// Decimal digits.
    case int

    /// Whether values stand for spans of days.
    package var isDate: Bool { dateByteCount != nil }

    /// Length of the text form of a date; nil for other kinds. The longer, the finer.
    package var dateByteCount: Int? {
        switch self {
        case .day: 10
        case .month: 7
        case .year: 4
        case .text, .int: nil
        }
    }

    /// Whether dates of this kind tell apart what dates of the `other` kind do not.
    package func isFiner(than other: WildcardKind) -> Bool {
        (dateByteCount ?? 0) > (other.dateByteCount ?? 0)
    }
}

/// Wildcard names and what they matched, as text.
package typealias Bindings = [String: String]
