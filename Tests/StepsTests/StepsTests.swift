import Foundation
import TestSupport
import Testing

/// The program behind benchmarks/steps.py, on files too small to say anything about speed.
@Suite struct StepsTests {
    private struct Report: Decodable {
        struct File: Decodable {
            struct Step: Decodable {
                var name: String
                var seconds: Double
                var runs: [Double]
                var values: Int?
                var bytes: Int?
            }
            var name: String
            var csv_bytes: Int
            var steps: [Step]
        }
        var files: [File]
    }

    private struct Floor: Decodable {
        var cpu_seconds: Double
        var bytes: Int
        var zips: Int
    }

    private func run(_ program: String, _ arguments: [String]) throws -> Peer.Output {
        try RunningProgram(RunningProgram.built(program), arguments).finish()
    }

    /// A day of aggTrades and two of klines; the paths of the zips.
    private func zips(in directory: TemporaryDirectory) throws -> [String] {
        let made = try run(
            "sample-archive",
            [
                "make", directory.path, "--symbols", "1", "--days", "2", "--rows", "500", "--start",
                "2024-12-31",
                "--kinds", "agg-trades,spot-klines",
            ])
        try #require(made.status == 0, "\(made.standardError)")
        return try FileManager.default.subpathsOfDirectory(atPath: directory.path)
            .filter { $0.hasSuffix(".zip") }.sorted().map(directory.path)
    }

    @Test("every step is measured, on every value") func measures() throws {
        let directory = try TemporaryDirectory()
        let output = try run("steps", ["--runs", "2", "--type-rows", "300", "--json"] + zips(in: directory))
        try #require(output.status == 0, "\(output.standardError)")
        let report = try JSONDecoder().decode(Report.self, from: Data(output.standardOutput.utf8))
        #expect(report.files.map(\.name) == ["aggTrades", "klines 1m", "every type"])
        for file in report.files {
            let steps = Dictionary(uniqueKeysWithValues: file.steps.map { ($0.name, $0) })
            for name in ["inflate (ISA-L)", "inflate (zlib)", "CRC-32 of the text", "XXH3-128 of the text"] {
                #expect(steps[name]?.bytes == file.csv_bytes, "\(file.name): \(name)")
            }
            for name in [
                "find field ends", "choose encodings, by samples", "ParquetWriter, zstd 3",
                "zstd 9 of the pages", "statistics",
            ] {
                #expect(steps[name] != nil, "\(file.name): \(name)")
            }
            #expect(file.steps.allSatisfy { $0.runs.count == 2 && $0.seconds >= 0 })
        }
        let trades = Dictionary(uniqueKeysWithValues: report.files[0].steps.map { ($0.name, $0.values) })
        #expect(trades["parse price: float64"] == 1000)
        #expect(trades["find field ends"] == 8 * 1000)
        #expect(trades["clean: the zips to Parquet bytes"] == 8 * 1000)
        let types = report.files[2].steps.filter { $0.name.hasPrefix("parse ") }
        #expect(types.count == 18 && types.allSatisfy { $0.values == 300 })
    }

    @Test("tables for people name the same steps") func tables() throws {
        let text = try run("steps", ["--runs", "1", "--type-rows", "50"])
        #expect(text.status == 0 && text.standardOutput.contains("% of inflate"), "\(text.standardError)")
        let markdown = try run("steps", ["--runs", "1", "--type-rows", "50", "--markdown"])
        let rows = markdown.standardOutput.split(separator: "\n").filter { $0.hasPrefix("| ") }
        #expect(rows.count > 40 && Set(rows.map { $0.count { $0 == "|" } }) == [7])
    }

    @Test("inflating alone counts every byte") func floor() throws {
        let directory = try TemporaryDirectory()
        let zips = try zips(in: directory)
        let output = try run("steps", ["--inflate-only", "--json"] + zips)
        let floor = try JSONDecoder().decode(Floor.self, from: Data(output.standardOutput.utf8))
        let listed = try zips.map { path -> Int in
            let line = try Peer.run("/usr/bin/unzip", ["-l", path]).standardOutput.split(separator: "\n").last
            return line.flatMap { $0.split(separator: " ").first }.flatMap { Int($0) } ?? 0
        }
        #expect(floor.zips == 4 && floor.bytes == listed.reduce(0, +) && floor.cpu_seconds > 0)
    }

    @Test("what it cannot measure is named") func refusals() throws {
        let directory = try TemporaryDirectory()
        try directory.write("no zip", to: "BTCUSDT-1m-2024-01-01.zip")
        for (arguments, message) in [
            (["x-trades-2024-01-01.zip"], "no kind that is measured"), (["--inflate-only"], "needs zips"),
            (["--runs", "0"], "--runs: 1 to 1000"), ([directory.path("BTCUSDT-1m-2024-01-01.zip")], "zip"),
        ] {
            let output = try run("steps", arguments)
            #expect(output.status != 0 && output.standardError.contains(message), "\(output.standardError)")
        }
    }
}
