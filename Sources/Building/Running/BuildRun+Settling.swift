import Graph
import Listing
import Planning
import Synchronization

extension BuildRun {
    /// What is in the records since this run, when it has come to its end.
    var changes: RunChanges {
        knowledge.withLock { RunChanges(raws: $0.raws, actions: $0.actions) }
    }

    /// Whether new outputs came into directories that a listing read: other names are there now than the listing saw, and nobody
    /// knows whether they are outputs only.
    func hasAdded(to visits: DirectoryVisits) -> Bool {
        guard let visited = visits.names, !visited.isEmpty else { return false }
        let built = knowledge.withLock { $0.wasBuilt }
        return plan.steps.contains { step in
            guard
                step.causes.contains(CauseSet(.neverBuilt)) || step.causes.contains(CauseSet(.outputMissing))
            else { return false }
            let output = graph.output(of: step.action)
            guard built.contains(output) else { return false }
            var directory = Substring(workspace.absolute(output))
            while let slash = directory.lastIndex(of: "/") {
                directory = directory[..<slash]
                if visited[String(directory)] != nil { return true }
            }
            return false
        }
    }
}
