package import Files
package import Graph

/// What is known of one partition of a dataset.
package struct PartitionStatistics: Hashable, Sendable {
    /// Project-relative.
    package var path: String
    package var statistics: DatasetStatistics

    package init(path: String, statistics: DatasetStatistics) {
        self.path = path
        self.statistics = statistics
    }
}

/// Writes `stats.json` into a dataset's directory: a line per partition, in byte order of the paths, and totals.
///
/// The same partitions give the same bytes, in whatever order they come. The file appears whole or not at all.
///
/// - Parameter directory: where the dataset's partitions lie: the part of the output pattern before the first wildcard.
/// - Parameter willWrite: told the name of the temporary file before it is made, so that a kill leaves nothing unknown.
/// - Returns: whether the file was written; false where it already says this.
/// - Throws: `FileProblem`.
@discardableResult
package func writeDatasetStatistics(
    directory: String, partitions: [PartitionStatistics],
    willWrite: (_ temporaryPath: String) throws(FileProblem) -> Void = { _ in }
) throws(FileProblem) -> Bool {
    let path = directory + "/stats.json"
    let text = Array(datasetStatisticsJSON(partitions).utf8)
    // A file longer than this one, or none, is simply replaced.
    if let found = try? readSmallFile(path, limit: text.count), found == text { return false }
    try willWrite(StagedFile.temporaryPath(for: path))
    try writeFileAtomically(path, text)
    return true
}

/// The text of `stats.json`.
package func datasetStatisticsJSON(_ partitions: [PartitionStatistics]) -> String {
    let sorted = partitions.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    var totals = DatasetStatistics()
    for statistics in sorted.map(\.statistics) {
        totals.rowCount &+= statistics.rowCount
        totals.gapCount &+= statistics.gapCount
        totals.missingRowCount &+= statistics.missingRowCount
        totals.duplicateRowCount &+= statistics.duplicateRowCount
        totals.conflictRowCount &+= statistics.conflictRowCount
        totals.rejectedRowCount &+= statistics.rejectedRowCount
        totals.nullCounts.merge(statistics.nullCounts) { $0 &+ $1 }
    }
    let order = ValueOrder(
        of: sorted.flatMap { [$0.statistics.first, $0.statistics.last] }.compactMap { $0 })
    totals.first = sorted.compactMap(\.statistics.first).min(by: order.precedes)
    totals.last = sorted.compactMap(\.statistics.last).max(by: order.precedes)

    var total = JSONText()
    total.add("partitions", sorted.count)
    add(totals, to: &total)
    let lines = sorted.map { partition in
        var line = JSONText()
        line.add("path", partition.path)
        add(partition.statistics, to: &line)
        return "    " + line.object
    }
    let body = lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n  ]"
    return "{\n  \"version\": 1,\n  \"totals\": \(total.object),\n  \"partitions\": \(body)\n}\n"
}

private func add(_ statistics: DatasetStatistics, to line: inout JSONText) {
    line.add("rows", statistics.rowCount)
    line.add("first", statistics.first)
    line.add("last", statistics.last)
    line.add("gaps", statistics.gapCount)
    line.add("missing_rows", statistics.missingRowCount)
    line.add("duplicates", statistics.duplicateRowCount)
    line.add("conflicts", statistics.conflictRowCount)
    var nulls = JSONText()
    for (name, count) in statistics.nullCounts.sorted(by: {
        $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }) {
        nulls.add(name, count)
    }
    line.add("nulls", json: nulls.object)
    line.add("rejected", statistics.rejectedRowCount)
}

/// How the values of a sort column compare, told from their texts: as times, as numbers, or else as bytes.
private enum ValueOrder {
    case times, integers, numbers, bytes

    init(of values: [String]) {
        if values.allSatisfy({ UTCTime($0) != nil }) {
            self = .times
        } else if values.allSatisfy({ Int64($0) != nil }) {
            self = .integers
        } else if values.allSatisfy({ Double($0).map { !$0.isNaN } ?? false }) {
            self = .numbers
        } else {
            self = .bytes
        }
    }

    func precedes(_ a: String, _ b: String) -> Bool {
        switch self {
        case .times: (UTCTime(a)?.microseconds ?? 0) < (UTCTime(b)?.microseconds ?? 0)
        case .integers: (Int64(a) ?? 0) < (Int64(b) ?? 0)
        case .numbers: (Double(a) ?? 0) < (Double(b) ?? 0)
        case .bytes: a.utf8.lexicographicallyPrecedes(b.utf8)
        }
    }
}
