import Bytes
import Files
import Graph
import Listing
import Planning
import Recording

/// Full records out of the state, one at a time.
struct StateRecords: RecordLookup {
    let state: StateStore

    func rawRecord(source: String, key: String) throws -> RawRecord? {
        try state.rawRecord(source: source, key: key)
    }
    func actionRecord(output: String) throws -> ActionRecord? { try state.actionRecord(output: output) }
}

/// Reads what is remembered of all actions while other things go on.
///
/// On a connection of its own where there is much: one connection does one walk at a time.
struct ActionLoading {
    private let table: Task<ActionTable, any Error>
    private let state: StateStore
    private let workspace: Workspace
    /// A state of fewer bytes is read sooner than a second connection is opened.
    let isLarge: Bool

    private static let smallByteCount = 4_000_000

    init(_ state: StateStore, workspace: Workspace) {
        self.state = state
        self.workspace = workspace
        let byteCount = (try? Stamp.of(path: state.path))??.byteCount ?? 0
        let isLarge = byteCount > Self.smallByteCount
        self.isLarge = isLarge
        table = Task.detached {
            guard isLarge else { return try state.actionTable() }
            return try Self.onSecondConnection(of: state, workspace) { try $0.actionTable() }
        }
    }

    /// Reads on a connection of its own.
    func onSecondConnection<T>(_ body: (StateStore) throws -> T) throws -> T {
        try Self.onSecondConnection(of: state, workspace, body)
    }

    private static func onSecondConnection<T>(
        of state: StateStore, _ workspace: Workspace, _ body: (StateStore) throws -> T
    ) throws -> T {
        let second = try StateStore.open(directory: workspace.stateDirectory, access: .reader).store
        defer {
            state.takeOverDamage(from: second)
            try? second.close()
        }
        return try body(second)
    }

    var actions: ActionTable {
        get async throws { try await table.value }
    }
}

/// The graph of all there is, and what is remembered of it.
func expandAndLoad(
    _ project: Project, offerings: Offerings, state: StateStore, actions: ActionLoading
) async throws -> (graph: BuildGraph, records: RecordTable) {
    let lists = sourceLists(of: project, offerings: offerings)
    let raws = RawFactsReading(lists)
    let reading = Task.detached { try raws.read(state) }
    let graph = expand(project, offerings: offerings, isMirrorable: isMirrorable)
    if actions.isLarge, !raws.isOver {
        // Two read sooner than one waits for the other.
        try actions.onSecondConnection { try raws.read($0) }
    }
    try await reading.value
    var records = RecordTable(raws: raws.facts, actions: try await actions.actions)
    for failure in try state.failures() { records.failures[failure.target] = failure }
    return (graph, records)
}

/// What is remembered of a small graph, and all failures.
func loadRecords(_ state: StateStore, of graph: BuildGraph) throws -> RecordTable {
    var records = RecordTable(raws: graph.objects.map { RawFactsColumn(count: $0.count) })
    for raw in graph.rawIDs {
        let node = graph[raw]
        guard let record = try state.rawRecord(source: node.source, key: node.object.key) else { continue }
        records.raws[Int(graph.rawLists[raw.index])][Int(graph.rawObjects[raw.index])] = RawFacts(
            record, listedETag: node.object.etag)
    }
    for action in graph.actionIDs {
        if let record = try state.actionRecord(output: graph.output(of: action)) {
            records.actions.append(record)
        }
    }
    for failure in try state.failures() { records.failures[failure.target] = failure }
    return records
}

/// What each source lists, and the project's own files under the empty name.
private func sourceLists(
    of project: Project, offerings: Offerings
) -> [(source: String, objects: ObjectList)] {
    project.sources.map { ($0.name, offerings.objects[$0.name] ?? ObjectList()) } + [
        ("", offerings.localFiles)
    ]
}
