import Cleaning
import Graph
import Parquet
import Problems
import TestSupport
import Testing

@Suite struct CheckTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var condition: Expression
        /// Of the rows below, those that pass, by the number in column `n`.
        var passing: [Int]
        var testDescription: String { name }
    }

    static let rows = """
        1,10.5,2.50,abc,1577836800000,true,1.5
        2,0.1,0.30,b,1577923199999,false,
        3,-1,1.00,,1577923200000,true,nan
        4,1e3,99999999.99,abd,1577836799999,false,2

        """
    static let columns = [
        "n int64", "f float64", "d decimal(10,2)", "s text?", "t timestamp", "b bool", "o float64?",
    ]

    static func compare(_ a: Expression, _ c: Expression.Comparison, _ b: Expression) -> Expression {
        .comparison(c, a, b)
    }
    static let cases = [
        Case(name: "n > 2", condition: compare(.column("n"), .greater, .integer(2)), passing: [3, 4]),
        Case(name: "f > d", condition: compare(.column("f"), .greater, .column("d")), passing: [1]),
        Case(
            name: "d == 2.5 exactly by arithmetic",
            condition: compare(.arithmetic(.multiply, .column("d"), .integer(2)), .equal, .integer(5)),
            passing: [1]),
        Case(
            name: "0.1 + 0.2 in decimals",
            condition: compare(.arithmetic(.subtract, .column("d"), .column("d")), .equal, .integer(0)),
            passing: [1, 2, 3, 4]),
        Case(
            name: "division",
            condition: compare(.arithmetic(.divide, .column("d"), .integer(2)), .less, .number(1)),
            passing: [2, 3]),
        Case(
            name: "division by zero is null",
            condition: compare(.arithmetic(.divide, .column("n"), .integer(0)), .less, .number(1)),
            passing: [1, 2, 3, 4]),
        Case(name: "null passes", condition: compare(.column("o"), .greater, .number(1.7)), passing: [2, 4]),
        Case(name: "is null", condition: .isNull(.column("o")), passing: [2]),
        Case(name: "not null", condition: .not(.isNull(.column("s"))), passing: [1, 2, 4]),
        Case(name: "text equality", condition: compare(.column("s"), .equal, .text("abc")), passing: [1, 3]),
        Case(name: "text order", condition: compare(.column("s"), .less, .text("abd")), passing: [1, 3]),
        Case(
            name: "and", condition: .and(compare(.column("n"), .greater, .integer(1)), .column("b")),
            passing: [3]),
        Case(
            name: "or", condition: .or(compare(.column("n"), .equal, .integer(2)), .column("b")),
            passing: [1, 2, 3]),
        Case(
            name: "false and null is false",
            condition: .and(
                compare(.column("o"), .greater, .integer(0)), compare(.column("n"), .greater, .integer(2))),
            passing: [4]),
        Case(
            name: "true or null is true",
            condition: .or(
                compare(.column("s"), .equal, .text("x")), compare(.column("n"), .equal, .integer(3))),
            passing: [3]),
        Case(
            name: "plain and plain",
            condition: .and(
                compare(.column("n"), .greater, .integer(1)), compare(.column("f"), .less, .number(0.5))),
            passing: [2, 3]),
        Case(
            name: "three joined by and, one of them with nulls",
            condition: .and(
                .and(
                    compare(.column("f"), .greaterOrEqual, .integer(0)),
                    compare(.column("o"), .lessOrEqual, .integer(2))),
                compare(.column("n"), .notEqual, .integer(4))),
            passing: [1, 2]),
        Case(
            name: "a float with an integer doubles do not hold",
            condition: compare(.column("f"), .less, .integer(9_007_199_254_740_993)), passing: [1, 2, 3, 4]),
        Case(name: "in partition", condition: .inPartition("t"), passing: [1, 2]),
        Case(
            name: "time against text", condition: compare(.column("t"), .greaterOrEqual, .text("2020-01-02")),
            passing: [3]),
        Case(name: "bool as number", condition: compare(.column("b"), .equal, .integer(1)), passing: [1, 3]),
        Case(
            name: "same columns, plain", condition: compare(.column("f"), .lessOrEqual, .column("f")),
            passing: [1, 2, 3, 4]),
        Case(
            name: "nan is not equal",
            condition: .and(.not(.isNull(.column("o"))), compare(.column("o"), .equal, .column("o"))),
            passing: [1, 4]),
        Case(
            name: "exact where doubles are not",
            condition: compare(
                .arithmetic(.add, .column("n"), .integer(9_007_199_254_740_991)), .equal,
                .integer(9_007_199_254_740_992)), passing: [1]),
        Case(
            name: "overflow goes on as doubles",
            condition: compare(
                .arithmetic(
                    .multiply, .arithmetic(.multiply, .integer(.max), .integer(.max)), .integer(.max)),
                .greater, .column("n")), passing: [1, 2, 3, 4]),
    ]

    @Test("rows that are not false pass", arguments: cases) func passes(_ c: Case) throws {
        let bench = try Bench()
        let table = Table(
            Self.columns, checks: [Check(text: c.name, condition: c.condition)], badRows: .quarantine)
        let days = DayRange(start: 18_262, end: 18_263)
        let found = try bench.clean([Self.rows], table, days: days)
        #expect(found.dataset.statistics.rowCount == c.passing.count)
        let passing = Self.rows.split(separator: "\n").filter { c.passing.contains(Int($0.prefix(1))!) }
        let expected = try bench.clean([passing.joined(separator: "\n")], Table(Self.columns, header: .none))
        #expect(found.dataset.file.valueDigest == expected.dataset.file.valueDigest)
    }

    @Test func messages() throws {
        let bench = try Bench()
        func table(_ condition: Expression) -> Table {
            Table(Self.columns, checks: [Check(text: "c", condition: condition)])
        }
        #expect(
            bench.problem(Self.rows, table(Self.compare(.column("n"), .less, .integer(3))))
                == "0.csv:3 (byte \(Self.rows.split(separator: "\n").prefix(2).reduce(0) { $0 + $1.utf8.count + 1 })): check failed: c"
        )
        #expect(
            bench.problem(Self.rows, table(.column("gone")))
                == "table 't': check 'c': there is no column 'gone' to read")
        #expect(
            bench.problem(Self.rows, table(Self.compare(.column("s"), .less, .integer(3))))
                == "table 't': check 'c': text is compared with a number")
        #expect(bench.problem(Self.rows, table(.column("n"))) == "table 't': check 'c': is not true or false")
        #expect(
            bench.problem(Self.rows, table(.inPartition("n")))
                == "table 't': check 'c': 'in partition' needs a timestamp or a date, 'n' is a int64")
    }
}
