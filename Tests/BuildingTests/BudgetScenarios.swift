import Foundation
import TestSupport
import Testing

/// What a build may use, and what it says of how it went.
@Suite struct BudgetScenarios {
    struct Statistics: Decodable {
        struct Worker: Decodable {
            var worker: Int, jobs: Int, pieces: Int, steals: Int, parks: Int
            var idle_seconds: Double, busy_seconds: Double, processor_seconds: Double
        }
        struct Longest: Decodable {
            var target: String, kind: String
            var seconds: Double
        }
        struct Wait: Decodable {
            var seconds: Double
            var jobs: Int?
        }
        struct Waits: Decodable { var connections: Wait, workers: Wait, memory: Wait, disk: Wait }
        var workers: [Worker]
        var longest: Longest?
        var waits: Waits
        var memory_bytes: Int?
        var disk_bytes: Int?
    }
    struct Report: Decodable { var stats: Statistics? }

    /// Five small days and a large one, some 60 kB as a zip.
    private func archive() throws -> Archive {
        let archive = try Archive(symbols: ["AAA"], days: 5)
        try archive.putDay("BIG", Archive.day(0), rows: 4_000)
        return archive
    }

    private enum Way: String, CaseIterable { case flag, environment, datafile }

    @Test(
        "too little disk fails the target that is too large before it begins, and no other", arguments: 0..<3)
    func disk(way: Int) throws {
        let way = Way.allCases[way]
        let archive = try archive()
        let origin = try Origin(archive.path)
        let large = try archive.read(Archive.key("BIG", Archive.day(0))).count
        #expect(large > 50_000)
        var datafile = barsDatafile(.bucket(origin.url))
        if way == .datafile { datafile += "\nbuild: {disk: 50 kB}\n" }
        let project = try ProjectDirectory(datafile)
        let first = try project.build(
            arguments: way == .flag ? ["--disk", "50kB"] : [],
            environment: way == .environment ? ["DATAMAKE_DISK": "50kB"] : [:])
        #expect(first.status == 1)
        #expect(first.counts == BuildCounts(considered: 6, built: 5, failed: 1, fetched: 5))
        #expect(first.failures.map(\.target) == ["archive:" + Archive.key("BIG", Archive.day(0))])
        #expect(first.failures.first?.category == "disk")
        #expect(first.failures.first?.attempts == 0)
        #expect(first.failures.first?.message.contains("may still be used; not begun") == true)
        #expect(first.standardError.contains("allow more with --disk"))
        #expect(!project.exists("raw/" + Archive.key("BIG", Archive.day(0)) + ".partial"))

        let second = try project.build("--disk", "1 GB")
        #expect(second.status == 0, "\(second.standardError)")
        #expect(second.counts == BuildCounts(considered: 6, fresh: 5, built: 1, fetched: 1))
    }

    @Test("an output for which there is too little disk fails alike; its input stays")
    func outputDisk() throws {
        let archive = try archive()
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        let first = try project.build("--disk", "50 kB")
        #expect(first.status == 1)
        #expect(first.counts == BuildCounts(considered: 6, built: 5, failed: 1))
        #expect(first.failures.map(\.target) == [bars("BIG", Archive.day(0))])
        #expect(first.failures.map(\.category) == ["disk"])
        let second = try project.build()
        #expect(second.counts == BuildCounts(considered: 6, fresh: 5, built: 1))
    }

    @Test("downloads from a host that does not answer leave room for those from another")
    func hosts() throws {
        let slow = try Archive(symbols: ["SLOW"], days: 8)
        let quick = try Archive(symbols: ["AAA"], days: 8)
        let slowOrigin = try ScriptedOrigin(try slow.objects())
        let quickOrigin = try ScriptedOrigin(try quick.objects())
        for day in 0..<8 { slowOrigin.hold(Archive.key("SLOW", Archive.day(day))) }
        // Of four downloads at once, the slow host gets two, and the client lets one of them ask.
        let project = try ProjectDirectory(
            """
            version: 1
            sources:
              a: {s3: "\(slowOrigin.url)", mirror: raw/a, connections: 1}
              b: {s3: "\(quickOrigin.url)", mirror: raw/b}
            rules:
              slow: {from: "a:data/{symbol}/{symbol}-{date:day}.zip", to: "lake/slow/{date}.parquet", table: bar}
              quick: {from: "b:data/{symbol}/{symbol}-{date:day}.zip", to: "lake/quick/{date}.parquet", table: bar}
            tables:
              bar: {columns: {time: timestamp, open: float64, volume: "decimal(18,8)", count: int64}}
            """)
        let program = try project.start(["build", "--json", "--connections", "4"])
        #expect(eventually { project.files(in: "lake/quick", suffix: ".parquet").count == 8 })
        #expect(project.files(in: "lake/slow") == [])
        slowOrigin.release()
        let outcome = try project.outcome(of: program.finish())
        #expect(outcome.counts == BuildCounts(considered: 16, built: 16, fetched: 16))
    }

