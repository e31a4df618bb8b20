import Glibc

/// Clock, sleep and chance: what tests replace.
package struct TimeSource: Sendable {
    /// Since some fixed moment; never goes back.
    package var now: @Sendable () -> Duration
    /// Seconds since 1970.
    package var wallClock: @Sendable () -> Int64
    /// Throws `CancellationError` when the task is cancelled meanwhile.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// In `0..<1`.
    package var random: @Sendable () -> Double

    package init(
        now: @escaping @Sendable () -> Duration, wallClock: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async throws -> Void, random: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.wallClock = wallClock
        self.sleep = sleep
        self.random = random
    }

    private static let origin = ContinuousClock.now

    package static let system = TimeSource(
        now: { ContinuousClock.now - origin },
        wallClock: { Int64(time(nil)) },
        // The one place that sleeps: back-off and rates wait for time to pass and nothing else.
        sleep: { try await Task.sleep(for: $0) },
        random: { Double.random(in: 0..<1) })
}
