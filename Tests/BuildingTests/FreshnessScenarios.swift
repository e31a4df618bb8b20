import Foundation
import TestSupport
import Testing

/// What a build does again, and above all what it does not.
@Suite struct FreshnessScenarios {
    enum Kind: String, CaseIterable { case directory, bucket }

    /// An archive of two symbols and three days, reachable in one of two ways, and a project built from it.
    struct Built {
        var archive: Archive
        var origin: Origin?
        var project: ProjectDirectory

        init(_ kind: Kind) throws {
            archive = try Archive(symbols: ["AAA", "BBB"], days: 3)
            origin = kind == .bucket ? try Origin(archive.path) : nil
            project = try ProjectDirectory(
                barsDatafile(origin.map { .bucket($0.url) } ?? .directory(archive.path)))
            let first = try project.build()
            #expect(first.status == 0, "\(first.standardError)")
            #expect(first.counts == BuildCounts(considered: 6, built: 6, fetched: kind == .bucket ? 6 : 0))
        }

        var outputs: [String] { project.files(in: "lake", suffix: ".parquet") }
    }

    @Test("a second build does nothing", arguments: Kind.allCases)
    func secondBuildDoesNothing(_ kind: Kind) throws {
        let built = try Built(kind)
        let touches = FileTouch.of(built.project.files(), in: built.project).filter {
            !$0.key.hasPrefix(".datamake/")
        }
        let second = try built.project.build("--refresh", "full")
        #expect(second.status == 0)
        #expect(second.counts == BuildCounts(considered: 6, fresh: 6))
        #expect(FileTouch.of(touches.keys.sorted(), in: built.project) == touches)
    }

