import Foundation
import TestSupport
import Testing

/// What would be done, in figures; and doing exactly that, or a part of it.
@Suite struct PlanScenarios {
    struct Summary: Decodable {
        struct Cause: Decodable { var cause: String, targets: Int, undecided: Int, downstream: Int }
        struct Fetch: Decodable { var objects: Int, bytes: Int }
        struct Time: Decodable {
            var history: Int
            var seconds: Double?
            var low: Double?
            var high: Double?
        }
        struct Disk: Decodable { var needed: Int, free: Int }
        var considered: Int, fresh: Int, stale: Int, undecided: Int, left: Int
        var causes: [Cause], fetch: Fetch, time: Time, disk: Disk
    }

    /// Bars of four days, and a command's copy of each.
    private struct World {
        let archive: Archive
        let origin: Origin
        let project: ProjectDirectory

        init() throws {
            archive = try Archive(symbols: ["AAA"], days: 4)
            origin = try Origin(archive.path)
            project = try ProjectDirectory(
                barsDatafile(
                    .bucket(origin.url),
                    rules: """
                          copies:
                            from: lake/bars/symbol={symbol}/{date:day}.parquet
                            to: lake/copies/{symbol}/{date}.bin
                            run: cp {input} {output}
                        """))
        }

        func plan(_ flags: String...) throws -> Summary {
            let output = try project.datamake(["plan", "--json"] + flags)
            #expect(output.status == 0, "\(output.standardError)")
            return try JSONDecoder().decode(Summary.self, from: Data(output.standardOutput.utf8))
        }
    }

    @Test("counts what a build would do, and does nothing itself") func figures() throws {
        let world = try World()
        let before = try world.plan()
        #expect(before.considered == 8 && before.stale == 8 && before.fresh == 0)
        #expect(before.fetch.objects == 4 && before.fetch.bytes > 0)
        #expect(before.time.seconds == nil && before.time.history == 0)
        #expect(Set(before.causes.map(\.cause)) == ["never-built:bars", "never-built:copies"])
        #expect(!world.project.exists("lake") && !world.project.exists("raw"))
        #expect(try world.project.datamake("plan").standardOutput.contains("time unknown: no past run tells"))

        #expect(try world.project.build().counts == BuildCounts(considered: 8, built: 8, fetched: 4))
        let after = try world.plan()
        #expect(after.fresh == 8 && after.causes.isEmpty && after.fetch.objects == 0)

        try world.project.edit("open: float64", to: "open: float32")
        let edited = try world.plan()
        #expect(edited.stale == 4 && edited.undecided == 4)
        #expect(edited.causes.map(\.cause) == ["recipe-changed:bars"])
        #expect(edited.causes.first?.targets == 8 && edited.causes.first?.downstream == 4)
        let time = edited.time
        let seconds = try #require(time.seconds)
        #expect(try #require(time.low) <= seconds && seconds <= #require(time.high) && time.history == 8)
        #expect(edited.disk.needed >= 0 && edited.disk.free > 0)
    }

    @Test("a saved plan is run exactly, and not once the world has moved") func savedPlan() throws {
        let world = try World()
        let project = world.project
        _ = try world.plan("lake/bars/**", "-o", project.path("first.plan"))
        // What the plan does not speak of may come meanwhile.
        try world.archive.putDay("CCC", "2024-01-01")
        let run = try project.build("--plan", project.path("first.plan"))
        #expect(run.status == 0)
        #expect(run.counts == BuildCounts(considered: 4, built: 4, fetched: 4))
        #expect(!project.exists(bars("CCC", "2024-01-01")) && !project.exists("lake/copies"))

        // Nothing of it is to be done any more.
        let again = try project.datamake("build", "--plan", project.path("first.plan"))
        #expect(again.status == 3)
        #expect(again.standardError.contains("\(bars("AAA", "2024-01-01")): it is fresh"))

        struct Move {
            var name: String
            var move: (World) throws -> Void
            var message: String
        }
        let key = Archive.key("AAA", "2024-01-02")
        let moves = [
            Move(
                name: "an object is published anew",
                move: { try $0.archive.put(Archive.csv("AAA", "2024-01-02", rows: 5), at: key) },
                message: "archive:\(key): its etag is"),
            Move(
                name: "a recipe is edited", move: { try $0.project.edit("count: int64", to: "count: int32") },
                message: "its recipe is another"),
            Move(
                name: "an object goes", move: { try $0.archive.remove(key) },
                message: "archive:\(key): it is not listed"),
        ]
        for move in moves {
            try world.archive.put(Archive.csv("AAA", "2024-01-02", rows: 7 + move.name.count), at: key)
            _ = try world.plan("-o", project.path("next.plan"))
            try move.move(world)
            let contents = try project.contents(of: "lake")
            let refused = try project.datamake(
                "build", "--refresh", "full", "--plan", project.path("next.plan"))
            #expect(refused.status == 3, "\(move.name): \(refused.standardError)")
            #expect(refused.standardError.contains(move.message), "\(move.name): \(refused.standardError)")
            #expect(try project.contents(of: "lake") == contents, "\(move.name)")
        }
    }

