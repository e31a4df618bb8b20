import Cleaning
import Graph
import Parquet

/// Bytes that went nowhere are asked for: rows of the workload are out of order.
private struct Unreadable: Error {}

/// Everything between a zip and a Parquet file, the file system's part aside.
struct WholeSteps {
    func run(_ workload: Workload, into measurements: inout Measurements) throws {
        guard !workload.paths.isEmpty else { return }
        let inputs = workload.paths.map { CleanInput(path: $0, name: $0, preference: 0) }
        let job = CleanJob(table: workload.table, inputs: inputs, days: workload.days, bindings: [:])
        let output = unsafe Output(
            write: { _ in }, read: { _, _ in throw Unreadable() }, startOver: { throw Unreadable() })
        var stopwatch = Stopwatch()
        let cleaned = try stopwatch.time { try clean(job, output: output, rejects: output) }
        measurements.add(
            "clean: the zips to Parquet bytes", stopwatch,
            values: cleaned.file.rowCount * cleaned.file.columns.count, bytes: workload.textByteCount)
    }
}
