import Foundation
import TestSupport
import Testing

/// Real files of the archive, as a directory and as a bucket, read back by four other programs.
@Suite struct SampleScenarios {
    static func datafile(_ source: String) -> String {
        """
        version: 1
        sources:
          binance: \(source)
        rules:
          minutes:
            from: binance:data/spot/daily/klines/{symbol}/1m/{symbol}-1m-{date:day}.zip
            to: lake/minutes/{symbol}/{date.month}.parquet
            table: kline
          hours:
            from: binance:data/spot/daily/klines/{symbol}/1h/{symbol}-1h-{date:day}.zip
            to: lake/hours/{symbol}/{date.month}.parquet
            table: kline
          funding:
            from: binance:data/futures/um/monthly/fundingRate/{symbol}/{symbol}-fundingRate-{date:month}.zip
            to: lake/funding/{symbol}/{date}.parquet
            table: funding
        tables:
          kline:
            columns:
              open_time: timestamp
              open: float64
              high: float64
              low: float64
              close: float64
              volume: decimal(18,8)
              close_time: timestamp
              quote_volume: decimal(28,8)
              count: int64
              taker_buy_volume: float64
              taker_buy_quote_volume: float64
              ignore: skip
            sort: open_time
            unique: open_time
            checks: ["high >= low", "open_time in partition"]
          funding:
            header: required
            columns:
              calc_time: timestamp
              funding_interval_hours: int32
              last_funding_rate: decimal(18,8)
            sort: calc_time
        """
    }

