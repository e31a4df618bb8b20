import Bytes
import Graph
import HTTP
import Problems
import Synchronization

/// Levels of an S3 bucket, by ListObjectsV2 with `delimiter=/`.
final class BucketLevels: Levels {
    static let pageLimit = 100_000
    static let emptyPageLimit = 20

    private let source: Source
    private let base: String
    private let client: HTTPClient
    private let limiter: RateLimiter
    private let policy: RetryPolicy
    private let time: TimeSource
    private let requests = Atomic<Int>(0)

    var requestCount: Int { requests.load(ordering: .relaxed) }
    /// A listing that cannot be had must not hold up what can be done without it: a few seconds, not the minutes that a
    /// large object is worth.
    private static var retryLimit: Int { 3 }

    /// Twice the connections: the next page is parsed while another is on its way.
    var concurrency: Int { max(1, source.connections) * 2 }

    init(source: Source, listURL: String, client: HTTPClient, time: TimeSource) {
        self.source = source
        var base = listURL[...]
        while base.last == "/" { base = base.dropLast() }
        // A bucket that is a host of its own still needs a path.
        self.base = base.drop { $0 != ":" }.dropFirst(3).contains("/") ? String(base) : base + "/"
        self.client = client
        self.time = time
        limiter = RateLimiter(bytesPerSecond: nil, requestsPerSecond: source.requestsPerSecond, time: time)
        policy = RetryPolicy(retries: min(source.retries, Self.retryLimit))
    }

    func list(prefix: String, startAfter: String, kind: LevelKind) async throws -> Level {
        var level = Level()
        var cursor = Cursor(startAfter: startAfter)
        var outsideCount = 0
        do {
            repeat {
                let page = try await page(prefix: prefix, number: level.pageCount + 1, cursor: &cursor)
                level.pageCount += 1
                outsideCount += try take(page, into: &level, prefix: prefix, cursor: &cursor)
            } while cursor.token != nil
        } catch let problem as ListingProblem {
            level.problems.append(problem)
        }
        if outsideCount > 0 { level.problems.append(problem(.outsidePrefix(count: outsideCount), prefix)) }
        return level
    }

    /// Where a listing is: what it has seen last and what it asks for next.
    private struct Cursor {
        let startAfter: String
        var token: String?
        var lastKey = ""
        var lastPrefix = ""
        var tokens: Set<String> = []
        var emptyPageCount = 0
        /// Set once a token was refused: the listing then goes on behind the last key, without one.
        var resumeAfter: String?

        init(startAfter: String) { self.startAfter = startAfter }
    }

    private func problem(_ kind: ListingProblem.Kind, _ prefix: String) -> ListingProblem {
        ListingProblem(kind, source: source.name, prefix: prefix)
    }

    /// Adds a page to the level. Returns the number of entries outside the prefix.
    private func take(
        _ page: ListPage, into level: inout Level, prefix: String, cursor: inout Cursor
    ) throws(ListingProblem) -> Int {
        let number = level.pageCount
        var outsideCount = 0
        for object in page.objects {
            guard object.key.hasBytePrefix(prefix) else {
                outsideCount += 1
                continue
            }
            // A server that does not know start-after begins at the beginning.
            if !cursor.startAfter.precedesInBytes(object.key) { continue }
            guard cursor.lastKey.precedesInBytes(object.key) else {
                throw problem(.keysOutOfOrder(page: number), prefix)
            }
            cursor.lastKey = object.key
            level.objects.append(object)
        }
        for common in page.prefixes {
            guard common.hasBytePrefix(prefix), common.utf8.last == UInt8(ascii: "/") else {
                outsideCount += 1
                continue
            }
            // After a refused token the server may name the last one again.
            if cursor.resumeAfter != nil, common.equalsInBytes(cursor.lastPrefix) { continue }
            guard cursor.lastPrefix.precedesInBytes(common) else {
                throw problem(.keysOutOfOrder(page: number), prefix)
            }
            cursor.lastPrefix = common
            level.prefixes.append(common)
        }
        cursor.emptyPageCount = page.objects.isEmpty && page.prefixes.isEmpty ? cursor.emptyPageCount + 1 : 0
        cursor.token = page.nextToken
        guard let token = page.nextToken else { return outsideCount }
        guard cursor.tokens.insert(token).inserted else {
            throw problem(.tokenRepeated(page: number), prefix)
        }
        guard cursor.emptyPageCount < Self.emptyPageLimit, number < Self.pageLimit else {
            throw problem(.endless(page: number), prefix)
        }
        return outsideCount
    }

