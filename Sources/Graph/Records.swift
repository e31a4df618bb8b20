package import Bytes
package import Files
package import Problems

/// What is known of the local copy of one object, or of one file of a directory source.
package struct RawRecord: Hashable, Sendable {
    package enum ChecksumOutcome: String, Hashable, Sendable, Codable {
        /// The publisher's SHA-256 agrees.
        case verified
        /// The source asks for none.
        case notRequired = "not-required"
        /// None is published and the Datafile accepts that.
        case missing
    }

    package var source: String
    package var key: String
    /// Identity of the object these bytes came from.
    package var etag: String
    package var lastModified: String
    package var content: ContentIdentity
    /// Digest of the uncompressed member, once it has been read; nil before.
    package var payload: XXH3Digest?
    /// Of the local file when it was hashed.
    package var stamp: Stamp
    package var checksum: ChecksumOutcome

    package init(
        source: String, key: String, etag: String, lastModified: String, content: ContentIdentity,
        payload: XXH3Digest?, stamp: Stamp, checksum: ChecksumOutcome
    ) {
        self.source = source
        self.key = key
        self.etag = etag
        self.lastModified = lastModified
        self.content = content
        self.payload = payload
        self.stamp = stamp
        self.checksum = checksum
    }
}

extension RawRecord {
    /// The digest by which it counts for a recipe: what is inside the zip for `clean`, the very bytes for `run`.
    package func digest(for recipe: Recipe) -> XXH3Digest? {
        switch recipe {
        case .clean: payload
        case .run: content.xxh3
        }
    }
}

/// One input as an action last consumed it.
package struct InputRecord: Hashable, Sendable, Codable {
    /// `source:key` or a project-relative path.
    package var name: String
    /// Payload digest of a raw input; content digest of another rule's output; file digest of anything else.
    package var digest: XXH3Digest

    package init(name: String, digest: XXH3Digest) {
        self.name = name
        self.digest = digest
    }
}

/// One named component of a recipe: `columns.open.type` = `float64`.
package struct RecipeField: Hashable, Sendable, Codable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What an action was last made from, and what it made.
package struct ActionRecord: Hashable, Sendable {
    package var rule: String
    package var output: String
    package var bindings: Bindings
    /// Every field of the recipe, sorted by name.
    package var recipe: [RecipeField]
    /// Version of the code that wrote the output.
    package var writer: String
    package var inputs: [InputRecord]
    package var content: ContentIdentity
    /// Digest of schema and values of a Parquet output; the file's XXH3 for others. What consumers depend on.
    package var valueDigest: XXH3Digest
    package var stamp: Stamp
    package var rowCount: Int
    /// What cleaning counted; nil for `run` recipes.
    package var statistics: DatasetStatistics?
    /// Wall time of the action itself.
    package var milliseconds: Int
    /// The run that last wrote or confirmed it.
    package var run: String

    package init(
        rule: String, output: String, bindings: Bindings, recipe: [RecipeField], writer: String,
        inputs: [InputRecord],
        content: ContentIdentity, valueDigest: XXH3Digest, stamp: Stamp, rowCount: Int,
        statistics: DatasetStatistics?, milliseconds: Int, run: String
    ) {
        self.rule = rule
        self.output = output
        self.bindings = bindings
        self.recipe = recipe
        self.writer = writer
        self.inputs = inputs
        self.content = content
        self.valueDigest = valueDigest
        self.stamp = stamp
        self.rowCount = rowCount
        self.statistics = statistics
        self.milliseconds = milliseconds
        self.run = run
    }
}

/// What cleaning one partition counted. One line of `stats.json`.
package struct DatasetStatistics: Hashable, Sendable, Codable {
    package var rowCount = 0
    /// Smallest and largest value of the first sort column: RFC 3339 for times, plain text for others; nil without rows.
    package var first: String?
    package var last: String?
    /// Rows dropped because an equal row (all columns) with the same `unique` values stands before them.
    package var duplicateRowCount = 0
    /// Rows dropped because a *different* row with the same `unique` values came first.
    package var conflictRowCount = 0
    /// Steps longer than `every` between neighbours, and how many rows are missing in them.
    package var gapCount = 0
    package var missingRowCount = 0
    /// Rows kept out by `bad-rows: quarantine`, parse errors and failed checks together.
    package var rejectedRowCount = 0
    /// Nulls by column, columns without any left out.
    package var nullCounts: [String: Int] = [:]

    package init() {}
}

/// A target that failed, and how often. It is quarantined once `attempts` passed the source's retries.
package struct FailureRecord: Hashable, Sendable {
    package var target: String
    package var category: ProblemCategory
    package var message: String
    package var attempts: Int
    package var isQuarantined: Bool
    /// Identity the failure belongs to ("etag size" of the object, or the fingerprint of the action): a new one means try again.
    package var subject: String
    /// RFC 3339, UTC.
    package var lastAttempt: String

    package init(
        target: String, category: ProblemCategory, message: String, attempts: Int, isQuarantined: Bool,
        subject: String,
        lastAttempt: String
    ) {
        self.target = target
        self.category = category
        self.message = message
        self.attempts = attempts
        self.isQuarantined = isQuarantined
        self.subject = subject
        self.lastAttempt = lastAttempt
    }
}

/// How far the listing of one prefix of a source is known.
package struct SweepRecord: Hashable, Sendable {
    /// The sweep took only keys after this one; empty for all.
    package var startAfter: String
    /// The greatest key seen; a quick refresh asks for what comes after it. Nil: the prefix was empty.
    package var lastKey: String?
    /// When the prefix was last listed from its start to its end: seconds since 1970.
    package var sweptAt: Int64
    /// How many pages that took.
    package var pageCount: Int

    package init(startAfter: String = "", lastKey: String?, sweptAt: Int64, pageCount: Int) {
        self.startAfter = startAfter
        self.lastKey = lastKey
        self.sweptAt = sweptAt
        self.pageCount = pageCount
    }
}