    /// Compares every value with the CSV's, as Python's own csv, float and Decimal read it.
    static let judge = #"""
        import csv, io, os, struct, sys, warnings, zipfile, glob
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
        warnings.simplefilter("ignore")
        from decimal import Decimal
        import numpy as np, pyarrow.parquet as pq, duckdb, polars as pl, fastparquet
        archive, project = sys.argv[1:]
        kline = [("open_time", "time"), ("open", "float"), ("high", "float"), ("low", "float"), ("close", "float"),
                 ("volume", "decimal"), ("close_time", "time"), ("quote_volume", "decimal"), ("count", "int"),
                 ("taker_buy_volume", "float"), ("taker_buy_quote_volume", "float")]
        funding = [("calc_time", "time"), ("funding_interval_hours", "int"), ("last_funding_rate", "decimal")]
        datasets = [("data/spot/daily/klines/BTCUSDT/1m/*.zip", "lake/minutes/BTCUSDT/2020-01.parquet", kline, 4320, 1000, False),
                    ("data/spot/daily/klines/BTCUSDT/1h/*.zip", "lake/hours/BTCUSDT/2026-05.parquet", kline, 48, 1, False),
                    ("data/futures/um/monthly/fundingRate/BTCUSDT/*.zip", "lake/funding/BTCUSDT/2026-04.parquet", funding, 90, 1000, True)]
        bits = lambda x: struct.pack("<d", x)
        def micros(t): return t.value // 1000 if hasattr(t, "value") else round(t.timestamp() * 1e6)
        duckdb.execute("set timezone = 'UTC'; set threads = 1")
        for pattern, output, columns, count, unit, header in datasets:
            rows = []
            for path in sorted(glob.glob(f"{archive}/{pattern}")):
                with zipfile.ZipFile(path) as z:
                    text = z.read(z.namelist()[0]).decode()
                rows += list(csv.reader(io.StringIO(text)))[1 if header else 0:]
            assert len(rows) == count, (output, len(rows))
            path = f"{project}/{output}"
            tables = {
                "pyarrow": pq.read_table(path),
                "duckdb": duckdb.sql(f"select * from '{path}'").to_arrow_table(),
                "polars": pl.read_parquet(path).to_arrow(),
            }
            frame = fastparquet.ParquetFile(path).to_pandas()
            assert list(frame.columns) == [name for name, _ in columns], list(frame.columns)
            for index, (name, kind) in enumerate(columns):
                text = [row[index] for row in rows]
                want = {"time": lambda t: int(t) * unit, "float": lambda t: bits(float(t)),
                        "decimal": Decimal, "int": int}[kind]
                want = [want(t) for t in text]
                for judge, table in tables.items():
                    assert table.column_names == [name for name, _ in columns], (judge, table.column_names)
                    column = table[name]
                    if kind == "time":
                        import pyarrow as pa
                        got = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
                        assert str(column.type).startswith("timestamp[us"), (judge, column.type)
                    else:
                        got = column.to_pylist()
                        if kind == "float": got = [bits(v) for v in got]
                    assert got == want, (judge, output, name, next((g, w) for g, w in zip(got, want) if g != w))
                series = frame[name]
                if kind == "time": got = series.astype("datetime64[us, UTC]").astype("int64").tolist() if series.dt.tz is not None else series.astype("datetime64[us]").astype("int64").tolist()
                elif kind == "float": got = [bits(v) for v in series.to_numpy("f8").tolist()]
                elif kind == "decimal":
                    # fastparquet gives decimals as floats.
                    got = series.to_numpy("f8")
                    assert np.allclose(got, [float(w) for w in want], rtol=1e-12, atol=0), ("fastparquet", output, name)
                    got = want
                else: got = series.tolist()
                assert got == want, ("fastparquet", output, name, next((g, w) for g, w in zip(got, want) if g != w))
        print("equal")
        """#

    /// Serves a directory's files from moto's S3, readable by anyone, and prints the bucket's URL.
    static let bucketScript = #"""
        import logging, os, sys
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
        import boto3
        from moto.server import ThreadedMotoServer
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        client.create_bucket(Bucket="market", ACL="public-read")
        for folder, _, names in os.walk(sys.argv[1]):
            for name in names:
                path = os.path.join(folder, name)
                client.upload_file(path, "market", os.path.relpath(path, sys.argv[1]), ExtraArgs={"ACL": "public-read"})
        print(endpoint + "/market", flush=True)
        import threading; threading.Event().wait()
        """#

    @Test(
        "real files keep every value, from a directory and from a bucket alike",
        .enabled(if: Peer.samples != nil && Peer.python != nil, "needs the sample files and the judges"))
    func samples() throws {
        let python = try #require(Peer.python)
        let archive = try #require(Peer.samples).appending(path: "archive").path
        let checksum = "checksum: \"{key}.CHECKSUM\""
        let near = try ProjectDirectory(Self.datafile("{dir: \(archive), \(checksum)}"))
        let outcome = try near.build()
        #expect(outcome.status == 0, "\(outcome.failures)")
        #expect(outcome.counts == BuildCounts(considered: 3, built: 3))
        #expect(outcome.rows == 4320 + 48 + 90)
        #expect(near.files(in: "lake", suffix: ".parquet").count == 3)
        let judged = try Peer.run(python, ["-c", Self.judge, archive, near.path])
        #expect(judged.standardOutput == "equal\n", "\(judged.standardError)")

        let moto = try RunningProgram(python, ["-c", Self.bucketScript, archive])
        #expect(eventually { moto.standardOutput.hasSuffix("\n") || !moto.isRunning })
        let url = moto.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(url.hasPrefix("http"), "\(moto.standardError)")
        let far = try ProjectDirectory(
            Self.datafile("{s3: \"\(url)\", mirror: raw/market, \(checksum), retries: 1}"))
        let downloaded = try far.build()
        #expect(downloaded.status == 0, "\(downloaded.failures)")
        #expect(downloaded.counts == BuildCounts(considered: 3, built: 3, fetched: 6))
        #expect(try far.contents(of: "lake", suffix: "") == near.contents(of: "lake", suffix: ""))
        #expect(try far.build("--refresh", "full").counts == BuildCounts(considered: 3, fresh: 3))
    }
}
