import Bytes
import Cleaning
import Columns
import Foundation
import Graph
import Parquet
import Problems
import TestSupport
import Testing
import Zip

@Suite struct CleanTests {
    static let ticks = ["id int64", "price float64 px", "time timestamp"]

    @Test("the same rows, however they are spelled, are the same content")
    func spellings() throws {
        let bench = try Bench()
        let table = Table(Self.ticks)
        let plain = try bench.clean(["1,1.5,1577836800000\n2,2.25,1577836800001\n"], table).dataset
        let spellings = [
            "1,1.5,1577836800000\n2,2.25,1577836800001",
            "1,1.5,1577836800000\r\n2,2.25,1577836800001\r\n",
            "\u{FEFF}1,1.5,1577836800000\n2,2.25,1577836800001\n",
            "\"1\",\"1.5\",\"1577836800000\"\n2,\"2.25\",1577836800001\n",
            "1,1.50,1577836800000000\n2,+22.5e-1,1577836800001000\n",
            "1,1.5,2020-01-01 00:00:00\n2,2.25,2020-01-01T00:00:00.001Z\n",
            "id,price,time\n1,1.5,1577836800000\n2,2.25,1577836800001\n",
            "time,PX,\"id\"\r\n1577836800000,1.5,1\r\n1577836800001,2.25,2\r\n",
        ]
        for text in spellings {
            let found = try bench.clean([text], table).dataset
            #expect(found.file.valueDigest == plain.file.valueDigest, "\(text.debugDescription)")
            #expect(found.statistics.rowCount == 2)
        }
        let two = try bench.clean(
            ["1,1.5,1577836800000\n", "time,id,price\n1577836800001000,2,2.25\n"], table
        ).dataset
        #expect(two.file.valueDigest == plain.file.valueDigest)
        #expect(two.inputs.map(\.rowCount) == [1, 1])
    }