    @Test("a file that is no whole plan is refused", arguments: ["cut", "edited", "none", "other"])
    func damagedPlan(_ damage: String) throws {
        let world = try World()
        let path = world.project.path("a.plan")
        _ = try world.plan("-o", path)
        let text = try world.project.text("a.plan")
        switch damage {
        case "cut": try world.project.write(String(text.dropLast(60)), to: "a.plan")
        case "edited": try world.project.write(text.replacing("2024-01-02", with: "2024-01-03"), to: "a.plan")
        case "none": try FileManager.default.removeItem(atPath: path)
        default: try world.project.write("{\"rows\": 1}\n", to: "a.plan")
        }
        let output = try world.project.datamake("build", "--plan", path)
        #expect(output.status == 2, "\(output.standardError)")
        #expect(output.standardError.contains("no plan to run"))
        #expect(!world.project.exists("lake"))
        #expect(try world.project.datamake("build", "--plan", path, "lake/**").status == 2)
    }

    @Test("a cause is built alone, by the words that the summary says") func cause() throws {
        let world = try World()
        _ = try world.project.build()
        try world.project.edit("open: float64", to: "open: float32")
        try FileManager.default.removeItem(atPath: world.project.path("lake/copies/AAA/2024-01-03.bin"))
        let lost = try world.project.build("--cause", "output-missing:copies")
        // The copy's own file is gone, and what it copies is stale: that is built for it first.
        #expect(lost.status == 0 && lost.counts.considered == 1 && lost.counts.built == 2)
        let rest = try world.project.build("--cause", "recipe-changed:bars")
        #expect(rest.counts.considered == 6 && rest.counts.built == 6)
        #expect(try world.project.build().counts == BuildCounts(considered: 8, fresh: 8))

        let wrong = try world.project.datamake("build", "--cause", "recipe-change:bars")
        #expect(wrong.status == 2)
        #expect(wrong.standardError.contains("did you mean 'recipe-changed:bars'?"))
    }

    @Test("a budget takes what fits, and the next build the rest") func budget() throws {
        let world = try World()
        let size = try world.archive.read(Archive.key("AAA", "2024-01-04")).count
        // Newer days first: room for two of four, of about one size.
        let first = try world.project.datamake(
            "build", "--json", "--budget", "\(2 * size + size / 2)B", "bars")
        #expect(first.status == 0, "\(first.standardError)")
        struct Report: Decodable { var considered: Int, built: Int, left: Int, fresh: Int }
        let report = try JSONDecoder().decode(Report.self, from: Data(first.standardOutput.utf8))
        #expect(report.considered == 4 && report.built == 2 && report.left == 2 && report.fresh == 0)
        let rest = try world.project.build("bars")
        #expect(rest.counts == BuildCounts(considered: 4, fresh: 2, built: 2, fetched: 2))

        // A time that is far too short, and one that is more than enough.
        try world.project.edit("open: float64", to: "open: float32")
        #expect(try world.plan("--budget", "0.0001s", "bars").left >= 3)
        #expect(try world.plan("--budget", "2h", "bars").left == 0)
        for wrong in ["2", "h", "2 weeks", "-1h", "0s", "1e9h"] {
            #expect(try world.project.datamake("build", "--budget", wrong).status == 2, "\(wrong)")
        }
    }

    @Test("when the time of a budget is over, nothing is started that was predicted to fit")
    func budgetOverTime() throws {
        let world = try World()
        _ = try world.project.build()
        // What took milliseconds computes until the budget is over.
        let end = Int(Date().timeIntervalSince1970) + 4
        try world.project.edit(
            "cp {input} {output}",
            to: "sh -c 'until [ $(date +%s) -ge \(end) ]; do :; done; cp $0 $1' {input} {output}")
        let output = try world.project.datamake(
            "build", "--json", "-j", "1", "--budget", "3s", "copies")
        #expect(output.status == 0, "\(output.standardError)")
        struct Report: Decodable { var considered: Int, built: Int, unchanged: Int, left: Int, fresh: Int }
        let report = try JSONDecoder().decode(Report.self, from: Data(output.standardOutput.utf8))
        #expect(report.considered == 4 && report.built + report.unchanged == 1, "\(report)")
        #expect(report.left == 3 && report.fresh == 0, "\(report)")
        #expect(output.standardError.contains("3 left for later by the budget"))
        // Its answer is not kept for the next build.
        let rest = try world.project.build("copies")
        #expect(rest.counts.fresh == 1 && rest.counts.considered == 4)
    }

    @Test("no time is predicted where nothing was built") func budgetWithoutHistory() throws {
        let world = try World()
        let output = try world.project.datamake("build", "--budget", "2h")
        #expect(output.status == 2)
        #expect(output.standardError.contains("no time can be predicted"))
    }
}
