import Bytes
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
    let records: RecordTable
    let state: StateStore
    /// What could not be listed.
    let problems: [ListingProblem]
    var lookup: StateRecords { StateRecords(state: state) }
    var files: DiskFiles { DiskFiles(workspace: workspace) }

    /// Looks, and leaves no trace.
    init(
        _ workspace: Workspace, refresh: RefreshMode, only request: SelectionRequest,
        observer: some BuildObserver
    ) async throws {
        self.workspace = workspace
        project = try loadProject(workspace).project
        let scope = ListingScope(project: project, request: request)
        let directories = DirectoryListings(project, scope: scope, in: workspace)
        state = try openState(workspace, access: .reader, observer: observer)
        let actions = ActionLoading(state, workspace: workspace)
        var survey = Survey(
            workspace: workspace, project: project, state: state, directories: directories, records: false,
            observer: observer)
        let offerings = try await survey.offerings(scope: scope, refresh: refresh, connections: nil)
        problems = survey.problems
        (graph, records) = try await expandAndLoad(
            project, offerings: offerings, state: state, actions: actions)
    }

    /// Looks at just what one output is made from, as the last listing shows it. Nil where that cannot be told, or is nothing.
    init?(_ workspace: Workspace, output: String, observer: some BuildObserver) throws {
        self.workspace = workspace
        project = try loadProject(workspace).project
        guard let scope = OutputScope(output, in: project) else { return nil }
        state = try openState(workspace, access: .reader, observer: SilentObserver())
        var objects = [String: ObjectList]()
        for (source, prefixes) in scope.prefixes {
            objects[source] = ObjectList(try state.objects(ofSource: source, startingWith: prefixes))
        }
        var narrowed = project
        narrowed.rules = scope.rules
        graph = expand(narrowed, offerings: Offerings(objects: objects), isMirrorable: isMirrorable)
        guard graph.action(making: output) != nil else { return nil }
        records = try loadRecords(state, of: graph)
        problems = []
    }

    /// Worker threads that a build without flags would have.
    var workerCount: Int { project.settings.jobs ?? processorCount() }

    /// What patterns pick.
    func select(_ request: SelectionRequest) throws(SelectionProblem) -> Selection {
        try Planning.select(request, in: project, graph: graph, recorded: records.actions.outputs)
    }

    /// The plan for a selection, as `build` would make it.
    ///
    /// - Parameter looksAtAllFiles: see `PlanRequest`.
    func plan(_ selection: Selection, looksAtAllFiles: Bool = true) -> Plan {
        var request = PlanRequest(
            selection: selection, writer: writerVersion(for:), records: records, lookup: lookup)
        request.looksAtAllFiles = looksAtAllFiles
        return Planning.plan(request, graph: graph, files: files)
    }

    /// Where the bytes that a record describes lie: project-relative, or absolute. Nil for a source that is no more.
    func path(of record: RawRecord) -> String? {
        if record.source.isEmpty { return record.key }
        guard let source = project.source(named: record.source) else { return nil }
        if case .directory(let directory) = source.location { return directory + "/" + record.key }
        guard let mirror = source.mirror, let path = try? mirrorPath(for: record.key) else { return nil }
        return mirror + "/" + path
    }

    /// Whether the last listing shows the object of this record.
    func isStillListed(_ record: RawRecord) -> Bool {
        guard let list = project.sources.firstIndex(where: { $0.name == record.source }) else { return false }
        return graph.objects[list].place(of: record.key) != nil
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
    _ workspace: Workspace, access: StateStore.Access, newDatabase: [UInt8]? = nil,
    observer: some BuildObserver
) throws -> StateStore {
    let opened = try StateStore.open(
        directory: workspace.stateDirectory, access: access, newDatabase: newDatabase)
    if let note = opened.note { observer.observe(.note(note)) }
    return opened.store
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

func processorCount() -> Int { availableProcessorCount }

/// Asked once: a container's limits are read from files.
private let availableProcessorCount = max(1, ProcessInfo.processInfo.activeProcessorCount)
