import Bytes
import Columns
import Files
import Graph
import Problems
import TestSupport
import Testing

@Suite struct VerdictTests {
    static let recipe = [
        RecipeField(name: "columns.open.type", value: "float64"), RecipeField(name: "sort", value: "t"),
    ]

    static func digest(_ number: UInt64) -> XXH3Digest { XXH3Digest(high: 0, low: number) }

    static func action(_ names: [String]) -> Action {
        Action(
            rule: "r", output: "lake/a.parquet", bindings: [:], days: nil,
            inputs: names.map { ActionInput(origin: .local(path: $0), preference: 0, days: nil) },
            recipe: .run(Command(text: "x", arguments: ["x"])))
    }

    static func record(_ inputs: [(String, UInt64)], recipe: [RecipeField] = recipe, writer: String = "w1")
        -> ActionRecord
    {
        ActionRecord(
            rule: "r", output: "lake/a.parquet", bindings: [:], recipe: recipe, writer: writer,
            inputs: inputs.map { InputRecord(name: $0.0, digest: digest($0.1)) },
            content: ContentIdentity(of: Array("bytes".utf8)), valueDigest: digest(9),
            stamp: Stamp(byteCount: 5, modified: 1, changed: 1, inode: 1), rowCount: 1, statistics: nil,
            milliseconds: 1, run: "run")
    }

    static let etag = Reason(.upstreamChanged, input: "b", component: "etag", was: "1", now: "2")

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var inputs: [String]
        var states: [InputState]
        var recipe = VerdictTests.recipe
        var writer = "w1"
        var record: ActionRecord?
        var output = OutputState.intact
        var expected: [ReasonKind]
        var isUndecided = false
    }

    static let cases = [
        Case(
            testDescription: "nothing changed", inputs: ["a", "b"],
            states: [.known(digest(1)), .known(digest(2))],
            record: record([("a", 1), ("b", 2)]), expected: []),
        Case(
            testDescription: "never built", inputs: ["a"], states: [.known(digest(1))], record: nil,
            expected: [.neverBuilt]),
        Case(
            testDescription: "a payload changed", inputs: ["a", "b"],
            states: [.known(digest(1)), .known(digest(3))],
            record: record([("a", 1), ("b", 2)]), expected: [.upstreamChanged]),
        Case(
            testDescription: "an input renamed, same bytes in the same place", inputs: ["a", "c"],
            states: [.known(digest(1)), .known(digest(2))], record: record([("a", 1), ("b", 2)]), expected: []
        ),
        Case(
            testDescription: "two inputs swapped", inputs: ["a", "b"],
            states: [.known(digest(2)), .known(digest(1))],
            record: record([("a", 1), ("b", 2)]), expected: [.upstreamChanged, .upstreamChanged]),
        Case(
            testDescription: "an input more", inputs: ["a", "b"],
            states: [.known(digest(1)), .known(digest(2))],
            record: record([("a", 1)]), expected: [.upstreamNew]),
        Case(
            testDescription: "an input fewer", inputs: ["a"], states: [.known(digest(1))],
            record: record([("a", 1), ("b", 2)]), expected: [.upstreamGone]),
        Case(
            testDescription: "new etag, bytes not seen yet", inputs: ["a", "b"],
            states: [.known(digest(1)), .unknown(etag)],
            record: record([("a", 1), ("b", 2)]), expected: [.upstreamChanged], isUndecided: true),
        Case(
            testDescription: "new etag beside a certain change", inputs: ["a", "b"],
            states: [.known(digest(7)), .unknown(etag)], record: record([("a", 1), ("b", 2)]),
            expected: [.upstreamChanged, .upstreamChanged]),
        Case(
            testDescription: "a new input not seen yet is certain", inputs: ["a", "b"],
            states: [.known(digest(1)), .unknown(etag)], record: record([("a", 1)]),
            expected: [.upstreamChanged]),
        Case(
            testDescription: "a stale producer", inputs: ["a"], states: [.stale(producer: "a")],
            record: record([("a", 1)]), expected: [.inputStale], isUndecided: true),
        Case(
            testDescription: "output gone", inputs: ["a"], states: [.known(digest(1))],
            record: record([("a", 1)]),
            output: .missing, expected: [.outputMissing]),
        Case(
            testDescription: "output flipped", inputs: ["a"], states: [.known(digest(1))],
            record: record([("a", 1)]),
            output: .modified(SHA256Digest(words: (1, 2, 3, 4))), expected: [.outputModified]),
        Case(
            testDescription: "another writer", inputs: ["a"], states: [.known(digest(1))], writer: "w2",
            record: record([("a", 1)]), expected: [.writerChanged]),
        Case(
            testDescription: "a field changed, one added", inputs: ["a"], states: [.known(digest(1))],
            recipe: [
                RecipeField(name: "columns.open.type", value: "decimal(18,8)"),
                RecipeField(name: "sort", value: "t"),
                RecipeField(name: "unique", value: "t"),
            ], record: record([("a", 1)]), expected: [.recipeChanged, .recipeChanged]),
    ]

    @Test("decides and explains", arguments: cases) func decides(_ c: Case) {
        let decision = verdict(
            on: Self.action(c.inputs), inputs: c.states, recipe: c.recipe, writer: c.writer, record: c.record,
            output: c.output)
        #expect(decision.reasons.map(\.kind) == c.expected)
        if c.expected.isEmpty { #expect(decision == .fresh) }
        if case .undecided = decision { #expect(c.isUndecided) } else { #expect(!c.isUndecided) }
    }

    @Test func namesTheFieldThatChanged() {
        let now = [
            RecipeField(name: "columns.open.type", value: "decimal(18,8)"),
            RecipeField(name: "sort", value: "t"),
        ]
        let decision = verdict(
            on: Self.action(["a"]), inputs: [.known(Self.digest(1))], recipe: now, writer: "w1",
            record: Self.record([("a", 1)]), output: .intact)
        #expect(
            decision
                == .stale([
                    Reason(
                        .recipeChanged, component: "columns.open.type", was: "float64", now: "decimal(18,8)")
                ]))
    }

    /// Whatever was not known when planning, the second answer with everything known is final: never undecided.
    @Test func knowingEverythingDecides() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let names = (0..<Int(random.next() % 5)).map { "n\($0)" }
            let now = names.map { _ in Self.digest(random.next() % 3) }
            let was = (0..<Int(random.next() % 5)).map { ("n\($0)", random.next() % 3) }
            let decision = verdict(
                on: Self.action(names), inputs: now.map(InputState.known), recipe: Self.recipe, writer: "w1",
                record: Self.record(was), output: .intact)
            let isSame = now == was.map { Self.digest($0.1) }
            #expect((decision == .fresh) == isSame)
            if case .undecided = decision { Issue.record("undecided with all inputs known") }
        }
    }
}
