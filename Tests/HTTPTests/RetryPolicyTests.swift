import HTTP
import Synchronization
import TestSupport
import Testing

@Suite("RetryPolicy")
struct RetryPolicyTests {
    private let policy = RetryPolicy(retries: 10)

    @Test("doubles up to the longest, a random part of it")
    func backOff() {
        let ceilings = (1...10).map { policy.delay(after: $0, random: 1) }
        #expect(ceilings == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        #expect(policy.delay(after: 4, random: 0.25) == .seconds(1))
        #expect(policy.delay(after: 4, random: 0) == .zero)
    }

    @Test("ends after the retries, also with none")
    func ends() {
        #expect(policy.delay(after: 11, random: 0.5) == nil)
        #expect(RetryPolicy(retries: 0).delay(after: 1, random: 0.5) == nil)
        #expect(RetryPolicy(retries: 1000).delay(after: 999, random: 1) == .seconds(60))
    }

    @Test("waits at least as long as the server asks, and not for ever")
    func retryAfter() {
        #expect(policy.delay(after: 1, retryAfter: .seconds(7), random: 0.5) == .seconds(7))
        #expect(policy.delay(after: 8, retryAfter: .seconds(7), random: 1) == .seconds(60))
        #expect(policy.delay(after: 1, retryAfter: .seconds(301), random: 1) == nil)
    }

    static let headers: [(String, Duration?)] = [
        ("3", .seconds(3)), ("0", .zero), ("-1", nil), ("soon", nil), ("", nil),
        ("1000000000", .seconds(1_000_000_000)), ("99999999999999999999", .seconds(999_999_999_999)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", .seconds(10)), ("Sun, 06 Nov 1994 08:00:00 GMT", .zero),
    ]

    @Test("reads Retry-After", arguments: headers)
    func reads(_ text: String, _ expected: Duration?) {
        let dated = HTTPHead(
            status: 503,
            fields: [HTTPField("date", "Sun, 06 Nov 1994 08:49:37 GMT"), HTTPField("Retry-After", text)])
        #expect(dated.retryAfter(now: 0) == expected)
        let undated = HTTPHead(status: 503, fields: [HTTPField("Retry-After", text)])
        #expect(undated.retryAfter(now: 784_111_777) == expected)
        #expect(HTTPHead(status: 503).retryAfter(now: 0) == nil)
    }

    @Test("tells statuses worth another try")
    func statuses() {
        #expect([408, 425, 429, 500, 502, 503, 504, 599].allSatisfy(RetryPolicy.isTransient(status:)))
        #expect(
            ![200, 206, 301, 304, 400, 401, 403, 404, 410, 416, 451].contains(
                where: RetryPolicy.isTransient(status:)))
    }
}

@Suite("TokenBucket")
struct TokenBucketTests {
    @Test("lets a full bucket through and spaces what follows")
    func spacing() {
        var bucket = TokenBucket(rate: 10, capacity: 1, at: .zero)
        #expect(
            (0..<4).map { _ in bucket.take(1, at: .zero) } == [0, 0.1, 0.2, 0.3].map { .seconds(1) * $0 })
        #expect(bucket.take(1, at: .seconds(1)) == .zero)
    }

    @Test("an amount above the capacity leaves a debt")
    func debt() {
        var bucket = TokenBucket(rate: 100, capacity: 100, at: .zero)
        #expect(bucket.take(1000, at: .zero) == .zero)
        #expect(bucket.take(50, at: .zero) == .seconds(9.5))
    }

    @Test("never lets more through than rate and capacity allow", arguments: 0..<20)
    func mean(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bucket = TokenBucket(rate: 1000, capacity: 1000, at: .zero)
        var now = Duration.zero
        var taken: [(at: Duration, amount: Double)] = []
        for _ in 0..<200 {
            now += .milliseconds(Int.random(in: 0...50, using: &generator))
            let amount = Double(Int.random(in: 0...400, using: &generator))
            taken.append((now + bucket.take(amount, at: now), amount))
        }
        for first in taken.indices {
            for last in first..<taken.count {
                let sum = taken[first...last].reduce(0) { $0 + $1.amount }
                let span = (taken[last].at - taken[first].at) / .seconds(1)
                #expect(sum <= 1000 + 1000 * span + 400 + 0.001, "seed \(seed)")
            }
        }
    }

    @Test("the limiter sleeps for the longer of both")
    func limiter() async throws {
        let slept = Mutex<[Duration]>([])
        let time = TimeSource(
            now: { .zero }, wallClock: { 0 }, sleep: { duration in slept.withLock { $0.append(duration) } },
            random: { 0 })
        let limiter = RateLimiter(bytesPerSecond: 100, requestsPerSecond: 2, time: time)
        for bytes in [50, 50, 1000] { try await limiter.waitForTurn(byteCount: bytes) }
        #expect(slept.withLock { $0 } == [.seconds(0.5), .seconds(1)])
        let free = RateLimiter(bytesPerSecond: nil, requestsPerSecond: nil, time: time)
        try await free.waitForTurn(byteCount: 1 << 40)
        #expect(slept.withLock { $0.count } == 2)
    }
}

@Suite("percent-encoding")
struct PercentEncodingTests {
    static let cases: [(String, String, String)] = [
        ("data/a-b_c.d~e.zip", "data/a-b_c.d~e.zip", "data%2Fa-b_c.d~e.zip"),
        ("a b+c%d?e#f&g=h", "a%20b%2Bc%25d%3Fe%23f%26g%3Dh", "a%20b%2Bc%25d%3Fe%23f%26g%3Dh"),
        ("币", "%E5%B8%81", "%E5%B8%81"), ("\r\n\0", "%0D%0A%00", "%0D%0A%00"), ("", "", ""),
    ]

    @Test("encodes", arguments: cases)
    func encodes(_ text: String, _ path: String, _ query: String) {
        #expect(text.percentEncoded(keepingSlashes: true) == path)
        #expect(text.percentEncoded(keepingSlashes: false) == query)
    }
}
