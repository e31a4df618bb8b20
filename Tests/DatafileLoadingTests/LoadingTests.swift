import Columns
import DatafileLoading
import Graph
import Testing

struct LoadingTests {
    @Test("reads everything a Datafile can say")
    func everything() throws {
        let project = try loadDatafile(
            text: """
                version: 1
                build: {jobs: 4, connections: 32, memory: 1.5 GiB, disk: 200 GB}
                sources:
                  binance:
                    s3: https://s3.example.com/bucket/
                    get: http://cdn.example.com:8080
                    mirror: raw/b/
                    checksum: "{key}.CHECKSUM"
                    checksum-missing: accept
                    connections: 16
                    rate: 1.5 MiB/s
                    requests: 30/min
                    retries: 0
                  archive: {dir: ../archive/, checksum: "sums/{key}"}
                  plain: {s3: "https://h/b"}
                rules:
                  klines:
                    from:
                      - binance:m/{symbol}/{interval}/{symbol}-{n:int}-{date:month}.zip
                      - archive:d/{symbol}/{interval}/{symbol}-{n:int}-{date:day}.zip
                    where:
                      symbol: [BTC, "ETH*", "!*DOWN"]
                      interval: 1m
                      date: 2024-01-05..2024-02
                      n: 3..
                    to: lake/{symbol}/{interval}/{n:int}/{date.month}.parquet
                    table: kline
                  report:
                    from: lake/{symbol}/1m/{n:int}/{month:month}.parquet
                    where: {month: ..2023, n: 7}
                    to: reports/{symbol}-{n}-{month}.html
                    run: report '{symbol} it' "a \\"b\\"" '{print $1}' --out={output} {input}
                tables:
                  kline:
                    header: required
                    delimiter: tab
                    quote: "'"
                    columns:
                      open_time: timestamp
                      volume: {type: "decimal(18, 8)", aliases: [base_volume, ""], null: true}
                      trades: {type: int64, aliases: count}
                      ignore: skip
                    sort: open_time
                    unique: [open_time, trades]
                    every: "{interval}"
                    checks: [volume >= 0, open_time in partition]
                    bad-rows: quarantine
                    parquet: {compression: gzip, level: 9, row-group-rows: 1000, encodings: portable, bloom-filter: [trades, volume]}
                """)
        let parquet = ParquetSettings(
            compression: .gzip, level: 9, rowGroupRows: 1000, encodings: .portable,
            bloomFilter: ["trades", "volume"])
        let table = Table(
            name: "kline", header: .required, dialect: Dialect(delimiter: 9, quote: 39),
            columns: [
                TableColumn(name: "open_time", type: .timestamp),
                TableColumn(
                    name: "volume", type: .decimal(precision: 18, scale: 8), aliases: ["base_volume", ""],
                    isNullable: true),
                TableColumn(name: "trades", type: .int64, aliases: ["count"]),
                TableColumn(name: "ignore", type: nil),
            ],
            sort: ["open_time"], unique: ["open_time", "trades"], every: "{interval}",
            checks: [
                Check(
                    text: "volume >= 0",
                    condition: .comparison(.greaterOrEqual, .column("volume"), .integer(0))),
                Check(text: "open_time in partition", condition: .inPartition("open_time")),
            ],
            badRows: .quarantine, parquet: parquet)
        let sources = [
            Source(
                name: "archive", location: .directory(path: "../archive"),
                checksum: ChecksumPolicy(keyTemplate: "sums/{key}", whenMissing: .fail)),
            Source(
                name: "binance",
                location: .s3(list: "https://s3.example.com/bucket", get: "http://cdn.example.com:8080"),
                mirror: "raw/b",
                checksum: ChecksumPolicy(keyTemplate: "{key}.CHECKSUM", whenMissing: .accept),
                connections: 16, bytesPerSecond: 1_572_864, requestsPerSecond: 0.5, retries: 0),
            Source(
                name: "plain", location: .s3(list: "https://h/b", get: "https://h/b"), mirror: "raw/plain"),
        ]
        func day(_ text: String) -> Int32? { DayRange(text: text, kind: .day)?.start }
        let klines = Rule(
            name: "klines",
            inputs: [
                InputPattern(
                    source: "binance",
                    pattern: try Pattern(parsing: "m/{symbol}/{interval}/{symbol}-{n:int}-{date:month}.zip")),
                InputPattern(
                    source: "archive",
                    pattern: try Pattern(parsing: "d/{symbol}/{interval}/{symbol}-{n:int}-{date:day}.zip")),
            ],
            constraints: [
                "symbol": .globs(includes: ["BTC", "ETH*"], excludes: ["*DOWN"]),
                "interval": .globs(includes: ["1m"], excludes: []),
                "date": .days(start: day("2024-01-05"), end: day("2024-03-01")),
                "n": .integers(lower: 3, upper: nil),
            ],
            output: try Pattern(parsing: "lake/{symbol}/{interval}/{n:int}/{date.month}.parquet"),
            recipe: .clean(table),
            location: SourceLocation(file: "Datafile", line: 17, column: 3))
        let report = Rule(
            name: "report",
            inputs: [
                InputPattern(
                    source: nil,
                    pattern: try Pattern(parsing: "lake/{symbol}/1m/{n:int}/{month:month}.parquet"))
            ],
            constraints: [
                "month": .days(start: nil, end: day("2024-01-01")), "n": .integers(lower: 7, upper: 7),
            ],
            output: Pattern(
                text: "reports/{symbol}-{n}-{month}.html",
                pieces: [
                    .literal("reports/"), .wildcard(name: "symbol", kind: .text), .literal("-"),
                    .wildcard(name: "n", kind: .int), .literal("-"), .wildcard(name: "month", kind: .month),
                    .literal(".html"),
                ]),
            recipe: .run(
                Command(
                    text: #"report '{symbol} it' "a \"b\"" '{print $1}' --out={output} {input}"#,
                    arguments: [
                        "report", "{symbol} it", #"a "b""#, "{print $1}", "--out={output}", "{input}",
                    ])),
            location: SourceLocation(file: "Datafile", line: 28, column: 3))
        #expect(project.sources == sources)
        #expect(
            project.settings
                == BuildSettings(
                    jobs: 4, connections: 32, memoryByteCount: 1_610_612_736, diskByteCount: 200_000_000_000))
        #expect(project.rules == [klines, report])
    }

    @Test("a short Datafile, with what is filled in")
    func defaults() throws {
        let project = try loadDatafile(
            text: """
                version: 1
                rules:
                  r: {from: "in/{name}.csv", to: "out/{name}.parquet", table: t}
                tables:
                  t: {columns: {a: int64}, sort: [], checks: a > 0}
                  unused: {columns: {a: int64}, parquet: {compression: gzip}}
                """)
        #expect(project.sources.isEmpty)
        #expect(project.settings == BuildSettings())
        guard case .clean(let table)? = project.rules.first?.recipe else {
            Issue.record("no table")
            return
        }
        #expect(
            table
                == Table(
                    name: "t", columns: [TableColumn(name: "a", type: .int64)],
                    checks: [
                        Check(text: "a > 0", condition: .comparison(.greater, .column("a"), .integer(0)))
                    ]))
        #expect(project.rules.first?.constraints == [:])
    }

    @Test("nothing but a version will do, and empty sections")
    func minimal() throws {
        #expect(try loadDatafile(text: "version: 1") == Project(sources: [], rules: []))
        #expect(
            try loadDatafile(text: "\u{FEFF}version: 1\r\nrules:\r\nsources: ~\r\n")
                == Project(sources: [], rules: []))
        #expect(
            try loadDatafile(text: "version: 1\nx-anchors: {a: &a [1, {b: !!str c}]}\n")
                == Project(sources: [], rules: []))
    }

    @Test(
        "words of a command",
        arguments: [
            ("a b  c {output}", ["a", "b", "c", "{output}"]),
            ("a 'b  c' {output}", ["a", "b  c", "{output}"]),
            (#"a "b 'c' \" \\ \n" {output}"#, ["a", #"b 'c' " \ \n"#, "{output}"]),
            (#"a\ b 'x'"y"z '' {output}"#, ["a b", "xyz", "", "{output}"]),
            ("awk '{print $1}' {} {output}", ["awk", "{print $1}", "{}", "{output}"]),
            ("a --in {input} --out={output}.x-{name}", ["a", "--in", "{input}", "--out={output}.x-{name}"]),
            ("a \\\n  b {output}\n", ["a", "b", "{output}"]),
        ])
    func words(_ text: String, _ words: [String]) throws {
        let block = text.split(separator: "\n", omittingEmptySubsequences: false).map { "      " + $0 }
            .joined(separator: "\n")
        let project = try loadDatafile(
            text: "version: 1\nrules:\n  r:\n    from: in/{name}\n    to: out/{name}\n    run: |\n\(block)\n")
        guard case .run(let command)? = project.rules.first?.recipe else {
            Issue.record("no command")
            return
        }
        #expect(command.arguments == words)
        #expect(command.text.hasPrefix(text.prefix(3)))
    }

    @Test("rules keep their order, sources are sorted, aliases repeat values")
    func order() throws {
        let project = try loadDatafile(
            text: """
                version: 1
                x-columns: &columns {a: int64}
                sources: {z: {dir: z}, a: {dir: a}}
                rules:
                  z: {from: "z:{n}", to: "out/z-{n}", table: t}
                  a: {from: "a:{n}", to: "out/a-{n}", table: u}
                tables:
                  t: {columns: *columns}
                  u: {columns: *columns}
                """)
        #expect(project.rules.map(\.name) == ["z", "a"])
        #expect(project.sources.map(\.name) == ["a", "z"])
    }

    @Test("rules that `where` keeps apart may share a pattern")
    func apart() throws {
        let project = try loadDatafile(
            text: BadCase.surroundings + """
                rules:
                  old: {from: "s:{x}-{date:day}", where: {date: ..2023}, to: "o/{x}/{date.month}", table: t}
                  new: {from: "s:{x}-{date:day}", where: {date: 2024..}, to: "o/{x}/{date.month}", table: t}
                  b: {from: "s:{x}", where: {x: [B1, B2]}, to: "p/{x}", table: t}
                  c: {from: "s:{x}", where: {x: "C*"}, to: "p/{x}", table: t}
                """)
        #expect(project.rules.count == 4)
    }

    @Test("a thousand rules load quickly")
    func scale() throws {
        var text = BadCase.surroundings + "rules:\n"
        for index in 0..<1000 {
            text += """
                  rule-\(index):
                    from:
                      - s:data/kind\(index)/monthly/{symbol}/{interval}/{symbol}-{interval}-{date:month}.zip
                      - s:data/kind\(index)/daily/{symbol}/{interval}/{symbol}-{interval}-{date:day}.zip
                    where: {symbol: [BTCUSDT, "ETH*", "!*DOWN"], interval: [1m, 1h], date: 2024-01..}
                    to: lake/kind\(index)/symbol={symbol}/interval={interval}/{date.month}.parquet
                    table: w

                """
        }
        let clock = ContinuousClock()
        let start = clock.now
        let project = try loadDatafile(text: text)
        let time = clock.now - start
        #expect(project.rules.count == 1000)
        // Optimised and on an idle core it takes a twentieth of that; what is quadratic takes minutes.
        #expect(time < .seconds(20))
    }
}
