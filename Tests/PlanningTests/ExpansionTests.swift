import Bytes
import Columns
import Files
import Graph
import Planning
import TestSupport
import Testing

/// A project over one source `s` with the given rules, and the objects it lists.
struct World {
    var rules: [Rule]
    var keys: [String]
    var localFiles: [String] = []

    static func rule(
        _ name: String, from: [String], to: String, constraints: [String: Constraint] = [:],
        recipe: Recipe = .clean(Table(name: "t", columns: [TableColumn(name: "a", type: .int64)]))
    ) throws -> Rule {
        Rule(
            name: name,
            inputs: try from.map { text in
                text.hasPrefix("s:")
                    ? InputPattern(source: "s", pattern: try Pattern(parsing: String(text.dropFirst(2))))
                    : InputPattern(source: nil, pattern: try Pattern(parsing: text))
            }, constraints: constraints, output: try Pattern(parsing: to), recipe: recipe,
            location: SourceLocation(file: "Datafile", line: 1, column: 1))
    }

    var project: Project {
        Project(
            sources: [Source(name: "s", location: .s3(list: "http://x/b", get: "http://x/b"), mirror: "raw")],
            rules: rules)
    }

    func object(_ key: String, etag: String = "e1") -> RemoteObject {
        RemoteObject(key: key, etag: etag, byteCount: 10, lastModified: "")
    }

    func graph(etag: (String) -> String = { _ in "e1" }) -> BuildGraph {
        expand(
            project,
            offerings: Offerings(
                objects: ["s": ObjectList(keys.map { object($0, etag: etag($0)) })],
                localFiles: ObjectList(
                    localFiles.map {
                        RemoteObject(
                            key: $0, etag: "", byteCount: 1, lastModified: "",
                            stamp: Stamp(byteCount: 1, modified: 1, changed: 1, inode: 1))
                    })),
            isMirrorable: { key in
                !(0..<max(0, key.count - 1)).contains { key[$0] == 0x2E && key[$0 + 1] == 0x2E }
            })
    }
}

extension BuildGraph {
    var actions: [Action] { actionIDs.map { self[$0] } }
    var raws: [RawNode] { rawIDs.map { self[$0] } }
}

