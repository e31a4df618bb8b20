import Foundation
import TestSupport
import Testing

/// Past runs, as `log` tells them.
@Suite struct LogScenarios {
    struct Run: Decodable {
        struct Fetched: Decodable { var objects: Int, bytes: Int }
        var run: String, started: String, outcome: String
        var seconds: Double?
        var considered: Int, fresh: Int, built: Int, failed: Int
        var fetched: Fetched
        var arguments: [String]
    }
    struct Event: Decodable {
        var target: String, kind: String, started: String, outcome: String
        var reason: String?, category: String?
        var seconds: Double, hashing: Double, publishing: Double
        var worker: Int?
        var bytes: Int

        /// Microseconds since 1970.
        var startedAt: Int {
            let seconds =
                (try? Date(started.prefix(19) + "Z", strategy: .iso8601))?.timeIntervalSince1970 ?? 0
            return Int(seconds) * 1_000_000 + (Int(started.dropLast().suffix(6)) ?? 0)
        }
        var endedAt: Int { startedAt + Int((seconds * 1e6).rounded()) }
    }
    struct Link: Decodable {
        var kind: String, started: String
        var target: String?, waitedFor: String?
        var seconds: Double, waited: Double, share: Double

        enum CodingKeys: String, CodingKey {
            case kind, started, target, seconds, waited, share
            case waitedFor = "waited_for"
        }
    }

    private func runs(_ project: ProjectDirectory) throws -> [Run] {
        try project.decodeLines(try project.datamake("log", "--json"))
    }

    private func events(_ project: ProjectDirectory, of run: String) throws -> [Event] {
        try project.decodeLines(try project.datamake("log", "what-ran", run, "--json"))
    }