    @Test("what one of two actions finds out about a file they both read is not forgotten")
    func sharedInputs() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 20)
        let origin = try Origin(archive.path)
        let copies = """
              copies:
                from: archive:data/{symbol}/{symbol}-{date:day}.zip
                to: copies/{symbol}/{date}.zip
                run: cp {input} {output}
            """
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url), rules: copies))
        #expect(try project.build().counts == BuildCounts(considered: 80, built: 80, fetched: 40))
        // Makes a plan even where an answer was kept.
        try? FileManager.default.removeItem(atPath: project.path(SettledScenarios.settled))
        #expect(try project.build("--refresh", "none").counts == BuildCounts(considered: 80, fresh: 80))
    }

    @Test("a zip made anew around the same CSV rewrites nothing", arguments: Kind.allCases)
    func remadeZip(_ kind: Kind) throws {
        let built = try Built(kind)
        let touches = FileTouch.of(built.outputs, in: built.project)
        let csv = Archive.csv("AAA", "2024-01-02")
        try built.archive.put(csv, at: Archive.key("AAA", "2024-01-02"), level: 9, month: 7)

        let second = try built.project.build("--refresh", "full")
        #expect(second.status == 0)
        #expect(
            second.counts
                == BuildCounts(considered: 6, fresh: 5, unchanged: 1, fetched: kind == .bucket ? 1 : 0))
        #expect(FileTouch.of(built.outputs, in: built.project) == touches)
        let third = try built.project.build("--refresh", "full")
        #expect(third.counts == BuildCounts(considered: 6, fresh: 6))
    }

    @Test("one changed row builds its partition and no other", arguments: Kind.allCases)
    func changedRow(_ kind: Kind) throws {
        let built = try Built(kind)
        var touches = FileTouch.of(built.outputs, in: built.project)
        let csv = Archive.csv("AAA", "2024-01-02")
        let changed = csv.replacing(",23\n", with: ",24\n")
        #expect(changed != csv)
        try built.archive.put(changed, at: Archive.key("AAA", "2024-01-02"))

        let second = try built.project.build("--refresh", "full")
        #expect(
            second.counts == BuildCounts(considered: 6, fresh: 5, built: 1, fetched: kind == .bucket ? 1 : 0))
        var after = FileTouch.of(built.outputs, in: built.project)
        let target = bars("AAA", "2024-01-02")
        #expect(after.removeValue(forKey: target) != touches.removeValue(forKey: target))
        #expect(after == touches)
        #expect(try built.project.build("--refresh", "full").counts == BuildCounts(considered: 6, fresh: 6))
    }

    @Test("a new day is one new partition, found without a full listing", arguments: Kind.allCases)
    func newDay(_ kind: Kind) throws {
        let built = try Built(kind)
        try built.archive.putDay("BBB", "2024-01-04")
        let second = try built.project.build()
        #expect(
            second.counts == BuildCounts(considered: 7, fresh: 6, built: 1, fetched: kind == .bucket ? 1 : 0))
        #expect(built.project.exists(bars("BBB", "2024-01-04")))
    }

    @Test("an object that is gone upstream keeps its partition", arguments: Kind.allCases)
    func goneUpstream(_ kind: Kind) throws {
        let built = try Built(kind)
        try built.archive.remove(Archive.key("AAA", "2024-01-01"))
        let second = try built.project.build("--refresh", "full")
        #expect(second.status == 0)
        #expect(second.counts.built == 0 && second.counts.failed == 0)
        #expect(built.project.exists(bars("AAA", "2024-01-01")))
    }

    @Test("touched, copied and moved files are still fresh")
    func touchedFiles() throws {
        let built = try Built(.bucket)
        let project = built.project
        let fresh = BuildCounts(considered: 6, fresh: 6)
        let everything =
            project.files(in: "lake", suffix: ".parquet") + project.files(in: "raw", suffix: ".zip")
        #expect(everything.count == 12)
        #expect(try Peer.run("/usr/bin/touch", everything, directory: project.path).status == 0)
        #expect(try project.build().counts == fresh)

        for file in everything {
            try FileManager.default.moveItem(atPath: project.path(file), toPath: project.path(file + ".away"))
            try FileManager.default.moveItem(atPath: project.path(file + ".away"), toPath: project.path(file))
        }
        #expect(try project.build().counts == fresh)

        for file in everything {
            let copy = try Peer.run("/bin/cp", ["-p", file, file + ".copy"], directory: project.path)
            #expect(copy.status == 0)
            _ = try Peer.run("/bin/mv", [file + ".copy", file], directory: project.path)
        }
        #expect(try project.build().counts == fresh)
    }

    @Test("a project that was moved is still fresh, and so is its archive")
    func movedProject() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try ProjectDirectory(barsDatafile(.directory("archive")))
        try FileManager.default.copyItem(atPath: archive.path, toPath: project.path("archive"))
        #expect(try project.build().counts == BuildCounts(considered: 2, built: 2))
        let moved = project.path + " elsewhere, é"
        try FileManager.default.moveItem(atPath: project.path, toPath: moved)
        let output = try RunningProgram(
            RunningProgram.built("datamake"), ["-C", moved, "build", "--json"], directory: "/"
        ).finish()
        #expect(try project.outcome(of: output).counts == BuildCounts(considered: 2, fresh: 2))
        try FileManager.default.moveItem(atPath: moved, toPath: project.path)
        #expect(try project.build().counts == BuildCounts(considered: 2, fresh: 2))
        for file in try FileManager.default.subpathsOfDirectory(atPath: project.path("archive")) {
            _ = try Peer.run("/usr/bin/touch", [file], directory: project.path("archive"))
        }
        #expect(try project.build().counts == BuildCounts(considered: 2, fresh: 2))
    }

    @Test("an edited recipe builds its own rule and no other, and why names the component")
    func recipeEdit() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try ProjectDirectory(
            barsDatafile(
                .directory(archive.path),
                rules: """
                      counts:
                        from: archive:data/{symbol}/{symbol}-{date:day}.zip
                        to: lake/counts/{symbol}/{date}.parquet
                        table: count
                    """,
                table: """
                      count:
                        columns: {time: timestamp, open: skip, volume: skip, count: int64}
                    """))
        #expect(try project.build().counts == BuildCounts(considered: 4, built: 4))
        let touches = FileTouch.of(project.files(in: "lake/counts"), in: project)
        try project.edit("open: float64", to: "open: decimal(18,4)")

        struct Why: Decodable {
            struct Reason: Decodable, Equatable {
                var kind: String, component: String
                var input: String?, was: String?, now: String?
            }
            var target: String, state: String
            var reasons: [Reason]
        }
        let target = bars("AAA", "2024-01-02")
        let answer = try project.datamake("why", target, "--json")
        #expect(answer.status == 1)
        let why: Why = try project.decode(answer)
        #expect(why.target == target)
        #expect(why.state == "stale")
        #expect(
            why.reasons == [
                Why.Reason(
                    kind: "recipe-changed", component: "columns.open.type", was: "float64",
                    now: "decimal(18,4)")
            ])
        #expect(try project.datamake("why", "lake/counts/AAA/2024-01-02.parquet").status == 0)

        #expect(try project.build().counts == BuildCounts(considered: 4, fresh: 2, built: 2))
        #expect(FileTouch.of(project.files(in: "lake/counts"), in: project) == touches)
        #expect(try project.datamake("why", target).status == 0)
    }
}
