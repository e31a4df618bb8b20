import Bytes
import Files
import Graph
import Planning
import Testing

/// A disk that is a table.
struct TableOfFiles: FileInspecting {
    var files: [String: (content: ContentIdentity, stamp: Stamp)]

    func stamp(_ path: String) -> Stamp? { files[path]?.stamp }
    func identity(_ path: String) -> (content: ContentIdentity, stamp: Stamp)? { files[path] }
}

/// Records in dictionaries, by target name.
struct RecordsByName: RecordLookup {
    var raws: [String: RawRecord] = [:]
    var actions: [String: ActionRecord] = [:]
    var failures: [String: FailureRecord] = [:]

    func rawRecord(source: String, key: String) -> RawRecord? {
        raws[source.isEmpty ? key : "\(source):\(key)"]
    }
    func actionRecord(output: String) -> ActionRecord? { actions[output] }

    /// The same as columns.
    func table(for graph: BuildGraph) -> RecordTable {
        var table = RecordTable(raws: graph.objects.map { RawFactsColumn(count: $0.count) })
        for id in graph.rawIDs {
            guard let record = raws[graph.name(of: id)] else { continue }
            table.raws[Int(graph.rawLists[id.index])][Int(graph.rawObjects[id.index])] = RawFacts(
                record, listedETag: graph.object(of: id).etag)
        }
        for (_, record) in actions.sorted(by: { $0.key < $1.key }) { table.actions.append(record) }
        table.failures = failures
        return table
    }
}

/// One zip, one partition made from it, one yearly output of a command over that.
@Suite struct PlanTests {
    private static func stamp(_ number: Int64) -> Stamp {
        Stamp(byteCount: 10, modified: number, changed: number, inode: 1)
    }
    private static func content(_ text: String) -> ContentIdentity { ContentIdentity(of: Array(text.utf8)) }
    private static let payload = XXH3Digest(of: Array("csv".utf8))

    private struct Setting {
        var world: World
        var records: RecordsByName
        var disk: TableOfFiles

        /// As after a build with nothing failed.
        init() throws {
            world = World(
                rules: [
                    try World.rule("clean", from: ["s:d/{x}.zip"], to: "lake/{x}.parquet"),
                    try World.rule(
                        "all", from: ["lake/{x}.parquet"], to: "all.csv",
                        recipe: .run(Command(text: "cat", arguments: ["cat"]))),
                ], keys: ["d/a.zip"])
            let zip = content("0123456789")
            records = RecordsByName(
                raws: [
                    "s:d/a.zip": RawRecord(
                        source: "s", key: "d/a.zip", etag: "e1", lastModified: "", content: zip,
                        payload: payload,
                        stamp: stamp(1), checksum: .verified)
                ])
            let graph = world.graph()
            records.actions["lake/a.parquet"] = Self.record(
                graph.actions[0], inputs: [InputRecord(name: "s:d/a.zip", digest: payload)],
                content: content("pq"))
            records.actions["all.csv"] = Self.record(
                graph.actions[1],
                inputs: [InputRecord(name: "lake/a.parquet", digest: content("pq").xxh3)],
                content: content("all"))
            disk = TableOfFiles(files: [
                "raw/d/a.zip": (zip, stamp(1)), "lake/a.parquet": (content("pq"), stamp(1)),
                "all.csv": (content("all"), stamp(1)),
            ])
        }

        static func record(_ action: Action, inputs: [InputRecord], content: ContentIdentity) -> ActionRecord
        {
            ActionRecord(
                rule: action.rule, output: action.output, bindings: action.bindings,
                recipe: action.recipe.fields,
                writer: "w", inputs: inputs, content: content, valueDigest: content.xxh3,
                stamp: PlanTests.stamp(1),
                rowCount: 1, statistics: nil, milliseconds: 1, run: "r")
        }

        func plan(etag: String = "e1", forced: Set<String> = []) throws -> Plan {
            let graph = world.graph { _ in etag }
            var request = PlanRequest(
                selection: try select(SelectionRequest(), in: world.project, graph: graph),
                writer: { _ in "w" }, records: records.table(for: graph), lookup: records)
            request.forced = Set(forced.compactMap { graph.action(making: $0) })
            return Planning.plan(request, graph: graph, files: disk)
        }

        func summary(_ plan: Plan) throws -> [String] {
            try plan.steps.map { step in
                switch try plan.verdict(of: step, files: disk) {
                case .fresh: "fresh"
                case .stale(let reasons): "stale " + reasons.map(\.kind.rawValue).joined(separator: " ")
                case .undecided(let reasons):
                    "undecided " + reasons.map(\.kind.rawValue).joined(separator: " ")
                }
            }
        }
    }

    @Test func nothingToDo() throws {
        let setting = try Setting()
        let plan = try setting.plan()
        #expect(try setting.summary(plan) == ["fresh", "fresh"])
        #expect(plan.fetches.isEmpty && plan.movedOutputs.isEmpty)
    }

    @Test func aNewEtagIsFetchedAndDecidesLater() throws {
        let setting = try Setting()
        let plan = try setting.plan(etag: "e2")
        #expect(try setting.summary(plan) == ["undecided upstream-changed", "undecided input-stale"])
        #expect(plan.fetches == [RawID(0)])
    }

