import Foundation
import TestSupport
import Testing

/// Bytes that rot on disk, arrive wrong, or never arrive.
@Suite struct DamageScenarios {
    /// `verify --json`.
    struct Verification: Decodable {
        struct Corrupt: Decodable {
            var target: String, expected: String, found: String
            var damage: String?
        }
        struct Upstream: Decodable { var changed: [String], new: [String], gone: [String] }
        var checked: Int, ok: Int
        var corrupt: [Corrupt], missing: [String], not_reproduced: [Corrupt]
        var upstream: Upstream?

        var isClean: Bool { corrupt.isEmpty && missing.isEmpty && not_reproduced.isEmpty && ok == checked }
    }

    @Test("a flipped bit in an output is found by verify and repaired by build")
    func flippedOutput() throws {
        let archive = try Archive(symbols: ["AAA"], days: 3)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        _ = try project.build()
        let golden = try project.contents(of: "lake")
        let target = bars("AAA", "2024-01-02")
        try flipByte(of: project.path(target))
        #expect(try project.contents(of: "lake") != golden)

        let output = try project.datamake("verify", "--json")
        #expect(output.status == 1)
        let found: Verification = try project.decode(output)
        #expect(found.corrupt.map(\.target) == [target])
        #expect(found.corrupt.first?.expected != found.corrupt.first?.found)
        #expect(found.missing.isEmpty)

        let repair = try project.build()
        #expect(repair.status == 0)
        #expect(repair.counts == BuildCounts(considered: 3, fresh: 2, built: 1))
        #expect(try project.contents(of: "lake") == golden)
        let again = try project.datamake("verify", "--json")
        #expect(again.status == 0)
        #expect(try project.decode(again, as: Verification.self).isClean)
    }

    @Test("verify says where in a partition the damage is")
    func placeOfDamage() throws {
        let archive = try Archive(symbols: ["AAA"], days: 4)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        _ = try project.build()
        func spoil(_ day: String, _ change: (inout Data) -> Void) throws {
            var bytes = try project.read(bars("AAA", day))
            change(&bytes)
            try project.write(bytes, to: bars("AAA", day))
        }
        // In the first column's page, cut short, replaced by another table, and replaced by no table.
        try flipByte(of: project.path(bars("AAA", "2024-01-01")), at: 40)
        try spoil("2024-01-02") { $0.removeLast(100) }
        try project.write(try project.read(bars("AAA", "2024-01-04")), to: bars("AAA", "2024-01-03"))
        try project.write("time,open\n1,2\n", to: bars("AAA", "2024-01-04"))
        let raw = "raw/archive/" + Archive.key("AAA", "2024-01-01")
        try flipByte(of: project.path(raw))

        let output = try project.datamake("verify", "--json")
        #expect(output.status == 1)
        let corrupt = try project.decode(output, as: Verification.self).corrupt
        let damage = Dictionary(uniqueKeysWithValues: corrupt.map { ($0.target, $0.damage) })
        #expect(damage.count == 5 && damage[raw] == .some(nil))
        let flipped = try #require(damage[bars("AAA", "2024-01-01")] ?? nil)
        #expect(flipped.hasPrefix("byte 4 (column 'time', row group 0, "))
        #expect(flipped.contains("CRC-32"))
        let cut = try #require(damage[bars("AAA", "2024-01-02")] ?? nil)
        #expect(cut.hasSuffix("not a Parquet file: it does not begin and end with 'PAR1'"))
        #expect(damage[bars("AAA", "2024-01-03")] == "a sound file, with other values than recorded")
        #expect(damage[bars("AAA", "2024-01-04")]??.hasPrefix("byte 0: not a Parquet file") == true)

        let text = try project.datamake("verify", bars("AAA", "2024-01-01"))
        #expect(text.status == 1)
        #expect(text.standardOutput.contains("    " + flipped + "\n"))
    }

