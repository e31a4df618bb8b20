import Graph
import Testing

struct GlobTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var glob: String
        var matching: [String]
        var others: [String]
        var testDescription: String { glob }

        init(_ glob: String, _ matching: [String], not others: [String]) {
            (self.glob, self.matching, self.others) = (glob, matching, others)
        }
    }

    static let cases = [
        Case("", [""], not: ["a"]),
        Case("BTCUSDT", ["BTCUSDT"], not: ["btcusdt", "BTCUSDTX", "XBTCUSDT", ""]),
        Case("*USDT", ["USDT", "BTCUSDT", "币安人生USDT"], not: ["USDTX", "a/USDT"]),
        Case("a*b*c", ["abc", "aXbXbc", "abbcc"], not: ["ab", "a/bc", "acb"]),
        Case("?", ["a", "币"], not: ["", "ab", "/", "é币"]),
        Case("币*é?", ["币é1", "币abé币"], not: ["币é", "é1"]),
        Case(
            "**0123456789012345678901234567890123456789012345678901234567890123456789*",
            ["x/0123456789012345678901234567890123456789012345678901234567890123456789y"], not: ["0"]),
        Case("a?c", ["abc"], not: ["a/c", "ac"]),
        Case("**", ["", "a", "a/b/c"], not: []),
        Case("a/**", ["a/", "a/b", "a/b/c"], not: ["a", "b/a"]),
        Case("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], not: ["a/xb", "ab", "a/b/c"]),
        Case("**/b", ["b", "a/b", "a/c/b"], not: ["ab", "a/bb"]),
        Case("lake/*.parquet", ["lake/a.parquet"], not: ["lake/a/b.parquet"]),
        Case("{a,b}", ["a", "b"], not: ["", "ab", "c", "a,b"]),
        Case("x{,y}z", ["xz", "xyz"], not: ["xyyz"]),
        Case("{a,b{c,d*}}e", ["ae", "bce", "bdxe", "bde"], not: ["be", "e"]),
        Case("{a}", ["a"], not: ["{a}"]),
        Case("{a,b", ["{a,b"], not: ["a", "b"]),
        Case("a}b", ["a}b"], not: ["ab"]),
        Case("a{b*", ["a{b", "a{bc"], not: ["ab"]),
        Case("{a/**,b}", ["a/x/y", "b"], not: ["a", "x"]),
    ]

    @Test("matches", arguments: cases)
    func matches(_ c: Case) {
        let glob = Glob(c.glob)
        for text in c.matching { #expect(glob.matches(text), "\(text)") }
        for text in c.others { #expect(!glob.matches(text), "\(text)") }
    }

    @Test("globs and texts made to be slow end soon")
    func hostile() {
        let time = ContinuousClock().measure {
            let text = String(repeating: "a", count: 2000)
            #expect(!Glob(String(repeating: "*a", count: 100) + "b").matches(text))
            #expect(!Glob(String(repeating: "**", count: 100) + "b").matches(text))
            #expect(!Glob(String(repeating: "{a,aa}", count: 100)).matches(text))
            #expect(
                Glob(String(repeating: "{", count: 5000) + "*").matches(String(repeating: "{", count: 5000)))
            _ = Glob(String(repeating: "{a,", count: 500) + String(repeating: "}", count: 500)).matches(text)
        }
        #expect(time < .seconds(10))
    }

    /// The obvious way, for globs without braces.
    static func slowMatch(_ glob: Substring, _ text: Substring) -> Bool {
        guard let first = glob.first else { return text.isEmpty }
        if first == "*" {
            let rest = glob.drop { $0 == "*" }
            let isWide = glob.dropFirst().first == "*"
            for count in 0...text.count {
                if !isWide, text.prefix(count).contains("/") { return false }
                if slowMatch(rest, text.dropFirst(count)) { return true }
            }
            return false
        }
        guard let next = text.first else { return false }
        return (first == "?" ? next != "/" : first == next) && slowMatch(glob.dropFirst(), text.dropFirst())
    }

    @Test("agrees with the slow twin")
    func slowTwin() {
        var random = SeededRandom(seed: 3)
        var matched = 0
        for _ in 0..<20_000 {
            let glob = random.text(of: Array("ab*?/*"), count: 0...7)
            guard !glob.contains("**/") else { continue }
            let text = random.text(of: Array("ab/"), count: 0...8)
            let expected = Self.slowMatch(glob[...], text[...])
            #expect(Glob(glob).matches(text) == expected, "\(glob) ~ \(text)")
            matched += expected ? 1 : 0
        }
        #expect(matched > 1000)
    }
}
