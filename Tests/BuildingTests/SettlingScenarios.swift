import Foundation
import TestSupport
import Testing

/// A build that did all that there was to do says so in the end: the next one that has nothing to do makes no plan.
@Suite struct SettlingScenarios {
    static let settled = SettledScenarios.settled

    /// Six partitions of a bucket and a copy of each, made by a command that does what `spoil.sh` says.
    static let copies = """
          copies:
            from: archive:data/{symbol}/{symbol}-{date:day}.zip
            to: copies/{symbol}/{date}.zip
            run: sh spoil.sh {input} {output}
        """
    static let plainCopy = "cp \"$1\" \"$2\"\n"

    struct Project {
        let archive: Archive
        let origin: Origin
        let directory: ProjectDirectory

        init() throws {
            archive = try Archive(symbols: ["AAA", "BBB"], days: 3)
            origin = try Origin(archive.path)
            directory = try ProjectDirectory(
                barsDatafile(.bucket(origin.url), rules: SettlingScenarios.copies))
            try directory.write(SettlingScenarios.plainCopy, to: "spoil.sh")
        }

        /// The local copy of an object.
        func copy(_ symbol: String, _ day: String) throws -> String {
            let copies = directory.files(in: "raw", suffix: "\(symbol)-\(day).zip")
            return try directory.path(#require(copies.first))
        }

        /// Whether the next build takes the answer that is kept; what it says must be what a plan says.
        func isSettled(_ considered: Int) throws -> Bool {
            guard let touch = FileTouch(directory.path(SettlingScenarios.settled)) else { return false }
            let fresh = BuildCounts(considered: considered, fresh: considered)
            #expect(try directory.build("--refresh", "none").counts == fresh)
            guard FileTouch(directory.path(SettlingScenarios.settled)) == touch else { return false }
            try FileManager.default.removeItem(atPath: directory.path(SettlingScenarios.settled))
            #expect(try directory.build("--refresh", "none").counts == fresh)
            return true
        }
    }

    @Test("after a first build")
    func firstBuild() throws {
        let project = try Project()
        let built = try project.directory.build()
        #expect(built.counts == BuildCounts(considered: 12, built: 12, fetched: 6))
        #expect(try project.isSettled(12))
    }

    @Test(
        "after a build of what changed, and without the answer from before",
        arguments: [
            "output removed", "output overwritten", "output touched", "copy removed", "copy touched",
            "recipe edited", "object republished", "object remade", "object new", "object gone",
            "two at once",
        ])
    func changes(_ what: String) throws {
        let project = try Project()
        let directory = project.directory
        #expect(try directory.build().status == 0)
        try FileManager.default.removeItem(atPath: directory.path(Self.settled))
        let output = bars("AAA", "2024-01-02")
        let key = Archive.key("AAA", "2024-01-02")
        let csv = Archive.csv("AAA", "2024-01-02")
        var expected = BuildCounts(considered: 12, fresh: 11, built: 1)
        switch what {
        case "output removed": try FileManager.default.removeItem(atPath: directory.path(output))
        case "output overwritten": try directory.write("something else", to: output)
        case "output touched":
            _ = try Peer.run("/usr/bin/touch", [directory.path(output)])
            expected = BuildCounts(considered: 12, fresh: 12)
        case "copy removed":
            try FileManager.default.removeItem(atPath: project.copy("AAA", "2024-01-02"))
            expected = BuildCounts(considered: 12, fresh: 12, fetched: 1)
        case "copy touched":
            _ = try Peer.run("/usr/bin/touch", [project.copy("AAA", "2024-01-02")])
            expected = BuildCounts(considered: 12, fresh: 12)
        case "recipe edited":
            try directory.edit("open: float64", to: "open: decimal(18,4)")
            expected = BuildCounts(considered: 12, fresh: 6, built: 6)
        case "object republished":
            try project.archive.put(csv.replacing(",23\n", with: ",24\n"), at: key)
            expected = BuildCounts(considered: 12, fresh: 10, built: 2, fetched: 1)
        case "object remade":
            // Another zip around the same rows: what reads the rows is as it was, what copies the zip is not.
            try project.archive.put(csv, at: key, level: 9, month: 7)
            expected = BuildCounts(considered: 12, fresh: 10, built: 1, unchanged: 1, fetched: 1)
        case "object new":
            try project.archive.putDay("BBB", "2024-01-04")
            expected = BuildCounts(considered: 14, fresh: 12, built: 2, fetched: 1)
        case "object gone":
            try project.archive.remove(key)
            expected = BuildCounts(considered: 10, fresh: 10)
        case "two at once":
            try FileManager.default.removeItem(atPath: project.copy("AAA", "2024-01-02"))
            try FileManager.default.removeItem(atPath: directory.path("copies/AAA/2024-01-02.zip"))
            try project.archive.put(csv.replacing(",23\n", with: ",24\n"), at: key)
            expected = BuildCounts(considered: 12, fresh: 10, built: 2, fetched: 1)
        default: Issue.record("no such case")
        }
        // What was touched just now is trusted once the stamp is older than a tick of the clock.
        let isTouched = what.hasSuffix("touched")
        let built = try directory.build("--refresh", "full")
        #expect(built.status == 0, "\(built.standardError)")
        #expect(built.counts == expected)
        if isTouched {
            #expect(!directory.exists(Self.settled))
            let isSettled = try eventually {
                try directory.build("--refresh", "none").counts == expected && directory.exists(Self.settled)
            }
            #expect(isSettled)
        }
        #expect(try project.isSettled(expected.considered))
    }