    @Test("a deleted output is made again, byte for byte")
    func deletedOutput() throws {
        let archive = try Archive(symbols: ["AAA"], days: 3)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        _ = try project.build()
        let golden = try project.contents(of: "lake")
        let target = bars("AAA", "2024-01-03")
        try FileManager.default.removeItem(atPath: project.path(target))
        let found: Verification = try project.decode(try project.datamake("verify", "--json"))
        #expect(found.missing == [target])
        #expect(try project.build().counts == BuildCounts(considered: 3, fresh: 2, built: 1))
        #expect(try project.contents(of: "lake") == golden)

        try FileManager.default.removeItem(atPath: project.path("lake"))
        #expect(try project.build().counts == BuildCounts(considered: 3, built: 3))
        #expect(try project.contents(of: "lake") == golden)
    }

    @Test(
        "a damaged or deleted download is fetched again, and nothing is built",
        arguments: ["flipped", "deleted", "cut"])
    func damagedDownload(_ damage: String) throws {
        let archive = try Archive(symbols: ["AAA"], days: 3)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        _ = try project.build()
        let golden = try project.contents(of: ".", suffix: ".zip").merging(project.contents(of: "lake")) {
            $1
        }
        let raw = "raw/archive/" + Archive.key("AAA", "2024-01-02")
        let touches = FileTouch.of(project.files(in: "lake"), in: project)
        switch damage {
        case "flipped": try flipByte(of: project.path(raw))
        case "cut": try project.write(try project.read(raw).prefix(100), to: raw)
        default: try FileManager.default.removeItem(atPath: project.path(raw))
        }
        let repair = try project.build()
        #expect(repair.status == 0, "\(repair.failures)")
        #expect(repair.counts.fetched == 1)
        #expect(repair.counts.built == 0)
        #expect(FileTouch.of(project.files(in: "lake"), in: project) == touches)
        #expect(
            try project.contents(of: ".", suffix: ".zip").merging(project.contents(of: "lake")) { $1 }
                == golden)
        #expect(try project.build().counts == BuildCounts(considered: 3, fresh: 3))
    }

    @Test("one worker and two write the same bytes")
    func sameBytesWithAnyNumberOfWorkers() throws {
        let archive = try Archive(symbols: ["AAA", "BBB", "CCC"], days: 6, rows: 300)
        let contents = try ["1", "2", "7"].map { workers in
            let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
            let outcome = try project.build("-j", workers)
            #expect(outcome.counts == BuildCounts(considered: 18, built: 18))
            #expect(outcome.rows == 18 * 300)
            return try project.contents(of: "lake", suffix: "")
        }
        #expect(contents[0].count == 19)
        #expect(contents[0] == contents[1])
        #expect(contents[0] == contents[2])
    }

    @Test("two hundred downloads go on past a corrupt one and a missing one, which heal later")
    func twoHundredDownloads() throws {
        let archive = try Archive(symbols: ["AAA"], days: 200, rows: 4)
        let origin = try ScriptedOrigin(try archive.objects())
        let corrupt = Archive.key("AAA", Archive.day(77))
        let ghost = Archive.key("AAA", Archive.day(140))
        let good = try archive.read(corrupt)
        origin.put(Archive.zip("1704067200000,1,2,3\n", name: "x.csv"), at: corrupt)
        origin.makeGhost(ghost)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))

        let first = try project.build()
        #expect(first.status == 1)
        #expect(first.counts == BuildCounts(considered: 200, built: 198, failed: 2, fetched: 198))
        #expect(project.files(in: "lake", suffix: ".parquet").count == 198)
        #expect(first.failures.map(\.category) == ["checksum", "upstream"])
        for (failure, key) in zip(first.failures, [corrupt, ghost]) {
            #expect(failure.target.contains(key))
            #expect(failure.message.contains(key))
            #expect(failure.attempts >= 1)
        }
        #expect(origin.downloads.filter { $0.value > 1 && $0.key != corrupt && $0.key != ghost }.isEmpty)

        // Not healed yet: reported again, and nothing else is done again.
        let second = try project.build("--refresh", "full")
        #expect(second.status == 1)
        #expect(second.counts == BuildCounts(considered: 200, fresh: 198, failed: 2))
        #expect(second.failures.map(\.category) == ["checksum", "upstream"])

        origin.put(good, at: corrupt)
        origin.put(try archive.read(ghost), at: ghost)
        let third = try project.build("--refresh", "full")
        #expect(third.status == 0, "\(third.failures)")
        #expect(third.counts == BuildCounts(considered: 200, fresh: 198, built: 2, fetched: 2))
        #expect(third.failures.isEmpty)
        #expect(try project.build().counts == BuildCounts(considered: 200, fresh: 200))
    }

    @Test("files of a directory that are no sound zip fail alone, again and again, until they are put right")
    func unsoundZips() throws {
        let archive = try Archive(symbols: ["AAA"], days: 6)
        let days = (0..<6).map(Archive.day)
        let good = try archive.read(Archive.key("AAA", days[1]))
        // Another CRC in the central directory and in the header than the data's.
        var wrong = good
        let header = wrong.firstRange(of: Data([0x50, 0x4B, 1, 2]))!.lowerBound
        wrong[14] ^= 1
        wrong[header + 16] ^= 1
        try archive.write(wrong, at: Archive.key("AAA", days[1]))
        try archive.write(Data("<html>Not Found</html>".utf8), at: Archive.key("AAA", days[2]))
        try archive.write(Data(), at: Archive.key("AAA", days[3]))
        try archive.put("not,a,row\n", at: Archive.key("AAA", days[4]))
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))

        for isAgain in [false, true] {
            let outcome = try project.build()
            #expect(outcome.status == 1)
            #expect(
                outcome.counts
                    == BuildCounts(considered: 6, fresh: isAgain ? 2 : 0, built: isAgain ? 0 : 2, failed: 4))
            // A wrong CRC is a checksum that does not hold.
            #expect(outcome.failures.map(\.category) == ["checksum", "data", "data", "data"])
            for (failure, day) in zip(outcome.failures, days[1...]) {
                #expect(failure.target == bars("AAA", day))
                #expect(failure.message.contains("AAA-\(day).zip"))
                #expect(!project.exists(failure.target))
            }
        }
        #expect(project.files(suffix: ".partial").isEmpty)
        for day in days[1...4] { try archive.putDay("AAA", day) }
        #expect(try project.build().counts == BuildCounts(considered: 6, fresh: 2, built: 4))
        #expect(try project.build().counts == BuildCounts(considered: 6, fresh: 6))
    }

    @Test("without its state a project downloads nothing it has, builds again, and keeps its bytes")
    func lostState() throws {
        let archive = try Archive(symbols: ["AAA"], days: 3)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        _ = try project.build()
        let golden = try project.contents(of: "lake")
        try FileManager.default.removeItem(atPath: project.path(".datamake"))
        let outcome = try project.build()
        #expect(outcome.status == 0)
        #expect(outcome.counts == BuildCounts(considered: 3, built: 3))
        #expect(try project.contents(of: "lake") == golden)
        #expect(try project.build().counts == BuildCounts(considered: 3, fresh: 3))

        // A copy that is not the listed object comes again.
        try FileManager.default.removeItem(atPath: project.path(".datamake"))
        try flipByte(of: project.path(project.files(in: "raw", suffix: ".zip")[1]))
        #expect(try project.build().counts == BuildCounts(considered: 3, built: 3, fetched: 1))
        #expect(try project.contents(of: "lake") == golden)

        try project.write("not a database, whatever its name says", to: ".datamake/state.db")
        let damaged = try project.build()
        #expect(damaged.status == 0, "\(damaged.standardError)")
        #expect(try project.contents(of: "lake") == golden)
        #expect(try project.build().counts == BuildCounts(considered: 3, fresh: 3))
    }
}
