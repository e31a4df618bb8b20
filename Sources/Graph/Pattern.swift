/// A path or key with wildcards: `lake/{symbol}/{date:month}.parquet`.
///
/// `{name}` matches one or more characters other than `/`, as few as possible. Typed wildcards match just their own form.
/// A name that stands more than once must match the same text each time. In an output pattern `{date.month}` and
/// `{date.year}` write a coarser form of the date `date`.
package struct Pattern: Hashable, Sendable {
    package enum Piece: Hashable, Sendable {
        case literal(String)
        case wildcard(name: String, kind: WildcardKind)
        /// `{name.month}`: the date of `name` written at a coarser granularity.
        case coarser(name: String, kind: WildcardKind)
    }

    package var text: String
    package var pieces: [Piece]

    package init(text: String, pieces: [Piece]) {
        self.text = text
        self.pieces = pieces
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
    package var isDate: Bool { self == .day || self == .month || self == .year }
}

/// Wildcard names and what they matched, as text.
package typealias Bindings = [String: String]
