import Foundation
import TestSupport
import Testing

/// Datasets made of many files: preferences, ranges, conflicts, rejected rows, and what is written beside them.
@Suite struct DatasetScenarios {
    /// Monthly files first, daily ones for the days they do not cover.
    static func datafile(_ archive: Archive, table: String = "") -> String {
        """
        version: 1
        sources:
          archive: {dir: \(archive.path)}
        rules:
          bars:
            from:
              - archive:monthly/{symbol}-{date:month}.zip
              - archive:daily/{symbol}-{date:day}.zip
            where:
              symbol: [AAA, "B*", "!BAD"]
              date: 2024-01-03..2024-02-02
            to: lake/bars/{symbol}/{date.month}.parquet
            table: bar
        tables:
          bar:
            columns:
              time: timestamp
              open: float64
              volume: decimal(18,8)
              count: int64
            sort: time
            unique: time
            every: 1h
        \(table)
        """
    }

    struct Statistics: Decodable {
        struct Partition: Decodable {
            var path: String?
            var rows: Int, gaps: Int, missing_rows: Int, duplicates: Int, conflicts: Int, rejected: Int
            var first: String?, last: String?
            var nulls: [String: Int]
        }
        var version: Int
        var totals: Partition
        var partitions: [Partition]
    }

    private func statistics(_ project: ProjectDirectory) throws -> Statistics {
        try JSONDecoder().decode(Statistics.self, from: try project.read("lake/bars/stats.json"))
    }

    @Test("a monthly file is preferred, and daily files fill in the days it has not")
    func preference() throws {
        let archive = try Archive()
        let januaryDays = (0..<31).map(Archive.day)
        try archive.put(
            januaryDays.map { Archive.csv("AAA", $0) }.joined(), at: "monthly/AAA-2024-01.zip")
        // Not looked at: the month covers them.
        for day in januaryDays { try archive.put("nonsense\n", at: "daily/AAA-\(day).zip") }
        for index in [31, 32, 33] {
            try archive.put(Archive.csv("AAA", Archive.day(index)), at: "daily/AAA-\(Archive.day(index)).zip")
        }
        for symbol in ["BOB", "BAD", "CAT"] {
            try archive.put(Archive.csv(symbol, "2024-01-05"), at: "daily/\(symbol)-2024-01-05.zip")
        }
        let project = try ProjectDirectory(Self.datafile(archive))
        let outcome = try project.build()
        #expect(outcome.status == 0, "\(outcome.failures)")
        #expect(outcome.counts == BuildCounts(considered: 3, built: 3))
        #expect(
            project.files(in: "lake", suffix: ".parquet") == [
                "lake/bars/AAA/2024-01.parquet", "lake/bars/AAA/2024-02.parquet",
                "lake/bars/BOB/2024-01.parquet",
            ])
        let statistics = try statistics(project)
        #expect(statistics.version == 1)
        #expect(statistics.partitions.compactMap(\.path) == project.files(in: "lake", suffix: ".parquet"))
        // The whole month though the range begins in it; of February, two days in range.
        #expect(statistics.partitions.map(\.rows) == [31 * 24, 2 * 24, 24])
        #expect(statistics.totals.rows == outcome.rows)
        #expect(statistics.totals.gaps == 0)
        #expect(statistics.partitions[0].first?.hasPrefix("2024-01-01T00:00:00") == true)
        #expect(statistics.partitions[1].last?.hasPrefix("2024-02-02T23:00:00") == true)

