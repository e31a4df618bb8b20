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

/// One thing a run did to one target.
package struct RunEvent: Hashable, Sendable {
    /// The raw values are kept on disk.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case list, fetch, hash, clean, command, publish
    }
    package enum Outcome: Hashable, Sendable {
        case done, unchanged, cancelled
        case failed(ProblemCategory)
    }

    /// Of the run.
    package var run: String
    package var target: String
    package var kind: Kind
    /// Milliseconds since 1970.
    package var startedAt: Int64
    package var milliseconds: Int
    package var outcome: Outcome
    /// Index of the worker, or -1 for the network's thread.
    package var worker: Int

    package init(
        run: String, target: String, kind: Kind, startedAt: Int64, milliseconds: Int, outcome: Outcome,
        worker: Int
    ) {
        self.run = run
        self.target = target
        self.kind = kind
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.outcome = outcome
        self.worker = worker
    }
}