    @Test("says exactly what is wrong and where")
    func badRows() throws {
        let bench = try Bench()
        let table = Table([
            "id int32", "open float64", "amount decimal(6,2)", "when timestamp", "side text", "day date",
            "flag bool",
        ])
        func row(
            _ id: String = "1", _ open: String = "2.5", _ amount: String = "3.25",
            _ when: String = "1577836800000",
            _ side: String = "BUY", _ day: String = "2020-01-01", _ flag: String = "true"
        ) -> String { [id, open, amount, when, side, day, flag].joined(separator: ",") + "\n" }
        let good = row()
        let length = good.utf8.count
        let cases: [(String, String)] = [
            (row("x1"), "0.csv:2 (byte \(length)): column 'id': 'x1' is not an int32"),
            (
                row("2147483648"),
                "0.csv:2 (byte \(length)): column 'id': '2147483648' is out of range for int32"
            ),
            (row("1", "12x"), "0.csv:2 (byte \(length + 2)): column 'open': '12x' is not a float64"),
            (
                row("1", "1e999"),
                "0.csv:2 (byte \(length + 2)): column 'open': '1e999' is out of range for float64"
            ),
            (
                row("1", "\u{1B}[2J"),
                "0.csv:2 (byte \(length + 2)): column 'open': '\\u{1b}[2J' is not a float64"
            ),
            (row("1", ""), "0.csv:2 (byte \(length + 2)): column 'open': the field is empty"),
            (row("1", "\"\""), "0.csv:2 (byte \(length + 2)): column 'open': the field is empty"),
            (
                row("1", "1", "1.255"),
                "0.csv:2 (byte \(length + 4)): column 'amount': '1.255' has more digits than decimal(6,2) keeps"
            ),
            (
                row("1", "1", "10000"),
                "0.csv:2 (byte \(length + 4)): column 'amount': '10000' is out of range for decimal(6,2)"
            ),
            (
                row("1", "1", "1", "1577836800000000"),
                "0.csv:2 (byte \(length + 6)): column 'when': '1577836800000000' is epoch microseconds, but the file has epoch milliseconds since line 1"
            ),
            (
                row("1", "1", "1", "2020-01-01 00:00:00"),
                "0.csv:2 (byte \(length + 6)): column 'when': '2020-01-01 00:00:00' is text, but the file has epoch milliseconds since line 1"
            ),
            (
                row("1", "1", "1", "-1"),
                "0.csv:2 (byte \(length + 6)): column 'when': '-1' is no time from 1970 to 2099 in epoch milliseconds"
            ),
            (row("1", "1", "1", "1577836800001", "\"a,\"\"b\""), "accepted"),
            (
                row("1", "1", "1", "1577836800001", "B", "2020-02-30"),
                "0.csv:2 (byte \(length + 22)): column 'day': '2020-02-30' is not a date"
            ),
            (
                row("1", "1", "1", "1577836800001", "\"B,\"", "2020-02-30"),
                "0.csv:2 (byte \(length + 25)): column 'day': '2020-02-30' is not a date"
            ),
            (
                row("1", "1", "1", "1577836800001", "B", "2020-02-01", "yes"),
                "0.csv:2 (byte \(length + 33)): column 'flag': 'yes' is not a bool"
            ),
            ("1,2\n", "0.csv:2 (byte \(length)): row has 2 fields, expected 7"),
            ("\n", "0.csv:2 (byte \(length)): the line is empty"),
            (" \n", "0.csv:2 (byte \(length)): row has 1 field, expected 7"),
            (",,,,,,,\n", "0.csv:2 (byte \(length)): row has 8 fields, expected 7"),
            (
                "1,2\"3,4\n",
                "0.csv:2 (byte \(length)): a quote stands inside a field that does not begin with one"
            ),
            ("1,\"2\"3,4\n", "0.csv:2 (byte \(length)): text follows a closing quote"),
            (
                "1,2\r3,4\n",
                "0.csv:2 (byte \(length)): a carriage return stands outside quotes and before no newline"
            ),
            ("1,\"2\n", "0.csv:2 (byte \(length + 2)): a quote is opened here and never closed"),
            ("1,\u{0},2\n", "0.csv:2 (byte \(length + 2)): there is a zero byte, which no CSV holds"),
        ]
        for (line, expected) in cases {
            #expect(bench.problem(good + line + good, table) == expected)
        }
        try bench.directory.write(
            Data(good.utf8) + Data([0x31, 0x2C, 0x31, 0x2C, 0x31]) + Data(",1577836800001,".utf8)
                + Data([0xC0, 0x80]) + Data(",2020-01-01,1\n".utf8), to: "bad.csv")
        #expect(throws: CleanProblem.self) { try bench.clean(files: ["bad.csv"], table) }
    }