        // The month's file appears: the partition is made from it instead.
        let february = (31..<60).map(Archive.day)
        try archive.put(february.map { Archive.csv("AAA", $0) }.joined(), at: "monthly/AAA-2024-02.zip")
        #expect(try project.build().counts == BuildCounts(considered: 3, fresh: 2, built: 1))
        #expect(try self.statistics(project).partitions.map(\.rows) == [31 * 24, 29 * 24, 24])
    }

    @Test("where files contradict each other the preferred one wins, and it is counted")
    func conflicts() throws {
        let archive = try Archive()
        // A day and half of the next in one file, with another price in the overlap.
        try archive.put(Archive.csv("AAA", "2024-01-05"), at: "daily/AAA-2024-01-05.zip")
        let overlap = Archive.csv("AAA", "2024-01-05").split(separator: "\n").suffix(4)
        let wrong = overlap.map { line -> String in
            var fields = line.split(separator: ",").map(String.init)
            fields[1] = "1.25"
            return fields.joined(separator: ",") + "\n"
        }
        let same = Archive.csv("AAA", "2024-01-05").split(separator: "\n").prefix(3).map { $0 + "\n" }
        try archive.put(
            same.joined() + wrong.joined() + Archive.csv("AAA", "2024-01-06"), at: "daily/AAA-2024-01-06.zip")
        let project = try ProjectDirectory(Self.datafile(archive))
        let outcome = try project.build()
        #expect(outcome.status == 0, "\(outcome.failures)")
        #expect(outcome.rows == 48)
        let statistics = try statistics(project)
        #expect(statistics.totals.conflicts == 4)
        #expect(statistics.totals.duplicates == 3)
        #expect(statistics.totals.rows == 48)
    }

    @Test("stats.json holds every count of a file whose counts can be read off")
    func everyCount() throws {
        let archive = try Archive()
        // Out of order, one hour three times, another twice with other values; three rows that do not pass.
        try archive.put(
            """
            2024-01-05 00:00:00,1.5,5
            2024-01-05 01:00:00,,6
            2024-01-05 02:00:00,2.5,7
            2024-01-05 02:00:00,2.5,7
            2024-01-05 02:00:00,2.5,7
            2024-01-05 05:00:00,,
            2024-01-05 05:00:00,3.5,8
            soon,1,1
            2024-01-05 06:00:00,1
            2024-01-05 06:00:00,-1,1
            2024-01-05 09:00:00,4.5,9
            2024-01-05 04:00:00,5.5,

            """, at: "daily/AAA-2024-01-05.zip")
        let project = try ProjectDirectory(
            """
            version: 1
            sources: {archive: {dir: \(archive.path)}}
            rules:
              bars: {from: "archive:daily/{name}.zip", to: "lake/bars/{name}.parquet", table: bar}
            tables:
              bar:
                columns: {time: timestamp, price: {type: float64, null: true}, size: {type: int64, null: true}}
                sort: time
                unique: time
                every: 1h
                checks: price > 0
                bad-rows: quarantine
            """)
        let outcome = try project.build()
        #expect(outcome.status == 0, "\(outcome.failures)")
        let counts = """
            "rows":6,"first":"2024-01-05T00:00:00Z","last":"2024-01-05T09:00:00Z","gaps":2,"missing_rows":4,\
            "duplicates":2,"conflicts":1,"nulls":{"price":2,"size":2},"rejected":3}
            """
        let text = try project.text("lake/bars/stats.json").replacing(" ", with: "")
        #expect(text.contains("\"totals\":{\"partitions\":1,\(counts)"), "\(text)")
        #expect(text.contains("{\"path\":\"lake/bars/AAA-2024-01-05.parquet\",\(counts)"), "\(text)")
        #expect(project.files(in: ".datamake/scratch").isEmpty)
    }

    @Test("gaps in the expected step are counted")
    func gaps() throws {
        let archive = try Archive()
        let lines = Archive.csv("AAA", "2024-01-05").split(separator: "\n").map { $0 + "\n" }
        try archive.put(
            (lines[0..<5] + lines[8..<20] + lines[21...]).joined(), at: "daily/AAA-2024-01-05.zip")
        let project = try ProjectDirectory(Self.datafile(archive))
        _ = try project.build()
        let statistics = try statistics(project)
        #expect(statistics.totals.gaps == 2)
        #expect(statistics.totals.missing_rows == 4)
    }

    @Test(
        "bad rows go to a sidecar that says where they were and why",
        .enabled(if: Peer.python != nil, "needs the judges"))
    func quarantine() throws {
        let archive = try Archive()
        let lines = Archive.csv("AAA", "2024-01-05").split(separator: "\n").map { $0 + "\n" }
        let bad = ["oops,1,2,3\n", "1704456000001,1,2\n", "1704456000002,1,2,3.5\n"]
        try archive.put(
            lines[0] + bad[0] + lines[1] + bad[1] + lines[2...].joined() + bad[2],
            at: "daily/AAA-2024-01-05.zip")
        let project = try ProjectDirectory(Self.datafile(archive, table: "    bad-rows: quarantine"))
        let outcome = try project.build()
        #expect(outcome.status == 0, "\(outcome.failures)")
        #expect(outcome.rows == 24)
        #expect(try statistics(project).totals.rejected == 3)

        let script = """
            import json, sys, pyarrow.parquet as pq
            print(json.dumps(pq.read_table(sys.argv[1]).to_pylist()))
            """
        let sidecar = "lake/bars/AAA/2024-01.parquet.rejects"
        let output = try Peer.run(try #require(Peer.python), ["-c", script, project.path(sidecar)])
        struct Reject: Decodable {
            var file: String, line: Int, byte: Int, reason: String, text: String
            var column: String?
        }
        let rejects: [Reject] = try project.decode(output)
        #expect(rejects.map(\.line) == [2, 4, 27])
        #expect(rejects.map { $0.text.trimmingCharacters(in: .newlines) + "\n" } == bad)
        #expect(rejects.map(\.column) == ["time", nil, "count"])
        #expect(rejects.allSatisfy { $0.file.contains("AAA-2024-01-05.zip") && !$0.reason.isEmpty })
        #expect(rejects.map(\.byte)[1] == (lines[0] + bad[0] + lines[1]).utf8.count)

        // Rows that are sound again leave no sidecar.
        try archive.put(lines.joined(), at: "daily/AAA-2024-01-05.zip")
        #expect(try project.build().counts.fetched == 0)
        #expect(!project.exists(sidecar))

        // Without quarantine the same rows fail the partition.
        try archive.put(lines.joined() + bad[0], at: "daily/AAA-2024-01-05.zip")
        try project.edit("bad-rows: quarantine", to: "bad-rows: fail")
        let failed = try project.build()
        #expect(failed.status == 1)
        #expect(failed.failures.map(\.category) == ["data"])
        #expect(failed.failures.first?.message.contains("oops") == true)
    }

    @Test("statistics that are gone come back with the next build")
    func lostStatistics() throws {
        let archive = try Archive()
        try archive.put(Archive.csv("AAA", "2024-01-05"), at: "daily/AAA-2024-01-05.zip")
        let project = try ProjectDirectory(Self.datafile(archive))
        _ = try project.build()
        let golden = try project.read("lake/bars/stats.json")
        try FileManager.default.removeItem(atPath: project.path("lake/bars/stats.json"))
        #expect(try project.build().counts == BuildCounts(considered: 1, fresh: 1))
        #expect(try project.read("lake/bars/stats.json") == golden)
    }

    @Test("the manifest has a line for every download, also failed ones")
    func manifest() throws {
        let archive = try Archive(symbols: ["AAA"], days: 3)
        let origin = try ScriptedOrigin(try archive.objects())
        let ghost = Archive.key("AAA", "2024-01-02")
        origin.makeGhost(ghost)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        #expect(try project.build().status == 1)
        let names = project.files(in: "manifests")
        #expect(names.count == 1)
        let name = try #require(names.first)
        #expect(name.wholeMatch(of: /manifests\/download_\d{4}-\d{2}-\d{2}\.jsonl/) != nil)
        struct Line: Decodable {
            var symbol: String, date: String, pattern: String, url: String, etag: String, status: String
            var size: Int?
            var last_error: String?
        }
        let lines: [Line] = try project.decodeLines(
            Peer.Output(status: 0, standardOutput: try project.text(name), standardError: ""))
        #expect(lines.map(\.date).sorted() == ["2024-01-01", "2024-01-02", "2024-01-03"])
        for line in lines {
            let key = Archive.key("AAA", line.date)
            #expect(line.symbol == "AAA")
            #expect(line.pattern.contains("{symbol}-{date:day}.zip"))
            #expect(line.url == origin.url + "/" + key)
            #expect(!line.etag.isEmpty)
            #expect(line.size == (try archive.read(key).count))
            #expect(line.status == (key == ghost ? "quarantined" : "fetched"))
            #expect((line.last_error != nil) == (key == ghost))
        }
    }
}
