import Foundation
import Graph
import TestSupport
import Testing

@Suite("RFC 3339")
struct RFC3339Tests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var nanoseconds: Int64
        var seconds: String
        var milliseconds: String
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "the beginning", nanoseconds: 0, seconds: "1970-01-01T00:00:00Z",
            milliseconds: "1970-01-01T00:00:00.000Z"),
        Case(
            name: "every part has two digits", nanoseconds: 1_704_164_645_678_999_999,
            seconds: "2024-01-02T03:04:05Z", milliseconds: "2024-01-02T03:04:05.678Z"),
        Case(
            name: "a nanosecond before 1970", nanoseconds: -1, seconds: "1969-12-31T23:59:59Z",
            milliseconds: "1969-12-31T23:59:59.999Z"),
        Case(
            name: "a leap day's last second", nanoseconds: 1_709_251_199_000_000_000,
            seconds: "2024-02-29T23:59:59Z", milliseconds: "2024-02-29T23:59:59.000Z"),
        Case(
            name: "the first that 64 bits hold", nanoseconds: .min, seconds: "1677-09-21T00:12:43Z",
            milliseconds: "1677-09-21T00:12:43.145Z"),
        Case(
            name: "the last that 64 bits hold", nanoseconds: .max, seconds: "2262-04-11T23:47:16Z",
            milliseconds: "2262-04-11T23:47:16.854Z"),
    ]

    @Test("writes", arguments: cases)
    func writes(_ c: Case) {
        #expect(rfc3339(nanoseconds: c.nanoseconds) == c.seconds)
        #expect(rfc3339(nanoseconds: c.nanoseconds, withMilliseconds: true) == c.milliseconds)
    }

    @Test("says what Foundation says, at random moments")
    func likeFoundation() {
        var random = SeededGenerator(seed: 3339)
        for _ in 0..<2_000 {
            let second = Int64.random(in: -9_000_000_000...9_000_000_000, using: &random)
            let text = Date(timeIntervalSince1970: Double(second)).formatted(.iso8601)
            #expect(rfc3339(nanoseconds: second * 1_000_000_000) == text)
        }
    }
}
