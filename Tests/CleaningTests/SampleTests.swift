import Cleaning
import Foundation
import Graph
import TestSupport
import Testing

@Suite(.enabled(if: Peer.samples != nil, "no shared samples")) struct SampleTests {
    struct Case: CustomTestStringConvertible {
        var file: String
        var columns: [String]
        var rows: Int
        var sort: [String] = []
        var unique: [String] = []
        var duplicates = 0
        var first: String?
        var testDescription: String { file }
    }

    static let klines = [
        "open_time timestamp", "open decimal(18,8)", "high float64", "low float64", "close float64",
        "volume decimal(38,18)",
        "close_time timestamp", "quote_volume float64", "count int32", "taker_buy_volume float64",
        "taker_buy_quote_volume float64",
        "ignore skip",
    ]
    static let metrics = [
        "create_time timestamp", "symbol text", "sum_open_interest float64",
        "sum_open_interest_value float64",
        "count_toptrader_long_short_ratio float64?", "sum_toptrader_long_short_ratio float64?",
        "count_long_short_ratio float64?",
        "sum_taker_long_short_vol_ratio float64",
    ]
    static let bookTicker = [
        "update_id int64", "best_bid_price float64", "best_bid_qty float64", "best_ask_price float64",
        "best_ask_qty float64",
        "transaction_time timestamp", "event_time timestamp",
    ]

    static let cases = [
        Case(
            file: "excerpts/cm-fundingRate/BTCUSD_PERP-fundingRate-2023-06.csv",
            columns: [
                "calc_time timestamp", "funding_interval_hours int32", "last_funding_rate decimal(18,8)",
            ], rows: 3, sort: ["calc_time"], unique: ["calc_time"], first: "2023-06-01T00:00:00.011Z"),
        Case(
            file: "excerpts/cm-klines/BTCUSD_PERP-1h-2023-10-27.csv", columns: klines, rows: 3,
            sort: ["open_time"], unique: ["open_time"], first: "2023-10-27T00:00:00Z"),
        Case(
            file: "excerpts/cm-liquidationSnapshot/BTCUSD_PERP-liquidationSnapshot-2023-06-25.csv",
            columns: [
                "time timestamp", "side text", "order_type text", "time_in_force text",
                "original_quantity int64", "price float64", "average_price float64", "order_status text",
                "last_fill_quantity int64", "accumulated_fill_quantity int64",
            ], rows: 2, sort: ["time"], unique: ["time", "original_quantity"], duplicates: 1,
            first: "2023-06-25T01:27:51.926Z"),
        Case(
            file: "excerpts/cm-metrics/BTCUSD_PERP-metrics-2023-06-25.csv", columns: metrics, rows: 3,
            sort: ["create_time"], unique: ["create_time"], first: "2023-06-25T00:00:00Z"),
        Case(
            file: "excerpts/option-BVOLIndex/BTCBVOLUSDT-BVOLIndex-2026-10-01.csv",
            columns: [
                "calc_time timestamp", "symbol text", "base_asset text", "quote_asset text",
                "index_value decimal(18,4)",
            ], rows: 3, sort: ["calc_time"], first: "2026-10-01T00:00:00.001Z"),
        Case(
            file: "excerpts/spot-aggTrades/BTCUSDT-aggTrades-2026-09-15.csv",
            columns: [
                "agg_trade_id int64", "price decimal(18,8)", "quantity decimal(18,8)", "first_trade_id int64",
                "last_trade_id int64", "transact_time timestamp", "is_buyer_maker bool", "is_best_match bool",
            ], rows: 5, sort: ["agg_trade_id"], unique: ["agg_trade_id"], first: "4063759318"),
        Case(
            file: "excerpts/spot-klines/BTCUSDT-1m-2026-09-15.csv", columns: klines, rows: 4,
            sort: ["open_time"], unique: ["open_time"], first: "2026-09-15T00:00:00Z"),
        Case(
            file: "excerpts/um-aggTrades/BTCUSDT-aggTrades-2026-09-15.csv",
            columns: [
                "agg_trade_id int64", "price float64", "quantity float64", "first_trade_id int64",
                "last_trade_id int64", "transact_time timestamp", "is_buyer_maker bool",
            ], rows: 5, sort: ["agg_trade_id"], unique: ["agg_trade_id"], first: "3449899747"),
        Case(
            file: "excerpts/um-bookDepth/BTCUSDT-bookDepth-2026-06-24.csv",
            columns: ["timestamp timestamp", "percentage float64", "depth float64", "notional float64"],
            rows: 24, sort: ["timestamp"], unique: ["timestamp", "percentage"], first: "2026-06-24T00:00:04Z"),
        Case(
            file: "excerpts/um-bookTicker/BTCUSDT-bookTicker-2024-01-15.csv", columns: bookTicker, rows: 3,
            sort: ["update_id"], unique: ["update_id"], first: "3831603310899"),
        Case(
            file: "excerpts/um-bookTicker/ETHUSDT-bookTicker-2024-01-15.interleaved.csv", columns: bookTicker,
            rows: 5, sort: ["update_id"], unique: ["update_id"], first: "3831603310013"),
        Case(
            file: "excerpts/um-klines-2020-headerless/BTCUSDT-1d-2020-01.csv", columns: klines, rows: 2,
            sort: ["open_time"], unique: ["open_time"], first: "2020-01-01T00:00:00Z"),
        Case(
            file: "excerpts/um-klines/BTCUSDT-1h-2026-09-15.csv", columns: klines, rows: 3,
            sort: ["open_time"], unique: ["open_time"], first: "2026-09-15T00:00:00Z"),
        Case(
            file: "excerpts/um-metrics/BTCUSDT-metrics-2026-09-15.csv", columns: metrics, rows: 2,
            sort: ["create_time"], unique: ["create_time"], first: "2026-09-15T00:00:00Z"),
        Case(
            file: "excerpts/um-premiumIndexKlines/BTCUSDT-1d-2026-08.csv", columns: klines, rows: 1,
            sort: ["open_time"], unique: ["open_time"], first: "2026-08-01T00:00:00Z"),
        Case(
            file: "excerpts/um-trades/BTCUSDT-trades-2026-09-15.csv",
            columns: [
                "id int64", "price float64", "qty float64", "quote_qty float64", "time timestamp",
                "is_buyer_maker bool",
            ], rows: 3, sort: ["id"], unique: ["id"], first: "8078264332"),
        Case(
            file: "archive/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2020-01-01.zip", columns: klines,
            rows: 1_440, sort: ["open_time"], unique: ["open_time"], first: "2020-01-01T00:00:00Z"),
        Case(
            file: "archive/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2026-05-08.zip", columns: klines,
            rows: 24, sort: ["open_time"], unique: ["open_time"], first: "2026-05-08T00:00:00Z"),
        Case(
            file: "archive/data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip",
            columns: [
                "calc_time timestamp", "funding_interval_hours int32", "last_funding_rate decimal(18,8)",
            ], rows: 90, sort: ["calc_time"], unique: ["calc_time"], first: "2026-04-01T00:00:00Z"),
    ]

    @Test("real files of every kind", arguments: cases) func cleans(_ c: Case) throws {
        let bench = try Bench()
        let path = Peer.samples!.appending(path: c.file).path
        let found = try bench.clean(files: [path], Table(c.columns, sort: c.sort, unique: c.unique))
        let statistics = found.dataset.statistics
        #expect(statistics.rowCount == c.rows)
        #expect(statistics.duplicateRowCount == c.duplicates && statistics.conflictRowCount == 0)
        #expect(statistics.first?.prefix(19) == c.first?.prefix(19))
    }

    @Test(
        "every value of a day of klines as Python's csv and float have it",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func likePython() throws {
        let bench = try Bench()
        let path = Peer.samples!.appending(
            path: "archive/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2020-01-02.zip"
        ).path
        let names = ["t", "o", "h", "l", "c", "v", "e", "q", "n", "b", "x"]
        let types = [
            "timestamp", "float64", "float64", "float64", "float64", "decimal(18,8)", "timestamp", "float64",
            "int64", "float64", "text",
        ]
        let table = Table(
            zip(names, types).map { "\($0) \($1)" } + ["z skip"], sort: ["t"], unique: ["t"], every: "1m")
        let found = try bench.clean(files: [path], table)
        #expect(found.dataset.statistics.gapCount == 0)
        try bench.directory.write(found.parquet, to: "ours.parquet")
        let script = """
            import csv, io, sys, zipfile, datetime as dt
            from decimal import Decimal
            import pyarrow.parquet as pq
            archive = zipfile.ZipFile(sys.argv[1])
            rows = list(csv.reader(io.TextIOWrapper(archive.open(archive.namelist()[0]), "utf-8", newline="")))
            table = pq.read_table(sys.argv[2])
            at = lambda s: dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(milliseconds=int(s))
            read = [at, float, float, float, float, Decimal, at, float, int, float, str]
            assert table.num_rows == len(rows)
            for i, f in enumerate(read):
                assert table.column(i).to_pylist() == [f(r[i]) for r in rows], i
            print("equal")
            """
        let output = try Peer.run(Peer.python!, ["-c", script, path, bench.directory.path("ours.parquet")])
        #expect(output.standardOutput == "equal\n", "\(output.standardError)")
    }
}
