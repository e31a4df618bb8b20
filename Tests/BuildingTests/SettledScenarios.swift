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
        func stable(_ output: Peer.Output) throws -> NSDictionary {
            var object = try #require(
                JSONSerialization.jsonObject(with: Data(output.standardOutput.utf8)) as? [String: Any])
            object["run"] = nil
            object["seconds"] = nil
            return object as NSDictionary
        }
        #expect(try stable(dry) == stable(planned))
    }

    @Test(
        "does not hide what changed",
        arguments: [
            "output removed", "output overwritten", "raw removed", "recipe edited", "statistics removed",
            "object republished", "object new", "narrowed", "rebuilt", "records gone", "torn", "stale copy",
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
