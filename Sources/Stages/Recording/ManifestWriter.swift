package import Bytes
package import Files
import Synchronization

/// One object that a run fetched, or failed to.
package struct ManifestEntry: Hashable, Sendable {
    /// The raw values are part of the file's contract.
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case fetched, unchanged, failed, quarantined
    }

    /// What the wildcards of the pattern matched.
    package var wildcards: [String: String]
    /// As the Datafile writes it.
    package var pattern: String
    package var source: String
    package var key: String
    package var url: String
    package var etag: String
    /// In bytes; nil where it is not known.
    package var byteCount: Int?
    package var sha256: SHA256Digest?
    package var status: Status
    /// Why it failed; nil when it did not.
    package var lastError: String?
    /// When it ended: RFC 3339, UTC.
    package var time: String

    package init(
        wildcards: [String: String], pattern: String, source: String, key: String, url: String, etag: String,
        byteCount: Int?, sha256: SHA256Digest?, status: Status, lastError: String?, time: String
    ) {
        self.wildcards = wildcards
        self.pattern = pattern
        self.source = source
        self.key = key
        self.url = url
        self.etag = etag
        self.byteCount = byteCount
        self.sha256 = sha256
        self.status = status
        self.lastError = lastError
        self.time = time
    }

    /// One line of JSON without its end. Wildcards come first, by name; one that is named like a fixed field is written
    /// as `wildcard_NAME`.
    package var json: String {
        let fixed: [(String, String)] = [
            ("pattern", JSONText.quoted(pattern)),
            ("source", JSONText.quoted(source)),
            ("key", JSONText.quoted(key)),
            ("url", JSONText.quoted(url)),
            ("etag", JSONText.quoted(etag)),
            ("size", byteCount.map(String.init) ?? "null"),
            ("sha256", sha256.map { JSONText.quoted($0.description) } ?? "null"),
            ("status", JSONText.quoted(status.rawValue)),
            ("last_error", lastError.map(JSONText.quoted) ?? "null"),
            ("time", JSONText.quoted(time)),
        ]
        var line = JSONText()
        for (name, value) in wildcards.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            line.add(fixed.contains { $0.0 == name } ? "wildcard_" + name : name, value)
        }
        for (key, value) in fixed { line.add(key, json: value) }
        return line.object
    }
}

/// Appends to `download_{YYYY-MM-DD}.jsonl`: one line an object, one file a day, runs of a day one after the other.
///
/// For the process that holds the build lock. Any thread may append; a line is one write, so readers never see half of one
/// for longer than that write takes, and half a line that a crash has left is cut off by the next run.
package final class ManifestWriter: Sendable {
    package let path: String

    /// Nil until the first line, so that a run without downloads leaves no file.
    private let file = Mutex<AppendedFile?>(nil)

    /// - Parameters:
    ///   - directory: `manifests`; it is created when there is something to write.
    ///   - date: the day the run began, `YYYY-MM-DD`.
    package init(directory: String, date: String) {
        path = directory + "/download_\(date).jsonl"
    }

    /// Adds one line. On an error the file ends as it did before.
    package func append(_ entry: ManifestEntry) throws(FileProblem) {
        let line = Array((entry.json + "\n").utf8)
        try file.withLock { file throws(FileProblem) in
            if file == nil {
                var opened = try AppendedFile(path: path)
                try opened.cutHalfLine()
                file = consume opened
            }
            try file!.append(line)
        }
    }

    /// Makes all lines durable.
    package func sync() throws(FileProblem) {
        try file.withLock { file throws(FileProblem) in try file?.sync() }
    }
}
