package import Bytes
package import Files

/// What the state remembers, as columns: as much as planning must know of every target.
///
/// A full record is looked up (`RecordLookup`) when a target is explained or built.
package struct RecordTable: Sendable {
    /// Of files from outside: by list and place in `BuildGraph.objects`. Nil where nothing is recorded.
    package var raws: [RawFactsColumn]
    package var actions: ActionTable
    /// By target name.
    package var failures: [String: FailureRecord]

    package init(
        raws: [RawFactsColumn], actions: ActionTable = ActionTable(),
        failures: [String: FailureRecord] = [:]
    ) {
        self.raws = raws
        self.actions = actions
        self.failures = failures
    }
}

/// Full records, one at a time.
package protocol RecordLookup: Sendable {
    /// - Parameter source: empty for a project file, whose key is its path.
    func rawRecord(source: String, key: String) throws -> RawRecord?
    func actionRecord(output: String) throws -> ActionRecord?
}

/// What planning must know of a `RawRecord`.
package struct RawFacts: Hashable, Sendable {
    package var byteCount: Int
    package var xxh3: XXH3Digest
    package var payload: XXH3Digest?
    package var stamp: Stamp
    /// Whether the recorded etag is the one that is listed now.
    package var hasListedETag: Bool

    package init(
        byteCount: Int, xxh3: XXH3Digest, payload: XXH3Digest?, stamp: Stamp, hasListedETag: Bool
    ) {
        self.byteCount = byteCount
        self.xxh3 = xxh3
        self.payload = payload
        self.stamp = stamp
        self.hasListedETag = hasListedETag
    }

    package init(_ record: RawRecord, listedETag: String) {
        self.init(
            byteCount: record.content.byteCount, xxh3: record.content.xxh3, payload: record.payload,
            stamp: record.stamp, hasListedETag: record.etag.equalsInBytes(listedETag))
    }

    /// The digest by which it counts for a recipe: what is inside the zip for `clean`, the very bytes for `run`.
    package func digest(for recipe: Recipe) -> XXH3Digest? {
        switch recipe {
        case .clean: payload
        case .run: xxh3
        }
    }
}

/// What planning must know of an `ActionRecord`.
package struct ActionFacts: Hashable, Sendable {
    /// Place in `ActionTable.recipes`.
    package var recipe: Int32
    /// Place in `ActionTable.writers`.
    package var writer: Int32
    package var byteCount: Int
    package var rowCount: Int
    package var milliseconds: Int
    /// What consumers compare.
    package var valueDigest: XXH3Digest
    package var stamp: Stamp
    /// Whether cleaning made it, so that its rows were counted.
    package var hasRows: Bool

    package init(
        recipe: Int32, writer: Int32, byteCount: Int, rowCount: Int, milliseconds: Int,
        valueDigest: XXH3Digest,
        stamp: Stamp, hasRows: Bool
    ) {
        self.recipe = recipe
        self.writer = writer
        self.byteCount = byteCount
        self.rowCount = rowCount
        self.milliseconds = milliseconds
        self.valueDigest = valueDigest
        self.stamp = stamp
        self.hasRows = hasRows
    }
}

/// What planning must know of all recorded actions.
package struct ActionTable: Sendable {
    package private(set) var outputs = NameList()
    package private(set) var facts: [ActionFacts] = []
    /// Distinct recipes, each with its fields sorted by name.
    package var recipes: [[RecipeField]] = []
    /// Distinct versions of the code that writes outputs.
    package var writers: [String] = []
    /// Where each action's inputs end in the two columns below.
    private var inputEnds: [Int] = []
    /// Of each input as it was consumed, in reading order: its digest, and `NameIndex.hash` of its name.
    package var inputDigests: [XXH3Digest] = []
    package var inputNameHashes: [UInt64] = []

    package init() {}

    package var count: Int { facts.count }

    /// Makes room for `count` more actions with an input each, whose outputs' names have `outputByteCount` bytes in all.
    package mutating func reserve(count: Int, outputByteCount: Int) {
        outputs.reserve(count: count, byteCount: outputByteCount)
        facts.reserveCapacity(facts.count + count)
        inputEnds.reserveCapacity(inputEnds.count + count)
        inputDigests.reserveCapacity(inputDigests.count + count)
        inputNameHashes.reserveCapacity(inputNameHashes.count + count)
    }

    /// The recorded inputs of an action, as places in the two columns.
    package func inputs(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : inputEnds[index - 1])..<inputEnds[index]
    }

    /// Adds an action whose inputs were appended to the columns just before.
    package mutating func append(output: (inout [UInt8]) -> Void, _ action: ActionFacts) {
        outputs.append(writing: output)
        facts.append(action)
        inputEnds.append(inputDigests.count)
    }

    /// Forgets inputs appended for an action that turned out unusable.
    package mutating func dropPendingInputs() {
        let end = inputEnds.last ?? 0
        inputDigests.removeLast(inputDigests.count - end)
        inputNameHashes.removeLast(inputNameHashes.count - end)
    }

    package mutating func append(_ record: ActionRecord) {
        for input in record.inputs {
            let name = Array(input.name.utf8)
            inputDigests.append(input.digest)
            inputNameHashes.append(NameIndex.hash(name.span))
        }
        let recipe = recipes.firstIndex(of: record.recipe) ?? recipes.count
        if recipe == recipes.count { recipes.append(record.recipe) }
        let writer = writers.firstIndex(of: record.writer) ?? writers.count
        if writer == writers.count { writers.append(record.writer) }
        append(
            output: { $0 += record.output.utf8 },
            ActionFacts(
                recipe: Int32(recipe), writer: Int32(writer), byteCount: record.content.byteCount,
                rowCount: record.rowCount, milliseconds: record.milliseconds, valueDigest: record.valueDigest,
                stamp: record.stamp, hasRows: record.statistics != nil))
    }

    /// The place of each action of a graph, in the order of the graph; -1 where nothing is recorded.
    package func places(in graph: BuildGraph) -> [Int32] {
        var places = [Int32](repeating: -1, count: graph.actionCount)
        // Both come in about the same order: mostly the next record is that of the next action.
        var next = 0
        for index in 0..<count {
            let output = outputs[bytes: index]
            if next < graph.actionCount, graph.outputs.equals(next, output) {
                places[next] = Int32(index)
                next += 1
            } else if let action = graph.action(making: output) {
                places[action.index] = Int32(index)
                next = action.index + 1
            }
        }
        return places
    }
}
