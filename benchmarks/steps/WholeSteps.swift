import Cleaning
import Graph
import Parquet

/// Everything between a zip and a Parquet file, the file system's part aside.
struct WholeSteps {
    func run(_ workload: Workload, into measurements: inout Measurements) throws {
        guard !workload.paths.isEmpty else { return }
        let inputs = workload.paths.map { CleanInput(path: $0, name: $0, preference: 0) }
        let job = CleanJob(table: workload.table, inputs: inputs, days: workload.days, bindings: [:])
        let output = unsafe Output(write: { _ in }, restart: {})
        let rejects = unsafe Output(write: { _ in }, restart: {})
        var stopwatch = Stopwatch()
        let cleaned = try stopwatch.time { try clean(job, output: output, rejects: rejects) }
        measurements.add(
            "clean: the zips to Parquet bytes", stopwatch,
            values: cleaned.file.rowCount * cleaned.file.columns.count, bytes: workload.textByteCount)
    }
}
