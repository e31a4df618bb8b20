import Files
import Graph
import Publishing
import Recording
import Synchronization

extension BuildRun {
    /// Refreshes `stats.json` of every dataset that this run wrote to, or that has none.
    ///
    /// - Parameter everywhere: also of datasets that this run left alone.
    func writeStatistics(everywhere: Bool) throws {
        let (written, records) = knowledge.withLock { ($0.wasBuilt, $0.actions) }
        let directories = datasetDirectories(of: project)
        let touched = Set(written.compactMap { records[$0].flatMap { directories[$0.rule] } })
        let due = try Set(directories.values).filter { directory in
            try everywhere || touched.contains(directory)
                || Stamp.of(path: workspace.absolute(directory + "/stats.json")) == nil
        }
        guard !due.isEmpty else { return }
        var entries = [String: [PartitionStatistics]]()
        // From the state, since this run may know of no more than a part.
        try state.forEachActionRecord { record in
            guard let directory = directories[record.rule], due.contains(directory),
                let statistics = record.statistics
            else { return }
            entries[directory, default: []].append(
                PartitionStatistics(path: record.output, statistics: statistics))
        }
        for (directory, partitions) in entries {
            try writeDatasetStatistics(directory: workspace.absolute(directory), partitions: partitions) {
                temporary throws(FileProblem) in try journal.willWrite(temporary)
            }
        }
    }

}

/// Where each rule's dataset lies, by name of the rule: the literal directories before its output's first wildcard.
private func datasetDirectories(of project: Project) -> [String: String] {
    Dictionary(
        uniqueKeysWithValues: project.rules.map { rule in
            let prefix = rule.output.literalPrefix
            return (rule.name, prefix.lastIndex(of: "/").map { String(prefix[..<$0]) } ?? ".")
        })
}

/// The project-relative path of each dataset's statistics, whether or not there are any.
func statisticsPaths(of project: Project) -> [String] {
    Set(datasetDirectories(of: project).values).sorted().map { $0 + "/stats.json" }
}
