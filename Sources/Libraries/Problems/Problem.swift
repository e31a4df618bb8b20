/// An error as a user meets it: what happened and where, and what to do next.
///
/// Every module has one small type that conforms; one printer and one exit-code table serve them all.
package protocol Problem: Error, CustomStringConvertible {
    /// One sentence with the place first: `a.csv:7 (byte 120): row has 2 fields, expected 3`.
    var summary: String { get }
    /// What to try, or nil where nothing sensible can be said.
    var hint: String? { get }
    /// Whose business it is: decides how failures are counted and whether a retry makes sense.
    var category: ProblemCategory { get }
}

extension Problem {
    package var hint: String? { nil }
    package var description: String { hint.map { "\(summary)\n  hint: \($0)" } ?? summary }
}

/// Where a failure comes from. The raw values are part of the JSON contract.
package enum ProblemCategory: String, Hashable, Sendable, Codable, CaseIterable {
    case network, upstream, checksum, data, recipe, disk, `internal`
}
