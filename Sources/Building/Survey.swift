import Files
import Foundation
import Graph
import HTTP
import Listing
import Planning
import Problems
import Recording

/// Finds out what is out there: lists sources, and brings the recorded snapshots up to date with it.
struct Survey {
    let workspace: Workspace
    let project: Project
    let state: StateStore
    /// Whether what is found is recorded; otherwise the answer is only used.
    let records: Bool
    let observer: any BuildObserver
    /// Sources of which something could not be listed, with the reason. Filled by `offerings`.
    private(set) var problems: [ListingProblem] = []
    /// Listed now, or recorded from before, that no pattern of the Datafile asks for.
    private(set) var snapshots: [String: ObjectList] = [:]
    /// What the listings changed, by source; sources without news left out.
    private(set) var news: [String: SnapshotUpdate] = [:]

    private let directories: DirectoryListings
    /// The directories that listings read.
    var visits: DirectoryVisits { directories.visits }

    /// - Parameter directories: of the scope that is then asked for.
    init(
        workspace: Workspace, project: Project, state: StateStore, directories: DirectoryListings,
        records: Bool, observer: any BuildObserver
    ) {
        self.workspace = workspace
        self.project = project
        self.state = state
        self.directories = directories
        self.records = records
        self.observer = observer
    }

    /// Lists every source that the scope needs.
    mutating func offerings(
        scope: ListingScope, refresh: RefreshMode, connections: Int?
    ) async throws -> Offerings {
        var client: HTTPClient?
        defer { client?.shutdown() }
        for source in project.sources {
            guard let entries = scope.entries[source.name] else { continue }
            if let listing = try await directories.listing(of: source.name) {
                note(listing)
                snapshots[source.name] = ObjectList(listing.objects)
                continue
            }
            let previous = try state.objectList(ofSource: source.name)
            guard refresh != .none else {
                snapshots[source.name] = previous
                continue
            }
            observer.observe(.listing(source: source.name))
            if client == nil {
                client = HTTPClient(options: httpOptions(for: project, connections: connections))
            }
            let listing = try await list(
                ListingRequest(
                    source: source, patterns: entries, refresh: refresh,
                    known: try state.sweeps(ofSource: source.name)), client: client!)
            note(listing)
            let update = merge(previous: previous, listing: listing)
            snapshots[source.name] = update.objects
            if !update.isEmpty { news[source.name] = update }
            observer.observe(
                .listed(
                    source: source.name, objectCount: listing.objects.count,
                    requestCount: listing.requestCount,
                    new: update.new.count, changed: update.changed.count, gone: update.gone.count))
            if records { try save(update, listing: listing, of: source) }
            // A million objects with their texts take a tenth of a second to free: somebody else can do that.
            Task.detached { withExtendedLifetime((listing, previous)) {} }
        }
        return Offerings(objects: snapshots, localFiles: try await localFiles(scope))
    }

    private mutating func note(_ listing: SourceListing) {
        for problem in listing.problems {
            if problem.leavesGaps { problems.append(problem) }
            observer.observe(.warning(problem.description))
        }
    }

    private func save(_ update: SnapshotUpdate, listing: SourceListing, of source: Source) throws {
        if !update.isEmpty {
            try state.replaceObjects(
                ofSource: source.name, changed: update.new + update.changed, gone: update.gone.map(\.key))
        }
        var sweeps = [String: SweepRecord]()
        var gone = [String]()
        for swept in listing.sweptPrefixes {
            if let state = swept.state { sweeps[swept.prefix] = state } else { gone.append(swept.prefix) }
        }
        try state.saveSweeps(ofSource: source.name, sweeps, gone: gone)
    }

    /// Files in the project that a source-less pattern names.
    private func localFiles(_ scope: ListingScope) async throws -> ObjectList {
        guard !scope.localEntries.isEmpty else { return ObjectList() }
        let listing = try await listDirectory(
            path: workspace.root, patterns: scope.localEntries, source: "project", visits: visits)
        return ObjectList(listing.objects)
    }
}

/// One client's limits: the most connections any source wants to its host, and the total of flag, Datafile or default.
func httpOptions(for project: Project, connections: Int?) -> HTTPOptions {
    var options = HTTPOptions()
    options.connections = connections ?? project.settings.connections ?? defaultConnectionCount
    options.connectionsPerHost = min(
        options.connections, project.sources.map(\.connections).max() ?? options.connections)
    return options
}
