import Bytes
import Files
import Graph
package import HTTP
import Problems
import Synchronization

/// Brings objects of sources to disk, checked: size, ETag, the publisher's SHA-256. What does not pass never stands at its
/// destination.
///
/// What it trusts. The size must be the listed one. With a checksum policy the publisher's SHA-256 decides, and an answer whose
/// ETag differs from the listed one is taken when it agrees: the object was replaced by another of its size, and the result
/// carries the new ETag. Without a published checksum the ETag must be the listed one, or the MD5 of the bytes must be; an
/// MD5-like ETag that is not the MD5 of the bytes is looked at twice (some encrypted objects have such ETags) and believed
/// when both looks saw the same bytes under the listed ETag.
package final class Fetcher: Sendable {
    private let client: HTTPClient
    private let time: TimeSource
    /// By source name.
    private let limiters = Mutex<[String: RateLimiter]>([:])

    /// One fetcher for all of a run: it keeps the sources' rate limits.
    package init(client: HTTPClient, time: TimeSource = .system) {
        self.client = client
        self.time = time
    }

    /// Fetches one object and publishes it at the request's destination.
    ///
    /// Transient failures are tried again, at most `source.retries` times in all. Writing, hashing and syncing happen in the calling
    /// task (large objects: partly on the client's thread), so call it where blocking on the disk is fine.
    ///
    /// - Parameter onBytes: told of bytes of the object as they arrive, those of failed tries included; on the client's thread.
    package func fetch(
        _ request: FetchRequest, onBytes: (@Sendable (Int) -> Void)? = nil
    ) async throws(FetchFailure) -> FetchResult {
        var run = Run(request: request)
        guard begin(&run) else {
            throw run.failure(AttemptFailure(.internal, "a directory source is read in place, not fetched"))
        }
        while true {
            do throws(AttemptFailure) {
                run.attempts += 1
                let download = try await download(&run, onBytes)
                return try await publish(download, &run)
            } catch {
                if error.deservesSecondLook, !run.isSecondLook {
                    run.isSecondLook = true
                    continue
                }
                do throws(AttemptFailure) { try await wait(after: error, &run) } catch {
                    throw run.failure(error)
                }
            }
        }
    }

    /// Says where the source's objects come from; false for a source that nothing is fetched from.
    func begin(_ run: inout Run) -> Bool {
        guard case .s3(_, let get) = run.source.location else { return false }
        run.base = String(get.reversed().drop { $0 == "/" }.reversed())
        run.limiter = limiter(of: run.source)
        return true
    }

    private func limiter(of source: Source) -> RateLimiter {
        limiters.withLock { limiters in
            if let known = limiters[source.name] { return known }
            let new = RateLimiter(
                bytesPerSecond: source.bytesPerSecond, requestsPerSecond: source.requestsPerSecond, time: time
            )
            limiters[source.name] = new
            return new
        }
    }

    /// One fetch, over all its tries.
    struct Run {
        let request: FetchRequest
        var base = ""
        var limiter: RateLimiter?
        var attempts = 0
        /// Failed tries that counted against the source's retries.
        var failedCount = 0
        var byteCount = 0
        var isSecondLook = false
        /// Of the bytes that an MD5-like ETag did not fit.
        var doubted: SHA256Digest?

        var source: Source { request.source }
        var object: RemoteObject { request.object }
        var url: String { url(of: object.key) }

        func url(of key: String) -> String { base + "/" + key.percentEncoded(keepingSlashes: true) }

        func httpRequest(for key: String, timeLimit: Duration) -> HTTPRequest {
            HTTPRequest(
                url: url(of: key), fields: isSecondLook ? [HTTPField("Cache-Control", "no-cache")] : [],
                connections: source.connections, bytesPerSecond: source.bytesPerSecond, timeLimit: timeLimit)
        }

        func failure(_ error: AttemptFailure) -> FetchFailure {
            FetchFailure(
                category: error.category, source: source.name, key: object.key, url: url,
                status: error.status,
                attempts: attempts, lastError: error.message, hint: error.hint, isCancelled: error.isCancelled
            )
        }
    }

    /// Returns when it is time for another try; throws when there should be none.
    private func wait(after error: AttemptFailure, _ run: inout Run) async throws(AttemptFailure) {
        run.failedCount += 1
        let policy = RetryPolicy(retries: run.source.retries)
        guard error.isTransient,
            let delay = policy.delay(
                after: run.failedCount, retryAfter: error.retryAfter, random: time.random())
        else { throw error }
        do { try await time.sleep(delay) } catch { throw .cancelled }
    }

    /// A minute, and time for 10 KiB a second: slower is as good as stalled.
    private func timeLimit(for byteCount: Int, _ source: Source) -> Duration {
        let rate = min(10 << 10, max(1, (source.bytesPerSecond ?? .max) / 2))
        return .seconds(60 + byteCount / rate)
    }

    private func download(
        _ run: inout Run, _ onBytes: (@Sendable (Int) -> Void)?
    ) async throws(AttemptFailure) -> Download {
        let object = run.object
        let sink = BodySink(
            object: object, destination: run.request.destination,
            hashesAlways: run.source.checksum.map { $0.whenMissing == .accept } ?? true, onBytes: onBytes)
        defer { run.byteCount += sink.byteCount }
        let request = run.httpRequest(
            for: object.key, timeLimit: timeLimit(for: object.byteCount, run.source))
        do {
            try await run.limiter?.waitForTurn(byteCount: object.byteCount)
            let response = try await client.get(
                request, accept: { try sink.accept($0) }, receive: { try sink.receive($0) })
            guard response.head.isSuccess else { throw BodySink.Refusal(failure: failure(of: response)) }
            return try sink.finish()
        } catch { throw failure(of: error) }
    }

    private func publish(
        _ download: consuming Download, _ run: inout Run
    ) async throws(AttemptFailure) -> FetchResult {
        let head = download.head
        let md5 = download.md5
        let content = download.file.content
        let checksum = try await checkPublished(content, &run)
        let (etag, lastModified) = try identity(head, md5, content, isProven: checksum == .verified, &run)
        let stamp: Stamp
        do throws(FileProblem) {
            stamp = try download.file.publish(durably: run.request.isDurable)
        } catch { throw AttemptFailure(.disk, error.summary, hint: error.hint) }
        return FetchResult(
            content: content, etag: etag, lastModified: lastModified, stamp: stamp, checksum: checksum,
            attempts: run.attempts, byteCount: run.byteCount, status: head.status, url: run.url)
    }

    /// Which object the bytes are of, by the rules at the top of this type.
    private func identity(
        _ head: HTTPHead, _ md5: String?, _ content: ContentIdentity, isProven: Bool, _ run: inout Run
    ) throws(AttemptFailure) -> (etag: String, lastModified: String) {
        let object = run.object
        let listed = (object.etag, object.lastModified)
        if object.etag.isEmpty || md5 == object.etag { return listed }
        let hasListedETag = head.etag == object.etag
        if isProven {
            if hasListedETag || head.etag == nil { return listed }
            return (head.etag ?? "", head.value(of: "last-modified") ?? "")
        }
        if !object.etag.isMD5Text {
            if hasListedETag || head.etag == nil { return listed }
        } else if hasListedETag || head.etag == nil {
            if hasListedETag, run.doubted == content.sha256 { return listed }
            run.doubted = content.sha256
            var failure = AttemptFailure(
                .checksum, "the MD5 of the download is \(md5 ?? "unknown"), its ETag \(object.etag)")
            failure.status = head.status
            failure.deservesSecondLook = true
            throw failure
        }
        var failure = AttemptFailure(
            .upstream,
            "the server sent the object with ETag \((head.etag ?? "").escapedForDisplay), listed is \(object.etag.escapedForDisplay)",
            hint: "it was replaced since it was listed: build again")
        failure.status = head.status
        throw failure
    }

    /// Compares with the published SHA-256, where the source has one.
    func checkPublished(
        _ content: ContentIdentity, _ run: inout Run
    ) async throws(AttemptFailure) -> RawRecord.ChecksumOutcome {
        guard let policy = run.source.checksum else { return .notRequired }
        let key = policy.checksumKey(for: run.object.key)
        guard let bytes = try await checksumFile(at: key, &run) else {
            if policy.whenMissing == .accept { return .missing }
            var failure = AttemptFailure(
                .checksum, "no \(key.escapedForDisplay) is published",
                hint: "it may come later; or set 'checksum-missing: accept' for this source")
            failure.status = 404
            throw failure
        }
        let name = run.object.key.split(separator: "/").last.map(String.init) ?? run.object.key
        var failure: AttemptFailure
        do throws(ChecksumFile.Refusal) {
            let published = try ChecksumFile.digest(for: name, in: bytes)
            if published == content.sha256 { return .verified }
            failure = AttemptFailure(
                .checksum,
                "the SHA-256 of the download (\(content.byteCount) bytes) is \(content.sha256), "
                    + "\(key.escapedForDisplay) says \(published)",
                hint: "both were fetched twice: the published checksum may be wrong or late")
        } catch {
            failure = AttemptFailure(.checksum, "\(key.escapedForDisplay) cannot be used: \(error.reason)")
        }
        failure.status = 200
        failure.deservesSecondLook = true
        throw failure
    }

    /// The bytes of a checksum file; nil when the server says 404 and nothing else.
    private func checksumFile(at key: String, _ run: inout Run) async throws(AttemptFailure) -> [UInt8]? {
        while true {
            do throws(AttemptFailure) {
                return try await requestChecksum(key, run)
            } catch {
                // Tried again by itself: the object lies there already.
                try await wait(after: error, &run)
                run.attempts += 1
            }
        }
    }

    private func requestChecksum(_ key: String, _ run: Run) async throws(AttemptFailure) -> [UInt8]? {
        let bytes = SmallBody(limit: ChecksumFile.byteLimit)
        do {
            try await run.limiter?.waitForTurn(byteCount: 100)
            let response = try await client.get(
                run.httpRequest(for: key, timeLimit: .seconds(60)), accept: { _ in },
                receive: { try bytes.append($0) })
            if response.status == 404 { return nil }
            guard response.status == 200 else {
                var failure = failure(of: response)
                failure.message = "\(key.escapedForDisplay): \(failure.message)"
                throw BodySink.Refusal(failure: failure)
            }
            return bytes.bytes
        } catch { throw failure(of: error) }
    }

    private func failure(of response: HTTPResponse) -> AttemptFailure {
        let isTransient = RetryPolicy.isTransient(status: response.status)
        let code = response.xmlErrorCode.map { " \($0.escapedForDisplay)" } ?? ""
        var failure = AttemptFailure(
            isTransient ? .network : .upstream, "the server answered \(response.status)\(code)")
        failure.status = response.status
        failure.isTransient = isTransient
        failure.retryAfter = response.head.retryAfter(now: time.wallClock())
        switch response.status {
        case 404: failure.hint = "it was listed: it may have been removed since; build again"
        case 401, 403: failure.hint = "the source does not let anonymous users read it"
        default: break
        }
        return failure
    }

    private func failure(of error: any Error) -> AttemptFailure {
        switch error {
        case let refusal as BodySink.Refusal: return refusal.failure
        case let problem as HTTPProblem:
            var failure = AttemptFailure(problem.category, problem.summary, hint: problem.hint)
            failure.isTransient = problem.isTransient
            return failure
        case let problem as FileProblem: return AttemptFailure(.disk, problem.summary, hint: problem.hint)
        case is CancellationError: return .cancelled
        default: return AttemptFailure(.internal, "\(error)")
        }
    }
}

/// A short body as it arrives; refuses a long one.
private final class SmallBody: Sendable {
    private let limit: Int
    private let state = Mutex<[UInt8]>([])

    init(limit: Int) { self.limit = limit }

    var bytes: [UInt8] { state.withLock { $0 } }

    func append(_ piece: Span<UInt8>) throws(BodySink.Refusal) {
        let isShort = unsafe piece.withUnsafeBufferPointer { buffer in
            state.withLock { bytes in
                guard bytes.count + buffer.count <= limit else { return false }
                unsafe bytes.append(contentsOf: buffer)
                return true
            }
        }
        if isShort { return }
        var failure = AttemptFailure(.checksum, "the checksum file is longer than \(limit) bytes")
        failure.status = 200
        throw BodySink.Refusal(failure: failure)
    }
}
