import Foundation
import TestSupport
import Testing

/// The commands that look, and the lines programs read.
@Suite struct InspectionScenarios {
    struct Target: Decodable {
        var target: String, kind: String, state: String
        var rule: String?
        var bytes: Int?, rows: Int?
        var xxh3_128: String?, sha256: String?
    }

    private func sha256(_ path: String) throws -> String {
        let output = try Peer.run("/usr/bin/sha256sum", [path])
        return String(output.standardOutput.prefix(64))
    }

    @Test("ls and status agree with what is on disk")
    func listing() throws {
        let archive = try Archive(symbols: ["AAA"], days: 3)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        _ = try project.build()
        let targets: [Target] = try project.decodeLines(try project.datamake("ls", "--json"))
        #expect(Set(targets.map(\.kind)) == ["raw", "partition"])
        #expect(targets.count == 6)
        for target in targets {
            #expect(target.state == "fresh")
            #expect(target.bytes == (try project.read(target.target)).count)
            #expect(target.sha256 == (try sha256(project.path(target.target))))
            #expect(target.xxh3_128?.count == 32)
            #expect(target.rows == (target.kind == "partition" ? 24 : nil))
            #expect(target.rule == (target.kind == "partition" ? "bars" : nil))
        }
        let some: [Target] = try project.decodeLines(
            try project.datamake(
                "ls", "bars", "--where", "date=2024-01-02..", "--except", "**/2024-01-03*", "--json"))
        #expect(some.filter { $0.kind == "partition" }.map(\.target) == [bars("AAA", "2024-01-02")])

        struct Status: Decodable {
            var rule: String, states: [String: Int], rows: Int, bytes: Int
        }
        func status() throws -> [String: [String: Int]] {
            let rows: [Status] = try project.decodeLines(try project.datamake("status", "--json"))
            return Dictionary(uniqueKeysWithValues: rows.map { ($0.rule, $0.states) })
        }
        #expect(try status() == ["bars": ["fresh": 3], "raw": ["fresh": 3]])
        try FileManager.default.removeItem(atPath: project.path(bars("AAA", "2024-01-01")))
        try project.edit("open: float64", to: "open: float32")
        #expect(try status() == ["bars": ["stale": 2, "missing": 1], "raw": ["fresh": 3]])
    }

    @Test("a large zip of a directory is read once, and its digests are those of the file")
    func largeFile() throws {
        let archive = try Archive(symbols: ["AAA"], days: 0)
        let key = Archive.key("AAA", "2024-01-01")
        let csv = Archive.csv("AAA", "2024-01-01", rows: 30_000)
        try archive.put(csv, at: key, level: 1)
        let path = archive.path + "/" + key
        #expect(try archive.read(key).count > 256 << 10)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        #expect(try project.build().counts == BuildCounts(considered: 1, built: 1))
        let targets: [Target] = try project.decodeLines(try project.datamake("ls", "--json"))
        let file = try #require(targets.first { $0.kind == "remote" })
        #expect(file.sha256 == (try sha256(path)))
        #expect(try project.build().counts == BuildCounts(considered: 1, fresh: 1))
        #expect(try project.datamake("verify").status == 0)
        // The same rows, zipped otherwise.
        try archive.put(csv, at: key, level: 2, month: 2)
        #expect(try project.build().counts == BuildCounts(considered: 1, unchanged: 1))

        var damaged = try archive.read(key)
        damaged[damaged.count / 2] ^= 0x10
        try archive.write(damaged, at: key)
        let failed = try project.build()
        #expect(failed.status == 1)
        #expect(failed.failures.map(\.category) == ["data"])
        // Where a digest is published, the copy is at fault and not what is in it.
        try project.edit(
            "{dir: \(archive.path)}", to: "{dir: \(archive.path), checksum: \"{key}.CHECKSUM\"}")
        let refused = try project.build()
        #expect(refused.failures.map(\.category) == ["checksum"])
        try archive.put(csv, at: key, level: 1)
        #expect(try project.build().status == 0)
    }

