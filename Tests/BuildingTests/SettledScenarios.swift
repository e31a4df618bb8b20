import Foundation
import TestSupport
import Testing

/// A build that finds nothing to do says so next time without making a plan, and only while that is true.
@Suite struct SettledScenarios {
    static let settled = ".datamake/settled"
    static let fresh = BuildCounts(considered: 6, fresh: 6)

    /// A project whose last build found nothing to do.
    struct Settled {
        var built: FreshnessScenarios.Built
        var project: ProjectDirectory { built.project }
        let raw = "raw/\(Archive.key("AAA", "2024-01-02"))"
        let output = bars("AAA", "2024-01-02")

        init() throws {
            built = try FreshnessScenarios.Built(.bucket)
            #expect(try project.build("--refresh", "none").counts == SettledScenarios.fresh)
            #expect(project.exists(SettledScenarios.settled))
        }
    }

    @Test("says the same as a plan would, on the command line and in JSON")
    func sameAnswer() throws {
        let settled = try Settled()
        let project = settled.project
        for flags in [["--refresh", "none"], ["--offline"], ["--refresh", "full"], []] {
            let output = try project.datamake(["build", "--json"] + flags)
            #expect(try project.outcome(of: output).counts == Self.fresh)
            #expect(output.status == 0)
        }
        let dry = try project.datamake("build", "-n", "--json", "--refresh", "none")
        try FileManager.default.removeItem(atPath: project.path(Self.settled))
        let planned = try project.datamake("build", "-n", "--json", "--refresh", "none")
        #expect(dry.status == 0)
        #expect(try stable(dry) == stable(planned))
    }

