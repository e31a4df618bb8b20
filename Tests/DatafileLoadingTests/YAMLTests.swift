import DatafileLoading
import Foundation
import Testing

struct YAMLTests {
    static let cases = [
        BadCase("tab", "version: 1\nrules:\n\ta: 1\n", "3:1 a tab cannot indent | indent with spaces"),
        BadCase("at sign", "version: @1\n", "1:10 a text cannot begin with '@' | put the text in quotes"),
        BadCase("open double quote", "version: 1\nrules: \"abc\n  def\n", "2:8 the quote is never closed"),
        BadCase("open brace", "version: 1\nrules: {a: 1,\n  b: 2\n", "2:8 the bracket is never closed"),
        BadCase(
            "colon", "version: 1\nrules: a: b\n",
            "2:9 a ':' where no key can stand | quote a text that holds ': ', and check the indentation"),
        BadCase(
            "two documents", "version: 1\n---\nversion: 1\n",
            "2:1 a second document begins here | a Datafile is one document: leave out '---'"),
        BadCase(
            "key three times, and elsewhere",
            "version: 1\nbuild: {jobs: 1, jobs: 2, jobs: 3}\n\"version\": 1\n",
            "2:18 the key 'jobs' stands more than once here | the first is at line 2, column 9",
            "2:27 the key 'jobs' stands more than once here | the first is at line 2, column 9",
            "3:1 the key 'version' stands more than once here | the first is at line 1, column 1"),
        BadCase(
            "key that is a list", "version: 1\n[a]: b\n", "2:1 a list, a mapping or an alias cannot be a key"),
        BadCase("NUL", "version: 1\n# \0\n", "2:3 control characters are not allowed"),
        BadCase(
            "undefined alias", "version: *x\n",
            "1:10 no anchor of this name is defined before | quote a text that begins with '*' or '&'"),
        BadCase(
            "columns count characters", "version: 1\n\"币安é\": 1\nx-a: {币: 1}\nzz: 2\n",
            "2:1 unknown key '币安é' in the Datafile | the keys here are version, include, sources, rules, tables, build",
            "4:1 unknown key 'zz' in the Datafile | the keys here are version, include, sources, rules, tables, build"
        ),
        BadCase(
            "CRLF and no final newline", "version: 1\r\nrules:\r\n  r: 5",
            "3:6 rule 'r' must be a mapping, not a text | its keys are from, where, to, table, run"),
        BadCase(
            "after a byte order mark", "\u{FEFF}verzion: 1\n",
            "1:1 unknown key 'verzion' in the Datafile | did you mean 'version'?"),
    ]

    @Test("says where", arguments: cases)
    func says(_ c: BadCase) { #expect(diagnosis(of: c.text) == c.expected) }

    @Test("deep nesting, aliases without end and a million values end soon, with one error")
    func bombs() {
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(diagnosis(of: "version: 1\nx-a: " + String(repeating: "[", count: 10_000)).count == 1)
            #expect(
                diagnosis(
                    of: "version: 1\n"
                        + (0..<3000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
                ).count == 1)
            var laughs = "version: 1\nx-0: &a0 [l, l, l, l, l, l, l, l, l, l]\n"
            for level in 1...12 {
                laughs +=
                    "x-\(level): &a\(level) ["
                    + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
            }
            #expect(diagnosis(of: laughs) == ["1:1 more than 1000000 values, with what aliases repeat"])
            #expect(
                diagnosis(of: laughs + "? *a12\n: x\n") == [
                    "15:1 a list, a mapping or an alias cannot be a key"
                ])
        }
        #expect(time < .seconds(20))
    }

    @Test("one long line full of mistakes")
    func longLine() {
        let clock = ContinuousClock()
        let time = clock.measure {
            let mistakes = (0..<2000).map { "k\($0): {zonk: '{'}" }.joined(separator: ", ")
            #expect(diagnosis(of: "version: 1\nrules: {\(mistakes)}\n").count == 8000)
            #expect(
                diagnosis(
                    of: "version: 1\nx-a: [\(mistakes)]\nx-b: " + String(repeating: "y", count: 300_000))
                    == [])
        }
        #expect(time < .seconds(20))
    }

    @Test("any bytes load or are refused")
    func randomBytes() throws {
        var random = SystemRandom(state: 42)
        let parts = [
            "version: 1\n", "rules:\n", "  r: ", "{", "}", "[", "]", "from: ", "'", "\"", "*a", "&a ", "!x ",
            ": ", "- ", "\n", "#", "\t", "|\n", "é", "? ", "s:{x}", "\u{0}", "%", "---\n", "<<", ",",
        ]
        for _ in 0..<3000 {
            let text = (0..<random.next(20)).map { _ in parts[random.next(parts.count)] }.joined()
            _ = diagnosis(of: text)
        }
    }

    private struct SystemRandom {
        var state: UInt64
        mutating func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
    }
}
