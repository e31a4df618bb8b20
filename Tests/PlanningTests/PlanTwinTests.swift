import Bytes
import Files
import Graph
import Planning
import Problems
import TestSupport
import Testing

/// What the planner decides from columns is what the verdict says that names old and new values.
@Suite struct PlanTwinTests {
    /// A world in which anything may be the matter with anything, drawn by a seed.
    struct RandomWorld {
        var random: SeededGenerator
        var world: World
        var records = RecordsByName()
        var disk = TableOfFiles(files: [:])
        var etags: [String: String] = [:]

        init(seed: UInt64) throws {
            random = SeededGenerator(seed: seed)
            let clean = Recipe.run(Command(text: "x", arguments: ["x"]))
            world = World(
                rules: [
                    try World.rule(
                        "days", from: ["s:m/{x}-{d:month}.zip", "s:d/{x}-{d:day}.zip"],
                        to: "lake/{x}/{d.month}.parquet"),
                    try World.rule("each", from: ["s:d/{x}-{d:day}.zip"], to: "each/{x}/{d}.parquet"),
                    try World.rule(
                        "years", from: ["lake/{x}/{d:month}.parquet"], to: "y/{d.year}.csv", recipe: clean),
                    try World.rule(
                        "files", from: ["in/{n}.txt", "y/{n}.csv"], to: "out/{n}.csv", recipe: clean),
                ], keys: [])
            for symbol in ["A", "B"] {
                for day in 1...9 where chance(0.6) { world.keys.append("d/\(symbol)-2020-01-0\(day).zip") }
                for month in 1...3 where chance(0.4) { world.keys.append("m/\(symbol)-2020-0\(month).zip") }
            }
            for name in ["2020", "k"] where chance(0.5) { world.localFiles.append("in/\(name).txt") }
            for key in world.keys { etags[key] = chance(0.2) ? "e2" : "e1" }
            try recordSomething()
        }

        mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
        mutating func number() -> Int64 { Int64.random(in: 1...2, using: &random) }

        func stamp(_ number: Int64) -> Stamp {
            Stamp(byteCount: number, modified: number, changed: number, inode: 1)
        }
        func content(_ number: Int64) -> ContentIdentity {
            ContentIdentity(
                byteCount: 10, xxh3: XXH3Digest(of: [UInt8(number)]),
                sha256: SHA256Digest(words: (UInt64(number), 0, 0, 0)))
        }

        /// Records and files that agree with each other, or not.
        mutating func recordSomething() throws {
            // Records may stem from a time when other objects were listed.
            var before = world
            before.keys = world.keys.filter { _ in chance(0.9) } + ["d/A-2019-12-31.zip"]
            let graph = before.graph { _ in "e1" }
            for raw in graph.raws where chance(0.85) {
                let held = number()
                records.raws[raw.name] = RawRecord(
                    source: raw.source, key: raw.object.key, etag: "e1", lastModified: "",
                    content: content(1),
                    payload: chance(0.9) ? XXH3Digest(of: [UInt8(held)]) : nil, stamp: stamp(1),
                    checksum: .missing)
                if chance(0.9) {
                    disk.files[raw.path] = (content(chance(0.9) ? 1 : 2), stamp(chance(0.8) ? 1 : 2))
                }
            }
            for action in graph.actions where chance(0.85) {
                let isCurrent = chance(0.8)
                var inputs = action.inputs.map { input in
                    let digest: XXH3Digest? =
                        switch input.origin {
                        case .output: records.actions[input.name]?.valueDigest
                        default: records.raws[input.name]?.digest(for: action.recipe)
                        }
                    return InputRecord(
                        name: input.name,
                        digest: chance(0.95)
                            ? digest ?? XXH3Digest(high: 9, low: 9) : XXH3Digest(high: 0, low: 1))
                }
                if chance(0.05) { inputs.reverse() }
                if chance(0.05) {
                    inputs.append(InputRecord(name: "s:d/gone.zip", digest: XXH3Digest(high: 3, low: 3)))
                }
                if chance(0.05), let first = inputs.first { inputs.append(first) }
                records.actions[action.output] = ActionRecord(
                    rule: action.rule, output: action.output, bindings: action.bindings,
                    recipe: isCurrent ? action.recipe.fields : [RecipeField(name: "run", value: "other")],
                    writer: chance(0.95) ? "w" : "v", inputs: inputs, content: content(1),
                    valueDigest: XXH3Digest(high: 4, low: UInt64(number())), stamp: stamp(1), rowCount: 1,
                    statistics: nil,
                    milliseconds: 1, run: "r")
                if chance(0.9) {
                    disk.files[action.output] = (content(chance(0.9) ? 1 : 2), stamp(chance(0.8) ? 1 : 2))
                }
                if chance(0.1) {
                    records.failures[action.output] = FailureRecord(
                        target: action.output, category: .data, message: "m", attempts: 1,
                        isQuarantined: false,
                        subject: "", lastAttempt: "")
                }
            }
        }
    }

