import DatafileLoading
import Files
import Foundation
import Graph
import Listing
import Planning
import Problems
import Publishing
import Recording

/// A project as commands that build nothing see it: Datafile, graph and records at one moment.
struct ProjectView: Sendable {
    let workspace: Workspace
    let project: Project
    let graph: BuildGraph
    let records: Records
    /// Keys of all recorded objects, by source, whether or not a rule reads them.
    private let listedKeys: [String: Set<String>]

    /// Looks, and leaves no trace.
    init(
        _ workspace: Workspace, refresh: RefreshMode, only request: SelectionRequest,
        observer: some BuildObserver
    ) async throws {
        self.workspace = workspace
        project = try loadProject(workspace).project
        let state = try openState(workspace, access: .reader, observer: observer)
        var survey = Survey(
            workspace: workspace, project: project, state: state, records: false, observer: observer)
        let offerings = try await survey.offerings(
            scope: ListingScope(project: project, request: request), refresh: refresh, connections: nil)
        graph = expand(project, offerings: offerings, mirrorPath: survey.mirrorPath)
        records = try loadRecords(state)
        listedKeys = survey.snapshots.mapValues { Set($0.map(\.key)) }
    }

    /// Looks at just what one output is made from, as the last listing shows it. Nil where that cannot be told, or is nothing.
    init?(_ workspace: Workspace, output: String, observer: some BuildObserver) throws {
        self.workspace = workspace
        project = try loadProject(workspace).project
        guard let scope = OutputScope(output, in: project) else { return nil }
        let state = try openState(workspace, access: .reader, observer: SilentObserver())
        let survey = Survey(
            workspace: workspace, project: project, state: state, records: false, observer: observer)
        var objects = [String: [RemoteObject]]()
        for (source, prefixes) in scope.prefixes {
            objects[source] = try state.objects(ofSource: source, startingWith: prefixes)
        }
        var narrowed = project
        narrowed.rules = scope.rules
        graph = expand(
            narrowed, offerings: Offerings(objects: objects, localFiles: []), mirrorPath: survey.mirrorPath)
        guard graph.actionIndex[output] != nil else { return nil }
        records = try loadRecords(state, of: graph)
        listedKeys = objects.mapValues { Set($0.map(\.key)) }
    }

    /// The plan for a selection, as `build` would make it.
    func plan(_ selection: Selection) -> Plan {
        Planning.plan(
            PlanRequest(selection: selection, writer: writerVersion(for:)), graph: graph, records: records,
            files: DiskFiles(workspace: workspace))
    }

    /// Where the bytes that a record describes lie: project-relative, or absolute. Nil for a source that is no more.
    func path(of record: RawRecord) -> String? {
        if record.source.isEmpty { return record.key }
        guard let source = project.source(named: record.source) else { return nil }
        if case .directory(let directory) = source.location { return directory + "/" + record.key }
        guard let mirror = source.mirror, let path = try? mirrorPath(for: record.key) else { return nil }
        return mirror + "/" + path
    }

    /// Whether the last listing shows the object of this name.
    func isStillListed(_ name: String) -> Bool {
        let parts = name.split(separator: ":", maxSplits: 1).map(String.init)
        return parts.count == 2 && listedKeys[parts[0]]?.contains(parts[1]) == true
    }
}

/// The project, and the bytes of all files that it was read from.
typealias LoadedProject = (project: Project, text: [[UInt8]])

/// Reads the Datafile. All of its errors come at once.
func loadProject(_ workspace: Workspace) throws -> LoadedProject {
    guard FileManager.default.fileExists(atPath: workspace.datafilePath) else {
        throw BuildProblem.noDatafile(path: workspace.datafilePath)
    }
    return try loadDatafileAndText(path: workspace.datafilePath)
}

func openState(
    _ workspace: Workspace, access: StateStore.Access, observer: some BuildObserver
) throws -> StateStore {
    let opened = try StateStore.open(directory: workspace.stateDirectory, access: access)
    if let note = opened.note { observer.observe(.note(note)) }
    return opened.store
}

/// What is remembered of a small graph's raws and actions, by name, and all failures.
func loadRecords(_ state: StateStore, of graph: BuildGraph) throws -> Records {
    var records = Records()
    for raw in graph.raws {
        records.raws[raw.name] = try state.rawRecord(source: raw.source, key: raw.object.key)
    }
    for action in graph.actions {
        records.actions[action.output] = try state.actionRecord(output: action.output)
    }
    for failure in try state.failures() { records.failures[failure.target] = failure }
    return records
}

/// Everything remembered, by name.
func loadRecords(_ state: StateStore) throws -> Records {
    var records = Records()
    try state.forEachRawRecord { record in
        records.raws[record.source.isEmpty ? record.key : "\(record.source):\(record.key)"] = record
    }
    try state.forEachActionRecord { records.actions[$0.output] = $0 }
    for failure in try state.failures() { records.failures[failure.target] = failure }
    return records
}

/// Holds the build lock as long as it lives.
final class ProjectLock {
    private let lock: FileLock

    /// - Throws: `LockProblem.held` when another build has it and this one does not wait.
    init(_ workspace: Workspace, waits: Bool, observer: some BuildObserver) throws(LockProblem) {
        lock = try FileLock(path: workspace.lockPath, wait: waits) { holder in
            let who = holder.map { " (process \($0.processID) on \($0.host.escapedForDisplay))" } ?? ""
            observer.observe(.note("another build\(who) holds the lock; waiting for it"))
        }
    }
}

func processorCount() -> Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
