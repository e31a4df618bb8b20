import Bytes
import Files
import Graph
import Planning
import TestSupport
import Testing

/// What is known to be done after a run is what another plan would find done.
@Suite struct SettlingTests {
    private static let second: Int64 = 1_000_000_000
    /// When the runs here began.
    private static let startedAt = 100 * second

    /// What may be wrong with what a run recorded.
    private enum Mistake: CaseIterable {
        case actionMissing, inputDiffers, writerDiffers, rawMissing, etagDiffers, payloadDiffers,
            payloadUnknown
    }

    /// A plan of a random world, its run, and the records since.
    private struct Run {
        var random: PlanTwinTests.RandomWorld
        let plan: Plan
        var changes = RunChanges(raws: [:], actions: [:])

        init(seed: UInt64) throws {
            random = try PlanTwinTests.RandomWorld(seed: seed)
            let etags = random.etags
            let graph = random.world.graph { etags[$0] ?? "e1" }
            let request = PlanRequest(
                selection: try select(SelectionRequest(), in: random.world.project, graph: graph),
                writer: { _ in "w" }, records: random.records.table(for: graph), lookup: random.records)
            plan = Planning.plan(request, graph: graph, files: random.disk)
            for (raw, stamp) in plan.movedRaws { random.records.raws[graph.name(of: raw)]?.stamp = stamp }
            for (action, stamp) in plan.movedOutputs {
                random.records.actions[graph.output(of: action)]?.stamp = stamp
            }
            for raw in graph.rawIDs where plan.work(of: raw) != .none { bring(raw) }
            for step in plan.steps where step.state != .fresh { make(step.action) }
        }

        /// Downloads or hashes a file: another one, but where only the local copy was lost.
        private mutating func bring(_ raw: RawID) {
            let graph = plan.graph
            let node = graph[raw]
            let list = Int(graph.rawLists[raw.index])
            let isRemote = graph.isRemote(list: list)
            var record = random.records.raws[node.name]
            if record == nil || !plan.findings[raw.index].isRecordCurrent {
                record = RawRecord(
                    source: node.source, key: node.object.key, etag: node.object.etag, lastModified: "",
                    content: random.content(7), payload: XXH3Digest(of: [7]), stamp: random.stamp(3),
                    checksum: .missing)
            }
            record?.stamp =
                isRemote
                ? random.stamp(SettlingTests.startedAt)
                : graph.objects[list].stamp(Int(graph.rawObjects[raw.index])) ?? random.stamp(3)
            changes.raws[node.name] = record
        }

        private func record(of raw: RawID) -> RawRecord? {
            let name = plan.graph.name(of: raw)
            return changes.raws[name] ?? random.records.raws[name]
        }

        /// Makes an output from its inputs as they are.
        private mutating func make(_ id: ActionID) {
            let graph = plan.graph
            let action = graph[id]
            let inputs = zip(action.inputs, graph.inputPlaces(of: id)).map { input, place in
                var digest: XXH3Digest?
                if let raw = graph.input(at: place).raw, var record = record(of: raw) {
                    if record.payload == nil {
                        record.payload = XXH3Digest(of: [8])
                        changes.raws[graph.name(of: raw)] = record
                    }
                    digest = record.digest(for: action.recipe)
                } else {
                    digest = (changes.actions[input.name] ?? random.records.actions[input.name])?.valueDigest
                }
                return InputRecord(name: input.name, digest: digest ?? XXH3Digest(high: 0, low: 0))
            }
            changes.actions[action.output] = ActionRecord(
                rule: action.rule, output: action.output, bindings: action.bindings,
                recipe: action.recipe.fields, writer: "w", inputs: inputs, content: random.content(6),
                valueDigest: XXH3Digest(of: [6]), stamp: random.stamp(SettlingTests.startedAt), rowCount: 1,
                statistics: nil, milliseconds: 1, run: "r")
        }