    @Test(
        "what was changed since is found",
        arguments: [
            "output removed", "output overwritten", "copy removed", "recipe edited", "statistics removed",
        ])
    func changedSince(_ what: String) throws {
        let project = try Project()
        let directory = project.directory
        #expect(try directory.build().status == 0)
        #expect(directory.exists(Self.settled))
        let output = bars("AAA", "2024-01-02")
        var expected = BuildCounts(considered: 12, fresh: 11, built: 1)
        switch what {
        case "output removed": try FileManager.default.removeItem(atPath: directory.path(output))
        case "output overwritten": try directory.write("something else", to: output)
        case "copy removed":
            try FileManager.default.removeItem(
                atPath: project.copy("AAA", "2024-01-02"))
            expected = BuildCounts(considered: 12, fresh: 12, fetched: 1)
        case "recipe edited":
            try directory.edit("open: float64", to: "open: decimal(18,4)")
            expected = BuildCounts(considered: 12, fresh: 6, built: 6)
        case "statistics removed":
            try FileManager.default.removeItem(atPath: directory.path("lake/bars/stats.json"))
            expected = BuildCounts(considered: 12, fresh: 12)
        default: Issue.record("no such case")
        }
        let counts = try directory.build().counts
        #expect(counts == expected)
        #expect(directory.exists("lake/bars/stats.json"))
        #expect(try project.isSettled(12))
    }

    @Test(
        "what was changed while the build ran is found",
        arguments: [
            "echo more >> lake/bars/symbol=AAA/2024-01-01.parquet",
            "rm lake/bars/symbol=AAA/2024-01-01.parquet",
            "find raw -name AAA-2024-01-01.zip -exec touch {} +",
            "find raw -name BBB-2024-01-03.zip -delete",
            "echo '# edited' >> Datafile",
        ])
    func changedMeanwhile(_ command: String) throws {
        let project = try Project()
        let directory = project.directory
        #expect(try directory.build().status == 0)
        // One copy is made again, and its command does more than that.
        try directory.write(command + "\n" + Self.plainCopy, to: "spoil.sh")
        try FileManager.default.removeItem(atPath: directory.path("copies/BBB/2024-01-02.zip"))
        let spoiled = try directory.build("--refresh", "none")
        #expect(spoiled.counts == BuildCounts(considered: 12, fresh: 11, built: 1))
        try directory.write(Self.plainCopy, to: "spoil.sh")
        let touch = FileTouch(directory.path(Self.settled))
        let dry = try directory.datamake("build", "-n", "--json", "--refresh", "none")
        try? FileManager.default.removeItem(atPath: directory.path(Self.settled))
        let planned = try directory.datamake("build", "-n", "--json", "--refresh", "none")
        #expect(try directory.outcome(of: dry).counts == directory.outcome(of: planned).counts)
        let repaired = try directory.build()
        #expect(repaired.status == 0)
        let isWhole = repaired.counts.built + repaired.counts.fetched
        #expect(isWhole == (command.contains("touch") || command.contains("Datafile") ? 0 : 1))
        #expect(touch == nil || FileTouch(directory.path(Self.settled)) != touch)
        #expect(directory.exists(bars("AAA", "2024-01-01")))
    }

