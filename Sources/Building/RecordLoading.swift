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

/// Another way to the records: one connection does one walk at a time.
struct SecondConnection: Sendable {
    private let first: StateStore
    private let workspace: Workspace
    /// Whether there is so much to read that a second reader helps.
    let isWorthwhile: Bool

    /// A state of fewer bytes is read sooner than a second connection is opened.
    private static let smallByteCount = 4_000_000

    init(besides first: StateStore, _ workspace: Workspace) {
        self.first = first
        self.workspace = workspace
        let byteCount = (try? Stamp.of(path: first.path))??.byteCount ?? 0
        isWorthwhile = byteCount > Self.smallByteCount
    }

    /// Opened for this and closed after it.
    func read<T>(_ body: (StateStore) throws -> T) throws -> T {
        let second = try StateStore.open(directory: workspace.stateDirectory, access: .reader).store
        defer {
            first.takeOverDamage(from: second)
            try? second.close()
        }
        return try body(second)
    }
}

/// Reads what is remembered of all actions while other things go on.
struct ActionLoading {
    private let table: Task<ActionTable, any Error>
    let connection: SecondConnection

    init(_ state: StateStore, workspace: Workspace) {
        let connection = SecondConnection(besides: state, workspace)
        self.connection = connection
        table = Task.detached {
            try connection.isWorthwhile ? connection.read { try $0.actionTable() } : state.actionTable()
        }
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
    if actions.connection.isWorthwhile, !raws.isOver {
        // Two read sooner than one waits for the other.
        try actions.connection.read { try raws.read($0) }
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
