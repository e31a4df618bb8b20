import Graph
import Testing

struct PatternParsingTests {
    @Test("reads literals, names, kinds and coarser dates")
    func pieces() throws {
        let pattern = try Pattern(parsing: "lake/{symbol}/n={n:int}/{date.month}.parquet")
        #expect(
            pattern.pieces == [
                .literal("lake/"), .wildcard(name: "symbol", kind: .text), .literal("/n="),
                .wildcard(name: "n", kind: .int), .literal("/"), .coarser(name: "date", kind: .month),
                .literal(".parquet"),
            ])
        #expect(pattern.wildcardNames == ["symbol", "n", "date"])
        #expect(pattern.kind(of: "symbol") == .text)
        #expect(pattern.kind(of: "date") == .month)
        #expect(pattern.kind(of: "other") == nil)
        #expect(pattern.literalPrefix == "lake/")
        #expect(pattern.literalSuffix == ".parquet")
        #expect(pattern.literalText == nil)
        #expect(pattern.segments.map(\.text) == ["lake", "{symbol}", "n={n:int}", "{date.month}.parquet"])
    }

    @Test("a kind written once holds for all places of the name")
    func kindIsInherited() throws {
        let pattern = try Pattern(parsing: "{date}/x-{date:month}.zip")
        #expect(pattern.pieces.first == .wildcard(name: "date", kind: .month))
        #expect(pattern.segments.first?.text == "{date:month}")
        #expect(pattern.wildcardNames == ["date"])
    }

    @Test("a pattern of one literal, and segments of odd slashes")
    func literals() throws {
        #expect(try Pattern(parsing: "a/b").literalText == "a/b")
        #expect(try Pattern(parsing: "a//{b}/").segments.map(\.text) == ["a", "", "{b}", ""])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var text: String
        var offset: Int
        var message: String
        var hint: String?
        var testDescription: String { text }
    }

    static let bad = [
        Bad(text: "", offset: 0, message: "a pattern cannot be empty"),
        Bad(text: "a{b", offset: 1, message: "'{' is never closed", hint: "write {name}"),
        Bad(
            text: "a}b", offset: 1, message: "'}' closes nothing",
            hint: "braces only hold wildcards: {name}, {name:month}, {name.month}"),
        Bad(
            text: "a/{{b}}", offset: 3, message: "'{' inside a wildcard",
            hint: "one pair of braces is enough: {name}"),
        Bad(text: "{}", offset: 0, message: "a wildcard without a name", hint: "write {name}"),
        Bad(
            text: "{a b}", offset: 1, message: "'a b' cannot name a wildcard",
            hint: "a name is a letter or _, then letters, digits, _ or -"),
        Bad(
            text: "{date:mnth}", offset: 6, message: "no wildcard kind 'mnth'", hint: "did you mean 'month'?"),
        Bad(
            text: "{date:q}", offset: 6, message: "no wildcard kind 'q'",
            hint: "the kinds are text, day, month, year, int"),
        Bad(
            text: "{date.int}", offset: 6, message: "no wildcard kind 'int'",
            hint: "the kinds are day, month, year"),
        Bad(text: "{a:int}/{a:day}", offset: 8, message: "'a' is 'int' before and 'day' here"),
        Bad(
            text: "{a}/{a.month}", offset: 4, message: "'a' is no date here",
            hint: "write {a:day}, {a:month} or {a:year}"),
        Bad(text: "{a:month}/{a.day}", offset: 10, message: "'a' is a month, which has no day"),
        Bad(
            text: "x/{a}{b}", offset: 5,
            message: "nothing stands between {a} and {b}, so where one ends is a guess",
            hint: "put some text between them"),
        Bad(text: "a\u{7}", offset: 1, message: "a control character cannot stand in a pattern"),
        Bad(text: "币{", offset: 1, message: "'{' is never closed", hint: "write {name}"),
        Bad(
            text: String(repeating: "a", count: 1025), offset: 1024,
            message: "a pattern has at most 1024 characters"),
        Bad(
            text: String(repeating: "{a}/", count: 33), offset: 0,
            message: "a pattern has at most 32 wildcards"),
    ]

    @Test("refuses", arguments: bad)
    func refuses(_ c: Bad) {
        #expect {
            try Pattern(parsing: c.text)
        } throws: { error in
            let problem = error as? PatternProblem
            return problem == PatternProblem(text: c.text, offset: c.offset, message: c.message, hint: c.hint)
        }
    }

    @Test(
        "any bytes of the alphabet of patterns give a pattern or a problem, and a pattern expands to what it matches"
    )
    func randomText() throws {
        var random = SeededRandom(seed: 7)
        for _ in 0..<20_000 {
            let text = random.text(of: Array("ab/{}:.day-1"), count: 0...14)
            guard let pattern = try? Pattern(parsing: text) else { continue }
            #expect(pattern.segments.map(\.text).joined(separator: "/").count >= pattern.wildcardNames.count)
            var bindings: Bindings = [:]
            for name in pattern.wildcardNames {
                let hasWildcard = pattern.pieces.contains {
                    if case .wildcard(name, .text) = $0 { true } else { false }
                }
                bindings[name] = hasWildcard ? "x" : pattern.kind(of: name) == .int ? "12" : "2024-02-29"
            }
            let path = pattern.expand(bindings)
            #expect(pattern.match(path) != nil, "\(text) -> \(path)")
        }
    }
}
