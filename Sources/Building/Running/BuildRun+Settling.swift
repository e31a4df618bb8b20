import Listing
import Planning
import Synchronization

extension BuildRun {
    /// What is in the records since this run, when it has come to its end.
    var changes: RunChanges {
        knowledge.withLock { RunChanges(raws: $0.raws, actions: $0.actions) }
    }

    /// Whether outputs were built in directories that a listing read: other names are there now than the listing saw, and nobody
    /// knows which of them are outputs only.
    func hasWritten(into visits: DirectoryVisits) -> Bool {
        guard let visited = visits.names, !visited.isEmpty else { return false }
        return knowledge.withLock { known in
            known.wasBuilt.contains { output in
                var directory = Substring(workspace.absolute(output))
                while let slash = directory.lastIndex(of: "/") {
                    directory = directory[..<slash]
                    if visited[String(directory)] != nil { return true }
                }
                return false
            }
        }
    }
}
