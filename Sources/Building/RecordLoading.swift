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

/// The graph of all there is, and what is remembered of it.
///
/// The three great walks, over rules, raw files and actions, need nothing of each other and go on at once.
func expandAndLoad(
    _ project: Project, offerings: Offerings, state: StateStore, workspace: Workspace
) async throws -> (graph: BuildGraph, records: RecordTable) {
    let lists = sourceLists(of: project, offerings: offerings)
    // A second connection: one does a walk at a time. Where there is little, opening it takes longer than it saves.
    let isLarge = lists.reduce(0) { $0 + $1.objects.count } > 20_000
    let second =
        isLarge ? try StateStore.open(directory: workspace.stateDirectory, access: .reader).store : state
    defer { if isLarge { try? second.close() } }
    let actions = Task.detached { try second.actionTable() }
    let raws = Task.detached { try state.rawFacts(of: lists) }
    let graph = expand(project, offerings: offerings, isMirrorable: isMirrorable)
    var records = RecordTable(raws: try await raws.value, actions: try await actions.value)
    for failure in try state.failures() { records.failures[failure.target] = failure }
    return (graph, records)
}

/// What is remembered of a small graph, and all failures.
func loadRecords(_ state: StateStore, of graph: BuildGraph) throws -> RecordTable {
    var records = RecordTable(raws: graph.objects.map { Array(repeating: nil, count: $0.count) })
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
