import Building
import Foundation
import TestSupport
import Testing

/// How graphs are written for those who draw them.
@Suite struct DependencyGraphTests {
    static let names = [
        "plain", "a/b=c-d_e.parquet", #"quo"te"#, #"back\slash\n\l"#, "new\nline", "tab\t\u{1}\u{202E}",
        "größe-数据",
        "a&amp;b&lt;c", "<b>bold</b>", "{date:day}", "a|b[c](d)", "#35; #quot;", "%%{init: {}}%%",
        "`markdown`",
        "1. list", "- list", "style a:b #c;", "$$x$$", "end", "graph", ";", "'", "~", "^", "a;b#c",
    ]

    /// Two nodes and an arrow for each name.
    private func graph(_ names: [String]) -> DependencyGraph {
        var graph = DependencyGraph()
        for name in names {
            graph.nodes.append(.init(id: name, kind: .partition, name: name, state: "fresh"))
            graph.nodes.append(.init(id: name + " raw", kind: .raw, name: name, detail: name))
            graph.edges.append(.init(from: name + " raw", to: name, label: name))
        }
        return graph
    }

    private let small = DependencyGraph(
        nodes: [
            .init(id: "a", kind: .partition, name: #"lake/"a".parquet"#, rule: "bars", state: "stale"),
            .init(id: "b", kind: .raw, name: "raw/b", state: "fresh", detail: "s:b"),
            .init(id: "c", kind: .source, name: "s", detail: "http://x"),
            .init(id: "d", kind: .files, name: "in/*.csv"), .init(id: "e", kind: .rule, name: "bars"),
            .init(id: "f", kind: .output, name: "lake/{x}"),
            .init(id: "g", kind: .remote, name: "s:b", state: "failed"),
        ],
        edges: [
            .init(from: "b", to: "a"), .init(from: "c", to: "e", label: "k/{x}"),
            .init(from: "e", to: "f"), .init(from: "gone", to: "a"),
        ])

    @Test("DOT as it should be") func dot() {
        #expect(
            small.dot == #"""
                digraph datamake {
                    rankdir=LR;
                    node [shape=box, style=filled, fillcolor="#ffffff", fontname="sans-serif"];
                    edge [fontname="sans-serif"];
                    n0 [label="lake/\"a\".parquet\npartition of bars, stale", shape=note, fillcolor="#fff59d"];
                    n1 [label="raw/b\ns:b\nraw, fresh", shape=box, fillcolor="#c8e6c9"];
                    n2 [label="s\nhttp://x", shape=cylinder];
                    n3 [label="in/*.csv", shape=folder];
                    n4 [label="bars", shape=box];
                    n5 [label="lake/{x}", shape=note];
                    n6 [label="s:b\nremote, failed", shape=box, fillcolor="#ef9a9a"];
                    n1 -> n0;
                    n2 -> n4 [label="k/{x}"];
                    n4 -> n5;
                }

                """#)
    }

    @Test("Mermaid as it should be") func mermaid() {
        #expect(
            small.mermaid == #"""
                flowchart LR
                    n0(["lake/#34;a#34;.parquet<br/>partition of bars, stale"]):::stale
                    n1["raw/b<br/>s#58;b<br/>raw, fresh"]:::fresh
                    n2[("s<br/>http#58;//x")]
                    n3(["in/*.csv"])
                    n4["bars"]
                    n5(["lake/{x}"])
                    n6["s#58;b<br/>remote, failed"]:::failed
                    n1 --> n0
                    n2 -->|"k/{x}"| n4
                    n4 --> n5
                    classDef failed fill:#ef9a9a,color:#000000
                    classDef fresh fill:#c8e6c9,color:#000000
                    classDef stale fill:#fff59d,color:#000000

                """#)
    }

    @Test("Graphviz shows every name as it is", .enabled(if: Peer.graphviz != nil, "needs Graphviz"))
    func graphviz() throws {
        let scratch = try TemporaryDirectory()
        try scratch.write(graph(Self.names).dot, to: "graph.dot")
        let output = try Peer.run(try #require(Peer.graphviz), ["-Tsvg", scratch.path("graph.dot")])
        try #require(output.status == 0, "\(output.standardError)")
        #expect(output.standardError == "")
        var shown = [String: Int]()
        for match in output.standardOutput.matches(of: #/<text[^>]*>([^<]*)<\/text>/#) {
            shown[unescapedXML(String(match.1)), default: 0] += 1
        }
        for name in Self.names {
            // As the partition, as the raw and its detail, and on the arrow.
            #expect(shown[visible(name)] == 4, "\(name)")
        }
    }

    /// The lines of a flowchart as `mermaid` writes them; a quoted text ends at the next quote, whatever is in it.
    @Test("Mermaid's lines are what the syntax has, and hold every name") func mermaidSyntax() throws {
        var texts = [String: Int]()
        let lines = graph(Self.names).mermaid.split(separator: "\n")
        #expect(lines.first == "flowchart LR")
        for line in lines.dropFirst() {
            let quoted: [Substring]
            if let match = line.wholeMatch(of: #/    n\d+(?:\(\["([^"]*)"\]\)|\["([^"]*)"\])(?::::[a-z]+)?/#)
            {
                quoted = [match.1 ?? match.2 ?? ""]
            } else if let match = line.wholeMatch(of: #/    n\d+ -->\|"([^"]*)"\| n\d+/#) {
                quoted = [match.1]
            } else {
                #expect(
                    line.wholeMatch(of: #/    classDef [a-z]+ fill:#[0-9a-f]{6},color:#000000/#) != nil,
                    "\(line)")
                continue
            }
            for text in quoted {
                for part in text.split(separator: "<br/>", omittingEmptySubsequences: false) {
                    // Nothing is left that a pass of Mermaid's could take for more than text.
                    #expect(
                        part.replacing(#/#\d+;/#, with: "").firstMatch(of: #/["#;:%<>&`$|\\\[\]~^]/#) == nil,
                        "\(part)")
                    #expect(part.firstMatch(of: #/^([0-9]+\.|[-+*]) /#) == nil, "\(part)")
                    let name = part.replacing(#/#(\d+);/#) { match in
                        String(UnicodeScalar(UInt32(match.1) ?? 0).map(Character.init) ?? "?")
                    }
                    texts[String(name), default: 0] += 1
                }
            }
        }
        for name in Self.names { #expect(texts[visible(name)] == 4, "\(name)") }
    }

    @Test("a graph that is too large says what it leaves out") func cut() {
        var graph = DependencyGraph(nodes: [.init(id: "a", kind: .partition, name: "a")])
        for number in 1...9 {
            graph.nodes.append(.init(id: "i\(number)", kind: .raw, name: "i\(number)"))
            graph.edges.append(.init(from: "i\(number)", to: "a"))
        }
        graph.nodes.append(.init(id: "c", kind: .partition, name: "c"))
        graph.edges.append(.init(from: "i1", to: "c"))
        #expect(graph.cut(to: 11) == graph)
        let cut = graph.cut(to: 4)
        #expect(
            cut.nodes.map(\.name) == [
                "a", "i1", "i2", "i3", "… and 6 more inputs", "… and 1 more made from it",
            ])
        #expect(cut.edges.count == 5)
        #expect(cut.dot.contains("… and 6 more inputs"))
        #expect(graph.cut(to: 9).nodes.map(\.name).contains("… and 1 more input"))
    }

    /// What is left of a name once what could steer a terminal is made visible.
    private func visible(_ name: String) -> String {
        name.replacing("\n", with: #"\n"#).replacing("\t", with: #"\t"#).replacing("\u{1}", with: #"\u{1}"#)
            .replacing("\u{202E}", with: #"\u{202e}"#)
    }

    private func unescapedXML(_ text: String) -> String {
        var text = text.replacing(#/&#(\d+);/#) { match in
            String(UnicodeScalar(UInt32(match.1) ?? 0).map(Character.init) ?? "?")
        }
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#45;", "-"), ("\u{A0}", " "), ("&amp;", "&"),
        ] { text = text.replacing(entity, with: character) }
        return text
    }
}