    @Test("columns and verdicts agree", arguments: 0..<20) func agree(_ block: Int) throws {
        var seen = Set<String>()
        for seed in 0..<100 {
            let seed = UInt64(1000 * block + seed)
            var random = try RandomWorld(seed: seed)
            let graph = random.world.graph { random.etags[$0] ?? "e1" }
            let selection = try select(SelectionRequest(), in: random.world.project, graph: graph)
            var request = PlanRequest(
                selection: selection, writer: { _ in "w" }, records: random.records.table(for: graph),
                lookup: random.records)
            request.forced = Set(graph.actionIDs.filter { _ in random.chance(0.03) })
            request.refetched = Set(graph.rawIDs.filter { _ in random.chance(0.03) })
            let plan = Planning.plan(request, graph: graph, files: random.disk)
            request.looksAtAllFiles = false
            let shortened = Planning.plan(request, graph: graph, files: random.disk)
            try #require(plan.steps.count == graph.actionCount)
            for (step, short) in zip(plan.steps, shortened.steps) {
                let verdict = try plan.verdict(of: step, files: random.disk)
                let state: Plan.Step.State =
                    switch verdict {
                    case .fresh: .fresh
                    case .stale: .stale
                    case .undecided: .undecided
                    }
                let causes = verdict.reasons.reduce(into: CauseSet()) { $0.insert(CauseSet($1.kind)) }
                let target = graph.output(of: step.action)
                #expect(step.state == state, "seed \(seed), \(target): \(verdict)")
                #expect(step.causes == causes, "seed \(seed), \(target): \(step.causes.kinds), \(verdict)")
                // Looking at fewer files changes no state.
                #expect(short.state == state, "seed \(seed), \(target)")
                seen.formUnion(causes.kinds.map(\.rawValue))
            }
        }
        // The worlds would prove little if nothing were the matter with them.
        #expect(
            seen.count == ReasonKind.allCases.count,
            "never met: \(Set(ReasonKind.allCases.map(\.rawValue)).subtracting(seen))")
    }

    @Test("every stale step has one root cause, and a fresh one none") func rootCauses() throws {
        for seed in UInt64(0)..<200 {
            let random = try RandomWorld(seed: seed)
            let graph = random.world.graph { random.etags[$0] ?? "e1" }
            let request = PlanRequest(
                selection: try select(SelectionRequest(), in: random.world.project, graph: graph),
                writer: { _ in "w" }, records: random.records.table(for: graph), lookup: random.records)
            let plan = Planning.plan(request, graph: graph, files: random.disk)
            for (step, cause) in zip(plan.steps, plan.rootCauses) {
                #expect((cause == nil) == (step.state == .fresh))
                // Nothing is stale through an input whose own cause is unknown.
                #expect(cause?.kind != .inputStale, "seed \(seed), \(graph.output(of: step.action))")
            }
            let groups = plan.causeGroups(CostModel(plan))
            expectSame(plan.causeGroups(CostModel(plan), partCount: 2), groups)
            #expect(groups.reduce(0) { $0 + $1.targetCount } == plan.steps.count { $0.state != .fresh })
            #expect(groups.reduce(0) { $0 + $1.fetchCount } <= plan.fetches.count)
            for group in groups {
                #expect(plan.rootCauses[plan.steps.firstIndex { $0.action == group.example }!] == group.cause)
                let part = plan.restricted(keepsFresh: false) { plan.rootCauses[$0] == group.cause }
                #expect(part.steps.count { $0.isSelected } == group.targetCount)
                // What the part runs finds its inputs made.
                let run = Set(part.steps.map(\.action))
                for step in part.steps {
                    for place in graph.inputPlaces(of: step.action) {
                        guard let producer = graph.input(at: place).action,
                            plan.step(of: producer)?.state != .fresh
                        else { continue }
                        #expect(run.contains(producer))
                    }
                }
            }
        }
    }
}

/// Groups put together from small parts are those of one large part, but for the last bits of sums.
private func expectSame(_ parts: [CauseGroup], _ whole: [CauseGroup]) {
    #expect(parts.count == whole.count)
    for (a, b) in zip(parts, whole) {
        #expect(abs(a.cost.milliseconds - b.cost.milliseconds) <= 1e-9 * b.cost.milliseconds)
        #expect(a.cost.outputByteCount == b.cost.outputByteCount)
        #expect(
            [
                a.targetCount, a.downstreamCount, a.undecidedCount, a.inputByteCount, a.fetchCount,
                a.fetchByteCount,
            ]
                == [
                    b.targetCount, b.downstreamCount, b.undecidedCount, b.inputByteCount, b.fetchCount,
                    b.fetchByteCount,
                ])
        #expect(a.cause == b.cause && a.example == b.example && a.recordedRecipes == b.recordedRecipes)
    }
}
