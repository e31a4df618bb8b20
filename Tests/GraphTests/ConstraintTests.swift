import Graph
import Testing

struct ConstraintTests {
    static func days(_ first: String?, _ last: String?) -> Constraint {
        .days(
            start: first.flatMap { DayRange(text: $0)?.start }, end: last.flatMap { DayRange(text: $0)?.end })
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var constraint: Constraint
        var kind: WildcardKind
        var accepted: [String]
        var refused: [String]
        var testDescription: String { "\(constraint) \(kind)" }
    }

    static let cases = [
        Case(
            constraint: .globs(includes: ["BTCUSDT", "ETH*"], excludes: ["*DOWNUSDT"]), kind: .text,
            accepted: ["BTCUSDT", "ETHUSDT", "ETH"], refused: ["ETHDOWNUSDT", "XBTCUSDT", "", "BNBUSDT"]),
        Case(
            constraint: .globs(includes: [], excludes: ["*DOWNUSDT"]), kind: .text,
            accepted: ["BTCUSDT", ""], refused: ["ETHDOWNUSDT"]),
        Case(constraint: .globs(includes: [], excludes: []), kind: .int, accepted: ["1"], refused: []),
        Case(
            constraint: days("2024-01-15", "2024-03"), kind: .day, accepted: ["2024-01-15", "2024-03-31"],
            refused: ["2024-01-14", "2024-04-01", "2024-02-30", "2024-02", "x"]),
        Case(
            constraint: days("2024-01-15", "2024-03"), kind: .month,
            accepted: ["2024-01", "2024-02", "2024-03"],
            refused: ["2023-12", "2024-04"]),
        Case(
            constraint: days("2024-01-15", nil), kind: .year, accepted: ["2024", "2025"], refused: ["2023"]),
        Case(
            constraint: days(nil, "2024-01-15"), kind: .month, accepted: ["2024-01", "0001-01"],
            refused: ["2024-02"]),
        Case(constraint: days("2024", "2024"), kind: .text, accepted: [], refused: ["2024"]),
        Case(
            constraint: .integers(lower: 1, upper: 5), kind: .int, accepted: ["1", "05", "5"],
            refused: ["0", "6", "", "-1", "+1", "x", "99999999999999999999"]),
        Case(
            constraint: .integers(lower: 6, upper: nil), kind: .int, accepted: ["6", "99999999999999999999"],
            refused: ["5"]),
    ]

    @Test("accepts", arguments: cases)
    func accepts(_ c: Case) {
        let matcher = ConstraintMatcher(c.constraint, kind: c.kind)
        for text in c.accepted {
            #expect(c.constraint.accepts(text, kind: c.kind), "\(text)")
            #expect(matcher.accepts(text), "\(text)")
        }
        for text in c.refused {
            #expect(!c.constraint.accepts(text, kind: c.kind), "\(text)")
            #expect(!matcher.accepts(text), "\(text)")
        }
    }

    @Test("knows the only names")
    func possibleNames() {
        func names(_ includes: [String], _ excludes: [String] = []) -> [String]? {
            ConstraintMatcher(.globs(includes: includes, excludes: excludes), kind: .text).possibleNames
        }
        #expect(names(["b", "a"]) == ["a", "b"])
        #expect(names(["b", "a"], ["b*"]) == ["a"])
        #expect(names(["b", "a*"]) == nil)
        #expect(names([]) == nil)
        #expect(ConstraintMatcher(.integers(lower: 1, upper: 2), kind: .int).possibleNames == nil)
    }
}
