import CSV
import Columns
import Graph

/// Turns batches of records into the columns of a row group: one kernel a column and batch, then nulls, text and checks.
///
/// A batch is first judged as a whole; the rows that do not pass are taken out of it, and what is left is parsed
/// straight into the columns.
final class RowBuilder {
    /// A row that does not pass, and why.
    struct BadRow {
        var line: Int
        /// Offset in the file of the field, or of the record where it is bad as a whole.
        var byte: Int
        var column: String?
        var reason: String
        /// Offset in the block of the record.
        var sourceStart: Int
    }

    /// Text a row group may hold in one column; its offsets have 32 bits, and memory has an end.
    static let textLimit = 256 << 20

    /// The columns of the output, rows of the current row group in them.
    private(set) var columns: [Column]
    let rowLimit: Int
    /// Whether the next row needs another row group.
    private(set) var isFull = false

    private let table: Table
    /// Indices of the table's columns that are in the output.
    private let indices: [Int]
    private let types: [ColumnType]
    private let isNullable: [Bool]
    let checks: [CheckProgram]

    // Of the file at hand. Forms by output column, with the line that showed it.
    private var fields: [Int?] = []
    private var forms: [(form: TimestampForm, line: Int)?] = []

    // Of the batch at hand, by output column.
    private let status: StatusBuffers
    private var exceptionCounts: [Int]
    private var textByteCounts: [Int]
    /// Whether the batch's next rows have been parsed behind the rows there are now.
    private var isParsed = false

    init(table: Table, days: DayRange?) throws(CleanProblem) {
        self.table = table
        var indices: [Int] = []
        var types: [ColumnType] = []
        for (index, column) in table.columns.enumerated() {
            guard let type = column.type else { continue }
            indices.append(index)
            types.append(type)
        }
        guard !indices.isEmpty else { throw CleanProblem(.recipe("no column is kept"), place: table.name) }
        self.indices = indices
        self.types = types
        isNullable = indices.map { table.columns[$0].isNullable }
        var checks: [CheckProgram] = []
        for check in table.checks { checks.append(try CheckProgram(check, table: table, days: days)) }
        self.checks = checks
        rowLimit = max(1, table.parquet.rowGroupRows)
        columns = types.map { Column(type: $0, capacity: 4_096) }
        status = StatusBuffers(columnCount: types.count)
        exceptionCounts = Array(repeating: 0, count: types.count)
        textByteCounts = Array(repeating: 0, count: types.count)
    }

    var schema: [Field] {
        zip(indices, types).map {
            Field(name: table.columns[$0].name, type: $1, isNullable: table.columns[$0].isNullable)
        }
    }

    /// Starts a file; timestamps may have another form in each.
    func beginFile(_ layout: FileLayout) {
        fields = indices.map { layout.fields[$0] }
        forms = Array(repeating: nil, count: indices.count)
    }

    /// Makes room for a file's rows at once: growing by doubling copies every row and maps every page twice.
    ///
    /// - Parameter byteCount: of the file's text. Rows are taken to have `columns.count * 6` bytes at least; more grow as ever.
    func expect(byteCount: Int) {
        let rowCount = byteCount / (6 * table.columns.count)
        let room = min(columns[0].count + rowCount, rowLimit, Self.expectedRowLimit)
        for column in columns { column.reserve(room) }
    }

    /// As many rows as a row group has where the Datafile says nothing.
    private static var expectedRowLimit: Int { 1 << 20 }

    /// Hands the columns over and goes on with `next`, empty columns of the same types.
    func takeColumns(leaving next: [Column]) -> [Column] {
        let taken = columns
        columns = next
        isFull = false
        isParsed = false
        return taken
    }