    @Test("ls shows rows as they are in the partitions")
    func rows() throws {
        let archive = try Archive()
        try archive.put(
            "1704067200000,1.5,2.50000000,7\n1704067200001,0.25,100.00000001,-3\n1704067260000,1e300,0,2\n",
            at: Archive.key("AAA", "2024-01-01"))
        try archive.putDay("AAA", "2024-01-02", rows: 3)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        _ = try project.build(bars("AAA", "2024-01-01"))

        let table = try project.datamake("ls", "--rows", "2", bars("AAA", "2024-01-01"))
        #expect(table.status == 0)
        #expect(
            table.standardOutput == """
                \(bars("AAA", "2024-01-01"))  (3 rows)
                time                      open        volume  count
                2024-01-01T00:00:00Z       1.5    2.50000000      7
                2024-01-01T00:00:00.001Z  0.25  100.00000001     -3

                """)
        let lines = try project.datamake("ls", "--rows", "9", "--json", bars("AAA", "2024-01-01"))
        #expect(
            lines.standardOutput.split(separator: "\n").last.map(String.init)
                == #"{"row":2,"target":"lake/bars/symbol=AAA/2024-01-01.parquet","values":"#
                + #"{"count":2,"open":1e+300,"time":"2024-01-01T00:01:00Z","volume":"0.00000000"}}"#)
        #expect(lines.standardOutput.split(separator: "\n").count == 3)

