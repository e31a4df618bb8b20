import Foundation
package import Graph
package import Problems

/// The result of `build` and `rebuild`: the JSON contract.
package struct BuildReport: Hashable, Sendable, Codable {
    package struct Fetched: Hashable, Sendable, Codable {
        package var objects = 0
        package var bytes = 0
    }
    package struct Failure: Hashable, Sendable, Codable {
        package var target: String
        package var category: ProblemCategory
        package var message: String
        package var attempts: Int
    }
    /// One stale target of a dry run.
    package struct Planned: Hashable, Sendable, Codable {
        package var target: String
        /// `stale`, or `undecided` when it may turn out unchanged.
        package var state: String
        package var reasons: [Reason]
    }

    package var run: String
    /// Partitions selected.
    package var considered = 0
    package var fresh = 0
    /// Outputs written or rewritten.
    package var built = 0
    /// Partitions cut off early.
    package var unchanged = 0
    package var failed = 0
    package var fetched = Fetched()
    /// Rows in the outputs written.
    package var rows = 0
    package var seconds = 0.0
    package var failures: [Failure] = []
    /// Of a build with a budget only: stale targets left for later.
    package var left: Int?
    /// Of a dry run only: what would be built, and why, with the downloads it needs.
    package var plan: [Planned]?
    package var fetches: [Planned]?
    /// How the jobs were spread; only where asked for.
    package var stats: BuildStatistics?
    /// Signal that ended the run early.
    package var interrupted: Int32?

    package init(run: String) { self.run = run }
}

/// The result of `why` for one target: the JSON contract.
package struct WhyReport: Hashable, Sendable, Codable {
    package var target: String
    package var state: String
    package var reasons: [Reason]
    /// Whether a cutoff is still possible: its inputs may turn out to hold what they held.
    package var mayTurnOutUnchanged: Bool

    enum CodingKeys: String, CodingKey {
        case target, state, reasons
        case mayTurnOutUnchanged = "may_turn_out_unchanged"
    }
}

/// One line of `ls`: the JSON contract. Every key is there, with null where there is no value.
package struct TargetListing: Hashable, Sendable, Codable {
    package var target: String
    package var kind: String
    package var rule: String?
    package var state: String
    package var bytes: Int?
    package var rows: Int?
    package var xxh3_128: String?
    package var sha256: String?

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(target, forKey: .target)
        try container.encode(kind, forKey: .kind)
        try container.encode(rule, forKey: .rule)
        try container.encode(state, forKey: .state)
        try container.encode(bytes, forKey: .bytes)
        try container.encode(rows, forKey: .rows)
        try container.encode(xxh3_128, forKey: .xxh3_128)
        try container.encode(sha256, forKey: .sha256)
    }

    /// What `JSONEncoder` writes of `encode(to:)`, the twin that tests hold it against, with sorted keys and slashes as they are, in a tenth of the time: there may be millions.
    package var json: String {
        func number(_ value: Int?) -> String { value.map(String.init) ?? "null" }
        func text(_ value: String?) -> String { value.map(quotedJSON) ?? "null" }
        return """
            {"bytes":\(number(bytes)),"kind":\(text(kind)),"rows":\(number(rows)),"rule":\(text(rule)),\
            "sha256":\(text(sha256)),"state":\(text(state)),"target":\(text(target)),"xxh3_128":\(text(xxh3_128))}
            """
    }
}

/// A JSON string, written as `JSONEncoder` does.
private func quotedJSON(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    if isPlain { return "\"\(text)\"" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    // A string always encodes.
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
}

/// The result of `verify`: the JSON contract.
package struct VerifyReport: Hashable, Sendable, Codable {
    package struct Corrupt: Hashable, Sendable, Codable {
        package var target: String
        /// SHA-256 as recorded.
        package var expected: String
        /// SHA-256 of the bytes that are there.
        package var found: String
        /// Where in a Parquet file the damage shows, in words; the key is left out where that cannot be told.
        package var damage: String?
    }
    /// What a fresh listing shows that the state does not, or the other way round.
    package struct Upstream: Hashable, Sendable, Codable {
        package var changed: [String] = []
        package var new: [String] = []
        package var gone: [String] = []
    }

    package var checked = 0
    package var ok = 0
    package var corrupt: [Corrupt] = []
    package var missing: [String] = []
    package var notReproduced: [Corrupt] = []
    package var upstream: Upstream?

    package init() {}

    enum CodingKeys: String, CodingKey {
        case checked, ok, corrupt, missing, upstream
        case notReproduced = "not_reproduced"
    }

    /// Whether everything checked was as recorded.
    package var isClean: Bool {
        corrupt.isEmpty && missing.isEmpty && notReproduced.isEmpty
            && (upstream.map { $0.changed.isEmpty && $0.new.isEmpty && $0.gone.isEmpty } ?? true)
    }
}
