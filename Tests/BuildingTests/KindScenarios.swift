import Foundation
import TestSupport
import Testing

/// Every kind of the archive's files through `Datafile.example` and the real program, value by value.
@Suite struct KindScenarios {
    /// `Datafile.example` for an archive in a directory, not limited to the months it is limited to.
    static func datafile(_ archive: String) throws -> String {
        let text = try String(
            contentsOf: Peer.packageRoot.appending(path: "Datafile.example"), encoding: .utf8)
        var lines: [String] = []
        var isLeftOut = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let indentation = line.prefix { $0 == " " }.count
            if isLeftOut, indentation > 4 { continue }
            isLeftOut = line == "    where:" || line == "  binance:"
            if line == "  binance:" {
                lines.append("  binance: {dir: \"\(archive)\", checksum: \"{key}.CHECKSUM\"}")
            }
            // The source's own keys are indented as far as `where` is.
            if !isLeftOut, !(lines.last?.hasPrefix("  binance:") == true && indentation == 4) {
                lines.append(String(line))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Reads the CSVs with Python's csv and float, sorts and de-duplicates the rows, and compares every value.
    static let judge = #"""
        import csv, io, json, struct, sys
        from datetime import date, datetime, timedelta, timezone
        import pyarrow as pa, pyarrow.parquet as pq
        work = json.load(open(sys.argv[1]))
        epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
        def micros(text, unit):
            if unit == "text": return (datetime.fromisoformat(text + "+00:00") - epoch) // timedelta(microseconds=1)
            return int(text) * {"ms": 1000, "us": 1}[unit]
        arrow = {"time": pa.timestamp("us", "UTC"), "float": pa.float64(), "int": pa.int64(), "int32": pa.int32(),
                 "bool": pa.bool_(), "text": pa.string(), "date": pa.date32()}
        outputs = {}
        for file in work["files"]: outputs.setdefault(file["output"], []).append(file)
        for output, files in outputs.items():
            kind = work["kinds"][files[0]["rule"]]
            columns = [column.split(":") for column in kind["columns"].split()]
            kept = [(index, name, type) for index, (name, type) in enumerate(columns) if type != "-"]
            names = [name for _, name, _ in kept]
            month = output.rsplit("/", 1)[1][:7]
            rows = []
            for file in files:
                records = list(csv.reader(io.StringIO(file["csv"], newline=""), strict=True))
                for record in records[1 if file["hasHeader"] else 0:]:
                    assert len(record) == len(columns), (output, record)
                    row = []
                    for index, name, type in kept:
                        text = record[index]
                        if type.endswith("?") and text == "": row.append(None)
                        else: row.append({
                            "time": lambda t: micros(t, file["unit"]), "float": float, "int": int, "int32": int,
                            "bool": lambda t: {"true": True, "false": False}[t.lower()], "text": str,
                            "date": date.fromisoformat}[type.rstrip("?")](text))
                    rows.append(row)
            def key(row, by): return tuple(row[names.index(name)] for name in by)
            # Times outside the partition are put aside by the table of metrics, and nowhere else do they occur here.
            if files[0]["rule"].endswith("metrics"):
                rows = [r for r in rows if (epoch + timedelta(microseconds=r[0])).isoformat()[:7] == month]
            rows.sort(key=lambda row: key(row, kind["sort"]))
            seen, unique = set(), []
            for row in rows:
                if key(row, kind["unique"]) not in seen: unique.append(row)
                seen.add(key(row, kind["unique"]))
            table = pq.read_table(sys.argv[2] + "/" + output, partitioning=None)
            assert table.column_names == names, (output, table.column_names)
            for position, (_, name, type) in enumerate(kept):
                column = table.column(name)
                assert column.type == arrow[type.rstrip("?")], (output, name, column.type)
                assert table.schema.field(name).nullable == type.endswith("?"), (output, name)
                if type == "time": column = column.cast(pa.int64())
                bits = lambda v: struct.pack("<d", v) if isinstance(v, float) else v
                want = [bits(row[position]) for row in unique]
                got = [bits(value) for value in column.to_pylist()]
                assert got == want, (output, name, column.to_pylist(), [row[position] for row in unique])
            print(output, table.num_rows)
        """#

    struct Work: Encodable {
        var kinds = KindColumns.all
        var files: [KindFile]
    }

    /// Builds all partitions of these files and compares them with the CSVs.
    private func build(_ files: [KindFile]) throws -> (project: ProjectDirectory, rows: Int) {
        let archive = try Archive()
        for file in files { try archive.put(file.csv, at: file.key) }
        let project = try ProjectDirectory(try Self.datafile(archive.path))
        let outcome = try project.build()
        #expect(outcome.status == 0, "\(outcome.failures) \(outcome.standardError)")
        let outputs = Set(files.map(\.output))
        #expect(outcome.counts == BuildCounts(considered: outputs.count, built: outputs.count))
        let made = project.files(in: "lake", suffix: ".parquet").filter { !$0.contains("rejects") }
        #expect(made == outputs.sorted())
        guard let python = Peer.python else { return (project, outcome.rows) }
        try project.write(try JSONEncoder().encode(Work(files: files)), to: "work.json")
        let judged = try Peer.run(python, ["-c", Self.judge, project.path("work.json"), project.path])
        #expect(judged.status == 0, "\(judged.standardError)")
        let rows = judged.standardOutput.split(separator: "\n").compactMap {
            $0.split(separator: " ").last.flatMap { Int($0) }
        }
        #expect(rows.count == outputs.count && rows.reduce(0, +) == outcome.rows)
        return (project, outcome.rows)
    }

    @Test("made-up files of every kind keep every value") func everyKind() throws {
        #expect(Set(KindFile.all.map(\.rule)) == Set(KindColumns.all.keys))
        let rules = try Self.datafile("/a").split(separator: "\n").filter { $0.hasPrefix("    table:") }
        #expect(rules.count == KindColumns.all.count, "a rule of Datafile.example has no file here")
        let (project, rows) = try build(KindFile.all)
        // All rows but three that stand twice and one of the day after.
        let records = KindFile.all.reduce(0) { sum, file in
            sum + file.csv.split(separator: "\n").count - (file.hasHeader ? 1 : 0)
        }
        #expect(rows == records - 4)
        let rejects = project.files(in: "lake/um/metrics").filter { $0.contains("rejects") }
        #expect(rejects.count == 1, "\(project.files(in: "lake/um/metrics"))")
    }

    /// Real files, by where they lie below `excerpts`; the rule, the zip's place and the partition.
    static let excerpts:
        [(file: String, rule: String, key: String, output: String, header: Bool, unit: KindFile.Unit)] = [
            (
                "cm-fundingRate/BTCUSD_PERP-fundingRate-2023-06", "cm-funding-rate",
                "futures/cm/monthly/fundingRate/BTCUSD_PERP", "cm/fundingRate/symbol=BTCUSD_PERP/2023-06",
                true, .ms
            ),
            (
                "cm-klines/BTCUSD_PERP-1h-2023-10-27", "cm-klines", "futures/cm/daily/klines/BTCUSD_PERP/1h",
                "cm/klines/symbol=BTCUSD_PERP/interval=1h/2023-10", true, .ms
            ),
            (
                "cm-liquidationSnapshot/BTCUSD_PERP-liquidationSnapshot-2023-06-25",
                "cm-liquidation-snapshot", "futures/cm/daily/liquidationSnapshot/BTCUSD_PERP",
                "cm/liquidationSnapshot/symbol=BTCUSD_PERP/2023-06", true, .ms
            ),
            (
                "cm-metrics/BTCUSD_PERP-metrics-2023-06-25", "cm-metrics",
                "futures/cm/daily/metrics/BTCUSD_PERP", "cm/metrics/symbol=BTCUSD_PERP/2023-06", true, .text
            ),
            (
                "option-BVOLIndex/BTCBVOLUSDT-BVOLIndex-2026-10-01", "option-bvol-index",
                "option/daily/BVOLIndex/BTCBVOLUSDT", "option/BVOLIndex/symbol=BTCBVOLUSDT/2026-10", true, .ms
            ),
            (
                "spot-aggTrades/BTCUSDT-aggTrades-2026-09-15", "spot-agg-trades",
                "spot/daily/aggTrades/BTCUSDT", "spot/aggTrades/symbol=BTCUSDT/2026-09", false, .us
            ),
            (
                "spot-klines/BTCUSDT-1m-2026-09-15", "spot-klines", "spot/daily/klines/BTCUSDT/1m",
                "spot/klines/symbol=BTCUSDT/interval=1m/2026-09", false, .us
            ),
            (
                "um-aggTrades/BTCUSDT-aggTrades-2026-09-15", "um-agg-trades",
                "futures/um/daily/aggTrades/BTCUSDT", "um/aggTrades/symbol=BTCUSDT/2026-09", true, .ms
            ),
            (
                "um-bookDepth/BTCUSDT-bookDepth-2026-06-24", "um-book-depth",
                "futures/um/daily/bookDepth/BTCUSDT", "um/bookDepth/symbol=BTCUSDT/2026-06", true, .text
            ),
            (
                "um-bookTicker/BTCUSDT-bookTicker-2024-01-15", "um-book-ticker",
                "futures/um/daily/bookTicker/BTCUSDT", "um/bookTicker/symbol=BTCUSDT/2024-01", true, .ms
            ),
            (
                "um-bookTicker/ETHUSDT-bookTicker-2024-01-15.interleaved", "um-book-ticker",
                "futures/um/daily/bookTicker/ETHUSDT", "um/bookTicker/symbol=ETHUSDT/2024-01", false, .ms
            ),
            (
                "um-klines-2020-headerless/BTCUSDT-1d-2020-01", "um-klines",
                "futures/um/monthly/klines/BTCUSDT/1d", "um/klines/symbol=BTCUSDT/interval=1d/2020-01", false,
                .ms
            ),
            (
                "um-klines/BTCUSDT-1h-2026-09-15", "um-klines", "futures/um/daily/klines/BTCUSDT/1h",
                "um/klines/symbol=BTCUSDT/interval=1h/2026-09", true, .ms
            ),
            (
                "um-metrics/BTCUSDT-metrics-2026-09-15", "um-metrics", "futures/um/daily/metrics/BTCUSDT",
                "um/metrics/symbol=BTCUSDT/2026-09", true, .text
            ),
            (
                "um-premiumIndexKlines/BTCUSDT-1d-2026-08", "um-premium-index-klines",
                "futures/um/monthly/premiumIndexKlines/BTCUSDT/1d",
                "um/premiumIndexKlines/symbol=BTCUSDT/interval=1d/2026-08", true, .ms
            ),
            (
                "um-trades/BTCUSDT-trades-2026-09-15", "um-trades", "futures/um/daily/trades/BTCUSDT",
                "um/trades/symbol=BTCUSDT/2026-09", true, .ms
            ),
        ]

    @Test("real files keep every value", .enabled(if: Peer.samples != nil, "no shared samples"))
    func realFiles() throws {
        let directory = try #require(Peer.samples).appending(path: "excerpts")
        let files = try Self.excerpts.map { excerpt in
            let text = try String(
                contentsOf: directory.appending(path: excerpt.file + ".csv"), encoding: .utf8)
            let name = excerpt.file.split(separator: "/")[1].replacing(".interleaved", with: "")
            return KindFile(
                excerpt.rule, "data/\(excerpt.key)/\(name).zip", to: "lake/\(excerpt.output).parquet",
                header: excerpt.header, excerpt.unit, text)
        }
        _ = try build(files)
    }
}
