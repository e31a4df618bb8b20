import Graph
import Listing

/// What a project's directory sources hold, being listed from the moment that this value is made: no records are needed for that, so
/// they can be opened meanwhile.
struct DirectoryListings: Sendable {
    /// The directories that were read.
    let visits: DirectoryVisits
    /// By name of the source.
    private let tasks: [String: Task<SourceListing, any Error>]

    init(_ project: Project, scope: ListingScope, in workspace: Workspace) {
        let visits = DirectoryVisits()
        var tasks = [String: Task<SourceListing, any Error>]()
        for source in project.sources {
            guard let entries = scope.entries[source.name], case .directory(let path) = source.location else {
                continue
            }
            let directory = workspace.absolute(path)
            tasks[source.name] = Task {
                try await listDirectory(
                    path: directory, patterns: entries, source: source.name, visits: visits)
            }
        }
        self.visits = visits
        self.tasks = tasks
    }

    /// Waits for a source's listing; nil for one that is no directory, or not in the scope.
    ///
    /// - Throws: `CancellationError` alone.
    func listing(of source: String) async throws -> SourceListing? {
        guard let task = tasks[source] else { return nil }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