    /// Finds the rows of a batch that do not pass, in the order of their lines, and takes them out of it.
    func takeBadRows(from batch: RecordBatch) -> [BadRow] {
        var bad = batch.irregularRecords.map { record in
            BadRow(
                line: batch.firstLine + record.line, byte: batch.blockOffset + record.sourceStart,
                column: nil,
                reason: reason(for: record, in: batch), sourceStart: record.sourceStart)
        }
        guard batch.rowCount > 0 else { return bad }
        sniffForms(batch)
        parse(batch, from: 0)

        let rowCount = batch.rowCount
        var isBad: [UInt8] = []
        func mark(_ row: Int) {
            if isBad.isEmpty { isBad = Array(repeating: 0, count: rowCount) }
            isBad[row] = 1
        }
        for index in indices.indices where exceptionCounts[index] > 0 && fields[index] != nil {
            for row in 0..<rowCount where !isAccepted(status[index, row], index) { mark(row) }
        }
        var failedCheck: [Int: Int] = [:]
        if !checks.isEmpty {
            let rows = unsafe parsedRows(batch)
            for (number, check) in checks.enumerated() {
                unsafe check.markFailures(rows) { row in
                    mark(row)
                    if failedCheck[row] == nil { failedCheck[row] = number }
                }
            }
        }
        guard !isBad.isEmpty else { return bad }

        for row in 0..<rowCount where isBad[row] != 0 {
            let start = batch.sourceStart(ofRow: row)
            let index = indices.indices.first { fields[$0] != nil && !isAccepted(status[$0, row], $0) }
            if let index, let field = fields[index],
                let fieldStatus = FieldStatus(rawValue: status[index, row])
            {
                bad.append(
                    BadRow(
                        line: batch.line(ofRow: row), byte: batch.fieldOffset(field, at: start),
                        column: table.columns[indices[index]].name,
                        reason: reason(for: fieldStatus, batch.fieldBytes(field, row: row), index),
                        sourceStart: start))
            } else if let number = failedCheck[row] {
                bad.append(
                    BadRow(
                        line: batch.line(ofRow: row), byte: batch.blockOffset + start, column: nil,
                        reason: "check failed: \(checks[number].text)", sourceStart: start))
            }
        }
        batch.removeRows(where: isBad)
        if batch.rowCount > 0 { parse(batch, from: 0) }
        return bad.sorted { $0.sourceStart < $1.sourceStart }
    }

    /// Adds rows of a batch that has been judged, from row `start` on, as many as the row group takes.
    ///
    /// - Returns: how many; fewer than there are means that the row group is full.
    func append(_ batch: RecordBatch, from start: Int) -> Int {
        if !isParsed { parse(batch, from: start) }
        isParsed = false
        let base = columns[0].count
        var count = min(batch.rowCount - start, rowLimit - base)
        for (index, column) in columns.enumerated() where types[index] == .text {
            guard let field = fields[index], column.textByteCount + textByteCounts[index] > Self.textLimit
            else { continue }
            let slice = unsafe batch.fields(field, rows: start..<batch.rowCount)
            var total = column.textByteCount
            var fitting = 0
            while fitting < count {
                total += unsafe slice.byteCount(fitting)
                guard total <= Self.textLimit else { break }
                fitting += 1
            }
            count = fitting
        }
        for (index, column) in columns.enumerated() {
            if types[index] == .text {
                copyText(of: batch, rows: start..<(start + count), into: column, index)
            }
            column.setCount(base + count)
            if fields[index] == nil {
                for row in base..<(base + count) { column.setNull(row) }
            } else if exceptionCounts[index] > 0 {
                for row in 0..<count where status[index, row] != 0 { column.setNull(base + row) }
            }
        }
        isFull = base + count == rowLimit || start + count < batch.rowCount
        return count
    }

    private func isAccepted(_ status: UInt8, _ index: Int) -> Bool {
        status == FieldStatus.ok.rawValue || (status == FieldStatus.empty.rawValue && isNullable[index])
    }