    @Test func aTouchedFileIsNotAChange() throws {
        var setting = try Setting()
        for path in setting.disk.files.keys { setting.disk.files[path]!.stamp = Self.stamp(2) }
        let plan = try setting.plan()
        #expect(try setting.summary(plan) == ["fresh", "fresh"])
        #expect(
            plan.movedOutputs.count == 2 && plan.movedRaws.map(\.raw) == [RawID(0)] && plan.fetches.isEmpty)
        #expect(try plan.state(of: RawID(0)).record?.stamp == Self.stamp(2))
    }

    @Test func aLostLocalCopyIsFetchedAgainAndStalesNothing() throws {
        var setting = try Setting()
        setting.disk.files["raw/d/a.zip"] = nil
        let plan = try setting.plan()
        #expect(try setting.summary(plan) == ["fresh", "fresh"])
        #expect(plan.fetches == [RawID(0)])
    }

    @Test func aFlippedLocalCopyIsFetchedAgain() throws {
        var setting = try Setting()
        setting.disk.files["raw/d/a.zip"] = (Self.content("0123456780"), Self.stamp(2))
        let plan = try setting.plan()
        #expect(plan.fetches == [RawID(0)])
        #expect(try plan.state(of: RawID(0)).reason?.kind == .outputModified)
    }

    @Test func aMissingAndAFlippedOutput() throws {
        var setting = try Setting()
        setting.disk.files["lake/a.parquet"] = nil
        setting.disk.files["all.csv"] = (Self.content("al1"), Self.stamp(3))
        let plan = try setting.plan()
        #expect(try setting.summary(plan) == ["stale output-missing", "stale output-modified input-stale"])
        #expect(plan.fetches.isEmpty)
    }

    @Test func forcedIsStale() throws {
        let setting = try Setting()
        let plan = try setting.plan(forced: ["lake/a.parquet"])
        #expect(try setting.summary(plan) == ["stale forced", "undecided input-stale"])
    }

    @Test func neverBuilt() throws {
        var setting = try Setting()
        setting.records = RecordsByName()
        let plan = try setting.plan()
        #expect(try setting.summary(plan) == ["stale never-built", "stale never-built"])
        #expect(plan.fetches == [RawID(0)])
    }
}

@Suite struct SelectionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var patterns: [String] = []
        var excluded: [String] = []
        var narrowing: [String: Constraint] = [:]
        var actions: [String]
        var raws: [String] = []
    }

    static let cases = [
        Case(
            testDescription: "nothing picks everything",
            actions: ["lake/a.parquet", "lake/b.parquet", "other/a.parquet"]),
        Case(testDescription: "a rule's name", patterns: ["two"], actions: ["other/a.parquet"]),
        Case(
            testDescription: "a glob over paths", patterns: ["lake/*"],
            actions: ["lake/a.parquet", "lake/b.parquet"]),
        Case(
            testDescription: "a glob over several levels", patterns: ["**/a.parquet"],
            actions: ["lake/a.parquet", "other/a.parquet"]),
        Case(testDescription: "an exact name", patterns: ["lake/a.parquet"], actions: ["lake/a.parquet"]),
        Case(
            testDescription: "a source's objects", patterns: ["s:d/*"], actions: [],
            raws: ["s:d/a.zip", "s:d/b.zip"]),
        Case(testDescription: "local copies", patterns: ["raw/d/b.zip"], actions: [], raws: ["s:d/b.zip"]),
        Case(
            testDescription: "except", patterns: ["lake/*"], excluded: ["**/b.parquet"],
            actions: ["lake/a.parquet"]),
        Case(
            testDescription: "where", narrowing: ["x": .globs(includes: ["b"], excludes: [])],
            actions: ["lake/b.parquet"]),
    ]

    @Test("picks", arguments: cases) func picks(_ c: Case) throws {
        let world = World(
            rules: [
                try World.rule("one", from: ["s:d/{x}.zip"], to: "lake/{x}.parquet"),
                try World.rule("two", from: ["s:e/{x}.zip"], to: "other/{x}.parquet"),
            ], keys: ["d/a.zip", "d/b.zip", "e/a.zip"])
        let graph = world.graph()
        let selection = try select(
            SelectionRequest(patterns: c.patterns, excluded: c.excluded, narrowing: c.narrowing),
            in: world.project,
            graph: graph)
        #expect(selection.actions.map(graph.output(of:)).sorted() == c.actions)
        #expect(selection.raws.map(graph.name(of:)) == c.raws)
    }

    /// A month is named for its days, not for the day of its first input.
    @Test func aRangeInsideAMonthPicksTheMonth() throws {
        let world = World(
            rules: [try World.rule("one", from: ["s:d/{date:day}.zip"], to: "lake/{date.month}.parquet")],
            keys: ["d/2020-01-05.zip", "d/2020-01-31.zip", "d/2020-02-01.zip"])
        let graph = world.graph()
        #expect(graph.actions.map(\.bindings) == [["date": "2020-01"], ["date": "2020-02"]])
        let from = DayRange(text: "2020-01-20", kind: .day)!.start
        let until = DayRange(text: "2020-01-31", kind: .day)!.end
        let selection = try select(
            SelectionRequest(narrowing: ["date": .days(start: from, end: until)]), in: world.project,
            graph: graph)
        #expect(selection.actions.map(graph.output(of:)) == ["lake/2020-01.parquet"])
    }

    @Test func whatMatchesNothingIsAProblemWithASuggestion() throws {
        let world = World(
            rules: [try World.rule("klines", from: ["s:d/{x}.zip"], to: "lake/{x}.parquet")],
            keys: ["d/a.zip"])
        #expect(throws: SelectionProblem(pattern: "kline", suggested: "klines")) {
            try select(SelectionRequest(patterns: ["kline"]), in: world.project, graph: world.graph())
        }
    }
}