    @Test(
        "quarantine keeps bad rows aside, with their reasons",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func quarantine() throws {
        let bench = try Bench()
        let table = Table(
            ["id int64", "high float64", "low float64", "note text?"],
            checks: [
                Check(
                    text: "high >= low",
                    condition: .comparison(.greaterOrEqual, .column("high"), .column("low")))
            ],
            badRows: .quarantine, rowGroupRows: 3)
        let text =
            "1,2,1,a\nx,2,1,b\n2,1,2,c\n3,2,1\n4,2,1,d\n\n5,2,,e\n6,2,1,\"f\"\"g\"\n7,8,9,\"h\ni\"\n8,2,1,\n9,1,0,j\n"
        let found = try bench.clean([text], table)
        #expect(
            try bench.rows(found.parquet) == [
                "1|2.0|1.0|a", "4|2.0|1.0|d", "6|2.0|1.0|f\"g", "8|2.0|1.0|", "9|1.0|0.0|j",
            ])
        #expect(
            try bench.rows(found.rejects) == [
                "0.csv|2|8|id|'x' is not an int64|x,2,1,b", "0.csv|3|16||check failed: high >= low|2,1,2,c",
                "0.csv|4|24||row has 3 fields, expected 4|3,2,1", "0.csv|6|38||the line is empty|",
                "0.csv|7|43|low|the field is empty|5,2,,e",
                "0.csv|9|59||check failed: high >= low|7,8,9,\"h\\ni\"",
            ])
        let statistics = found.dataset.statistics
        #expect(
            statistics.rowCount == 5 && statistics.rejectedRowCount == 6
                && statistics.nullCounts == ["note": 1])
        #expect(found.dataset.rejects?.rowCount == 6)
        #expect(found.dataset.inputs[0].rowCount == 5)
        #expect(
            bench.problem(text, Table(["id int64", "high float64", "low float64", "note text?"]))
                == "0.csv:2 (byte 8): column 'id': 'x' is not an int64")
    }

    @Test("no rejects, no sidecar") func noSidecar() throws {
        let found = try Bench().clean(["1,1,1577836800000\n"], Table(Self.ticks, badRows: .quarantine))
        #expect(found.rejects.isEmpty && found.dataset.rejects == nil)
    }

    @Test("headers: sniffed by name, never by look")
    func headers() throws {
        let bench = try Bench()
        func count(_ text: String, _ table: Table) -> String {
            do { return "\(try bench.clean([text], table).dataset.statistics.rowCount) rows" } catch {
                return (error as? any Problem)?.summary ?? "\(error)"
            }
        }
        let text = Table(["when timestamp", "symbol text", "ratio float64? r"])
        #expect(count("when,symbol,ratio\n2020-01-01 00:00:00,X,1\n", text) == "1 rows")
        #expect(count("2020-01-01 00:00:00,X,1\n", text) == "1 rows")
        #expect(count("WHEN, symbol ,R\n2020-01-01 00:00:00,X,1\n", text) == "1 rows")
        #expect(count("when,symbol\n2020-01-01 00:00:00,X\n", text) == "1 rows")
        #expect(count("when,symbol,new,ratio\n", text) == "0.csv:1 (byte 0): the table has no column 'new'")
        #expect(count("when,ratio\n", text) == "0.csv:1 (byte 0): the header lacks column 'symbol'")
        #expect(
            count("when,symbol,r,ratio\n", text)
                == "0.csv:1 (byte 0): two fields of the header mean column 'ratio'")
        #expect(count("a,b,c\n", text) == "0.csv:1 (byte 0): column 'when': 'a' is not a timestamp")
        #expect(count("when,symbol,ratio\n", text) == "0 rows")
        #expect(count("", text) == "0 rows")
        #expect(
            count("", Table(Self.ticks, header: .required)) == "0.csv: the file is empty, expected a header")
        #expect(
            count("1,1,1577836800000\n", Table(Self.ticks, header: .required))
                == "0.csv:1 (byte 0): expected a header, found '1,1,1577836800000'")
        #expect(
            count("id,price,time\n", Table(Self.ticks, header: .none))
                == "0.csv:1 (byte 0): column 'id': 'id' is not an int64")
        #expect(
            count("a,b,c,d\n1,2,3,4\n", Table(["a text", "x text", "y text", "z text"]))
                == "0.csv:1 (byte 0): cannot tell whether this is a header: it has 'a' and no other column's name"
        )
        #expect(
            count(
                "id,skipped,price\n1,x,2\n",
                Table(["id int64", "price float64", "skipped skip", "gone skip"])) == "1 rows")
        #expect(
            count("1,2,x,y\n", Table(["id int64", "price float64", "skipped skip", "gone skip"])) == "1 rows")
        let hint = CleanProblem(.unknownColumns(["pricee"], nearest: "price"), place: "0.csv").hint
        #expect(hint?.contains("did you mean 'price'") == true)
    }

    @Test("sorts, de-duplicates, counts conflicts; first pattern wins", arguments: [1, 2, 3, 1_000])
    func order(rowGroupRows: Int) throws {
        let bench = try Bench()
        let table = Table(["id int64", "v text"], sort: ["id"], unique: ["id"], rowGroupRows: rowGroupRows)
        // Out of order, one row twice, one conflicting with a more preferred file that is read later.
        let found = try bench.clean(
            ["1,a\n2,b\n3,c\n3,c\n7,old\n5,e\n", "4,d\n7,new\n8,h\n"], table, preferences: [1, 0])
        let statistics = found.dataset.statistics
        #expect(
            statistics.duplicateRowCount == 1 && statistics.conflictRowCount == 1 && statistics.rowCount == 7)
        #expect(statistics.first == "1" && statistics.last == "8")
        #expect(found.restartCount == 0)
        let sorted = try bench.clean(["1,a\n2,b\n3,c\n4,d\n5,e\n7,new\n8,h\n"], table)
        #expect(sorted.parquet == found.parquet)
        #expect(sorted.restartCount == 0)
    }

    @Test("every way to be out of order or double")
    func orders() throws {
        let bench = try Bench()
        let columns = ["a int64", "b int64", "v text?"]
        let text = "2,1,x\n1,2,y\n1,1,z\n2,1,x\n1,2,w\n1,3,\n"
        let cases: [(sort: [String], unique: [String], rows: [String])] = [
            ([], [], ["2|1|x", "1|2|y", "1|1|z", "2|1|x", "1|2|w", "1|3|"]),
            (["a"], [], ["1|2|y", "1|1|z", "1|2|w", "1|3|", "2|1|x", "2|1|x"]),
            (["a"], ["a", "b"], ["1|2|y", "1|1|z", "1|3|", "2|1|x"]),
            (["b", "a"], ["a", "b"], ["1|1|z", "2|1|x", "1|2|y", "1|3|"]),
            ([], ["a", "b"], ["2|1|x", "1|2|y", "1|1|z", "1|3|"]),
            (["b"], ["a"], ["2|1|x", "1|2|y"]),
            (["v"], [], ["1|3|", "1|2|w", "2|1|x", "2|1|x", "1|2|y", "1|1|z"]),
        ]
        for c in cases {
            for rowGroupRows in [1, 2, 100] {
                let found = try bench.clean(
                    [text], Table(columns, sort: c.sort, unique: c.unique, rowGroupRows: rowGroupRows))
                let expected = c.rows.map { $0.replacing("|", with: ",") + "\n" }.joined()
                #expect(
                    try bench.clean([expected], Table(columns)).dataset.file.valueDigest
                        == found.dataset.file.valueDigest,
                    "sort \(c.sort) unique \(c.unique) groups of \(rowGroupRows)")
            }
        }
    }

    @Test("a random table in any row groups: streaming and collecting agree", arguments: [UInt64(1), 2, 3])
    func streamsAsItCollects(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try Bench()
        let rows = (0..<500).map { index in
            "\(index / 3),\(index % 3),\(Bool.random(using: &random) ? "t\(index)" : "")\n"
        }
        let columns = ["a int64", "b int32", "v text?"]
        for (sort, unique) in [(["a"], ["a", "b"]), (["a", "b"], ["a", "b"]), (["a"], [])] {
            // Sorted rows are never read twice.
            for rowGroupRows in [7, 100, 10_000] {
                let table = Table(columns, sort: sort, unique: unique, rowGroupRows: rowGroupRows)
                let sorted = try bench.clean([rows.joined()], table)
                #expect(sorted.restartCount == 0)
                guard !unique.isEmpty else { continue }
                let doubled =
                    sort.count == 2 ? rows.shuffled(using: &random) + rows : rows.flatMap { [$0, $0] }
                let found = try bench.clean([doubled.joined()], table)
                #expect(found.parquet == sorted.parquet, "seed \(seed)")
                #expect(found.dataset.statistics.duplicateRowCount == rows.count)
            }
        }
    }

    @Test("gaps: steps longer than expected, to the nearest step")
    func gaps() throws {
        let bench = try Bench()
        func gaps(_ times: [String], _ every: String, _ bindings: Bindings = [:], type: String = "timestamp")
            throws -> [Int]
        {
            let found = try bench.clean(
                [times.joined(separator: "\n")], Table(["t \(type)"], sort: ["t"], every: every),
                bindings: bindings)
            return [found.dataset.statistics.gapCount, found.dataset.statistics.missingRowCount]
        }
        #expect(
            try gaps(["1577836800000", "1577836860000", "1577837100000", "1577837160000"], "1m") == [1, 3])
        #expect(try gaps(["1577836800000", "1577836860000"], "{interval}", ["interval": "1s"]) == [1, 59])
        #expect(try gaps(["1685577600011", "1685606400000", "1685635200005"], "8h") == [0, 0])
        #expect(
            try gaps(["2024-01-01 00:00:00", "2024-02-01 00:00:00", "2024-05-01 00:00:00"], "1mo") == [1, 2])
        #expect(try gaps(["2024-01-01", "2024-01-02", "2024-01-05"], "1d", type: "date") == [1, 2])
        #expect(try gaps(["1", "2", "5"], "1", type: "int64") == [1, 2])
        #expect(try gaps(["1577836800000"], "1w") == [0, 0])
        #expect(
            try gaps(["-9223372036854775808", "0", "9223372036854775807"], "1", type: "int64") == [2, .max])
        #expect(
            bench.problem("1577836800000", Table(["t timestamp"], sort: ["t"], every: "soon"))
                == "table 't': 'soon' is no step between values of 't', a timestamp")
        #expect(
            bench.problem("1577836800000", Table(["t timestamp"], sort: ["t"], every: "{interval}"))
                == "table 't': 'every' names the wildcard 'interval', which the output lacks")
    }

    @Test("first and last as people read them")
    func firstAndLast() throws {
        let bench = try Bench()
        func ends(_ text: String, _ type: String) throws -> [String?] {
            let statistics = try bench.clean([text], Table(["t \(type)"], header: .none, sort: ["t"])).dataset
                .statistics
            return [statistics.first, statistics.last]
        }
        #expect(
            try ends("1577836800000\n1577836800001\n", "timestamp") == [
                "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.001Z",
            ])
        #expect(
            try ends("1577836800000000\n1577836800000001\n", "timestamp") == [
                "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000001Z",
            ])
        #expect(try ends("2020-02-29\n1999-12-31\n", "date") == ["1999-12-31", "2020-02-29"])
        #expect(try ends("-0.5\n10\n", "decimal(20,3)") == ["-0.500", "10.000"])
        #expect(try ends("b\na\n", "text") == ["a", "b"])
        #expect(try ends("2\nnan\n-inf\n", "float64") == ["-inf", "nan"])
        #expect(try ends("", "int64") == [nil, nil])
        #expect(try ends("\"\"\n5\n\n-3\n", "int64?") == ["-3", "5"])
    }

    @Test("what the Datafile says of Parquet is in the file", .enabled(if: Peer.python != nil))
    func parquetSettings() throws {
        let bench = try Bench()
        // Prices that do not repeat and need few of a double's bits.
        let text = (0..<10_000).map { "\($0),\(1 + Double($0 * 7919 % 65_536) / 65_536)\n" }.joined()
        func described(_ settings: ParquetSettings) throws -> String {
            var table = Table(["id int64", "price float64"])
            table.parquet = settings
            try bench.directory.write(try bench.clean([text], table).parquet, to: "t.parquet")
            let script = """
                import sys, duckdb
                query = "select path_in_schema, encodings, compression, bloom_filter_offset is not null from parquet_metadata(?)"
                for row in duckdb.execute(query, [sys.argv[1]]).fetchall(): print(*row)
                """
            return try Peer.run(Peer.python!, ["-c", script, bench.directory.path("t.parquet")])
                .standardOutput
        }
        let smallest = try described(ParquetSettings(bloomFilter: ["price"]))
        #expect(smallest.contains("price BYTE_STREAM_SPLIT ZSTD True\n"), "\(smallest)")
        #expect(smallest.hasPrefix("id ") && smallest.contains(" False\n"))
        let portable = try described(
            ParquetSettings(compression: .gzip, level: 6, encodings: .portable, bloomFilter: ["id"]))
        #expect(portable.contains("price PLAIN GZIP False\n"), "\(portable)")
        #expect(portable.hasPrefix("id ") && portable.contains(" True\n"))
    }

    @Test("the same input gives the same bytes, and cancelling stops")
    func deterministic() throws {
        let bench = try Bench()
        let text = (0..<50_000).map { "\($0),\(Double($0) / 7),\(1_577_836_800_000 + $0)\n" }.joined()
        let table = Table(Self.ticks, sort: ["id"], unique: ["id"], rowGroupRows: 10_007)
        let first = try bench.clean([text], table, metadata: [("made-from", "x")])
        #expect(try bench.clean([text], table, metadata: [("made-from", "x")]).parquet == first.parquet)
        #expect(first.dataset.statistics.rowCount == 50_000)
        let sink = ByteSink()
        let job = CleanJob(
            table: table,
            inputs: [CleanInput(path: bench.directory.path("0.csv"), name: "0.csv", preference: 0)],
            days: nil, bindings: [:])
        #expect(throws: CancellationError.self) {
            try Cleaning.clean(job, output: sink.output, rejects: sink.output, isCancelled: { true })
        }
    }
}
