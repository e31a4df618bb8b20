import Graph

/// One level of a source: what lies under a prefix up to the next `/`.
protocol Levels: Sendable {
    /// Objects and common prefixes whose names begin with `prefix` and come after `startAfter`.
    ///
    /// - Parameter prefix: ends anywhere: in the middle of a name, too.
    /// - Parameter kind: what the caller needs; a lister may leave the other out.
    /// - Throws: nothing but `CancellationError`. Anything else is in the result, beside what was seen before it.
    func list(prefix: String, startAfter: String, kind: LevelKind) async throws -> Level

    /// How many levels may be listed at once.
    var concurrency: Int { get }
}

enum LevelKind: Sendable { case objects, prefixes }

/// What `Levels` saw.
struct Level: Sendable {
    /// In the order of their keys' bytes, without repeats.
    var objects: [RemoteObject] = []
    /// Each ends with `/`.
    var prefixes: [String] = []
    var pageCount = 0
    var problems: [ListingProblem] = []

    var isComplete: Bool { !problems.contains(where: \.leavesGaps) }
}