    @Test("nothing is kept after a failure, and of a part")
    func parts() throws {
        let project = try Project()
        let directory = project.directory
        try directory.write(
            "case \"$1\" in *AAA-2024-01-02*) exit 3;; esac\n" + Self.plainCopy, to: "spoil.sh")
        let failed = try directory.build()
        #expect(failed.counts == BuildCounts(considered: 12, built: 11, failed: 1, fetched: 6))
        #expect(!directory.exists(Self.settled))
        try directory.write(Self.plainCopy, to: "spoil.sh")
        let output = bars("AAA", "2024-01-02")
        let parts: [(String, [String], left: Int)] = [
            ("a target", ["build", output], 1),
            ("a cause", ["build", "--cause", "output-missing:bars"], 1),
            ("a budget", ["build", "--budget", "1h"], 0),
        ]
        for (name, arguments, left) in parts {
            // The copy that failed is due as well, and this one.
            try FileManager.default.removeItem(atPath: directory.path(output))
            let part = try directory.datamake(arguments + ["--json", "--refresh", "none"])
            #expect(part.status == 0, "\(name): \(part.standardError)")
            #expect(!directory.exists(Self.settled), "\(name)")
            let all = try directory.datamake("build", "-n", "--json", "--refresh", "none")
            #expect(try directory.outcome(of: all).counts.fresh <= 12 - left, "\(name)")
        }
        #expect(try directory.build("--refresh", "none").status == 0)
        #expect(try project.isSettled(12))
    }

    @Test("after a build from a directory, once its files are old enough to be known by their stamps")
    func directorySource() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 3)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        #expect(try project.build().counts == BuildCounts(considered: 6, built: 6))
        #expect(!project.exists(Self.settled), "written within the tick of the clock")
        let output = bars("AAA", "2024-01-02")
        // A build that builds something keeps the answer as soon as the archive is old enough.
        let isSettled = try eventually {
            try? FileManager.default.removeItem(atPath: project.path(output))
            try? FileManager.default.removeItem(atPath: project.path(Self.settled))
            let counts = try project.build().counts
            #expect(counts == BuildCounts(considered: 6, fresh: 5, built: 1))
            return project.exists(Self.settled)
        }
        #expect(isSettled)
        let touch = FileTouch(project.path(Self.settled))
        #expect(try project.build().counts == BuildCounts(considered: 6, fresh: 6))
        #expect(FileTouch(project.path(Self.settled)) == touch)
        try archive.putDay("BBB", "2024-01-04")
        #expect(try project.build().counts == BuildCounts(considered: 7, fresh: 6, built: 1))
    }

    @Test("where rules read what others make, unless new outputs came among what was listed")
    func stages() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 3)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(
            barsDatafile(
                .bucket(origin.url),
                rules: copiesOfBars))
        let everything = BuildCounts(considered: 12, fresh: 12)
        #expect(try project.build().counts == BuildCounts(considered: 12, built: 12, fetched: 6))
        // The directories that the next build lists are there since.
        #expect(try project.build("--refresh", "none").counts == everything)
        let csv = Archive.csv("AAA", "2024-01-02").replacing(",23\n", with: ",24\n")
        try archive.put(csv, at: Archive.key("AAA", "2024-01-02"))
        try FileManager.default.removeItem(atPath: project.path(Self.settled))
        let changed = try project.build("--refresh", "full").counts
        #expect(changed == BuildCounts(considered: 12, fresh: 10, built: 2, fetched: 1))
        let touch = try #require(FileTouch(project.path(Self.settled)))
        #expect(try project.build("--refresh", "none").counts == everything)
        #expect(FileTouch(project.path(Self.settled)) == touch)
        try archive.putDay("BBB", "2024-01-04")
        try FileManager.default.removeItem(atPath: project.path(Self.settled))
        let new = try project.build("--refresh", "full").counts
        #expect(new == BuildCounts(considered: 14, fresh: 12, built: 2, fetched: 1))
        #expect(!project.exists(Self.settled))
    }
}
