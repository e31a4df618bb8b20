package import Bytes
import Foundation
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

    private struct File {
        /// Nil until the first line, so that a run without downloads leaves no file; and when closed.
        var descriptor: Int32?
        var isClosed = false
    }

    private let file = Mutex(File())

    /// - Parameters:
    ///   - directory: `manifests`; it is created when there is something to write.
    ///   - date: the day the run began, `YYYY-MM-DD`.
    package init(directory: String, date: String) {
        path = directory + "/download_\(date).jsonl"
    }

    deinit { try? close() }

    /// Adds one line. - Throws: `OutputProblem`; the file then ends as it did before.
    package func append(_ entry: ManifestEntry) throws {
        let line = Array((entry.json + "\n").utf8)
        try file.withLock { file in
            if file.isClosed {
                throw OutputProblem(path: path, doing: "append to a closed manifest", code: EBADF)
            }
            let descriptor = try file.descriptor ?? open()
            file.descriptor = descriptor
            try write(line, to: descriptor)
        }
    }

    /// Makes all lines durable. Later ones throw.
    package func close() throws {
        try file.withLock { file in
            file.isClosed = true
            guard let descriptor = file.descriptor else { return }
            file.descriptor = nil
            let synced = fsync(descriptor)
            let code = errno
            let closed = Foundation.close(descriptor)
            if synced != 0 { throw OutputProblem(path: path, doing: "sync", code: code) }
            if closed != 0 { throw OutputProblem(path: path, doing: "close") }
        }
    }

    private func write(_ line: [UInt8], to descriptor: Int32) throws {
        // SAFETY: writes the array's own bytes.
        let written = unsafe line.withUnsafeBytes {
            unsafe Foundation.write(descriptor, $0.baseAddress, $0.count)
        }
        if written == line.count { return }
        let code = written < 0 ? errno : ENOSPC
        if written > 0 {
            // Only the lock's holder appends: what stands after our start is our own half line.
            let end = lseek(descriptor, 0, SEEK_END)
            if end >= written { ftruncate(descriptor, end - off_t(written)) }
        }
        throw OutputProblem(path: path, doing: "append", code: code)
    }

    private func open() throws -> Int32 {
        let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = unsafe Foundation.open(path, flags, 0o644)
        guard descriptor >= 0 else { throw OutputProblem(path: path, doing: "open") }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Foundation.close(descriptor)
            throw OutputProblem(path: path, doing: "append", code: EINVAL)
        }
        cutHalfLine(descriptor, byteCount: status.st_size)
        return descriptor
    }

    /// Cuts what stands after the last line end.
    private func cutHalfLine(_ descriptor: Int32, byteCount: off_t) {
        var end = byteCount
        var block = [UInt8](repeating: 0, count: 4_096)
        while end > 0 {
            let start = max(0, end - off_t(block.count))
            // SAFETY: reads at most the buffer's count, as end - start is no more.
            let count = unsafe block.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress, Int(end - start), start)
            }
            guard count == Int(end - start) else { return }
            if let last = block[..<count].lastIndex(of: 0x0A) {
                end = start + off_t(last) + 1
                break
            }
            end = start
        }
        if end < byteCount { ftruncate(descriptor, end) }
    }
}
