import Bytes
import CSV
import Columns
import Graph
import Parquet

/// Makes one Parquet file of the records of a job's inputs.
///
/// Blocking; runs on the calling thread alone. Rows that come in the table's order, none of them twice, are written row group by
/// row group as they are read: memory is bounded by one row group. Where they do not, they are all collected, sorted and
/// de-duplicated; if row groups had been written by then, the outputs are restarted and the inputs read again.
///
/// - Parameters:
///   - output: receives the Parquet bytes in order.
///   - rejects: receives the sidecar of rows kept out, if there are any; asked for nothing otherwise.
///   - metadata: asked once, when all inputs are read, for what the Parquet footer shall carry.
///   - isCancelled: asked a few times a millisecond of parsing; makes this throw `CancellationError`.
/// - Throws: `CleanProblem`, `CSVProblem`, `ZipProblem`, `ParquetProblem`, `CancellationError`, and what the outputs throw.
package func clean(
    _ job: CleanJob, output: Output, rejects: Output,
    metadata: ([CleanedInput]) throws -> [(key: String, value: String)] = { _ in [] },
    isCancelled: () -> Bool = { false }
) throws -> CleanedDataset {
    let log = RejectLog(output: rejects, createdBy: job.createdBy)
    do {
        let run = try CleanRun(job, output: output, rejects: log, collects: false)
        return try run.finish(reading: isCancelled, metadata: metadata)
    } catch is CleanRun.RowsOutOfOrder {
        try output.restart()
        try log.restart()
        let run = try CleanRun(job, output: output, rejects: log, collects: true)
        return try run.finish(reading: isCancelled, metadata: metadata)
    }
}

/// One reading of all inputs.
private final class CleanRun {
    /// Rows are out of order, and some of them have been written already.
    struct RowsOutOfOrder: Error {}

    private let job: CleanJob
    private let output: Output
    private let rejects: RejectLog
    private let builder: RowBuilder
    private let schema: [Field]
    private let sort: [Int]
    private let unique: [Int]
    private var watch: OrderWatch
    private var counter: DatasetCounter
    private var collected = CollectedRows()
    private var isCollecting: Bool
    private var writer: ParquetWriter?

    init(_ job: CleanJob, output: Output, rejects: RejectLog, collects: Bool) throws {
        let table = job.table
        let syntax = FieldSyntax(delimiter: table.dialect.delimiter, quote: table.dialect.quote)
        guard syntax.isUsable else {
            throw CleanProblem(
                .recipe("'delimiter' and 'quote' must be two different ASCII characters"), place: table.name)
        }
        self.job = job
        self.output = output
        self.rejects = rejects
        isCollecting = collects
        builder = try RowBuilder(table: table, days: job.days)
        let schema = builder.schema
        self.schema = schema
        func indices(_ names: [String], _ key: String) throws -> [Int] {
            try names.map { name in
                guard let index = schema.firstIndex(where: { $0.name == name }) else {
                    throw CleanProblem(
                        .recipe("'\(key)' names '\(name)', which is not in the output"), place: table.name)
                }
                return index
            }
        }
        sort = try indices(table.sort, "sort")
        unique = try indices(table.unique, "unique")
        watch = OrderWatch(sort: sort, unique: unique, types: schema.map(\.type))
        counter = DatasetCounter(fields: schema, key: sort.first, step: try Step(of: job))
    }

    func finish(
        reading isCancelled: () -> Bool, metadata: ([CleanedInput]) throws -> [(key: String, value: String)]
    ) throws -> CleanedDataset {
        var inputs: [CleanedInput] = []
        for input in job.inputs { inputs.append(try read(input, isCancelled)) }

        var duplicates = (same: 0, different: 0)
        if isCollecting {
            if builder.columns[0].count > 0 { collected.append(builder.takeColumns()) }
            let (rows, same, different) = collected.arranged(sort: sort, unique: unique)
            duplicates = (same, different)
            var start = 0
            while start < rows.count {
                if isCancelled() { throw CancellationError() }
                let end = min(start + builder.rowLimit, rows.count)
                try write(collected.gather(rows[start..<end], types: schema.map(\.type)))
                start = end
            }
        } else if builder.columns[0].count > 0 {
            try write(builder.columns)
        }

        try openWriter()
        guard let file = try writer.take()?.finish(keyValueMetadata: try metadata(inputs)) else {
            preconditionFailure("the writer was opened a line above")
        }
        var statistics = counter.statistics
        statistics.duplicateRowCount = duplicates.same
        statistics.conflictRowCount = duplicates.different
        statistics.rejectedRowCount = rejects.rowCount
        return CleanedDataset(
            statistics: statistics, inputs: inputs, file: file, rejects: try rejects.finish())
    }

