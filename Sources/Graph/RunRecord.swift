package import Problems

/// One invocation of a build, from its start to its summary.
package struct RunRecord: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        /// Everything that was asked for is fresh.
        case done
        /// Some targets failed; the others are done.
        case failed
        /// Stopped by a signal.
        case cancelled
    }

    /// Its name in records and in `log`; unique.
    package var id: String
    /// Milliseconds since 1970.
    package var startedAt: Int64
    /// Nil while it runs, and for ever if it was killed.
    package var finishedAt: Int64?
    /// As given on the command line.
    package var arguments: [String]
    /// Version of the program.
    package var version: String
    /// Nil until it finished.
    package var outcome: Outcome?
    package var counts: RunCounts

    package init(
        id: String, startedAt: Int64, finishedAt: Int64? = nil, arguments: [String], version: String,
        outcome: Outcome? = nil, counts: RunCounts = RunCounts()
    ) {
        self.id = id
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.arguments = arguments
        self.version = version
        self.outcome = outcome
        self.counts = counts
    }
}

/// The figures a run ends with: those of `build --json`.
package struct RunCounts: Hashable, Sendable, Codable {
    /// Partitions selected.
    package var considered = 0
    package var fresh = 0
    /// Outputs written or written again.
    package var built = 0
    /// Cut off early: made again, with the same result.
    package var unchanged = 0
    package var failed = 0
    package var fetchedObjects = 0
    package var fetchedByteCount = 0
    package var rows = 0

    package init() {}
}

/// One job of a run: what was done to one target, when, what came of it, and what it had waited for.
///
/// Together a run's events are its history: `log` reads nothing else, so it tells of a run what was so then, whatever the
/// Datafile and the records say now.
package struct RunEvent: Hashable, Sendable {
    /// The raw values are kept on disk; 5 is taken by earlier versions.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// A source was listed.
        case list = 0
        case fetch = 1
        /// Bytes that were here already were hashed, and that was all there was to do.
        case hash = 2
        case clean = 3
        case command = 4
        /// The graph was made, and what is stale in it was found.
        case plan = 6
    }
    package enum Outcome: Hashable, Sendable {
        case done, unchanged, cancelled
        case failed(ProblemCategory)
        /// Never started, because something it needs failed: what `after` names.
        case abandoned
    }

    /// Id of the run.
    package var run: String
    /// From 1, in the order in which the run's jobs ended.
    package var number: Int
    package var target: String
    package var kind: Kind
    /// Why it was due: the first of the reasons. Nil where nothing was decided, as for a listing.
    package var reason: ReasonKind?
    /// Microseconds since 1970, by a clock that never runs backwards in a run.
    package var startedAt: Int64
    package var microseconds: Int
    /// Of `microseconds`, those at the beginning in which the inputs were hashed.
    package var hashingMicroseconds: Int
    /// Of `microseconds`, those at the end in which the result was flushed and put in its place.
    package var publishingMicroseconds: Int
    package var outcome: Outcome
    /// Index of the worker that began it, or -1 for the network's thread, which moves many objects at a time.
    package var worker: Int
    /// Number of the event whose end let this job start: the last that it had waited for. Nil for the first, and for all that
    /// earlier versions recorded.
    package var after: Int?
    /// Downloaded, or written.
    package var byteCount: Int
    /// What went wrong, at most `messageByteLimit` bytes of it; empty unless it failed.
    package var message: String

    /// A million failures are to be kept, too.
    package static let messageByteLimit = 160

    package init(
        run: String, number: Int, target: String, kind: Kind, reason: ReasonKind? = nil, startedAt: Int64,
        microseconds: Int, hashingMicroseconds: Int = 0, publishingMicroseconds: Int = 0, outcome: Outcome,
        worker: Int, after: Int? = nil, byteCount: Int = 0, message: String = ""
    ) {
        self.run = run
        self.number = number
        self.target = target
        self.kind = kind
        self.reason = reason
        self.startedAt = startedAt
        self.microseconds = microseconds
        self.hashingMicroseconds = hashingMicroseconds
        self.publishingMicroseconds = publishingMicroseconds
        self.outcome = outcome
        self.worker = worker
        self.after = after
        self.byteCount = byteCount
        self.message = message
    }

    /// Microseconds since 1970.
    package var endedAt: Int64 { startedAt &+ Int64(microseconds) }
}