    private func sniffForms(_ batch: RecordBatch) {
        for index in indices.indices where types[index] == .timestamp && forms[index] == nil {
            guard let field = fields[index] else { continue }
            for row in 0..<batch.rowCount {
                if let form = TimestampForm(of: batch.fieldBytes(field, row: row)) {
                    forms[index] = (form, batch.line(ofRow: row))
                    break
                }
            }
        }
    }

    /// Parses the rows from `start` on into the slots behind the rows there are, without counting them.
    private func parse(_ batch: RecordBatch, from start: Int) {
        let count = batch.rowCount - start
        isParsed = true
        status.clear(rowCount: count)
        for (index, column) in columns.enumerated() {
            column.reserve(column.count + count)
            guard let field = fields[index] else { continue }
            let slice = unsafe batch.fields(field, rows: start..<batch.rowCount)
            let base = unsafe column.slotBase + column.count * types[index].layout.slotByteCount
            let status = unsafe status.base(index)
            // SAFETY: the column has room for count slots behind its rows, of the layout each kernel writes.
            switch types[index] {
            case .int32:
                exceptionCounts[index] = unsafe parseInt32(
                    slice, into: base.assumingMemoryBound(to: Int32.self), status: status)
            case .int64:
                exceptionCounts[index] = unsafe parseInt64(
                    slice, into: base.assumingMemoryBound(to: Int64.self), status: status)
            case .float32:
                exceptionCounts[index] = unsafe parseFloat32(
                    slice, into: base.assumingMemoryBound(to: Float.self), status: status)
            case .float64:
                exceptionCounts[index] = unsafe parseFloat64(
                    slice, into: base.assumingMemoryBound(to: Double.self), status: status)
            case .decimal(let precision, let scale) where precision <= 18:
                exceptionCounts[index] = unsafe parseDecimal64(
                    slice, precision: precision, scale: scale, into: base.assumingMemoryBound(to: Int64.self),
                    status: status)
            case .decimal(let precision, let scale):
                exceptionCounts[index] = unsafe parseDecimal128(
                    slice, precision: precision, scale: scale,
                    into: base.assumingMemoryBound(to: Int128.self), status: status)
            case .bool:
                exceptionCounts[index] = unsafe parseBool(
                    slice, into: base.assumingMemoryBound(to: UInt8.self), status: status)
            case .date:
                exceptionCounts[index] = unsafe parseDate(
                    slice, into: base.assumingMemoryBound(to: Int32.self), status: status)
            case .timestamp:
                // Without a form no field so far is a timestamp of any kind: each is empty, or refused as text is.
                exceptionCounts[index] = unsafe parseTimestamp(
                    slice, form: forms[index]?.form ?? .text, into: base.assumingMemoryBound(to: Int64.self),
                    status: status)
            case .text:
                let (exceptions, byteCount) = unsafe measureText(slice, status: status)
                exceptionCounts[index] = exceptions
                textByteCounts[index] = byteCount
            }
        }
    }

    private func copyText(of batch: RecordBatch, rows: Range<Int>, into column: Column, _ index: Int) {
        let base = column.count
        let ends = unsafe column.slotBase.assumingMemoryBound(to: UInt32.self) + base
        guard let field = fields[index] else {
            // SAFETY: parse made room for the rows.
            for row in 0..<rows.count { unsafe ends[row] = UInt32(column.textByteCount) }
            return
        }
        let slice = unsafe batch.fields(field, rows: rows)
        let before = column.textByteCount
        var after = before
        for row in 0..<rows.count { after += unsafe slice.byteCount(row) }
        column.reserveText(after)
        // SAFETY: there is room for the rows' ends, and now for their bytes.
        unsafe CSV.copyText(
            slice, after: before, ends: ends, text: column.textBase.assumingMemoryBound(to: UInt8.self))
        column.setTextByteCount(after)
    }