    @Test("with hardly any memory one action runs at a time, to the same bytes")
    func memory() throws {
        let archive = try archive()
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        let output = try project.datamake("build", "--json", "--stats", "--memory", "1kB", "-j", "4")
        #expect(output.status == 0, "\(output.standardError)")
        let statistics = try #require(try project.decode(output, as: Report.self).stats)
        #expect(statistics.memory_bytes == 1_000)
        // Five runners, each of which found a job that had to wait for another.
        #expect(statistics.waits.memory.jobs ?? 0 > 0)
        let other = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        #expect(try other.build().status == 0)
        #expect(try project.contents(of: "lake") == other.contents(of: "lake"))
    }

    @Test("--stats counts every job, in JSON and as a table")
    func statistics() throws {
        let archive = try archive()
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        let output = try project.datamake("build", "--json", "--stats", "-j", "2", "--disk", "2 GiB")
        #expect(output.status == 0, "\(output.standardError)")
        let statistics = try #require(try project.decode(output, as: Report.self).stats)
        // Twice as many threads as workers, for those that wait for the disk, and one for transfers.
        #expect(statistics.workers.map(\.worker) == [0, 1, 2, 3, 4])
        #expect(statistics.workers.map(\.jobs).reduce(0, +) == 12)
        #expect(statistics.workers.map(\.pieces).reduce(0, +) > 0)
        #expect(statistics.workers.allSatisfy { $0.idle_seconds >= 0 && $0.busy_seconds >= 0 })
        #expect(statistics.workers.map(\.processor_seconds).reduce(0, +) > 0)
        let longest = try #require(statistics.longest)
        #expect(["fetch", "build"].contains(longest.kind) && longest.seconds > 0)
        #expect(longest.target.contains(longest.kind == "fetch" ? "archive:data/" : "lake/bars/"))
        #expect(statistics.memory_bytes ?? 0 > 0)
        #expect(statistics.disk_bytes ?? 0 > 0 && statistics.disk_bytes ?? 0 <= 2 << 30)
        let lines = output.standardError.split(separator: "\n")
        #expect(lines.contains { $0.contains("worker") && $0.contains("steals") && $0.contains("parks") })
        #expect(lines.contains { $0.hasPrefix("jobs waited for: connections") })

        let nothing = try project.datamake("build", "--json", "--stats")
        #expect(
            try project.decode(nothing, as: Report.self).stats?.workers.allSatisfy { $0.jobs == 0 } == true)
        let silent = try project.datamake("rebuild", "--json", "bars")
        #expect(try project.decode(silent, as: Report.self).stats == nil)
        #expect(!silent.standardError.contains("jobs waited for"))
    }

    @Test("a size that is none is refused before anything runs", arguments: ["--memory", "--disk"])
    func sizes(flag: String) throws {
        let project = try ProjectDirectory(barsDatafile(.directory(try archive().path)))
        for text in ["5", "x", "0 GB", "-1GB", "1 GB/s"] {
            let output = try project.datamake("build", "\(flag)=\(text)")
            #expect(output.status == 2, "\(text)")
            #expect(output.standardError.contains("\(flag) \(text): no size"), "\(output.standardError)")
        }
        let output = try project.datamake(
            ["build"], environment: ["DATAMAKE_\(flag.dropFirst(2).uppercased())": "many"])
        #expect(output.status == 2)
        #expect(project.files(in: "lake") == [])
    }
}
