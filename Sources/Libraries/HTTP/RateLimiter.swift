import Synchronization

/// Tokens flow in at a steady rate up to a capacity; takers wait until theirs are there.
///
/// An amount above the capacity waits for a full bucket and leaves a debt, so the mean rate holds for any sizes.
package struct TokenBucket: Hashable, Sendable {
    /// Tokens a second, above 0.
    package let rate: Double
    package let capacity: Double
    private var tokens: Double
    private var filledAt: Duration

    /// A full bucket.
    package init(rate: Double, capacity: Double, at now: Duration) {
        self.rate = max(rate, .leastNormalMagnitude)
        self.capacity = capacity
        tokens = capacity
        filledAt = now
    }

    /// Takes `amount`, now, and says how long the taker must wait before using it. Earlier takers come first.
    package mutating func take(_ amount: Double, at now: Duration) -> Duration {
        if now > filledAt {
            tokens = min(capacity, tokens + (now - filledAt) / .seconds(1) * rate)
            filledAt = now
        }
        let missing = min(amount, capacity) - tokens
        tokens -= amount
        guard missing > 0 else { return .zero }
        // A year is as good as for ever, and far from what Duration can hold.
        return .seconds(1) * min(missing / rate, 365 * 86_400)
    }
}

/// What a source allows: bytes and requests a second, over all its connections.
package final class RateLimiter: Sendable {
    private struct Buckets: Sendable {
        var bytes: TokenBucket?
        var requests: TokenBucket?
    }

    private let buckets: Mutex<Buckets>
    private let time: TimeSource

    /// Nil means no limit. Up to a second's bytes may come at once; requests are spaced evenly.
    package init(bytesPerSecond: Int?, requestsPerSecond: Double?, time: TimeSource = .system) {
        let now = time.now()
        self.time = time
        buckets = Mutex(
            Buckets(
                bytes: bytesPerSecond.map { TokenBucket(rate: Double($0), capacity: Double($0), at: now) },
                requests: requestsPerSecond.map { TokenBucket(rate: $0, capacity: 1, at: now) }))
    }

    /// Suspends until one more request for about that many bytes may be sent.
    package func waitForTurn(byteCount: Int) async throws {
        let now = time.now()
        let wait = buckets.withLock { buckets in
            max(
                buckets.bytes?.take(Double(byteCount), at: now) ?? .zero,
                buckets.requests?.take(1, at: now) ?? .zero)
        }
        // The wait is the limit itself; tests bring a clock on which it takes no time.
        if wait > .zero { try await time.sleep(wait) }
    }
}
