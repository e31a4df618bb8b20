import Problems
import Testing

@Suite struct SuggestionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var word: String
        var candidates: [String]
        var expected: String?
    }

    static let cases = [
        Case(
            testDescription: "a letter missing", word: "colums", candidates: ["columns", "checks"],
            expected: "columns"),
        Case(
            testDescription: "neighbours swapped", word: "fomr", candidates: ["for", "from"], expected: "for"),
        Case(testDescription: "case", word: "Where", candidates: ["to", "where"], expected: "where"),
        Case(testDescription: "ties go to the first", word: "ab", candidates: ["ax", "ay"], expected: "ax"),
        Case(testDescription: "too far", word: "compression", candidates: ["level", "sort"], expected: nil),
        Case(testDescription: "one edit is always allowed", word: "t", candidates: ["to"], expected: "to"),
        Case(testDescription: "no candidates", word: "x", candidates: [], expected: nil),
    ]

    @Test("suggests", arguments: cases) func suggests(_ c: Case) {
        #expect(suggestion(for: c.word, among: c.candidates) == c.expected)
    }
}

@Suite struct EscapedTextTests {
    static let cases: [(String, String)] = [
        ("plain é 币安", "plain é 币安"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u{1B}[2J", "\\u{1b}[2J"),
        ("x\u{202E}y", "x\\u{202e}y"),
        ("\u{7F}\u{9B}", "\\u{7f}\\u{9b}"),
        ("\u{0}", "\\u{0}"),
    ]

    @Test("escapes what steers a terminal", arguments: cases) func escapes(_ text: String, _ expected: String)
    {
        #expect(text.escapedForDisplay == expected)
    }
}
