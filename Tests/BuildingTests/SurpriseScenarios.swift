import Foundation
import TestSupport
import Testing

/// Ways to be surprised, each found once by trying.
@Suite struct SurpriseScenarios {
    @Test("a directory source that is not there is a failure, not an empty archive")
    func unmounted() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        #expect(try project.build().counts.built == 2)
        try project.edit(archive.path, to: archive.path + "-unmounted")
        let outcome = try project.build()
        #expect(outcome.status == 1)
        #expect(outcome.failures.count == 1)
        #expect(outcome.failures.first?.message.contains("-unmounted") == true)
        #expect(try project.datamake("verify").status == 1)
    }

    @Test("a libcurl that cannot be loaded is named, and matters only to what needs the network")
    func unloadableLibrary() throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        let origin = try Origin(archive.path)
        let libraries = try TemporaryDirectory()
        try libraries.write("no library", to: "libcurl.so.4")
        let environment = ["LD_LIBRARY_PATH": libraries.path(".")]

        let remote = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        let outcome = try remote.build(environment: environment)
        #expect(outcome.status == 1)
        #expect(outcome.failures.first?.message.contains("libcurl.so.4") == true)
        #expect(outcome.standardError.contains("install libcurl"), "\(outcome.standardError)")
        #expect(try remote.build().counts == BuildCounts(considered: 1, built: 1, fetched: 1))

        let local = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        #expect(try local.build(environment: environment).counts == BuildCounts(considered: 1, built: 1))
    }

    @Test("verify checks outputs whose inputs are gone upstream")
    func vanishedUpstream() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 2)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        #expect(try project.build().counts.built == 4)
        for day in 0..<2 { try archive.remove(Archive.key("BBB", Archive.day(day))) }
        #expect(try project.build("--refresh", "full").counts == BuildCounts(considered: 2, fresh: 2))
        let output = bars("BBB", "2024-01-01")
        try flipByte(of: project.path(output))
        let found: DamageScenarios.Verification = try project.decode(try project.datamake("verify", "--json"))
        #expect(found.checked == 8)
        #expect(found.corrupt.map(\.target) == [output])
    }

    @Test("paths as a shell completes them are targets")
    func shellPaths() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        let target = bars("AAA", "2024-01-01")
        #expect(try project.build("./" + target).counts == BuildCounts(considered: 1, built: 1))
        #expect(try project.datamake("why", project.path(target)).status == 0)
        #expect(try project.datamake("verify", project.path("lake") + "/**").status == 0)
    }

    @Test(
        "results that cannot be written are a failure",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
    func fullOutput() throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        _ = try project.build()
        let program = RunningProgram.built("datamake")
        let output = try Peer.run(
            "/bin/sh", ["-c", "\"$0\" ls --json >/dev/full", program], directory: project.path)
        #expect(output.status == 1)
        #expect(output.standardError.contains("No space left"))
    }

    @Test("a zip with a wrong CRC is not inflated again until it changes")
    func settledFailure() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let key = Archive.key("AAA", "2024-01-01")
        var bytes = Archive.zip(Archive.csv("AAA", "2024-01-01"), name: "AAA-2024-01-01.csv")
        // The CRC-32 stands at 14 in the local header, and 16 into the central entry.
        let central = bytes.range(of: Data([0x50, 0x4B, 0x01, 0x02]))!.lowerBound
        bytes[14] ^= 1
        bytes[central + 16] ^= 1
        try archive.putBytes(bytes, at: key)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        let first = try project.build()
        #expect(first.status == 1 && first.counts == BuildCounts(considered: 2, built: 1, failed: 1))
        let again = try project.build()
        #expect(again.status == 1 && again.counts == BuildCounts(considered: 2, fresh: 1, failed: 1))
        let states: [InspectionScenarios.Target] = try project.decodeLines(
            try project.datamake("ls", "bars", "--json"))
        #expect(states.map(\.state) == ["quarantined", "fresh"])
        try archive.putDay("AAA", "2024-01-01")
        #expect(try project.build().counts == BuildCounts(considered: 2, fresh: 1, built: 1))
    }
}
