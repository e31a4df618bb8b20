import CSV
import Columns
import Graph
import Parquet

/// Makes one Parquet file of the records of a job's inputs.
///
/// Blocking. Rows that come in the table's order, none of them twice, are written row group by row group as they are read:
/// memory is bounded by one row group. Rows out of place by less than a window are put right on the way. Where the
/// order is worse than that, all further rows are sorted, through a file where memory does not do; those that were written
/// before are read back from the output, and made again from the first row group on that others belong in.
///
/// - Parameters:
///   - output: receives the Parquet bytes in order.
///   - rejects: receives the sidecar of rows kept out, if there are any; asked for nothing otherwise.
///   - metadata: asked once, when all inputs are read, for what the Parquet footer shall carry.
///   - files: what others want of the input files.
///   - spareProcessor: asked, while a large input is read, for a processor that nobody else uses: what it gives is held as long
///     as threads of the job's own read ahead and encode row groups; nil: none is to spare. Decides nothing about the output.
///   - isCancelled: asked a few times a millisecond of parsing; makes this throw `CancellationError`.
/// - Throws: `CleanProblem`, `CSVProblem`, `ZipProblem`, `ParquetProblem`, `FileProblem` of the file that sorting uses,
///   `CancellationError`, and what the outputs throw.
package func clean(
    _ job: CleanJob, output: Output, rejects: Output,
    metadata: ([CleanedInput]) throws -> [(key: String, value: String)] = { _ in [] },
    files: InputFiles = InputFiles(),
    spareProcessor: @escaping () -> AnyObject? = { nil },
    isCancelled: () -> Bool = { false }
) throws -> CleanedDataset {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
        let run = try CleanRun(
            job, files: files, output: output, rejects: rejects, spare: SpareProcessor(spareProcessor),
            isCancelled: isCancelled)
        return try run.run(metadata: metadata)
    }
}

/// The steps from inputs to row groups.
private final class CleanRun {
    private let job: CleanJob
    private let files: InputFiles
    private let output: Output
    private let rejects: RejectLog
    private let isCancelled: () -> Bool
    private let schema: [Field]
    private let types: [ColumnType]
    private let sort: [Int]
    private let unique: [Int]
    private let pool: ColumnPool
    private let spare: SpareProcessor

    init(
        _ job: CleanJob, files: InputFiles, output: Output, rejects: Output,
        spare: SpareProcessor, isCancelled: @escaping () -> Bool
    ) throws {
        self.spare = spare
        self.files = files
        let table = job.table
        let syntax = FieldSyntax(delimiter: table.dialect.delimiter, quote: table.dialect.quote)
        guard syntax.isUsable else {
            throw CleanProblem(
                .recipe("'delimiter' and 'quote' must be two different ASCII characters"), place: table.name)
        }
        self.job = job
        self.output = output
        self.rejects = RejectLog(output: rejects, createdBy: job.createdBy)
        self.isCancelled = isCancelled
        let schema = try RowBuilder(table: table, days: job.days).schema
        self.schema = schema
        types = schema.map(\.type)
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
        pool = ColumnPool(types: types)
    }

    /// Whether rows that `unique` allows once only stand next to each other once sorted.
    private var isOnePass: Bool { unique.isEmpty || Set(sort) == Set(unique) }

    /// The order in which rows are brought together: the final one, or else that of the `unique` columns.
    private var order: RowOrder { RowOrder(keys: isOnePass ? sort : unique, fields: schema) }

    func run(metadata: ([CleanedInput]) throws -> [(key: String, value: String)]) throws -> CleanedDataset {
        let rows = try orderedRows()
        let target = try RowGroupOutput(
            job, schema: schema, sort: sort, unique: isOnePass ? unique : [], output: output, pool: pool,
            spare: spare)
        while let block = try rows.next() { try add(block, isLast: rows.isAtEnd, to: target) }

        var repeats = (same: 0, different: 0)
        if rows.isBroken {
            let sorter = try sortRest(of: rows)
            var earlier: EarlierRows?
            if rows.rowCount > 0 {
                let (reader, hasNumbers) = (rows.reader, !isOnePass)
                earlier = try target.takeBack { reader.ranks(of: $0, hasNumbers: hasNumbers) }
            }
            repeats = try addSorted(sorter, after: earlier, to: target)
        }
        let (file, counter) = try target.finish(metadata: metadata(rows.reader.inputs))
        var statistics = counter.statistics
        statistics.duplicateRowCount = repeats.same + target.repeats.sameCount
        statistics.conflictRowCount = repeats.different + target.repeats.differentCount
        statistics.rejectedRowCount = rejects.rowCount
        return CleanedDataset(
            statistics: statistics, inputs: rows.reader.inputs, file: file, rejects: try rejects.finish())
    }

