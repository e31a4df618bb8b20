/// A rule's `where` for one wildcard.
package enum Constraint: Hashable, Sendable, Codable {
    /// Accepted when some include matches (or there is none) and no exclude does. Globs: `*`, `?`, `{a,b}`.
    case globs(includes: [String], excludes: [String])
    /// Whole days since 1970-01-01, `end` not included; nil is an open end. A file is taken when the days it covers touch the range.
    case days(start: Int32?, end: Int32?)
    /// Inclusive; nil is an open end.
    case integers(lower: Int64?, upper: Int64?)
}