        // One of the two is not built; the other is shown.
        let both = try project.datamake("ls", "--rows", "1", "bars")
        #expect(both.status == 1)
        #expect(both.standardOutput.split(separator: "\n").count == 3)
        #expect(both.standardError.contains("\(bars("AAA", "2024-01-02")): is not built"))
        #expect(try project.datamake("ls", "--rows", "0").status == 2)
        try flipByte(of: project.path(bars("AAA", "2024-01-01")), at: 40)
        let damaged = try project.datamake("ls", "--rows", "1", bars("AAA", "2024-01-01"))
        #expect(damaged.status == 1)
        #expect(damaged.standardError.contains("byte 4 (column 'time', row group 0"))
    }

    @Test("verify makes partitions again, and looks upstream")
    func verify() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 3)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        _ = try project.build()
        // Opening the state for reading alone leaves SQLite's two companions of it.
        func files() -> [String] { project.files().filter { !$0.hasPrefix(".datamake/state.db-") } }
        let before = files()
        let remade = try project.datamake("verify", "--rebuild", "--json")
        #expect(remade.status == 0)
        let found: DamageScenarios.Verification = try project.decode(remade)
        #expect(found.isClean && found.checked == 12)
        #expect(files() == before)

        let calm: DamageScenarios.Verification = try project.decode(
            try project.datamake("verify", "--upstream", "--json"))
        #expect(calm.upstream?.changed == [] && calm.upstream?.new == [] && calm.upstream?.gone == [])

        try archive.put(Archive.csv("AAA", "2024-01-01", rows: 7), at: Archive.key("AAA", "2024-01-01"))
        try archive.putDay("AAA", "2024-01-04")
        try archive.remove(Archive.key("BBB", "2024-01-02"))
        let moved = try project.datamake("verify", "--upstream", "--json")
        #expect(moved.status == 1)
        let upstream = try project.decode(moved, as: DamageScenarios.Verification.self).upstream
        #expect(
            upstream?.changed.count == 1 && upstream?.changed.first?.hasSuffix("AAA-2024-01-01.zip") == true)
        #expect(upstream?.new.count == 1 && upstream?.new.first?.hasSuffix("AAA-2024-01-04.zip") == true)
        #expect(upstream?.gone.count == 1 && upstream?.gone.first?.hasSuffix("BBB-2024-01-02.zip") == true)

        let sampled: DamageScenarios.Verification = try project.decode(
            try project.datamake("verify", "--sample", "0", "--json"))
        #expect(sampled.checked == 0)
    }

    @Test("rebuild makes what it is told to again, with the same bytes")
    func rebuild() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 2)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        _ = try project.build()
        let golden = try project.contents(of: "lake")
        let one = try project.outcome(
            of: try project.datamake("rebuild", bars("AAA", "2024-01-02"), "--json"))
        #expect(one.status == 0)
        #expect(one.counts.fetched == 0)
        // The bytes are the same, so what stands there may stay.
        #expect(one.counts.considered == 1 && one.counts.built + one.counts.unchanged == 1)
        #expect(try project.contents(of: "lake") == golden)

        let refetched = try project.outcome(
            of: try project.datamake("rebuild", "**", "--where", "symbol=BBB", "--refetch", "--json"))
        #expect(refetched.counts.considered == 2)
        #expect(refetched.counts.fetched == 2)
        #expect(refetched.counts.built + refetched.counts.unchanged == 2)
        #expect(try project.contents(of: "lake") == golden)
        #expect(try project.build().counts == BuildCounts(considered: 4, fresh: 4))
    }

    @Test("why walks to root causes and groups any number of targets by cause")
    func why() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 2)
        let project = try ProjectDirectory(
            barsDatafile(
                .directory(archive.path), rules: CommandRecipeScenarios.rules))
        try project.write(CommandRecipeScenarios.script, to: "join.sh")
        _ = try project.build()
        let target = "lake/joined/2024-01-02.txt"
        #expect(try project.datamake("why", target).status == 0)
        try archive.put(Archive.csv("BBB", "2024-01-02", rows: 9), at: Archive.key("BBB", "2024-01-02"))

        let near = try project.datamake("why", target)
        #expect(near.status == 1)
        #expect(near.standardOutput.contains("input-stale"))
        #expect(near.standardOutput.contains(bars("BBB", "2024-01-02")))
        let root = try project.datamake("why", target, "--root")
        #expect(root.status == 1)
        #expect(root.standardOutput.contains("upstream-changed"))
        #expect(root.standardOutput.contains(Archive.key("BBB", "2024-01-02")))
        #expect(!root.standardOutput.contains("input-stale"))

        try project.edit("open: float64", to: "open: float32")
        let summary = try project.datamake("why", "--summary", "--json")
        #expect(summary.status == 1)
        struct Cause: Decodable {
            struct Change: Decodable, Hashable { var component: String, was: String?, now: String? }
            var cause: String, targets: Int, downstream: Int, example: String, changes: [Change],
                command: String
        }
        let causes: [Cause] = try project.decodeLines(summary)
        // What the joined files are made from is stale: that is the cause of theirs, too.
        #expect(causes.map(\.cause) == ["recipe-changed:bars"])
        #expect(causes.first?.targets == 6 && causes.first?.downstream == 2)
        #expect(
            causes.first?.changes == [
                Cause.Change(component: "columns.open.type", was: "float64", now: "float32")
            ])
        #expect(causes.first?.command == "datamake build --cause recipe-changed:bars")
        let text = try project.datamake("why", "--summary").standardOutput
        #expect(text.contains("    - columns.open.type: float64\n    + columns.open.type: float32\n"))
        #expect(try project.datamake("why", "--summary", "joined").status == 1)
    }

    @Test("a dry run shows what a build then does, and does nothing itself")
    func dryRun() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        let before = project.files()
        let dry = try project.datamake("build", "-n")
        #expect(dry.status == 0)
        #expect(dry.standardOutput.contains("build " + bars("AAA", "2024-01-02")))
        #expect(dry.standardOutput.contains("never-built"))
        #expect(project.files().filter { !$0.hasPrefix(".datamake/") } == before)
        #expect(try project.build().counts == BuildCounts(considered: 2, built: 2, fetched: 2))
    }

    @Test("log lines are JSON objects, each on its own line")
    func logLines() throws {
        let archive = try Archive(symbols: ["AAA"], days: 3)
        try archive.write(Data("no zip".utf8), at: Archive.key("AAA", "2024-01-02"))
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        for arguments in [["--log-format", "json", "build"], ["build", "--log-format=json", "--json"]] {
            let output = try project.datamake(arguments)
            #expect(output.status == 1)
            let lines = output.standardError.split(separator: "\n")
            #expect(!lines.isEmpty)
            for line in lines {
                let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect(value?["message"] is String && value?["level"] is String, "\(line)")
            }
        }
    }

    @Test("another Datafile, another directory, and paths relative to it")
    func otherPlaces() throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        let project = try ProjectDirectory(barsDatafile(.directory("archive")))
        try FileManager.default.copyItem(atPath: archive.path, toPath: project.path("archive"))
        try project.write(try project.text("Datafile"), to: "conf/other.yaml")
        try FileManager.default.removeItem(atPath: project.path("Datafile"))
        #expect(try project.datamake("build").status == 2)
        let output = try RunningProgram(
            RunningProgram.built("datamake"), ["-C", "project", "-f", "conf/other.yaml", "build", "--json"],
            directory: project.url.deletingLastPathComponent().path
        ).finish()
        #expect(try project.outcome(of: output).counts == BuildCounts(considered: 1, built: 1))
        #expect(project.exists(bars("AAA", "2024-01-01")))
        // The same by absolute path, from elsewhere.
        let absolute = try RunningProgram(
            RunningProgram.built("datamake"),
            ["build", "-C", project.path, "-f", project.path("conf/other.yaml"), "--json"], directory: "/"
        ).finish()
        #expect(try project.outcome(of: absolute).counts == BuildCounts(considered: 1, fresh: 1))
    }

    @Test(
        "an archive without objects, or with none that match, is nothing to do",
        arguments: FreshnessScenarios.Kind.allCases)
    func nothingThere(_ kind: FreshnessScenarios.Kind) throws {
        let archive = try Archive()
        let origin = kind == .bucket ? try Origin(archive.path) : nil
        let project = try ProjectDirectory(
            barsDatafile(origin.map { .bucket($0.url) } ?? .directory(archive.path)))
        #expect(try project.build().counts == BuildCounts(considered: 0))
        try archive.put(Archive.csv("AAA", "2024-01-01"), at: "data/AAA/other-2024-01-01.zip")
        try archive.put(Archive.csv("AAA", "2024-01-01"), at: "elsewhere/AAA/AAA-2024-01-01.zip")
        try archive.put(Archive.csv("AAA", "2024-01-01"), at: "data/AAA/AAA-2024-02-30.zip")
        let outcome = try project.build("--refresh", "full")
        #expect(outcome.status == 0)
        #expect(outcome.counts == BuildCounts(considered: 0))
    }

    @Test(
        "odd names are taken as they are", arguments: FreshnessScenarios.Kind.allCases,
        ["with space", "per%20cent", "plus+amp&", "größe-数据", "$(id)`x`;'\"", "a=b,c#d?e", "-rf"])
    func oddNames(_ kind: FreshnessScenarios.Kind, _ symbol: String) throws {
        let archive = try Archive(symbols: [symbol], days: 2)
        let origin = kind == .bucket ? try Origin(archive.path) : nil
        let project = try ProjectDirectory(
            barsDatafile(origin.map { .bucket($0.url) } ?? .directory(archive.path)))
        let outcome = try project.build()
        #expect(outcome.status == 0, "\(outcome.failures)")
        #expect(outcome.counts == BuildCounts(considered: 2, built: 2, fetched: kind == .bucket ? 2 : 0))
        #expect(
            project.files(in: "lake", suffix: ".parquet") == [
                bars(symbol, "2024-01-01"), bars(symbol, "2024-01-02"),
            ])
        #expect(try project.build("--refresh", "full").counts == BuildCounts(considered: 2, fresh: 2))
    }

    @Test("outputs may go through a directory that is a symbolic link")
    func linkedOutput() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        let disk = try TemporaryDirectory()
        try FileManager.default.createSymbolicLink(
            atPath: project.path("lake"), withDestinationPath: disk.path)
        #expect(try project.build().counts == BuildCounts(considered: 2, built: 2))
        #expect(FileManager.default.fileExists(atPath: disk.path("bars/symbol=AAA/2024-01-02.parquet")))
        #expect(try project.build().counts == BuildCounts(considered: 2, fresh: 2))
    }

    @Test("two thousand small files build with the default settings, once")
    func twoThousand() throws {
        let archive = try Archive()
        for symbol in 0..<20 {
            for day in 0..<100 { try archive.putDay("S\(symbol)", Archive.day(day), rows: 2) }
        }
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        let first = try project.build()
        #expect(first.status == 0, "\(first.failures.prefix(3))")
        #expect(first.counts == BuildCounts(considered: 2000, built: 2000, fetched: 2000))
        #expect(first.rows == 4000)
        let second = try project.build()
        #expect(second.counts == BuildCounts(considered: 2000, fresh: 2000))
    }
}