    private func orderedRows() throws -> OrderedRows {
        let reader = try InputReader(
            job, files: files, rejects: rejects, ranksPreference: !unique.isEmpty, spare: spare,
            isCancelled: isCancelled)
        _ = reader.takeRows(leaving: try pool.take(capacity: 4_096))
        return OrderedRows(
            reader, order: order, watch: OrderWatch(sort: sort, unique: unique, types: types),
            usesWindow: isOnePass && !reader.hasPreferences, windowByteCount: job.settings.memoryByteCount,
            pool: pool)
    }

    private func add(_ block: RowBlock, isLast: Bool, to target: RowGroupOutput) throws {
        if block.columns.count == types.count {
            try target.addRowGroup(block.columns, isLast: isLast)
        } else {
            if isCancelled() { throw CancellationError() }
            try target.add(block)
        }
    }

    /// Sorts what is left once the order is broken.
    private func sortRest(of rows: OrderedRows) throws -> RowSorter {
        let sorter = RowSorter(order: order, types: types + [.int64], settings: job.settings)
        try sorter.append(runs: rows.takeHeld())
        let builder = rows.reader.builder
        var isAtEnd = false
        while true {
            let count = builder.columns[0].count
            if count > 0, isAtEnd || builder.isFull || count >= SortedRuns.pieceRows {
                try sorter.append(rows.takeRowsWithRanks())
            }
            if isAtEnd { return sorter }
            isAtEnd = try !rows.reader.advance()
        }
    }

    /// Writes all rows in the final order.
    ///
    /// - Parameter earlier: rows that were taken back from the target.
    /// - Returns: rows dropped on the way that the target does not count.
    private func addSorted(
        _ sorter: RowSorter, after earlier: EarlierRows?, to target: RowGroupOutput
    ) throws -> (same: Int, different: Int) {
        if isOnePass {
            // Ranks tell rows that were written before from those that were not.
            try add(all: sorter.merged(with: earlier, keepsRanks: earlier != nil), to: target)
            return (0, 0)
        }
        // Once in the order of the unique columns, to see which rows stay, and again in the final one.
        while let block = try earlier?.next() {
            try sorter.append(
                block.columns.map { column in
                    let copy = Column(type: column.type, capacity: block.rows.count)
                    copy.append(rows: block.rows, of: column)
                    return copy
                })
        }
        try target.endRepeating()
        var repeats = RepeatCounter(unique: unique, fields: schema)
        let final = RowSorter(
            order: RowOrder(keys: sort, fields: schema), types: types + [.int64], settings: job.settings)
        let grouped = try sorter.merged(keepsRanks: true)
        while let block = try grouped.next() {
            if isCancelled() { throw CancellationError() }
            let spans = repeats.spansThatStay(of: block)
            let columns = block.columns.map { column in
                let copy = Column(type: column.type, capacity: block.rows.count)
                copy.append(spans.span, of: [column])
                return copy
            }
            forgetPreference(columns[types.count])
            if columns[0].count > 0 { try final.append(columns) }
        }
        try add(all: final.merged(keepsRanks: false), to: target)
        return (repeats.sameCount, repeats.differentCount)
    }

    private func add(all rows: RunMerge, to target: RowGroupOutput) throws {
        while let block = try rows.next() {
            if isCancelled() { throw CancellationError() }
            try target.add(block)
        }
    }

    /// Leaves of ranks the place in reading order.
    private func forgetPreference(_ ranks: Column) {
        unsafe ranks.withMutableSlots(as: Int64.self) { slots in
            // SAFETY: there are at least as many slots as rows.
            for row in 0..<ranks.count { unsafe slots[row] &= RowOrder.ordinalMask }
        }
    }
}
