import Foundation
import TestSupport
import Testing

/// Builds that are killed, interrupted or met by another.
@Suite(.serialized) struct CrashScenarios {
    /// What a build is compared with that nothing disturbed.
    struct Undisturbed {
        let archive: Archive
        let origin: Origin
        let golden: [String: Data]
        let duration: Duration

        init() throws {
            archive = try Archive(symbols: ["AAA", "BBB"], days: 10, rows: 200)
            origin = try Origin(archive.path)
            let project = try ProjectDirectory(Undisturbed.datafile(origin))
            let start = ContinuousClock.now
            let outcome = try project.build()
            duration = start.duration(to: .now)
            #expect(outcome.counts == BuildCounts(considered: 21, built: 21, fetched: 20), "\(outcome)")
            golden = try project.contents(of: "lake", suffix: "")
        }

        static func datafile(_ origin: Origin) -> String {
            barsDatafile(
                .bucket(origin.url),
                rules: """
                      digest:
                        from: lake/bars/symbol={symbol}/2024-01-03.parquet
                        where: {symbol: AAA}
                        to: lake/digest/{symbol}.txt
                        run: sh -c 'cksum < "$0" > "$1"' {input} {output}
                    """)
        }

        /// Whether the next build ends as if nothing had happened, and leaves nothing behind.
        func expectConvergence(_ project: ProjectDirectory, _ comment: String) throws {
            let outcome = try project.build()
            #expect(outcome.status == 0, "\(comment): \(outcome.failures) \(outcome.standardError)")
            #expect(outcome.counts.failed == 0, "\(comment)")
            let found = try project.contents(of: "lake", suffix: "")
            #expect(found.keys.sorted() == golden.keys.sorted(), "\(comment)")
            #expect(found == golden, "\(comment)")
            #expect(
                project.files().filter { $0.contains(".partial") || $0.hasSuffix(".tmp") } == [], "\(comment)"
            )
            #expect(project.files(in: ".datamake/work") == [], "\(comment)")
            #expect(
                try project.build().counts == BuildCounts(considered: 21, fresh: 21), "\(comment)")
        }
    }

    @Test("a build killed at any moment is finished by the next one, with nothing left behind")
    func killedAtRandom() throws {
        let undisturbed = try Undisturbed()
        var generator = SeededGenerator(seed: 20)
        var killedCount = 0
        for round in 0..<20 {
            let project = try ProjectDirectory(Undisturbed.datafile(undisturbed.origin))
            let share = Double.random(in: 0.02..<1, using: &generator)
            let program = try project.start(["build"])
            if round % 4 == 3 {
                // By what is there rather than by the clock.
                let wanted = Int.random(in: 1...20, using: &generator)
                #expect(
                    eventually {
                        project.files(in: "lake").count + project.files(in: "raw").count >= wanted
                            || !program.isRunning
                    })
            } else if program.waitForEnd(atMost: undisturbed.duration * share) {
                continue
            }
            program.signal(SIGKILL)
            if program.finish().status == 128 + SIGKILL { killedCount += 1 }
            try undisturbed.expectConvergence(project, "seed 20, round \(round), at \(share) of a build")
        }
        #expect(killedCount >= 10)
    }

    static let shim = Peer.samples?.deletingLastPathComponent().appending(path: "bench/kshim.c").path
    static let hasShim = shim.map { FileManager.default.fileExists(atPath: $0) } ?? false

    @Test(
        "a build killed at a call that changes the disk is finished by the next one",
        .enabled(if: hasShim, "needs the shim that kills at the n-th such call"))
    func killedAtCalls() throws {
        let tools = try TemporaryDirectory()
        let library = tools.path("kshim.so")
        let compiled = try Peer.run(
            "/usr/bin/env", ["cc", "-shared", "-fPIC", "-O1", "-o", library, try #require(Self.shim), "-ldl"])
        try #require(compiled.status == 0, "\(compiled.standardError)")
        let undisturbed = try Undisturbed()

        let counted = try ProjectDirectory(Undisturbed.datafile(undisturbed.origin))
        let output = try counted.datamake(
            ["build"], environment: ["LD_PRELOAD": library, "K_COUNT": tools.path("count")])
        #expect(output.status == 0)
        let text = String(decoding: try tools.read("count"), as: UTF8.self)
        let callCount = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(callCount > 100)

        var generator = SeededGenerator(seed: 25)
        let stepCount = 25
        for step in 0..<stepCount {
            let call =
                1 + (callCount - 1) * step / stepCount
                + Int.random(in: 0..<max(1, callCount / stepCount), using: &generator)
            let project = try ProjectDirectory(Undisturbed.datafile(undisturbed.origin))
            _ = try project.datamake(["build"], environment: ["LD_PRELOAD": library, "K_AT": "\(call)"])
            try undisturbed.expectConvergence(project, "killed at call \(call) of \(callCount)")
        }
    }

    @Test("a killed rebuild or repair of what is there is finished by the next build")
    func killedUpdate() throws {
        let undisturbed = try Undisturbed()
        let project = try ProjectDirectory(Undisturbed.datafile(undisturbed.origin))
        _ = try project.build()
        var generator = SeededGenerator(seed: 7)
        for round in 0..<4 {
            let share = Double.random(in: 0.05..<0.9, using: &generator)
            let program = try project.start(["rebuild", "**", "--refetch"])
            _ = program.waitForEnd(atMost: undisturbed.duration * share)
            program.signal(SIGKILL)
            _ = program.finish()
            try undisturbed.expectConvergence(project, "seed 7, round \(round), at \(share)")
        }
    }

    @Test(
        "an interrupted build ends within two seconds with 130, and the next one completes it",
        arguments: [SIGINT, SIGTERM])
    func interrupted(_ number: Int32) throws {
        let archive = try Archive(symbols: ["AAA"], days: 8)
        let origin = try ScriptedOrigin(try archive.objects())
        let held = Archive.key("AAA", Archive.day(5))
        origin.hold(held)
        defer { origin.release() }
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        let program = try project.start(["build", "--json"])
        #expect(
            eventually {
                origin.downloads[held] != nil && project.files(in: "lake", suffix: ".parquet").count == 7
            })
        let start = ContinuousClock.now
        kill(program.processIdentifier, number)
        let output = program.finish()
        #expect(start.duration(to: .now) < .seconds(2.2))
        #expect(output.status == 128 + number)
        origin.release()

        let next = try project.build()
        #expect(next.status == 0, "\(next.failures)")
        #expect(next.counts == BuildCounts(considered: 8, fresh: 7, built: 1, fetched: 1))
        #expect(project.files(suffix: ".partial") == [])
    }

    @Test("while one build runs, another waits or says so")
    func twoBuilds() throws {
        let archive = try Archive(symbols: ["AAA"], days: 4)
        let origin = try ScriptedOrigin(try archive.objects())
        let held = Archive.key("AAA", Archive.day(2))
        origin.hold(held)
        defer { origin.release() }
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        let first = try project.start(["build", "--json"])
        #expect(eventually { origin.downloads[held] != nil })

        let refused = try project.datamake("build", "--no-wait")
        #expect(refused.status == 75)
        #expect(refused.standardError.contains("\(first.processIdentifier)"))
        // Readers do not wait.
        #expect(try project.datamake("status", "--json").status == 0)
        #expect(try project.datamake("build", "-n").status == 0)

        let second = try project.start(["build", "--json"])
        #expect(eventually { second.standardError.contains("wait") })
        origin.release()
        #expect(
            try project.outcome(of: first.finish()).counts == BuildCounts(considered: 4, built: 4, fetched: 4)
        )
        let outcome = try project.outcome(of: second.finish())
        #expect(outcome.status == 0)
        #expect(outcome.counts == BuildCounts(considered: 4, fresh: 4))
        #expect(origin.downloads.values.allSatisfy { $0 == 1 })
    }

    @Test("a command dies with its build and never writes afterwards")
    func killedCommand() throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        let project = try ProjectDirectory(
            barsDatafile(
                .directory(archive.path),
                rules: """
                      slow:
                        from: lake/bars/symbol={symbol}/{date:day}.parquet
                        to: lake/slow/{symbol}-{date}.txt
                        run: sh slow.sh {output}
                    """))
        // Waits for a pipe nobody opens.
        #expect(try Peer.run("/usr/bin/mkfifo", ["gate"], directory: project.path).status == 0)
        try project.write("echo $$ > started\ncat gate > \"$1\"\n", to: "slow.sh")
        let program = try project.start(["build"])
        var pid: Int32?
        #expect(
            eventually {
                pid = (try? project.text("started")).flatMap {
                    Int32($0.trimmingCharacters(in: .whitespacesAndNewlines))
                }
                return pid != nil
            })
        kill(program.processIdentifier, SIGKILL)
        _ = program.finish()
        let command = try #require(pid)
        // Gone, or a zombie that waits for whoever inherited it.
        #expect(
            eventually {
                let status = (try? String(contentsOfFile: "/proc/\(command)/stat", encoding: .utf8)) ?? ") Z"
                return status.contains(") Z")
            })
        try project.write("echo done > \"$1\"\n", to: "slow.sh")
        let next = try project.build()
        #expect(next.status == 0, "\(next.failures)")
        #expect(try project.text("lake/slow/AAA-2024-01-01.txt") == "done\n")
        #expect(project.files(in: ".datamake/work") == [])
    }
}