        /// Makes one mistake in what was recorded; false where there was nothing to get wrong.
        mutating func spoil(_ mistake: Mistake) -> Bool {
            let raw = changes.raws.keys.sorted().randomElement(using: &random.random)
            let action = changes.actions.keys.sorted().randomElement(using: &random.random)
            let wrong = XXH3Digest(high: 5, low: 5)
            switch mistake {
            case .actionMissing, .inputDiffers, .writerDiffers:
                guard let action else { return false }
                switch mistake {
                case .actionMissing: changes.actions[action] = nil
                case .writerDiffers: changes.actions[action]?.writer = "v"
                default: changes.actions[action]?.inputs = [InputRecord(name: "x", digest: wrong)]
                }
            case .rawMissing, .etagDiffers, .payloadDiffers, .payloadUnknown:
                guard let raw else { return false }
                switch mistake {
                case .rawMissing: changes.raws[raw] = nil
                case .etagDiffers: changes.raws[raw]?.etag = "e9"
                case .payloadUnknown: changes.raws[raw]?.payload = nil
                default: changes.raws[raw]?.payload = wrong
                }
            }
            return true
        }

        var stamps: ChangedStamps? {
            plan.stampsWhenDone(after: changes, startedAt: SettlingTests.startedAt)
        }

        /// A plan from the records as they are since, on a disk where every file is as recorded.
        func planned() throws -> Plan {
            var records = random.records
            records.raws.merge(changes.raws) { $1 }
            records.actions.merge(changes.actions) { $1 }
            var disk = TableOfFiles(files: [:])
            for raw in plan.graph.raws {
                if let record = records.raws[raw.name] {
                    disk.files[raw.path] = (record.content, record.stamp)
                }
            }
            for (output, record) in records.actions { disk.files[output] = (record.content, record.stamp) }
            var request = plan.request
            request.records = records.table(for: plan.graph)
            request.lookup = records
            return Planning.plan(request, graph: plan.graph, files: disk)
        }
    }

    private func isDone(_ plan: Plan) -> Bool {
        plan.graph.conflicts.isEmpty && plan.steps.allSatisfy { $0.state == .fresh } && !plan.tookHashing
            && plan.findings.allSatisfy { $0 == .current || $0 == .notInspected }
    }

    @Test("a run that did all is known to be done, with the stamps that are recorded")
    func done() throws {
        for seed in UInt64(0)..<300 {
            let run = try Run(seed: seed)
            let again = try run.planned()
            try #require(isDone(again), "seed \(seed)")
            let stamps = try #require(run.stamps, "seed \(seed)")
            for raw in again.graph.rawIDs where again.findings[raw.index] != .notInspected {
                let stamp = stamps.raws[raw] ?? run.plan.facts(of: raw)?.stamp
                #expect(stamp == again.facts(of: raw)?.stamp, "seed \(seed)")
            }
            for step in again.steps {
                let stamp = stamps.actions[step.action] ?? run.plan.facts(of: step.action)?.stamp
                #expect(stamp == again.facts(of: step.action)?.stamp, "seed \(seed)")
            }
        }
    }

    @Test("what another plan would not find done is not said to be", arguments: Mistake.allCases)
    private func mistakes(_ mistake: Mistake) throws {
        var undoneCount = 0
        for seed in UInt64(0)..<300 {
            var run = try Run(seed: seed)
            guard run.spoil(mistake) else { continue }
            let isDoneAgain = isDone(try run.planned())
            if !isDoneAgain { undoneCount += 1 }
            #expect(run.stamps == nil || isDoneAgain, "seed \(seed)")
        }
        // The mistakes would prove little if they hardly ever mattered.
        #expect(undoneCount > 50)
    }

    @Test("a file of others that changed just before the run is not known by its stamp")
    func racy() throws {
        var racyCount = 0
        for seed in UInt64(0)..<300 {
            let run = try Run(seed: seed)
            // The files here changed within the first two seconds after 1970.
            for startedAt in [Self.second, -Self.second] {
                let stamps = run.plan.stampsWhenDone(after: run.changes, startedAt: startedAt)
                let readsMoved = !run.plan.movedRaws.isEmpty || !run.plan.movedOutputs.isEmpty
                let readsInPlace = run.changes.raws.keys.contains { $0.hasPrefix("in/") }
                #expect((stamps == nil) == (readsMoved || readsInPlace), "seed \(seed)")
                if stamps == nil { racyCount += 1 }
            }
        }
        #expect(racyCount > 100)
    }
}
