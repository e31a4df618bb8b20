import Graph
import Testing

struct ExpressionParsingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var expression: Expression
        var testDescription: String { text }

        init(_ text: String, _ expression: Expression) { (self.text, self.expression) = (text, expression) }
    }

    static let a = Expression.column("a")
    static let b = Expression.column("b")
    static let cases = [
        Case("high >= low", .comparison(.greaterOrEqual, .column("high"), .column("low"))),
        Case("open_time in partition", .inPartition("open_time")),
        Case(
            "not (a > 1 and b is not null)",
            .not(.and(.comparison(.greater, a, .integer(1)), .not(.isNull(b))))),
        Case("a is null", .isNull(a)),
        Case("a IS NOT NULL OR b", .or(.not(.isNull(a)), b)),
        Case(
            "a == 1 or b == 2 and a",
            .or(.comparison(.equal, a, .integer(1)), .and(.comparison(.equal, b, .integer(2)), a))),
        Case("not a and b", .and(.not(a), b)),
        Case("not not a", .not(.not(a))),
        Case(
            "a + 1 * 2 < b",
            .comparison(.less, .arithmetic(.add, a, .arithmetic(.multiply, .integer(1), .integer(2))), b)),
        Case(
            "(a + 1) * 2 != b",
            .comparison(.notEqual, .arithmetic(.multiply, .arithmetic(.add, a, .integer(1)), .integer(2)), b)),
        Case(
            "a - 1 - 2 <= b",
            .comparison(
                .lessOrEqual, .arithmetic(.subtract, .arithmetic(.subtract, a, .integer(1)), .integer(2)), b)),
        Case("a / b > 0.5", .comparison(.greater, .arithmetic(.divide, a, b), .number(0.5))),
        Case("a > -1", .comparison(.greater, a, .integer(-1))),
        Case("a>-1.5e3", .comparison(.greater, a, .number(-1500))),
        Case("a > -b", .comparison(.greater, a, .arithmetic(.subtract, .integer(0), b))),
        Case("a == 'BUY'", .comparison(.equal, a, .text("BUY"))),
        Case("a == \"it's\"", .comparison(.equal, a, .text("it's"))),
        Case("a == 'it''s'", .comparison(.equal, a, .text("it's"))),
        Case("a == ''", .comparison(.equal, a, .text(""))),
        Case("`odd name` > `a``b`", .comparison(.greater, .column("odd name"), .column("a`b"))),
        Case("`in` is null", .isNull(.column("in"))),
        Case("größe > 1", .comparison(.greater, .column("größe"), .integer(1))),
        Case("partition == 1", .comparison(.equal, .column("partition"), .integer(1))),
        Case("((a)) is null", .isNull(a)),
        Case("a == 9223372036854775807", .comparison(.equal, a, .integer(.max))),
        Case("a == 9223372036854775808", .comparison(.equal, a, .number(9_223_372_036_854_775_808))),
    ]

    @Test("reads", arguments: cases)
    func reads(_ c: Case) throws {
        #expect(try Expression(parsing: c.text) == c.expression)
    }

    @Test("names the columns once each, in order")
    func columns() throws {
        #expect(
            try Expression(parsing: "b > a and c in partition or b is null").columnNames == ["b", "a", "c"])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var text: String
        var offset: Int
        var message: String
        var hint: String?
        var testDescription: String { text }

        init(_ text: String, _ offset: Int, _ message: String, hint: String? = nil) {
            (self.text, self.offset, self.message, self.hint) = (text, offset, message, hint)
        }
    }

    static let bad = [
        Bad("", 0, "a check cannot be empty"),
        Bad("  ", 0, "a check cannot be empty"),
        Bad("a >", 3, "expected a column or a value, found the end"),
        Bad("a > > b", 4, "expected a column or a value, found '>'"),
        Bad("a = b", 2, "unexpected '='", hint: "write '=='"),
        Bad("!a", 0, "unexpected '!'", hint: "write 'not'"),
        Bad("a && b", 2, "no operator '&&'", hint: "write 'and'"),
        Bad("a <> b", 2, "no operator '<>'", hint: "write '!='"),
        Bad("a < b < c", 6, "comparisons do not chain", hint: "write 'a < b and b < c'"),
        Bad("a b", 2, "expected an operator or the end, found 'b'"),
        Bad("(a > b", 0, "'(' is never closed"),
        Bad("(a b)", 3, "expected ')', found 'b'"),
        Bad("a == 'x", 5, "the quote ' is never closed"),
        Bad("a is 1", 5, "expected 'null' or 'not null' after 'is'"),
        Bad("a in b", 5, "expected 'partition' after 'in'"),
        Bad("a + 1 in partition", 0, "only a column can be 'in partition'"),
        Bad("a == null", 5, "nothing equals null", hint: "write 'column is null' or 'column is not null'"),
        Bad("a > 1x", 4, "'1x' is no number"),
        Bad("a > 1e999", 4, "the number 1e999 is too large"),
        Bad("a > .5", 4, "'.5' is no number"),
        Bad("é > 币 $", 6, "unexpected '$'"),
        Bad(String(repeating: "(", count: 100) + "a", 65, "nested more than 64 deep"),
    ]

    @Test("refuses", arguments: bad)
    func refuses(_ c: Bad) {
        #expect {
            try Expression(parsing: c.text)
        } throws: { error in
            (error as? ExpressionProblem)
                == ExpressionProblem(text: c.text, offset: c.offset, message: c.message, hint: c.hint)
        }
    }

    @Test("bounds the size, so that no walk runs out of stack")
    func size() {
        let long = Array(repeating: "a", count: 300).joined(separator: " and ")
        #expect(throws: ExpressionProblem.self) { try Expression(parsing: long) }
        #expect(throws: ExpressionProblem.self) {
            try Expression(parsing: String(repeating: "not ", count: 5000) + "a")
        }
        #expect(throws: ExpressionProblem.self) {
            try Expression(parsing: "a > " + String(repeating: "-", count: 5000) + "1")
        }
    }

    @Test("any text is read or refused")
    func randomText() {
        var random = SeededRandom(seed: 13)
        for _ in 0..<20_000 {
            let text = random.text(of: Array("ab1.e()<>=!'\"`+-*/ notisul"), count: 0...16)
            _ = try? Expression(parsing: text)
        }
    }
}