    @unsafe func parsedRows(_ batch: RecordBatch) -> ParsedRows {
        let columnCount = table.columns.count
        var rows = unsafe ParsedRows(
            count: batch.rowCount, slots: Array(repeating: nil, count: columnCount),
            status: Array(repeating: nil, count: columnCount),
            isAbsent: Array(repeating: false, count: columnCount),
            text: { [fields, indices] column, row in
                guard let index = indices.firstIndex(of: column), let field = fields[index] else { return [] }
                return batch.fieldBytes(field, row: row)
            })
        for (index, column) in columns.enumerated() {
            let tableIndex = indices[index]
            if fields[index] == nil {
                unsafe rows.isAbsent[tableIndex] = true
                continue
            }
            if types[index] != .text {
                unsafe rows.slots[tableIndex] = UnsafeRawPointer(
                    column.slotBase + column.count * types[index].layout.slotByteCount)
            }
            if exceptionCounts[index] > 0 {
                unsafe rows.status[tableIndex] = UnsafePointer(status.base(index))
            }
        }
        return unsafe rows
    }
}

// Reasons, as users read them.
extension RowBuilder {
    private func reason(for record: RecordBatch.IrregularRecord, in batch: RecordBatch) -> String {
        switch record.reason {
        case .fieldCount(let count):
            if count == 1, batch.recordBytes(at: record.sourceStart).isEmpty { return "the line is empty" }
            return "row has \(count) field\(count == 1 ? "" : "s"), expected \(batch.fieldCount)"
        case .malformed(.quoteInField): return "a quote stands inside a field that does not begin with one"
        case .malformed(.textAfterQuote): return "text follows a closing quote"
        case .malformed(.strayCarriageReturn):
            return "a carriage return stands outside quotes and before no newline"
        case .malformed(.zeroByte), .malformed(.unclosedQuote): return "the record cannot be read"
        }
    }

    private func reason(for status: FieldStatus, _ bytes: [UInt8], _ index: Int) -> String {
        let field = display(bytes)
        let type = types[index]
        let article = "\(type)".hasPrefix("int") ? "an" : "a"
        switch status {
        case .ok, .empty: return emptyFieldReason
        case .malformed:
            return type == .text ? "'\(field)' is not UTF-8" : "'\(field)' is not \(article) \(type)"
        case .outOfRange:
            return type == .timestamp
                ? "'\(field)' is no time from 1970 to 2099 in \(forms[index]?.form.name ?? "any unit")"
                : "'\(field)' is out of range for \(type)"
        case .inexact:
            return type == .timestamp
                ? "'\(field)' is finer than microseconds" : "'\(field)' has more digits than \(type) keeps"
        case .mixedForm:
            let own = TimestampForm(of: bytes)?.name ?? "another form"
            let first = forms[index].map { "\($0.form.name) since line \($0.line)" } ?? "another form"
            return "'\(field)' is \(own), but the file has \(first)"
        }
    }
}

/// A status byte a row for each column, cleared in one go.
@safe private final class StatusBuffers {
    private var bytes: UnsafeMutablePointer<UInt8>
    private var capacity = 4_096
    private let columnCount: Int

    init(columnCount: Int) {
        self.columnCount = columnCount
        unsafe bytes = .allocate(capacity: capacity * columnCount)
        unsafe bytes.initialize(repeating: 0, count: capacity * columnCount)
    }

    deinit { unsafe bytes.deallocate() }

    func clear(rowCount: Int) {
        if rowCount > capacity {
            capacity = max(rowCount, capacity * 2)
            unsafe bytes.deallocate()
            unsafe bytes = .allocate(capacity: capacity * columnCount)
        }
        for column in 0..<columnCount {
            unsafe (bytes + column * capacity).initialize(repeating: 0, count: rowCount)
        }
    }

    /// `capacity` bytes, of which `clear` cleared the first.
    @unsafe func base(_ column: Int) -> UnsafeMutablePointer<UInt8> { unsafe bytes + column * capacity }

    subscript(column: Int, row: Int) -> UInt8 {
        // SAFETY: callers name rows of the batch that was cleared for.
        unsafe bytes[column * capacity + row]
    }
}
