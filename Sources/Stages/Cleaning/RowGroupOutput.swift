import Columns
import Graph
import Parquet

/// Takes rows in their final order, drops those that `unique` allows once only, and writes row groups as they fill.
final class RowGroupOutput {
    private let schema: [Field]
    private let pool: ColumnPool
    private let rowLimit: Int
    private let encoder: RowGroupEncoder

    private(set) var repeats: RepeatCounter
    /// The row group that is filling.
    private var pending: [Column] = []
    /// Whether rows that were taken back are coming again, and no others came yet.
    private var isRepeating = false

    init(
        _ job: CleanJob, schema: [Field], sort: [Int], unique: [Int], output: Output, pool: ColumnPool,
        spare: SpareProcessor
    ) throws {
        self.schema = schema
        self.pool = pool
        rowLimit = max(1, job.table.parquet.rowGroupRows)
        repeats = RepeatCounter(unique: unique, fields: schema)
        encoder = RowGroupEncoder(
            schema: schema, options: Self.options(of: job, sort: sort),
            counter: DatasetCounter(fields: schema, key: sort.first, step: try Step(of: job)), output: output,
            pool: pool, spare: spare, settings: job.settings)
    }

    /// Takes a row group as it was read, or the last rows of all, none of them twice. The columns are given away.
    func addRowGroup(_ columns: [Column], isLast: Bool) throws {
        let rows = 0..<columns[0].count
        repeats.skip(columns)
        guard pending.isEmpty || pending[0].count == 0 else {
            try append([RowSpan(source: 0, rows: rows)], of: columns)
            pool.put(columns)
            return
        }
        try encoder.write(columns, isLast: isLast)
    }

    /// Takes rows of a merge, equal ones next to each other. The block is done with at the end of the call.
    func add(_ block: RowBlock) throws {
        var spans = repeats.spansThatStay(of: block)
        if isRepeating, let late = firstLateRow(of: block, spans) {
            let earlier = spans.compactMap { span in
                let rows = span.rows.clamped(to: span.rows.lowerBound..<max(late, span.rows.lowerBound))
                return rows.isEmpty ? nil : RowSpan(source: 0, rows: rows)
            }
            try append(earlier, of: block.columns)
            try endRepeating()
            spans = spans.compactMap { span in
                let rows = max(late, span.rows.lowerBound)..<max(late, span.rows.upperBound)
                return rows.isEmpty ? nil : RowSpan(source: 0, rows: rows)
            }
        }
        try append(spans, of: block.columns)
    }

    /// The first row that stays and was not written before.
    private func firstLateRow(of block: RowBlock, _ spans: [RowSpan]) -> Int? {
        unsafe block.columns[schema.count].withValues(as: Int64.self) { ranks in
            for span in spans {
                // SAFETY: the spans are the block's, and all its columns have as many rows.
                for row in span.rows where unsafe ranks[row] & RowOrder.ordinalMask != 0 { return row }
            }
            return nil
        }
    }

    /// Takes all rows back, to be added again with others that came late.
    ///
    /// Row groups before the first of those are not encoded again: the rows taken back have to come in the same order, rank 0
    /// in what the ranks count by, until ``endRepeating()``.
    ///
    /// - Parameter ranks: of rows by their number in the order in which they were added, from 0 on.
    func takeBack(ranks: @escaping (Range<Int>) -> Column) throws -> EarlierRows {
        let rest = pending.first?.count == 0 ? [] : pending
        pending = []
        repeats.beginAgain()
        isRepeating = true
        return EarlierRows(try encoder.beginAgain(), rest: rest, ranks: ranks)
    }

    /// Rows to come, and those since the last full row group, are written whatever was written before.
    func endRepeating() throws {
        isRepeating = false
        try encoder.endKeeping()
    }

    private func append(_ spans: [RowSpan], of columns: [Column]) throws {
        if pending.isEmpty { pending = try pool.take(capacity: min(rowLimit, SortedRuns.pieceRows)) }
        var rest = spans[...]
        while !rest.isEmpty {
            let fitting = takeFitting(&rest, of: columns)
            copy(fitting, of: columns)
            if pending[0].count == rowLimit || !rest.isEmpty {
                let full = pending
                // Where another thread encodes them, columns for the rows to come are those of the row group before: taken later,
                // they would be these, once they are encoded.
                pending = encoder.isBehind(full) ? try pool.take(capacity: full[0].capacity) : []
                try encoder.write(full)
                if pending.isEmpty, !rest.isEmpty { pending = try pool.take(capacity: full[0].capacity) }
            }
        }
    }

    /// Spans of fewer rows on average are copied row by row: loops of few turns each cost more.
    private static let shortSpan = 16

    private func copy(_ spans: [RowSpan], of columns: [Column]) {
        guard spans.count > 1, spans.reduce(0, { $0 + Int($1.count) }) < spans.count * Self.shortSpan else {
            for (index, column) in pending.enumerated() { column.append(spans.span, of: [columns[index]]) }
            return
        }
        var rows: [Int32] = []
        for span in spans { rows.append(contentsOf: span.start..<(span.start + span.count)) }
        for (index, column) in pending.enumerated() { column.append(rows.span, of: columns[index]) }
    }

    /// Takes from the front as many rows as the row group has room for, by rows and by bytes of text.
    private func takeFitting(_ spans: inout ArraySlice<RowSpan>, of columns: [Column]) -> [RowSpan] {
        var room = rowLimit - pending[0].count
        let texts = schema.indices.filter { schema[$0].type == .text }
        var textRoom = texts.map { RowBuilder.textLimit - pending[$0].textByteCount }
        var fitting: [RowSpan] = []
        while let span = spans.first, room > 0 {
            var rows = span.rows.prefix(room)
            // A row whose text does not fit begins the next row group.
            for (place, index) in texts.enumerated()
            where columns[index].textByteCount(ofRows: rows) > textRoom[place] {
                var low = 0
                var high = rows.count
                while low + 1 < high {
                    let middle = (low + high) / 2
                    if columns[index].textByteCount(ofRows: rows.prefix(middle)) <= textRoom[place] {
                        low = middle
                    } else {
                        high = middle
                    }
                }
                rows = rows.prefix(low)
            }
            if !rows.isEmpty { fitting.append(RowSpan(source: 0, rows: rows)) }
            room -= rows.count
            for (place, index) in texts.enumerated() {
                textRoom[place] -= columns[index].textByteCount(ofRows: rows)
            }
            spans.removeFirst()
            if rows.count < span.rows.count {
                spans = [RowSpan(source: 0, rows: rows.upperBound..<span.rows.upperBound)] + spans
                break
            }
        }
        return fitting
    }

    /// Writes what is left, and the footer.
    func finish(metadata: [(key: String, value: String)]) throws -> (
        file: WrittenFile, counter: DatasetCounter
    ) {
        if !pending.isEmpty, pending[0].count > 0 { try encoder.write(pending, isLast: true) }
        pending = []
        return try encoder.finish(metadata: metadata)
    }

    private static func options(of job: CleanJob, sort: [Int]) -> WriterOptions {
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
        return options
    }
}
