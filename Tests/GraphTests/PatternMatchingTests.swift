import Graph
import Testing

struct PatternMatchingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var pattern: String
        var text: String
        var bindings: Bindings?
        var testDescription: String { "\(pattern) ~ \(text)" }

        init(_ pattern: String, _ text: String, _ bindings: Bindings?) {
            (self.pattern, self.text, self.bindings) = (pattern, text, bindings)
        }
    }

    static let klines = "data/{symbol}/{interval}/{symbol}-{interval}-{date:month}.zip"
    static let cases = [
        Case("a/b.zip", "a/b.zip", [:]),
        Case("a/b.zip", "a/b.zi", nil),
        Case("a/b.zip", "a/b.zipx", nil),
        Case("{a}", "x", ["a": "x"]),
        Case("{a}", "", nil),
        Case("{a}", "x/y", nil),
        Case("{a}/{b}", "x/y", ["a": "x", "b": "y"]),
        Case("{a}-{b}", "x-y-z", ["a": "x", "b": "y-z"]),
        Case("{a}-{b}.zip", "x-y.zip.zip", ["a": "x", "b": "y.zip"]),
        Case("{a}--{b}", "---x--y", ["a": "-", "b": "x--y"]),
        Case("{a}b", "bbb", ["a": "bb"]),
        Case(
            klines, "data/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip",
            ["symbol": "BTCUSDT", "interval": "1m", "date": "2024-01"]),
        Case(klines, "data/BTCUSDT/1m/BTCUSDT-1h-2024-01.zip", nil),
        Case(klines, "data/BTCUSDT/1m/BTCUSDT-1m-2024-1.zip", nil),
        Case(klines, "data/ADABKRW/1d/ADABKRW-1d-2020-8.zip", nil),
        Case(klines, "data/BTCUSDT/1m/BTCUSDT-1m-2024-13.zip", nil),
        Case(klines, "data/BTCUSDT//BTCUSDT--2024-12.zip", nil),
        Case(
            klines, "data/币安人生USDT/1m/币安人生USDT-1m-2026-10.zip",
            ["symbol": "币安人生USDT", "interval": "1m", "date": "2026-10"]),
        Case("{a}-{b}/{b}-{a}", "x-y-z/y-z-x", ["a": "x", "b": "y-z"]),
        Case("{a}-{b}/{a}", "x-y-z/x-y", ["a": "x-y", "b": "z"]),
        Case("{a}{date:day}", "x2024-02-29", ["a": "x", "date": "2024-02-29"]),
        Case("{a}{date:day}", "x2023-02-29", nil),
        Case("{date:year}{a}", "2024x", ["date": "2024", "a": "x"]),
        Case("{date:year}", "0000", nil),
        Case("{date:day}", "1900-02-29", nil),
        Case("{date:day}", "2000-02-29", ["date": "2000-02-29"]),
        Case("{date:day}", "2024-04-31", nil),
        Case("{n:int}", "007", ["n": "007"]),
        Case("{n:int}", "7x", nil),
        Case("{n:int}{a}", "12x3", ["n": "12", "a": "x3"]),
        Case("{n:int}{a}", "123", ["n": "12", "a": "3"]),
        Case("{a}{n:int}", "ab12", ["a": "ab", "n": "12"]),
        Case("p-{n:int}0", "p-100", ["n": "10"]),
        Case("{date.year}/{date:day}.zip", "2024/2024-05-06.zip", ["date": "2024-05-06"]),
        Case("{date.year}/{date:day}.zip", "2023/2024-05-06.zip", nil),
        Case("{date.year}/{date.month}.parquet", "2024/2024-05.parquet", ["date": "2024-05"]),
        Case("{date:day}/{date.month}", "2024-05-06/2024-05", ["date": "2024-05-06"]),
        Case("{date:day}/{date.month}", "2024-05-06/2024-06", nil),
        Case("{a}é{b}", "xéy", ["a": "x", "b": "y"]),
    ]

    @Test("matches", arguments: cases)
    func matches(_ c: Case) throws {
        let pattern = try Pattern(parsing: c.pattern)
        #expect(pattern.match(c.text) == c.bindings)
        #expect(pattern.matches(c.text) == (c.bindings != nil))
        if let bindings = c.bindings { #expect(pattern.expand(bindings) == c.text) }
    }

    @Test("a text wildcard before a date never splits a character")
    func characters() throws {
        let pattern = Pattern(
            text: "{a}{b}", pieces: [.wildcard(name: "a", kind: .text), .wildcard(name: "b", kind: .text)])
        #expect(pattern.match("éü") == ["a": "é", "b": "ü"])
        #expect(pattern.match("é") == nil)
    }

    @Test("the pieces may be changed")
    func mutation() throws {
        var pattern = try Pattern(parsing: "a/{b}")
        pattern.pieces[0] = .literal("c/")
        #expect(pattern.match("c/x") == ["b": "x"])
        #expect(
            Pattern(text: "", pieces: [.literal(""), .wildcard(name: "a", kind: .text), .literal("")]).match(
                "x") == ["a": "x"])
    }

    /// The obvious way: every split of the text, shortest first.
    static func slowMatch(_ pieces: ArraySlice<Pattern.Piece>, _ text: Substring, _ bound: Bindings)
        -> Bindings?
    {
        guard let piece = pieces.first else { return text.isEmpty ? bound : nil }
        let rest = pieces.dropFirst()
        switch piece {
        case .literal(let literal):
            return text.hasPrefix(literal) ? slowMatch(rest, text.dropFirst(literal.count), bound) : nil
        case .wildcard(let name, let kind), .coarser(let name, let kind):
            if let value = bound[name] {
                return text.hasPrefix(value) ? slowMatch(rest, text.dropFirst(value.count), bound) : nil
            }
            let counts = Array(0...text.count).dropFirst()
            for count in kind == .int ? counts.reversed() : Array(counts) {
                let value = String(text.prefix(count))
                let fits =
                    switch kind {
                    case .text: !value.contains("/")
                    case .int: value.allSatisfy { $0.isASCII && $0.isNumber }
                    case .day, .month, .year: DayRange(text: value, kind: kind) != nil
                    }
                guard fits else { continue }
                var bindings = bound
                bindings[name] = value
                if let found = slowMatch(rest, text.dropFirst(count), bindings) { return found }
            }
            return nil
        }
    }

    @Test("finds what the slow twin finds")
    func slowTwin() throws {
        var random = SeededRandom(seed: 11)
        let parts = ["{a}", "{b}", "{c}", "{n:int}", "-", "x", "/", "1", "{y:year}"]
        var matched = 0
        for _ in 0..<30_000 {
            let text = (0..<random.number(in: 1...7)).map { _ in parts[random.number(in: 0...parts.count - 1)]
            }.joined()
            guard let pattern = try? Pattern(parsing: text) else { continue }
            let candidate = random.text(of: Array("-x/12"), count: 0...10)
            let expected = Self.slowMatch(pattern.pieces[...], candidate[...], [:])
            #expect(pattern.match(candidate) == expected, "\(text) ~ \(candidate)")
            matched += expected == nil ? 0 : 1
        }
        #expect(matched > 500)
    }

    @Test(
        "a text made to be slow ends soon",
        arguments: [
            "{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}.zip", "{a}-{b}-{c}-{d}-{a}-{b}-{c}-{d}.zip",
            "{a}1{b:int}1{c}1{d:int}1{e}1{f:int}.zip",
        ])
    func hostile(_ text: String) throws {
        let pattern = try Pattern(parsing: text)
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(pattern.match(String(repeating: "-", count: 1024)) == nil)
            #expect(pattern.match(String(repeating: "1", count: 1024)) == nil)
            #expect(pattern.match(String(repeating: "-1", count: 512)) == nil)
        }
        #expect(time < .seconds(5))
    }

    @Test("expands coarser dates and tells the days")
    func days() throws {
        let output = try Pattern(parsing: "lake/{symbol}/{date.year}/{date.month}.parquet")
        let bindings = ["symbol": "A", "date": "2024-02-10"]
        #expect(output.expand(bindings) == "lake/A/2024/2024-02.parquet")
        #expect(output.days(of: bindings) == DayRange(text: "2024-02"))
        #expect(try Pattern(parsing: "{date:day}").days(of: bindings) == DayRange(text: "2024-02-10"))
        #expect(try Pattern(parsing: "{symbol}").days(of: bindings) == nil)
        #expect(try Pattern(parsing: "{date:day}").days(of: ["date": "nonsense"]) == nil)
        #expect(try Pattern(parsing: "{date:day}").days(of: [:]) == nil)
    }
}
