import CCurl

/// When a failed request is worth another try, and how long to wait before it.
///
/// Full-jitter exponential back-off: a random part of `base * 2^n`, so that clients that failed together do not come back
/// together.
package struct RetryPolicy: Hashable, Sendable {
    /// Tries after the first.
    package var retries: Int
    package var base: Duration
    package var longest: Duration
    /// A server that asks for more patience than this is given up.
    package var longestRetryAfter: Duration

    package init(
        retries: Int, base: Duration = .milliseconds(500), longest: Duration = .seconds(60),
        longestRetryAfter: Duration = .seconds(300)
    ) {
        self.retries = retries
        self.base = base
        self.longest = longest
        self.longestRetryAfter = longestRetryAfter
    }

    /// How long to wait before the next try, or nil when there should be none.
    ///
    /// - Parameters:
    ///   - attempts: tries so far, from 1.
    ///   - retryAfter: what the server asked for, if it did: never less than that.
    ///   - random: in `0..<1`.
    package func delay(after attempts: Int, retryAfter: Duration? = nil, random: Double) -> Duration? {
        guard attempts <= retries else { return nil }
        if let retryAfter, retryAfter > longestRetryAfter { return nil }
        var ceiling = base
        for _ in 1..<max(1, attempts) where ceiling < longest { ceiling *= 2 }
        return max(min(ceiling, longest) * random, retryAfter ?? .zero)
    }

    /// Whether an answer with this status may change when asked again: 408, 425, 429 and 5xx.
    package static func isTransient(status: Int) -> Bool {
        status == 408 || status == 425 || status == 429 || (500..<600).contains(status)
    }
}

extension HTTPHead {
    /// What `Retry-After` asks for: seconds, or a date less the answer's own `Date` (our clock may be wrong).
    ///
    /// - Parameter now: seconds since 1970, for answers without a date.
    /// - Returns: nil where there is none or it makes no sense.
    package func retryAfter(now: Int64) -> Duration? {
        guard let text = value(of: "retry-after") else { return nil }
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return .seconds(Int64(text.prefix(12)) ?? 0)
        }
        guard let then = httpDate(text) else { return nil }
        let sent = value(of: "date").flatMap(httpDate) ?? now
        return .seconds(max(0, then - sent))
    }
}

/// Seconds since 1970 of an HTTP date in any of its three forms (RFC 9110 section 5.6.7).
private func httpDate(_ text: String) -> Int64? {
    // Whoever has an answer has the library.
    guard let curl = try? CurlLibrary.loaded(for: "") else { return nil }
    let seconds = unsafe curl.functions.pointee.getdate(text, nil)
    return seconds < 0 ? nil : Int64(seconds)
}