    /// Two symbols of a bucket, their bars, and what a command makes of each day's.
    private func chain(days: Int = 2) throws -> (Archive, Origin, ProjectDirectory) {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: days)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(
            barsDatafile(.bucket(origin.url), rules: CommandRecipeScenarios.rules))
        try project.write(CommandRecipeScenarios.script, to: "join.sh")
        return (archive, origin, project)
    }

    @Test("every job of a run is recorded, with its time, its reason and what came of it")
    func whatRan() throws {
        let (archive, origin, project) = try chain()
        defer { withExtendedLifetime((archive, origin)) {} }
        #expect(try project.build("-j", "2").counts == BuildCounts(considered: 6, built: 6, fetched: 4))
        let run = try #require(try runs(project).first)
        #expect(run.outcome == "done" && run.built == 6 && run.considered == 6 && run.fetched.objects == 4)
        #expect(run.arguments == ["build", "--json", "-j", "2"])
        let found = try events(project, of: "last")
        #expect(found.map(\.kind).filter { $0 == "list" || $0 == "plan" } == ["list", "plan"])
        #expect(found.count { $0.kind == "fetch" } == 4)
        #expect(found.count { $0.kind == "clean" } == 4)
        #expect(found.count { $0.kind == "command" } == 2)
        #expect(found.count == 12)
        let start = try #require(found.map(\.startedAt).min())
        let end = try #require(found.map(\.endedAt).max())
        #expect(Double(end - start) / 1e6 <= run.seconds! + 0.001)
        for event in found {
            #expect(event.seconds > 0 && event.outcome == "done" && event.category == nil)
            #expect(event.hashing + event.publishing <= event.seconds)
            guard event.kind != "list", event.kind != "plan" else { continue }
            #expect((event.worker == nil) == (event.kind == "fetch"), "\(event)")
            #expect(event.reason == (event.kind == "fetch" ? "upstream-new" : "never-built"))
            #expect(event.bytes > 0)
            if event.kind != "fetch" { #expect(event.publishing > 0) }
        }
        // In the order in which they ended.
        #expect(zip(found, found.dropFirst()).allSatisfy { $0.endedAt <= $1.endedAt + 10_000 })

        // A zip made anew around the same rows: its bytes are fetched, its payload is hashed, and that is all; the command that
        // reads the partition does not run either.
        try archive.put(Archive.csv("AAA", "2024-01-01"), at: Archive.key("AAA", "2024-01-01"), month: 2)
        #expect(try project.build("--refresh", "full").counts.unchanged == 2)
        let again = try events(project, of: "last").filter { $0.kind != "list" && $0.kind != "plan" }
        #expect(again.map(\.kind) == ["fetch", "hash", "hash"])
        #expect(again.map(\.outcome) == ["done", "unchanged", "unchanged"])
        #expect(again.map(\.reason) == ["upstream-changed", "upstream-changed", "input-stale"])

        let text = try project.datamake("log", "what-ran", run.run)
        #expect(text.standardOutput.split(separator: "\n").count == 12)
        #expect(text.standardOutput.contains("never-built"))
        let slowest: [Event] = try project.decodeLines(
            try project.datamake("log", "slowest", run.run, "-n", "3", "--json"))
        let jobs = found.filter { $0.kind != "list" && $0.kind != "plan" }
        #expect(slowest.map(\.seconds) == jobs.map(\.seconds).sorted(by: >).prefix(3).map { $0 })
    }

    @Test("runs come newest first, by id, by the beginning of one, or as last")
    func names() throws {
        let (archive, origin, project) = try chain(days: 1)
        defer { withExtendedLifetime((archive, origin)) {} }
        let before = try project.datamake("log")
        #expect(before.status == 0 && before.standardOutput == "")
        #expect(before.standardError.contains("no run is recorded here yet"))
        #expect(try project.datamake("log", "what-ran").status == 2)
        #expect(!project.exists(".datamake"))
        _ = try project.build()
        _ = try project.build(bars("AAA", "2024-01-01"))
        // A plan that found nothing to do is all that it did.
        #expect(try events(project, of: "last").map(\.kind) == ["list", "plan"])
        // The first that asks for everything keeps the answer; the second needs no plan.
        for _ in 0..<2 { _ = try project.build() }
        let found = try runs(project)
        #expect(found.map(\.considered) == [3, 3, 1, 3])
        #expect(found.map(\.built) == [0, 0, 0, 3])
        #expect(try project.datamake("log", "-n", "1").standardOutput.split(separator: "\n").count == 1)
        #expect(try project.datamake("log", "runs").standardOutput.hasPrefix(found[0].run))
        // Ids of one second differ at their end.
        let first = found[3].run
        #expect(try events(project, of: first).count == 7)
        #expect(try events(project, of: String(first.dropLast())).count == 7)
        let nothing = try project.datamake("log", "what-ran", "last")
        #expect(nothing.status == 0 && nothing.standardOutput == "")
        #expect(nothing.standardError.contains("has no events"))
        #expect(try project.datamake("log", "critical-path").status == 1)
        for (word, hint) in [
            ("lasst", "did you mean 'last'?"), ("2", "write more of it"), ("x", "lists all runs"),
        ] {
            for command in ["what-ran", "what-failed", "slowest", "critical-path", "trace"] {
                let output = try project.datamake("log", command, word)
                #expect(output.status == 2, "\(command) \(word)")
                #expect(
                    output.standardOutput == "" && output.standardError.contains(hint), "\(command) \(word)")
            }
        }
        #expect(try project.datamake("log", "-n", "0").status == 2)
        // Options of all commands may stand before `log`, between, and after.
        for arguments in [
            ["-C", project.path, "log", "what-ran", first], ["log", "-C", project.path, "what-ran", first],
            ["log", "what-ran", first, "-C", project.path],
        ] {
            let output = try RunningProgram(RunningProgram.built("datamake"), arguments, directory: "/")
                .finish()
            #expect(output.standardOutput.split(separator: "\n").count == 7, "\(arguments)")
        }
    }

    @Test("what failed, why, and what was not begun because of it; also once it is mended")
    func whatFailed() throws {
        struct Failure: Decodable {
            var target: String, kind: String, outcome: String
            var category: String?, message: String?, because: String?
        }
        let archive = try Archive(symbols: ["AAA"], days: 2)
        try archive.putBytes(Data("no zip".utf8), at: Archive.key("AAA", "2024-01-02"))
        let project = try ProjectDirectory(
            barsDatafile(.directory(archive.path), rules: CommandRecipeScenarios.rules))
        try project.write(CommandRecipeScenarios.script, to: "join.sh")
        let outcome = try project.build()
        #expect(outcome.status == 1)
        let run = try #require(try runs(project).first)
        #expect(run.outcome == "failed" && run.failed == 2)
        func failures() throws -> [Failure] {
            try project.decodeLines(try project.datamake("log", "what-failed", run.run, "--json"))
        }
        let found = try failures()
        let broken = bars("AAA", "2024-01-02")
        #expect(found.map(\.target) == [broken, "lake/joined/2024-01-02.txt"])
        #expect(found.map(\.outcome) == ["failed", "abandoned"])
        #expect(found.map(\.category) == ["data", nil])
        #expect(found[0].message == outcome.failures.first?.message)
        #expect(found[1].because == broken)
        let text = try project.datamake("log", "what-failed")
        #expect(text.status == 0)
        #expect(text.standardOutput.contains("failed (data) \(broken)"))
        #expect(
            text.standardOutput.contains("not begun lake/joined/2024-01-02.txt, because \(broken) failed"))

        try archive.putDay("AAA", "2024-01-02")
        #expect(try project.build().status == 0)
        #expect(try failures().map(\.target) == found.map(\.target))
        let message = try #require(try failures().first?.message)
        #expect(found[0].message?.hasPrefix(message.replacing("…", with: "")) == true)
        let calm = try project.datamake("log", "what-failed")
        #expect(calm.standardOutput == "" && calm.standardError.contains("nothing failed"))
    }

    @Test("the critical path leads from the listing to the end, whatever the Datafile says now")
    func criticalPath() throws {
        let (archive, origin, project) = try chain(days: 1)
        defer { withExtendedLifetime((archive, origin)) {} }
        _ = try project.build()
        let run = try #require(try runs(project).first)
        try project.write("version: 1\n", to: "Datafile")
        let output = try project.datamake("log", "critical-path", "--json")
        #expect(output.status == 0, "\(output.standardError)")
        let links: [Link] = try project.decodeLines(output)
        #expect(
            links.map(\.kind).filter { $0 != "load" && $0 != "record" } == [
                "list", "plan", "fetch", "clean", "command",
            ])
        let jobs = links.filter { ["fetch", "clean", "command"].contains($0.kind) }
        #expect(jobs.last?.target == "lake/joined/2024-01-01.txt")
        let symbol = jobs[1].target?.contains("symbol=AAA") == true ? "AAA" : "BBB"
        #expect(jobs[1].target == bars(symbol, "2024-01-01"))
        #expect(jobs[0].target == "archive:" + Archive.key(symbol, "2024-01-01"))
        // Of the bars of the day it is the last.
        let cleaned = try events(project, of: run.run).filter { $0.kind == "clean" }
        #expect(cleaned.last?.target == jobs[1].target)
        for link in links { #expect((link.waitedFor == nil) == (link.waited == 0), "\(link)") }
        let total = links.map { $0.seconds + $0.waited }.reduce(0, +)
        #expect(abs(total - run.seconds!) < 0.005)
        #expect(abs(links.map(\.share).reduce(0, +) - 1) < 0.01)
        let text = try project.datamake("log", "critical-path")
        #expect(text.standardOutput.split(separator: "\n").count == links.count)
    }

    @Test("a trace is JSON that nests", .enabled(if: Peer.python != nil, "needs the judges' Python"))
    func trace() throws {
        let (archive, origin, project) = try chain(days: 3)
        defer { withExtendedLifetime((archive, origin)) {} }
        _ = try project.build()
        let output = try project.datamake("log", "trace", "-o", "trace.json")
        #expect(output.status == 0 && output.standardOutput == "", "\(output.standardError)")
        let trace = try JSONDecoder().decode(
            ChromeTraceTests.Trace.self, from: try project.read("trace.json"))
        ChromeTraceTests.check(trace, "of a build")
        #expect(trace.traceEvents.count { $0.ph == "X" && $0.args?.target != nil } == 17)
        // Each bar waited for its zip, each joined file for the last of its bars.
        #expect(trace.traceEvents.count { $0.ph == "s" } == 9)
        let printed = try project.datamake("log", "trace", "last")
        #expect(Data(printed.standardOutput.utf8) == (try project.read("trace.json")))
        let judged = try Peer.run(
            #require(Peer.python),
            [
                "-c", "import json, sys; print(len(json.load(open(sys.argv[1]))['traceEvents']))",
                project.path("trace.json"),
            ])
        #expect(judged.standardOutput == "\(trace.traceEvents.count)\n", "\(judged.standardError)")
        #expect(try project.datamake("log", "trace", "-o", "no/such/place.json").status == 2)
        #expect(project.files(suffix: ".partial") == [])
    }

    @Test("a run that goes on can be looked at, and one that was killed says so")
    func killed() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try ProjectDirectory(
            barsDatafile(.directory(archive.path), rules: CommandRecipeScenarios.rules))
        // Waits until somebody writes to the pipe, which nobody does.
        try project.write("exec cat gate\n", to: "join.sh")
        #expect(unsafe mkfifo(project.path("gate"), 0o600) == 0)
        let program = try project.start(["build", "-j", "1"])
        let isUnderWay = try eventually {
            let output = try project.datamake("log", "what-ran", "--json")
            return output.status == 0 && output.standardOutput.contains(#""kind":"clean""#)
        }
        #expect(isUnderWay, "\(program.standardError)")
        #expect(try runs(project).map(\.outcome) == ["running"])
        #expect(try project.datamake("graph", bars("AAA", "2024-01-01")).status == 0)
        #expect(try project.datamake("log", "critical-path").status == 0)
        #expect(try project.datamake("log", "trace").status == 0)
        program.signal(SIGKILL)
        _ = program.finish()
        let found = try runs(project)
        #expect(found.map(\.outcome) == ["killed"])
        #expect(found.first?.seconds == nil)
        try project.write(CommandRecipeScenarios.script, to: "join.sh")
        #expect(try project.build().status == 0)
        #expect(try runs(project).map(\.outcome) == ["done", "killed"])
    }

    @Test("an interrupted run is cancelled, and so are the jobs that it broke off")
    func cancelled() throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        let project = try ProjectDirectory(
            barsDatafile(.directory(archive.path), rules: CommandRecipeScenarios.rules))
        try project.write("touch started; exec cat gate\n", to: "join.sh")
        #expect(unsafe mkfifo(project.path("gate"), 0o600) == 0)
        let program = try project.start(["build"])
        #expect(eventually { project.exists("started") })
        kill(program.processIdentifier, SIGINT)
        #expect(program.finish().status == 128 + SIGINT)
        #expect(try runs(project).map(\.outcome) == ["cancelled"])
        let command = try #require(try events(project, of: "last").first { $0.kind == "command" })
        #expect(command.outcome == "cancelled")
        #expect(try project.datamake("log", "what-failed").standardOutput == "")
    }
}
