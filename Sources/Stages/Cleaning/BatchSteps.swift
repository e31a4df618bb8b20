package import CSV
package import Columns
package import Graph

/// What happens to a batch of records on its way into columns, one step a call, so that each can be measured alone.
///
/// The steps are those of `clean`, in its order: `judge`, `append`, `observe`; `check` repeats a part of the first.
package final class BatchSteps {
    private let builder: RowBuilder
    private let table: Table
    private var watch: OrderWatch
    /// Row of the columns from which on nothing has been observed.
    private var firstUnobserved = 0

    /// - Parameter days: what `in partition` asks for.
    /// - Throws: `CleanProblem` where the table asks for what cannot be.
    package init(table: Table, days: DayRange?) throws {
        self.table = table
        builder = try RowBuilder(table: table, days: days)
        let schema = builder.schema
        func indices(_ names: [String]) -> [Int] {
            names.compactMap { name in schema.firstIndex { $0.name == name } }
        }
        watch = OrderWatch(
            sort: indices(table.sort), unique: indices(table.unique), types: schema.map(\.type))
    }

    /// The rows of the current row group.
    package var columns: [Column] { builder.columns }
    package var schema: [Field] { builder.schema }

    /// Whether all rows observed so far came in the table's order.
    package var isInOrder: Bool { watch.isInOrder }

    /// Starts a file.
    ///
    /// - Parameters:
    ///   - first: fields of its first record.
    ///   - byteCount: of its text, to make room for.
    /// - Returns: whether that record is a header, and the fields a record has.
    /// - Throws: `CleanProblem` where the header does not fit the table.
    package func beginFile(_ first: [[UInt8]]?, byteCount: Int) throws -> (hasHeader: Bool, fieldCount: Int) {
        let layout = try FileLayout(first: first, table: table, file: "input")
        builder.beginFile(layout)
        builder.expect(byteCount: byteCount)
        return (layout.hasHeader, layout.fieldCount)
    }

    /// Parses a batch and checks it.
    ///
    /// - Returns: how many rows did not pass, and are no longer in the batch.
    package func judge(_ batch: RecordBatch) -> Int { builder.takeBadRows(from: batch).count }

    /// Checks the rows of a judged batch again.
    ///
    /// - Returns: rows that fail, counted for each check.
    package func check(_ batch: RecordBatch) -> Int {
        var failures = 0
        let rows = unsafe builder.parsedRows(batch)
        for check in builder.checks { unsafe check.markFailures(rows) { _ in failures += 1 } }
        return failures
    }

    /// Adds the judged rows to the columns.
    ///
    /// - Returns: how many, fewer than there are where the row group is full.
    package func append(_ batch: RecordBatch) -> Int { builder.append(batch, from: 0) }

    /// Compares the rows added last with their neighbours.
    package func observe() {
        watch.observe(builder.columns, from: firstUnobserved)
        firstUnobserved = builder.columns[0].count
    }

    /// Empties the columns.
    package func beginRowGroup() {
        watch.rowsLeave(builder.columns)
        for column in builder.columns { column.removeAll() }
        _ = builder.takeColumns(leaving: builder.columns)
        firstUnobserved = 0
    }
}