    private func read(_ input: CleanInput, _ isCancelled: () -> Bool) throws -> CleanedInput {
        let table = job.table
        let stream = try PayloadStream(path: input.path, name: input.name)
        var reader = RecordReader(
            file: input.name,
            syntax: FieldSyntax(delimiter: table.dialect.delimiter, quote: table.dialect.quote))
        let layout = try FileLayout(
            first: unsafe try reader.peekFirstRecord(stream.read), table: table, file: input.name)
        if layout.hasHeader { reader.skipFirstRecord() }
        builder.beginFile(layout)
        if let byteCount = stream.announcedByteCount { builder.expect(byteCount: byteCount) }
        collected.beginInput(row: builder.columns[0].count, preference: input.preference)

        var rowCount = 0
        while let batch = unsafe try reader.nextBatch(fieldCount: layout.fieldCount, stream.read) {
            if isCancelled() { throw CancellationError() }
            for bad in builder.takeBadRows(from: batch) { try reject(bad, in: batch, of: input) }
            rowCount += batch.rowCount
            var row = 0
            while row < batch.rowCount {
                let base = builder.columns[0].count
                row += builder.append(batch, from: row)
                try observe(from: base)
                if builder.isFull { try endRowGroup() }
            }
        }
        return CleanedInput(
            name: input.name, payload: stream.digest, payloadByteCount: stream.byteCount, rowCount: rowCount)
    }

    private func reject(_ bad: RowBuilder.BadRow, in batch: RecordBatch, of input: CleanInput) throws {
        guard job.table.badRows == .quarantine else {
            throw CleanProblem(
                .badRow(line: bad.line, byte: bad.byte, column: bad.column, reason: bad.reason),
                place: input.name)
        }
        try rejects.append(
            file: input.name, line: bad.line, byte: bad.byte, column: bad.column, reason: bad.reason,
            text: batch.recordBytes(at: bad.sourceStart))
    }

    private func observe(from row: Int) throws {
        guard !isCollecting else { return }
        watch.observe(builder.columns, from: row)
        guard !watch.isInOrder else { return }
        // Nothing written yet: what has been read is the beginning of what is collected.
        guard writer == nil else { throw RowsOutOfOrder() }
        isCollecting = true
    }

    private func endRowGroup() throws {
        if isCollecting {
            collected.append(builder.takeColumns())
        } else {
            watch.rowsLeave(builder.columns)
            try write(builder.columns)
            builder.beginRowGroup()
        }
    }

    private func write(_ columns: [Column]) throws {
        try openWriter()
        counter.count(columns)
        try writer!.writeRowGroup(columns)
    }

    private func openWriter() throws {
        guard writer == nil else { return }
        var options = WriterOptions()
        let parquet = job.table.parquet
        options.compression =
            switch parquet.compression {
            case .zstd: .zstd(level: parquet.level)
            case .gzip: .gzip(level: parquet.level)
            case .none: .uncompressed
            }
        options.encodings =
            switch parquet.encodings {
            case .smallest: .smallest
            case .portable: .portable
            }
        options.sortingColumns = sort.map { SortKey(.index($0)) }
        options.bloomFilterColumns = parquet.bloomFilter.map { BloomFilterColumn(.name($0)) }
        options.createdBy = job.createdBy
        unsafe writer = try ParquetWriter(schema: schema, options: options, sink: output.write)
    }
}
