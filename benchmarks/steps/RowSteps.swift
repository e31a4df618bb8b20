import CSV
import Cleaning
import Columns
import Graph

/// Steps from batches of records to the columns of a row group, as `clean` takes them.
struct RowSteps {
    /// Columns of the first row group, for the steps of writing.
    private(set) var columns: [Column] = []
    private(set) var schema: [Field] = []

    mutating func run(_ workload: Workload, into measurements: inout Measurements) throws {
        let steps = try BatchSteps(table: workload.table, days: workload.days)
        let columnCount = steps.schema.count
        var judge = Stopwatch()
        var check = Stopwatch()
        var append = Stopwatch()
        var observe = Stopwatch()
        var rowCount = 0
        var isFull = false
        for payload in workload.payloads where !isFull {
            let text = TextSource(payload.text)
            var reader = RecordReader(file: workload.name, syntax: FieldSyntax())
            let layout = try steps.beginFile(
                unsafe try reader.peekFirstRecord(text.read), byteCount: payload.text.count)
            if layout.hasHeader { reader.skipFirstRecord() }
            while let batch = unsafe try reader.nextBatch(fieldCount: layout.fieldCount, text.read) {
                let bad = judge.time { steps.judge(batch) }
                guard bad == 0, check.time({ steps.check(batch) }) == 0 else {
                    throw BenchmarkProblem(description: "\(workload.name): rows do not pass")
                }
                let count = append.time { steps.append(batch) }
                observe.time { steps.observe() }
                rowCount += count
                isFull = count < batch.rowCount
                if isFull { break }
            }
        }
        guard steps.isInOrder else {
            throw BenchmarkProblem(description: "\(workload.name): rows are not in order")
        }
        let values = rowCount * columnCount
        measurements.add("rows: parse and check all columns", judge, values: values)
        if !workload.table.checks.isEmpty {
            measurements.add("rows: \(workload.table.checks.count) checks of it", check, values: rowCount)
        }
        measurements.add("rows: append", append, values: values)
        if !workload.table.sort.isEmpty {
            measurements.add("rows: watch the order", observe, values: rowCount)
        }
        (columns, schema) = (steps.columns, steps.schema)
    }
}
