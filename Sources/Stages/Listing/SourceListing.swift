package import Graph

/// How much of a source to ask for.
package enum RefreshMode: String, Hashable, Sendable, CaseIterable {
    /// Small prefixes in full; of large ones that were swept in full within a day only what comes after the last key.
    case auto
    case full
    /// Nothing: the last snapshot stands. Directories are read all the same, they cost no request.
    case none
}

/// What to list.
package struct ListingRequest: Sendable {
    package struct Entry: Hashable, Sendable {
        package var pattern: Pattern
        /// By wildcard name.
        package var constraints: [String: Constraint]

        package init(pattern: Pattern, constraints: [String: Constraint]) {
            self.pattern = pattern
            self.constraints = constraints
        }
    }

    /// Of a directory source the path must be absolute, or relative to the working directory.
    package var source: Source
    package var patterns: [Entry]
    package var refresh: RefreshMode
    /// What earlier sweeps left, by prefix.
    package var known: [String: SweepRecord]

    package init(
        source: Source, patterns: [Entry], refresh: RefreshMode = .auto, known: [String: SweepRecord] = [:]
    ) {
        self.source = source
        self.patterns = patterns
        self.refresh = refresh
        self.known = known
    }
}

/// One prefix, up to the next `/`, that a listing looked at.
package struct SweptPrefix: Hashable, Sendable {
    package var prefix: String
    /// Only keys after this one were asked for; empty for all.
    package var startAfter: String
    /// Whether everything after `startAfter` that the patterns can want was asked for, not just news.
    package var isFull: Bool
    /// Whether the sweep came to its end. Where not, what it saw is true, but more may exist.
    package var isComplete: Bool
    /// What to keep for this prefix; nil: forget what is kept.
    package var state: SweepRecord?

    package init(prefix: String, startAfter: String, isFull: Bool, isComplete: Bool, state: SweepRecord?) {
        self.prefix = prefix
        self.startAfter = startAfter
        self.isFull = isFull
        self.isComplete = isComplete
        self.state = state
    }
}

/// What a source showed. With the snapshot before it becomes the next: see `merge(previous:listing:)`.
package struct SourceListing: Sendable {
    package var source: String
    /// What the objects were chosen by, their wildcards free: `where` narrows which prefixes are swept and not which of
    /// their keys are taken, so that a snapshot does not depend on ends of date ranges.
    package var patterns: [Pattern]
    /// In the order of their keys' bytes, no key twice.
    package var objects: [RemoteObject]
    /// In the order of their bytes.
    package var sweptPrefixes: [SweptPrefix]
    /// Whether everything that was to be looked at was seen.
    package var isComplete: Bool
    package var problems: [ListingProblem]
    package var requestCount: Int

    package init(
        source: String, patterns: [Pattern], objects: [RemoteObject], sweptPrefixes: [SweptPrefix],
        isComplete: Bool,
        problems: [ListingProblem], requestCount: Int
    ) {
        self.source = source
        self.patterns = patterns
        self.objects = objects
        self.sweptPrefixes = sweptPrefixes
        self.isComplete = isComplete
        self.problems = problems
        self.requestCount = requestCount
    }
}
