import Building
import Problems

/// A build's statistics for people: a line a worker, then the longest job, then what jobs waited for.
func statisticsLines(_ statistics: BuildStatistics) -> [String] {
    var rows = [["worker", "jobs", "pieces", "steals", "parks", "idle s", "busy s", "processor s"]]
    for worker in statistics.workers {
        rows.append(
            ["\(worker.worker)"]
                + [worker.jobs, worker.pieces, worker.steals, worker.parks].map(grouped)
                + [worker.idleSeconds, worker.busySeconds, worker.processorSeconds].map {
                    decimalText($0, digits: 3)
                })
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
        zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  ")
    }
    if let longest = statistics.longest {
        lines.append(
            "longest: \(longest.kind) \(longest.target.escapedForDisplay), "
                + "\(decimalText(longest.seconds, digits: 3)) s")
    }
    func wait(_ name: String, _ wait: BuildStatistics.Wait, budget: Int? = nil) -> String {
        var text = "\(name) \(decimalText(wait.seconds, digits: 3)) s"
        if let jobs = wait.jobs { text += " (\(grouped(jobs)) jobs)" }
        if let budget { text += " of \(byteText(Double(budget)))" }
        return text
    }
    let waits = statistics.waits
    lines.append(
        "jobs waited for: "
            + [
                wait("connections", waits.connections), wait("workers", waits.workers),
                wait("memory", waits.memory, budget: statistics.memoryBytes),
                wait("disk", waits.disk, budget: statistics.diskBytes),
            ].joined(separator: ", "))
    return lines
}
