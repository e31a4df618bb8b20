import Foundation
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
/// - Returns: whether the file was written; false where it already says this.
/// - Throws: `OutputProblem`.
@discardableResult
package func writeDatasetStatistics(directory: String, partitions: [PartitionStatistics]) throws -> Bool {
    let path = directory + "/stats.json"
    let text = Data(datasetStatisticsJSON(partitions).utf8)
    if (try? Data(contentsOf: URL(filePath: path))) == text { return false }
    do {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
        throw OutputProblem(path: directory, doing: "create", code: ENOTDIR)
    }
    try replace(path, in: directory, with: text)
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

/// Puts a file in place of another, durably: written and synced under a name of its own, then renamed.
private func replace(_ path: String, in directory: String, with data: Data) throws {
    let temporary = "\(directory)/.stats.json.\(String(UInt64.random(in: 0 ... .max), radix: 16)).tmp"
    let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard file >= 0 else { throw OutputProblem(path: temporary, doing: "create") }
    do {
        do {
            defer { close(file) }
            var start = 0
            while start < data.count {
                // SAFETY: start < count, so the bytes from there on are the buffer's.
                let written = unsafe data.withUnsafeBytes {
                    unsafe write(file, $0.baseAddress! + start, $0.count - start)
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw OutputProblem(path: temporary, doing: "write") }
                start += written
            }
            guard fsync(file) == 0 else { throw OutputProblem(path: temporary, doing: "sync") }
        }
        guard unsafe rename(temporary, path) == 0 else { throw OutputProblem(path: path, doing: "replace") }
    } catch {
        unsafe unlink(temporary)
        throw error
    }
    let parent = unsafe open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    if parent >= 0 {
        fsync(parent)
        close(parent)
    }
}