@Suite struct ExpansionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var from: [String]
        var to: String
        var constraints: [String: Constraint] = [:]
        var keys: [String]
        /// Output -> input names in reading order.
        var expected: [String: [String]]
    }

    static let cases = [
        Case(
            testDescription: "daily zips of one month make one partition, in order of day",
            from: ["s:d/{symbol}-{date:day}.zip"], to: "lake/{symbol}/{date.month}.parquet",
            keys: ["d/B-2020-01-02.zip", "d/B-2020-01-01.zip", "d/A-2020-02-01.zip", "d/other.txt"],
            expected: [
                "lake/B/2020-01.parquet": ["s:d/B-2020-01-01.zip", "s:d/B-2020-01-02.zip"],
                "lake/A/2020-02.parquet": ["s:d/A-2020-02-01.zip"],
            ]),
        Case(
            testDescription: "monthly first: daily files only for days it does not cover",
            from: ["s:m/{symbol}-{date:month}.zip", "s:d/{symbol}-{date:day}.zip"],
            to: "lake/{symbol}/{date.year}.parquet",
            keys: ["m/A-2020-01.zip", "d/A-2020-01-05.zip", "d/A-2020-02-01.zip", "d/B-2020-01-05.zip"],
            expected: [
                "lake/A/2020.parquet": ["s:m/A-2020-01.zip", "s:d/A-2020-02-01.zip"],
                "lake/B/2020.parquet": ["s:d/B-2020-01-05.zip"],
            ]),
        Case(
            testDescription: "daily first: the monthly file only where a day is missing",
            from: ["s:d/{date:day}.zip", "s:m/{date:month}.zip"], to: "lake/{date.month}.parquet",
            keys: (1...29).map { "d/2020-02-\($0 < 10 ? "0" : "")\($0).zip" } + [
                "m/2020-02.zip", "m/2020-03.zip",
            ],
            expected: [
                "lake/2020-02.parquet": (1...29).map { "s:d/2020-02-\($0 < 10 ? "0" : "")\($0).zip" },
                "lake/2020-03.parquet": ["s:m/2020-03.zip"],
            ]),
        Case(
            testDescription:
                "a monthly file that is needed for one day is read before that month's later days",
            from: ["s:d/{date:day}.zip", "s:m/{date:month}.zip"], to: "lake/{date.month}.parquet",
            keys: ["d/2020-03-01.zip", "m/2020-03.zip"],
            expected: ["lake/2020-03.parquet": ["s:d/2020-03-01.zip", "s:m/2020-03.zip"]]),
        Case(
            testDescription: "where narrows by glob, exclude and range",
            from: ["s:d/{symbol}-{date:day}.zip"],
            to: "lake/{symbol}/{date}.parquet",
            constraints: [
                "symbol": .globs(includes: ["A*"], excludes: ["AX"]),
                "date": .days(start: DayRange(text: "2020-01-02", kind: .day)!.start, end: nil),
            ],
            keys: ["d/A-2020-01-01.zip", "d/A-2020-01-02.zip", "d/AX-2020-01-02.zip", "d/B-2020-01-02.zip"],
            expected: ["lake/A/2020-01-02.parquet": ["s:d/A-2020-01-02.zip"]]),
        Case(
            testDescription: "a key that cannot be a path is left out", from: ["s:d/{x}.zip"],
            to: "lake/{x}.parquet",
            keys: ["d/a.zip", "d/...zip"], expected: ["lake/a.parquet": ["s:d/a.zip"]]),
        Case(
            testDescription: "a repeated wildcard must agree", from: ["s:d/{x}/{x}.zip"],
            to: "lake/{x}.parquet",
            keys: ["d/a/a.zip", "d/a/b.zip"], expected: ["lake/a.parquet": ["s:d/a/a.zip"]]),
    ]

    @Test("expands", arguments: cases) func expands(_ c: Case) throws {
        let world = World(
            rules: [try World.rule("r", from: c.from, to: c.to, constraints: c.constraints)], keys: c.keys)
        let graph = world.graph()
        let made = Dictionary(uniqueKeysWithValues: graph.actions.map { ($0.output, $0.inputs.map(\.name)) })
        #expect(made == c.expected)
        #expect(graph.conflicts.isEmpty)
        #expect(Set(graph.raws.map(\.name)) == Set(c.expected.values.joined()))
    }

    /// A rule with one pattern goes the short way where keys come in order, and one with two never does: a second pattern that
    /// matches nothing must change nothing.
    @Test("one pattern makes what it makes beside one that matches nothing", arguments: 0..<40)
    func shortWay(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
        let shapes = [
            ("{symbol}/{date:day}.zip", "{symbol}/{date}"),
            ("{symbol}/{date:day}.zip", "{symbol}/{date.month}"),
            ("{symbol}/{date:day}.zip", "{date.month}"), ("{symbol}/{date:day}.zip", "{date}/{symbol}"),
            ("{date:day}/{symbol}.zip", "{symbol}"),
            ("{symbol}-{interval}/{date:day}.zip", "{symbol}/{date.year}"),
            ("{symbol}-{interval}/{date:day}.zip", "{symbol}/{date}"), ("{name}.zip", "{name}"),
        ]
        var keys = Set<String>()
        for _ in 0..<number(0...300) {
            let symbol = ["A", "B", "AB", "B-", "Ä", ".."][number(0...5)]
            let date = "2020-\(["01", "02", "12"][number(0...2)])-0\(number(1...4))"
            let shape = [
                "\(symbol)/\(date)", "\(date)/\(symbol)", "\(symbol)-1m/\(date)", "\(symbol)-1h/\(date)",
            ]
            keys.insert("\(["a/", "b/"][number(0...1)])\(shape[number(0...3)]).zip")
        }
        let rules = ["a", "b"].map { directory in
            let (from, to) = shapes[number(0...shapes.count - 1)]
            return (from: "s:\(directory)/\(from)", to: "lake/\(to).parquet")
        }
        func graph(besides others: [String]) throws -> BuildGraph {
            World(
                rules: try rules.enumerated().map { index, rule in
                    try World.rule("r\(index)", from: [rule.from] + others, to: rule.to)
                }, keys: keys.sorted { $0.precedesInBytes($1) }
            ).graph()
        }
        let short = try graph(besides: [])
        let long = try graph(besides: ["s:nothing/{symbol}/{name}/{date:day}/{interval}.zip"])
        #expect(short.actions == long.actions, "seed \(seed)")
        #expect(short.raws.map(\.name) == long.raws.map(\.name), "seed \(seed)")
        #expect(short.actionsOfRules == long.actionsOfRules, "seed \(seed)")
        #expect(short.conflicts == long.conflicts, "seed \(seed)")
    }

    @Test func rulesFeedRulesWhateverTheirOrder() throws {
        let run = Recipe.run(Command(text: "x", arguments: ["x"]))
        let world = World(
            rules: [
                try World.rule(
                    "bars", from: ["lake/{d:month}.parquet"], to: "bars/{d.year}.parquet", recipe: run),
                try World.rule("clean", from: ["s:d/{d:month}.zip"], to: "lake/{d}.parquet"),
            ], keys: ["d/2020-01.zip", "d/2020-02.zip"],
            localFiles: ["lake/2020-01.parquet", "lake/2019-12.parquet"])
        let graph = world.graph()
        #expect(
            graph.actions.map(\.output) == [
                "lake/2020-01.parquet", "lake/2020-02.parquet", "bars/2019.parquet", "bars/2020.parquet",
            ])
        #expect(
            graph.actions[3].inputs.map(\.origin) == [
                .output(path: "lake/2020-01.parquet"), .output(path: "lake/2020-02.parquet"),
            ])
        #expect(graph.actions[2].inputs.map(\.origin) == [.local(path: "lake/2019-12.parquet")])
    }

    @Test func twoRulesForOnePathAreAConflict() throws {
        let world = World(
            rules: [
                try World.rule("one", from: ["s:a/{x}.zip"], to: "lake/{x}.parquet"),
                try World.rule("two", from: ["s:b/{x}.zip"], to: "lake/{x}.parquet"),
            ], keys: ["a/k.zip", "b/k.zip"])
        let graph = world.graph()
        #expect(graph.actions.count == 1)
        #expect(
            graph.conflicts == [
                GraphConflict(output: "lake/k.parquet", message: "made by two rules, 'one' and 'two'")
            ])
    }
}
