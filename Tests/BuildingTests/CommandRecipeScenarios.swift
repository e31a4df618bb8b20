import Foundation
import TestSupport
import Testing

/// Rules whose recipe is a command.
@Suite struct CommandRecipeScenarios {
    /// Concatenates, over all symbols of a day, the cleaned files' digests.
    static let rules = """
          joined:
            from: lake/bars/symbol={symbol}/{date:day}.parquet
            to: lake/joined/{date}.txt
            run: sh join.sh {output} {input}
        """
    static let script = """
        out=$1; shift
        echo run >> runs.log
        for file; do echo "$file"; done > "$out"
        """

    func project(_ archive: Archive, rules: String = rules, script: String = script) throws
        -> ProjectDirectory
    {
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path), rules: rules))
        try project.write(script, to: "join.sh")
        return project
    }

    @Test("a command gets its inputs in order and makes the output")
    func chain() throws {
        let archive = try Archive(symbols: ["BBB", "AAA", "CCC"], days: 2)
        let project = try project(archive)
        #expect(try project.build().counts == BuildCounts(considered: 8, built: 8))
        #expect(
            try project.text("lake/joined/2024-01-02.txt")
                == ["AAA", "BBB", "CCC"].map { bars($0, "2024-01-02") + "\n" }.joined())
        #expect(try project.text("runs.log") == "run\nrun\n")
        #expect(try project.build().counts == BuildCounts(considered: 8, fresh: 8))

        // One more input for one of them.
        try archive.putDay("DDD", "2024-01-02")
        #expect(try project.build().counts == BuildCounts(considered: 9, fresh: 7, built: 2))
        #expect(try project.text("runs.log") == "run\nrun\nrun\n")
    }

    @Test("a consumer stays fresh when its input is written anew with equal values")
    func equalValues() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try project(archive)
        _ = try project.build()
        let before = try project.contents(of: "lake/bars")
        let touches = FileTouch.of(project.files(in: "lake/joined"), in: project)
        try project.edit("    sort: time", to: "    parquet: {compression: none}\n    sort: time")
        let outcome = try project.build()
        #expect(outcome.status == 0)
        #expect(outcome.counts.built == 2)
        #expect(outcome.counts.unchanged + outcome.counts.fresh == 2)
        #expect(try project.contents(of: "lake/bars") != before)
        #expect(FileTouch.of(project.files(in: "lake/joined"), in: project) == touches)
        #expect(try project.text("runs.log") == "run\nrun\n")
        #expect(try project.build().counts == BuildCounts(considered: 4, fresh: 4))

        // Other values reach it.
        try archive.put(Archive.csv("AAA", "2024-01-02", rows: 12), at: Archive.key("AAA", "2024-01-02"))
        #expect(try project.build().counts == BuildCounts(considered: 4, fresh: 2, built: 1, unchanged: 1))
        #expect(try project.text("runs.log") == "run\nrun\nrun\n")
    }

    @Test("an edited command runs again; what it reads does not")
    func editedCommand() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try project(archive)
        _ = try project.build()
        try project.edit("sh join.sh {output} {input}", to: "sh ./join.sh {output} {input}")
        // It runs, and writes what is there already.
        #expect(try project.build().counts == BuildCounts(considered: 4, fresh: 2, unchanged: 2))
        #expect(try project.text("runs.log") == "run\nrun\nrun\nrun\n")
    }

    @Test("a failing command fails its target with what it said, and the rest goes on")
    func failingCommand() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try project(archive)
        try project.write(
            """
            case "$1" in *2024-01-01*) echo 'no luck today' >&2; echo half > "$1"; exit 3;; esac
            echo fine > "$1"
            """, to: "join.sh")
        let outcome = try project.build()
        #expect(outcome.status == 1)
        #expect(outcome.counts == BuildCounts(considered: 4, built: 3, failed: 1))
        let failure = try #require(outcome.failures.first)
        #expect(failure.target == "lake/joined/2024-01-01.txt")
        #expect(failure.category == "recipe")
        #expect(failure.message.contains("no luck today"))
        #expect(failure.message.contains("3"))
        #expect(project.files(in: "lake/joined") == ["lake/joined/2024-01-02.txt"])
        #expect(project.files(in: ".datamake/work") == [])

        // Commands are tried again: what made them fail need not be in the recipe.
        try project.write("echo fine > \"$1\"\n", to: "join.sh")
        #expect(try project.build().counts == BuildCounts(considered: 4, fresh: 3, built: 1))
    }

    @Test(
        "a command that writes nothing, dies or does not exist fails its target",
        arguments: ["nothing", "signal", "missing"])
    func brokenCommand(_ kind: String) throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        let project = try project(archive)
        switch kind {
        case "nothing": try project.write("exit 0\n", to: "join.sh")
        case "signal": try project.write("echo partly > \"$1\"; kill -9 $$\n", to: "join.sh")
        default: try project.edit("sh join.sh", to: "no-such-program-here")
        }
        let outcome = try project.build()
        #expect(outcome.status == 1)
        #expect(outcome.counts == BuildCounts(considered: 2, built: 1, failed: 1))
        #expect(outcome.failures.map(\.category) == ["recipe"])
        #expect(outcome.failures.first?.target == "lake/joined/2024-01-01.txt")
        #expect(!project.exists("lake/joined/2024-01-01.txt"))
    }

    @Test("a command whose output is the same again does not wake its consumers")
    func sameOutput() throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        let project = try project(
            archive,
            rules: Self.rules + "\n" + """
                  counted:
                    from: lake/joined/{date:day}.txt
                    to: lake/counted/{date}.txt
                    run: sh count.sh {input} {output}
                """)
        try project.write("echo counted >> runs.log\nwc -l < \"$1\" > \"$2\"\n", to: "count.sh")
        #expect(try project.build().counts == BuildCounts(considered: 3, built: 3))
        #expect(try project.text("runs.log") == "run\ncounted\n")
        // The list of names is the same; the values are not.
        try archive.put(Archive.csv("AAA", "2024-01-01", rows: 5), at: Archive.key("AAA", "2024-01-01"))
        let outcome = try project.build()
        #expect(outcome.counts == BuildCounts(considered: 3, built: 1, unchanged: 2))
        #expect(try project.text("runs.log") == "run\ncounted\nrun\n")
    }

    @Test("a failed input takes its consumers along, once, and they heal together")
    func failedInput() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 1)
        try archive.write(Data("no zip".utf8), at: Archive.key("BBB", "2024-01-01"))
        let project = try project(archive)
        let outcome = try project.build()
        #expect(outcome.status == 1)
        #expect(outcome.counts == BuildCounts(considered: 3, built: 1, failed: 2))
        #expect(!project.exists("lake/joined/2024-01-01.txt"))
        try archive.putDay("BBB", "2024-01-01")
        #expect(try project.build().counts == BuildCounts(considered: 3, fresh: 1, built: 2))
    }
}
