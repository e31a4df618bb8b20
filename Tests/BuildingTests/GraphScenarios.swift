import Foundation
import TestSupport
import Testing

/// What is made from what, as `graph` shows it.
@Suite struct GraphScenarios {
    struct Shown: Decodable {
        struct Node: Decodable {
            var id: String, kind: String, name: String
            var rule: String?, state: String?, detail: String?
        }
        struct Edge: Decodable, Hashable {
            var from: String, to: String
            var label: String?
        }
        var nodes: [Node], edges: [Edge]

        func state(_ name: String) -> String? { nodes.first { $0.id == name }?.state }
    }

    private func shown(_ project: ProjectDirectory, _ arguments: String...) throws -> Shown {
        try project.decode(try project.datamake(["graph"] + arguments + ["--json"]))
    }

    @Test("the rules of a Datafile are shown before anything is listed or built")
    func rules() throws {
        let project = try ProjectDirectory(
            barsDatafile(
                .bucket("http://127.0.0.1:1/bucket"),
                rules: CommandRecipeScenarios.rules + """

                      counted:
                        from: ["lake/joined/{date:day}.txt", "extra/{date:day}.csv"]
                        to: lake/counted/{date}.txt
                        run: cp {input} {output}
                    """))
        let graph = try shown(project)
        #expect(
            graph.nodes.map(\.id) == [
                "source archive", "rule bars", "output bars", "rule joined", "output joined", "rule counted",
                "output counted", "files extra/{date:day}.csv",
            ])
        #expect(
            graph.nodes[1].detail == "table bar" && graph.nodes[3].detail == "run sh join.sh {output} {input}"
        )
        #expect(graph.nodes[2].name == "lake/bars/symbol={symbol}/{date}.parquet")
        #expect(
            Set(graph.edges) == [
                .init(
                    from: "source archive", to: "rule bars", label: "data/{symbol}/{symbol}-{date:day}.zip"),
                .init(from: "rule bars", to: "output bars"),
                .init(
                    from: "output bars", to: "rule joined",
                    label: "lake/bars/symbol={symbol}/{date:day}.parquet"),
                .init(from: "rule joined", to: "output joined"),
                .init(from: "output joined", to: "rule counted", label: "lake/joined/{date:day}.txt"),
                .init(from: "files extra/{date:day}.csv", to: "rule counted"),
                .init(from: "rule counted", to: "output counted"),
            ])
        #expect(try project.datamake("graph").standardOutput.hasPrefix("digraph datamake {\n"))
        #expect(
            try project.datamake("graph", "--format", "mermaid").standardOutput.hasPrefix("flowchart LR\n"))
        #expect(project.files() == ["Datafile"])

        let unlisted = try project.datamake("graph", bars("AAA", "2024-01-01"))
        #expect(unlisted.status == 2)
        #expect(unlisted.standardError.contains("nothing is listed yet"))
        #expect(project.files() == ["Datafile"])
        for wrong in [
            ["--up"], ["--depth", "1"], ["x", "--depth", "-1"], ["--format", "svg"],
            ["--json", "--format", "dot"],
        ] {
            #expect(try project.datamake(["graph"] + wrong).status == 2, "\(wrong)")
        }
    }

    @Test("one target, up and down, with states", arguments: FreshnessScenarios.Kind.allCases)
    func target(_ kind: FreshnessScenarios.Kind) throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 2)
        let origin = kind == .bucket ? try Origin(archive.path) : nil
        let project = try ProjectDirectory(
            barsDatafile(
                origin.map { .bucket($0.url) } ?? .directory(archive.path),
                rules: CommandRecipeScenarios.rules))
        try project.write(CommandRecipeScenarios.script, to: "join.sh")
        _ = try project.build()
        let day = "2024-01-02"
        func raw(_ symbol: String) -> String {
            (kind == .bucket ? "raw/archive/" : "archive:") + Archive.key(symbol, day)
        }
        let joined = "lake/joined/\(day).txt"

        let all = try shown(project, bars("AAA", day))
        #expect(all.nodes.map(\.id) == [bars("AAA", day), raw("AAA"), joined])
        #expect(all.nodes.map(\.kind) == ["partition", kind == .bucket ? "raw" : "remote", "partition"])
        #expect(all.nodes.map(\.rule) == ["bars", nil, "joined"])
        #expect(all.nodes.allSatisfy { $0.state == "fresh" })
        #expect(all.nodes[1].detail == (kind == .bucket ? "archive:" + Archive.key("AAA", day) : nil))
        #expect(
            all.edges == [
                .init(from: raw("AAA"), to: bars("AAA", day)), .init(from: bars("AAA", day), to: joined),
            ])

        #expect(try shown(project, bars("AAA", day), "--up").nodes.count == 2)
        #expect(try shown(project, bars("AAA", day), "--down").nodes.map(\.id) == [bars("AAA", day), joined])
        #expect(try shown(project, bars("AAA", day), "--depth", "0").nodes.count == 1)
        let last = try shown(project, joined)
        #expect(last.nodes.map(\.id) == [joined, bars("AAA", day), bars("BBB", day), raw("AAA"), raw("BBB")])
        #expect(try shown(project, joined, "--depth", "1").nodes.count == 3)
        for name in [raw("AAA"), "archive:" + Archive.key("AAA", day)] {
            #expect(
                try shown(project, name).nodes.map(\.id) == [raw("AAA"), bars("AAA", day), joined], "\(name)")
        }
        #expect(try shown(project, project.path(joined)).nodes.first?.id == joined, "as a shell completes it")
        let both = try shown(project, "lake/bars/**", "--up")
        #expect(both.nodes.count == 8 && both.edges.count == 4)

        // The same answer from the little that is read for one output, and with everything read.
        try FileManager.default.removeItem(atPath: project.path(bars("BBB", day)))
        try project.edit("sh join.sh {output} {input}", to: "sh ./join.sh {output} {input}")
        let changed = try shown(project, joined)
        #expect(changed.state(joined) == "stale")
        #expect(changed.state(bars("BBB", day)) == "missing")
        #expect(changed.state(bars("AAA", day)) == "fresh")
        let dot = try project.datamake("graph", joined).standardOutput
        #expect(dot.contains("partition of joined, stale\", shape=note, fillcolor=\"#fff59d\""))
        let mermaid = try project.datamake("graph", joined, "--format", "mermaid").standardOutput
        #expect(mermaid.contains(":::missing\n") && mermaid.contains("    classDef missing "))

        let unknown = try project.datamake("graph", "lake/joinde/\(day).txt")
        #expect(unknown.status == 2)
        #expect(unknown.standardError.contains("did you mean '\(joined)'?"))
    }

    @Test("the little that is read for one name shows what everything does")
    func small() throws {
        let archive = try Archive(symbols: ["AAA", "BBB"], days: 3)
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        try project.edit("{date}.parquet", to: "{date.month}.parquet")
        _ = try project.build()
        try FileManager.default.removeItem(
            atPath: project.path("raw/archive/" + Archive.key("AAA", "2024-01-03")))
        let output = "lake/bars/symbol=AAA/2024-01.parquet"
        let key = Archive.key("AAA", "2024-01-02")
        // A name with braces is a glob, for which everything is read.
        for (name, glob) in [
            (output, "lake/bars/symbol={AAA,x}/2024-01.parquet"),
            ("raw/archive/" + key, "raw/archive/data/{AAA,x}/AAA-2024-01-02.zip"),
            ("archive:" + key, "archive:data/{AAA,x}/AAA-2024-01-02.zip"),
        ] {
            for direction in [[], ["--up"], ["--down"]] {
                let little = try project.datamake(["graph", name, "--json"] + direction)
                #expect(little.status == 0)
                #expect(
                    little.standardOutput
                        == (try project.datamake(["graph", glob, "--json"] + direction)).standardOutput,
                    "\(name) \(direction)")
            }
        }
        let graph = try shown(project, "archive:" + key)
        #expect(graph.nodes.map(\.id) == ["raw/archive/" + key, output])
        #expect(graph.state(output) == "fresh", "its inputs are known, though one's copy is gone")
        #expect(try shown(project, output).nodes.map(\.state) == ["fresh", "fresh", "fresh", "missing"])
    }

    @Test("a target that no rule makes any more is said to be so")
    func gone() throws {
        let archive = try Archive(symbols: ["AAA"], days: 2)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        _ = try project.build()
        try archive.remove(Archive.key("AAA", "2024-01-02"))
        let gone = try project.datamake("graph", bars("AAA", "2024-01-02"))
        #expect(gone.status == 1 && gone.standardOutput == "")
        #expect(gone.standardError.contains("no rule makes it any more"))
    }

    @Test("a failed download is shown, and what it keeps back")
    func failed() throws {
        let archive = try Archive(symbols: ["AAA"], days: 1)
        try archive.write(Data("0000\n".utf8), at: Archive.key("AAA", "2024-01-01") + ".CHECKSUM")
        let origin = try Origin(archive.path)
        let project = try ProjectDirectory(barsDatafile(.bucket(origin.url)))
        #expect(try project.build().status == 1)
        let graph = try shown(project, bars("AAA", "2024-01-01"))
        #expect(graph.nodes.map(\.state) == ["quarantined", "quarantined"])
    }

    @Test("many inputs are cut with a note, and never in JSON")
    func large() throws {
        let archive = try Archive()
        let count = 600
        for number in 0..<count {
            try archive.write(Data("x".utf8), at: "data/S\(number)/S\(number)-2024-01-01.zip")
        }
        let project = try ProjectDirectory(
            barsDatafile(.directory(archive.path), rules: CommandRecipeScenarios.rules))
        let joined = "lake/joined/2024-01-01.txt"
        let json = try shown(project, joined)
        #expect(json.nodes.count == 1 + 2 * count && json.edges.count == 2 * count)
        func arrows(_ text: String, _ arrow: String) -> Int {
            text.split(separator: "\n").count { $0.contains(arrow) }
        }
        let dot = try project.datamake("graph", joined)
        #expect(dot.standardError.contains("500 of 1,201 targets are drawn; --all"))
        #expect(dot.standardOutput.contains("… and 101 more inputs"))
        #expect(arrows(dot.standardOutput, " -> ") < 1_000)
        let mermaid = try project.datamake("graph", joined, "--format", "mermaid")
        #expect(mermaid.standardOutput.contains("… and 401 more inputs"))
        #expect(arrows(mermaid.standardOutput, " -->") <= 500 && mermaid.standardOutput.count <= 50_000)
        let all = try project.datamake("graph", joined, "--all")
        #expect(all.standardError == "" && arrows(all.standardOutput, " -> ") == 2 * count)
        let near = try project.datamake("graph", joined, "--depth", "0")
        #expect(near.standardError == "" && arrows(near.standardOutput, " -> ") == 0)
    }

    @Test(
        "odd names come through every format",
        arguments: [#"quo"te"#, "größe-数据", "a#35;b", #"back\slash"#, "new\nline"])
    func oddNames(_ symbol: String) throws {
        let archive = try Archive(symbols: [symbol], days: 1)
        let project = try ProjectDirectory(barsDatafile(.directory(archive.path)))
        let name = bars(symbol, "2024-01-01")
        let graph = try shown(project, name)
        #expect(graph.nodes.map(\.id) == [name, "archive:" + Archive.key(symbol, "2024-01-01")])
        #expect(try project.datamake("graph", name, "--format", "mermaid").status == 0)
        let dot = try project.datamake("graph", name)
        #expect(dot.status == 0)
        if let graphviz = Peer.graphviz {
            try project.write(dot.standardOutput, to: "graph.dot")
            #expect(try Peer.run(graphviz, ["-Tcanon", project.path("graph.dot")]).status == 0)
        }
    }
}
