import Bytes
import Foundation
import Graph
import Recording
import TestSupport
import Testing

/// Damage of the file: it is noticed, or what is read is what was written.
@Suite struct StateDamageTests {
    /// A database of a few dozen pages, and what is in it.
    private static func original() throws -> (
        bytes: Data, raws: [String: RawRecord], actions: [String: ActionRecord]
    ) {
        let scratch = try TemporaryDirectory()
        var samples = Samples(seed: 11)
        let raws = (0..<150).map { samples.plainRaw($0 * 40) }
        let actions = (0..<90).map { samples.plainAction($0 * 40, inputCount: 3) }
        let store = try StateStore.open(directory: scratch.path, access: .writer).store
        try store.record(raws.map { .raw($0) } + actions.map { .action($0) })
        try store.replaceObjects(
            ofSource: "archive", changed: (0..<150).map { samples.plainObject($0 * 40) }, gone: [])
        try store.record([
            .failure(samples.failure(target: "t")), .run(samples.run(id: "r")),
            .event(samples.event(run: "r")),
        ])
        try store.close()
        return (
            try scratch.read("state.db"), Dictionary(uniqueKeysWithValues: raws.map { ($0.key, $0) }),
            Dictionary(uniqueKeysWithValues: actions.map { ($0.output, $0) })
        )
    }

    private enum Damage: CaseIterable { case bits, sector, page, cut, swap, noise }

    private static func apply(_ damage: Damage, to bytes: inout Data, random: inout SeededGenerator) {
        let pageSize = 8_192
        let pages = bytes.count / pageSize
        func page() -> Range<Int> {
            let start = Int.random(in: 0..<pages, using: &random) * pageSize
            return start..<start + pageSize
        }
        switch damage {
        case .bits:
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
            }
        case .sector:
            let start = Int.random(in: 0..<bytes.count / 512, using: &random) * 512
            bytes.replaceSubrange(start..<start + 512, with: repeatElement(0, count: 512))
        case .page: bytes.replaceSubrange(page(), with: repeatElement(0, count: pageSize))
        case .cut: bytes.removeSubrange(Int.random(in: 0..<bytes.count, using: &random)...)
        case .swap:
            let (a, b) = (page(), page())
            let (first, second) = (bytes[a], bytes[b])
            bytes.replaceSubrange(a, with: second)
            bytes.replaceSubrange(b, with: first)
        case .noise:
            let start = Int.random(in: 0..<bytes.count - 64, using: &random)
            for index in start..<start + 64 { bytes[index] = UInt8.random(in: 0...255, using: &random) }
        }
    }

    @Test("240 random damages: no crash, no wrong record, and the next start is clean")
    func randomDamages() throws {
        let original = try Self.original()
        let everything =
            original.raws.values.map { StateChange.raw($0) }
            + original.actions.values.map { StateChange.action($0) }
        var (asideCount, droppedCount, harmlessCount) = (0, 0, 0)
        for seed in 0..<240 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var bytes = original.bytes
            let kind = Damage.allCases[Int(seed) % Damage.allCases.count]
            Self.apply(kind, to: &bytes, random: &random)
            let scratch = try TemporaryDirectory()
            try scratch.write(bytes, to: "state.db")

            // A reader copes on its own, and changes nothing but the mark.
            let reader = try? StateStore.open(directory: scratch.path, access: .reader).store
            _ = try? reader?.rawRecords()
            _ = try? reader?.actionRecord(output: Samples.output(0))
            try? reader?.close()
            #expect(try scratch.read("state.db") == bytes, "seed \(seed)")

            var wasSetAside = false
            var isClean = false
            // Damage that shows after the open is dealt with by the next; one that hides in an index may take one more.
            for _ in 0..<4 where !isClean {
                let store: StateStore
                do {
                    let opened = try StateStore.open(directory: scratch.path, access: .writer)
                    store = opened.store
                    if opened.note != nil { wasSetAside = true }
                } catch let problem as StateProblem where isNewer(problem) {
                    // The version itself was hit: refused is right.
                    isClean = true
                    continue
                }
                do {
                    let raws = try store.rawRecords()
                    #expect(raws.allSatisfy { original.raws[$0.key] == $0 }, "seed \(seed) \(kind)")
                    let before = try store.actionRecords()
                    #expect(before.allSatisfy { original.actions[$0.output] == $0 }, "seed \(seed) \(kind)")
                    _ = try store.objectList(ofSource: "archive")
                    _ = try store.failures()
                    _ = try store.runs()
                    _ = try store.events(ofRun: "r")
                    droppedCount += store.droppedRowCount > 0 ? 1 : 0
                    // All that is missing is made again, and then the store is as good as new.
                    try store.record(everything)
                    let again = try store.rawRecords()
                    let actions = try store.actionRecords()
                    #expect(again.count == original.raws.count, "seed \(seed) \(kind)")
                    #expect(actions.count == original.actions.count, "seed \(seed) \(kind)")
                    isClean = true
                } catch let problem as StateProblem {
                    #expect(
                        problem.kind == .damaged || problem.kind == .disk, "seed \(seed) \(kind): \(problem)")
                }
                try? store.close()
            }
            #expect(isClean, "seed \(seed) \(kind)")
            if wasSetAside { asideCount += 1 } else { harmlessCount += 1 }
        }
        // Each way out is really taken.
        #expect(
            asideCount > 20 && droppedCount > 5 && harmlessCount > 20,
            "\(asideCount) \(droppedCount) \(harmlessCount)")
    }

    private func isNewer(_ problem: StateProblem) -> Bool {
        if case .newerFormat = problem.kind { true } else { false }
    }

    @Test("one wrong byte in a record costs that record, once")
    func oneRecord() throws {
        let scratch = try TemporaryDirectory()
        var samples = Samples(seed: 12)
        let records = (0..<20).map { samples.plainRaw($0) }
        var store = try StateStore.open(directory: scratch.path, access: .writer).store
        try store.record(records.map { .raw($0) })
        try store.close()
        var bytes = try scratch.read("state.db")
        let place = try #require(bytes.range(of: Data(records[5].content.sha256.bytes)))
        bytes[place.lowerBound] ^= 4
        try scratch.write(bytes, to: "state.db")

        store = try StateStore.open(directory: scratch.path, access: .writer).store
        let left = try store.rawRecords()
        #expect(Set(left) == Set(records).subtracting([records[5]]))
        #expect(store.droppedRowCount == 1)
        #expect(try store.rawRecord(source: "archive", key: records[5].key) == nil)
        try store.record([.raw(records[5])])
        try store.close()
        store = try StateStore.open(directory: scratch.path, access: .writer).store
        #expect(Set(try store.rawRecords()) == Set(records))
        #expect(store.droppedRowCount == 0)
    }
}