    /// The next page, tried again as the source's retries allow.
    private func page(prefix: String, number: Int, cursor: inout Cursor) async throws -> ListPage {
        var attempts = 0
        while true {
            attempts += 1
            do throws(PageFailure) {
                return try await request(prefix: prefix, number: number, cursor: cursor)
            } catch {
                if error.isCancelled { throw CancellationError() }
                // A token may expire. Once, and only where keys tell the place, go on without it.
                if error.isBadRequest, cursor.token != nil, cursor.resumeAfter == nil {
                    cursor.resumeAfter = max(
                        cursor.lastKey, cursor.lastPrefix, by: { $0.precedesInBytes($1) })
                    cursor.token = nil
                    continue
                }
                guard error.isTransient,
                    let delay = policy.delay(
                        after: attempts, retryAfter: error.retryAfter, random: time.random())
                else { throw problem(error.kind, prefix) }
                try await time.sleep(delay)
            }
        }
    }

    private struct PageFailure: Error {
        var kind: ListingProblem.Kind
        var isTransient: Bool
        var retryAfter: Duration?
        var isCancelled = false

        var isBadRequest: Bool { if case .status(400, _) = kind { true } else { false } }
    }

    private func request(prefix: String, number: Int, cursor: Cursor) async throws(PageFailure) -> ListPage {
        var url = base + "?list-type=2&delimiter=%2F&encoding-type=url&max-keys=1000"
        url += "&prefix=" + prefix.percentEncoded(keepingSlashes: false)
        if let token = cursor.token {
            url += "&continuation-token=" + token.percentEncoded(keepingSlashes: false)
        }
        let after = cursor.resumeAfter ?? cursor.startAfter
        if !after.isEmpty { url += "&start-after=" + after.percentEncoded(keepingSlashes: false) }

        let sink = PageSink()
        let response: HTTPResponse
        do {
            try await limiter.waitForTurn(byteCount: 0)
            requests.add(1, ordering: .relaxed)
            response = try await client.get(
                HTTPRequest(url: url, connections: source.connections),
                accept: { head in
                    if let count = head.contentLength, count > ListPage.byteLimit { throw PageSink.TooLong() }
                }, receive: { try sink.append($0) })
        } catch let problem as HTTPProblem {
            throw PageFailure(kind: .transport(problem), isTransient: problem.isTransient)
        } catch is PageSink.TooLong {
            let reason = "it is longer than \(ListPage.byteLimit) bytes"
            throw PageFailure(
                kind: .page(number, byteOffset: ListPage.byteLimit, reason: reason), isTransient: false)
        } catch {
            throw PageFailure(kind: .status(0, code: nil), isTransient: false, isCancelled: true)
        }
        guard response.status == 200 else {
            throw PageFailure(
                kind: .status(response.status, code: response.xmlErrorCode),
                isTransient: RetryPolicy.isTransient(status: response.status),
                retryAfter: response.head.retryAfter(now: time.wallClock()))
        }
        do throws(ListPage.Refusal) {
            return try ListPage(parsing: sink.bytes)
        } catch {
            // S3 can begin an answer with 200 and end it with an error; and a page may be cut on its way.
            throw PageFailure(
                kind: .page(number, byteOffset: error.byteOffset, reason: error.reason), isTransient: true)
        }
    }
}

/// The bytes of one page as they arrive.
private final class PageSink: Sendable {
    struct TooLong: Error {}

    private let state = Mutex<[UInt8]>([])

    var bytes: [UInt8] { state.withLock { $0 } }

    func append(_ piece: Span<UInt8>) throws(TooLong) {
        let isShort = unsafe piece.withUnsafeBufferPointer { buffer in
            state.withLock { bytes in
                guard bytes.count + buffer.count <= ListPage.byteLimit else { return false }
                unsafe bytes.append(contentsOf: buffer)
                return true
            }
        }
        if !isShort { throw TooLong() }
    }
}

private func max<T>(_ a: T, _ b: T, by precedes: (T, T) -> Bool) -> T { precedes(a, b) ? b : a }