    /// A report without what differs from run to run.
    private func stable(_ output: Peer.Output) throws -> NSDictionary {
        var object = try #require(
            JSONSerialization.jsonObject(with: Data(output.standardOutput.utf8)) as? [String: Any])
        object["run"] = nil
        object["seconds"] = nil
        return object as NSDictionary
    }

    /// Months made of days, beside the days: two outputs read one object.
    static let rules = """
          months:
            from: archive:data/{symbol}/{symbol}-{date:day}.zip
            where: {symbol: ["*A*", "BBB"]}
            to: lake/months/{symbol}/{date.month}.parquet
            table: bar
        """

    @Test(
        "what a listing changed is planned as it would be among all others", arguments: [1, 2, 3] as [UInt64])
    func partialPlans(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let archive = try Archive(symbols: ["AAA", "BBB", "CCC"], days: 4)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url), rules: Self.rules))
        #expect(try project.build().status == 0)
        #expect(try project.build("--refresh", "none").counts.built == 0)
        let kept = project.path(Self.settled)
        for step in 0..<6 {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let symbol = ["AAA", "BBB", "CCC", "DDD"].randomElement(using: &random)!
                // Around the end of a month: what comes may be a month's first day.
                let day = Archive.day(Int.random(in: 0...3, using: &random) * 14)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: try? archive.remove(Archive.key(symbol, day))
                case 1: try archive.putDay(symbol, day, rows: Int.random(in: 1...30, using: &random))
                default: try archive.put(Archive.csv(symbol, day), at: Archive.key(symbol, day), level: 9)
                }
            }
            let part = try project.datamake("build", "-n", "--json", "--refresh", "full")
            try FileManager.default.moveItem(atPath: kept, toPath: kept + ".away")
            let whole = try project.datamake("build", "-n", "--json", "--refresh", "full")
            try FileManager.default.moveItem(atPath: kept + ".away", toPath: kept)
            #expect(try stable(part) == stable(whole), "step \(step)")

            let built = try project.build("--refresh", "full")
            #expect(built.status == 0, "\(built.standardError)")
            // What was built is settled with the rest: nothing writes the answer down again.
            let touch = FileTouch(kept)
            let after = try project.build("--refresh", "none").counts
            #expect(after.considered == built.counts.considered && after.fresh == after.considered)
            #expect(FileTouch(kept) == touch, "step \(step)")
            try FileManager.default.removeItem(atPath: kept)
            #expect(try project.build("--refresh", "none").counts == after, "step \(step)")
        }
    }

    @Test(
        "directories are settled by the names in them and the stamps of their files",
        arguments: [
            "nothing", "new file", "new directory", "new link", "removed", "overwritten",
            "consumer's input removed",
        ])
    func directories(_ what: String) throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 3)
        let project = try ProjectDirectory(
            barsDatafile(
                .directory(archive.path),
                rules: copiesOfBars))
        #expect(try project.build().status == 0)
        let everything = BuildCounts(considered: 12, fresh: 12)
        // The archive is only just written: its stamps are trusted once they are older than a clock's tick.
        let isSettled = try eventually {
            try project.build().counts == everything && project.exists(Self.settled)
        }
        #expect(isSettled)
        let touch = FileTouch(project.path(Self.settled))
        #expect(try project.build("--refresh", "full").counts == everything)
        #expect(FileTouch(project.path(Self.settled)) == touch, "settled: not written again")
        var expected = everything
        switch what {
        case "new file":
            try archive.putDay("AAA", "2024-01-04")
            expected = BuildCounts(considered: 14, fresh: 12, built: 2)
        case "new directory":
            try archive.putDay("CCC", "2024-01-01")
            expected = BuildCounts(considered: 14, fresh: 12, built: 2)
        case "new link":
            let link = archive.path + "/data/AAA/AAA-2024-01-05.zip"
            try FileManager.default.createSymbolicLink(
                atPath: link, withDestinationPath: archive.path + "/data/AAA/AAA-2024-01-01.zip")
            expected = BuildCounts(considered: 14, fresh: 12, built: 2)
        case "removed":
            try archive.remove(Archive.key("AAA", "2024-01-02"))
            // What was made from it is a plain file now, to be looked at afresh by the rule that reads it.
            expected = BuildCounts(considered: 11, fresh: 10, unchanged: 1)
        case "overwritten":
            let csv = Archive.csv("AAA", "2024-01-02")
            try archive.put(csv.replacing(",23\n", with: ",24\n"), at: Archive.key("AAA", "2024-01-02"))
            expected = BuildCounts(considered: 12, fresh: 10, built: 2)
        case "consumer's input removed":
            try FileManager.default.removeItem(atPath: project.path(bars("AAA", "2024-01-02")))
            expected = BuildCounts(considered: 12, fresh: 10, built: 1, unchanged: 1)
        default: break
        }
        let planned = try project.datamake("build", "-n", "--json")
        try FileManager.default.removeItem(atPath: project.path(Self.settled))
        #expect(try stable(planned) == stable(project.datamake("build", "-n", "--json")))
        let counts = try project.build().counts
        #expect(counts == expected)
    }

    @Test("why says the same of one target by its name as among all others")
    func whyOne() throws {
        let settled = try Settled()
        let project = settled.project
        let csv = Archive.csv("AAA", "2024-01-02")
        try settled.built.archive.put(
            csv.replacing(",23\n", with: ",24\n"), at: Archive.key("AAA", "2024-01-02"))
        try settled.built.archive.remove(Archive.key("BBB", "2024-01-03"))
        try FileManager.default.removeItem(atPath: project.path(bars("BBB", "2024-01-01")))
        // Records the listing and leaves the others as they are.
        _ = try project.build("--refresh", "full", bars("AAA", "2024-01-01"))
        let outputs = [
            ("AAA", "2024-01-01"), ("AAA", "2024-01-02"), ("BBB", "2024-01-01"), ("BBB", "2024-01-03"),
        ].map { bars($0.0, $0.1) }
        for output in outputs {
            let one = try project.datamake("why", "--json", "--refresh", "none", output)
            // Two targets are looked up among all.
            let two = try project.datamake("why", "--json", "--refresh", "none", output, outputs[0])
            #expect(
                one.standardOutput.split(separator: "\n").first
                    == two.standardOutput.split(separator: "\n").first)
            #expect(!one.standardOutput.isEmpty)
        }
        let unknown = try project.datamake("why", "--refresh", "none", bars("ZZZ", "2024-01-01"))
        #expect(unknown.standardError.contains("no target, rule or source matches"))
    }

    @Test(
        "does not hide what changed",
        arguments: [
            "output removed", "output overwritten", "raw removed", "recipe edited", "statistics removed",
            "object republished", "object new", "object gone", "narrowed", "rebuilt", "records gone", "torn",
            "stale copy",
        ])
    func changes(_ what: String) throws {
        let settled = try Settled()
        let project = settled.project
        var arguments = ["build", "--json", "--refresh", "full"]
        var expected = Self.fresh
        switch what {
        case "output removed":
            try FileManager.default.removeItem(atPath: project.path(settled.output))
            expected = BuildCounts(considered: 6, fresh: 5, built: 1)
        case "output overwritten":
            try project.write("something else", to: settled.output)
            expected = BuildCounts(considered: 6, fresh: 5, built: 1)
        case "raw removed":
            let raws = project.files(in: "raw", suffix: "AAA-2024-01-02.zip")
            #expect(raws.count == 1)
            try FileManager.default.removeItem(atPath: project.path(raws[0]))
            expected = BuildCounts(considered: 6, fresh: 6, fetched: 1)
        case "recipe edited":
            try project.edit("open: float64", to: "open: decimal(18,4)")
            expected = BuildCounts(considered: 6, built: 6)
        case "statistics removed":
            try FileManager.default.removeItem(atPath: project.path("lake/bars/stats.json"))
        case "object republished":
            let csv = Archive.csv("AAA", "2024-01-02")
            try settled.built.archive.put(
                csv.replacing(",23\n", with: ",24\n"), at: Archive.key("AAA", "2024-01-02"))
            expected = BuildCounts(considered: 6, fresh: 5, built: 1, fetched: 1)
        case "object new":
            try settled.built.archive.putDay("BBB", "2024-01-04")
            expected = BuildCounts(considered: 7, fresh: 6, built: 1, fetched: 1)
        case "object gone":
            try settled.built.archive.remove(Archive.key("AAA", "2024-01-02"))
            expected = BuildCounts(considered: 5, fresh: 5)
        case "narrowed":
            arguments += [settled.output]
            expected = BuildCounts(considered: 1, fresh: 1)
        case "rebuilt":
            arguments = ["rebuild", "**", "--json", "--refresh", "none"]
            expected = BuildCounts(considered: 6, built: 6)
        case "records gone":
            for file in project.files(in: ".datamake") where file.contains("state.db") {
                try FileManager.default.removeItem(atPath: project.path(file))
            }
            expected = BuildCounts(considered: 6, built: 6)
        case "torn":
            var bytes = try project.read(Self.settled)
            bytes.removeLast(7)
            try project.write(bytes, to: Self.settled)
        case "stale copy":
            // Of a time before the records changed.
            let old = try project.read(Self.settled)
            try FileManager.default.removeItem(atPath: project.path(settled.output))
            #expect(try project.build("--refresh", "none").counts.built == 1)
            try project.write(old, to: Self.settled)
        default: Issue.record("no such case")
        }
        let output = try project.datamake(arguments)
        #expect(output.status == 0, "\(output.standardError)")
        let counts = try project.outcome(of: output).counts
        #expect(counts == expected)
        #expect(project.exists("lake/bars/stats.json"))
        #expect(project.exists(settled.output))
        if !arguments.contains("rebuild") {
            #expect(try project.build("--refresh", "none").counts.built == 0)
        }
    }
}
