import CSV
import Columns
import Graph

/// Steps that see records: splitting them, and reading the fields of one column with the kernel of its type.
struct RecordSteps {
    func run(_ workload: Workload, into measurements: inout Measurements) throws {
        let fields = workload.table.columns.count
        var split = Stopwatch()
        var kernels = Array(repeating: Stopwatch(), count: fields)
        var rowCount = 0
        let scratch = ColumnScratch()
        for payload in workload.payloads {
            // Each file writes its times in its own way.
            var forms = [TimestampForm?](repeating: nil, count: fields)
            let text = TextSource(payload.text)
            var reader = RecordReader(file: workload.name, syntax: FieldSyntax())
            _ = unsafe try reader.peekFirstRecord(text.read)
            text.copying = Stopwatch()
            while true {
                var whole = Stopwatch()
                let batch = try whole.time { unsafe try reader.nextBatch(fieldCount: fields, text.read) }
                // Copying the text is what stands for inflating it here.
                whole.subtract(text.copying)
                text.copying = Stopwatch()
                split.add(whole)
                guard let batch else { break }
                guard batch.irregularRecords.isEmpty else {
                    throw BenchmarkProblem(description: "\(workload.name): irregular records")
                }
                rowCount += batch.rowCount
                for (index, column) in workload.table.columns.enumerated() {
                    guard let type = column.type else { continue }
                    if type == .timestamp, forms[index] == nil {
                        forms[index] = TimestampForm(of: batch.fieldBytes(index, row: 0))
                    }
                    let slice = unsafe batch.fields(index, rows: 0..<batch.rowCount)
                    let exceptions = unsafe scratch.parse(
                        slice, as: type, form: forms[index] ?? .text, stopwatch: &kernels[index])
                    guard exceptions == 0 else {
                        throw BenchmarkProblem(
                            description: "\(workload.name): '\(column.name)' is no \(type) everywhere")
                    }
                }
            }
        }
        measurements.add(
            "split records, scan included", split, values: rowCount * fields, bytes: workload.textByteCount)
        for (index, column) in workload.table.columns.enumerated() {
            guard let type = column.type else { continue }
            measurements.add("parse \(column.name): \(type)", kernels[index], values: rowCount)
        }
    }
}

/// A text that is read as a file is.
final class TextSource {
    private let text: [UInt8]
    private var offset = 0
    /// Time spent in `read`.
    var copying = Stopwatch()

    init(_ text: [UInt8]) { self.text = text }

    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, text.count - offset)
        copying.time {
            unsafe buffer.copyBytes(from: text[offset..<offset + count])
        }
        offset += count
        return count
    }
}

/// Where the values of one batch go, again and again.
@safe private final class ColumnScratch {
    private var rowCapacity = 0
    private var values: UnsafeMutableRawPointer?
    private var status: UnsafeMutablePointer<UInt8>?
    private var text: UnsafeMutableRawBufferPointer?

    deinit { release() }

    private func release() {
        unsafe values?.deallocate()
        unsafe status?.deallocate()
        unsafe text?.deallocate()
    }

    /// Reads one column of a batch.
    ///
    /// - Returns: rows that are not ok.
    @unsafe func parse(
        _ fields: FieldSlice, as type: ColumnType, form: TimestampForm, stopwatch: inout Stopwatch
    ) -> Int {
        let count = unsafe fields.count
        if count > rowCapacity {
            release()
            rowCapacity = 2 * count
            unsafe values = UnsafeMutableRawPointer.allocate(byteCount: 16 * rowCapacity, alignment: 64)
            unsafe status = .allocate(capacity: rowCapacity)
            unsafe text = .allocate(byteCount: 4 * RecordReader.defaultBlockByteCount, alignment: 64)
        }
        // SAFETY: there is room for 16 bytes and a status a row, which is what the widest type takes; a batch's text is not
        // longer than the reader's block, a carried record included.
        let values = unsafe self.values!
        let status = unsafe self.status!
        unsafe status.initialize(repeating: 0, count: count)
        return stopwatch.time {
            switch type {
            case .int32:
                unsafe parseInt32(fields, into: values.assumingMemoryBound(to: Int32.self), status: status)
            case .int64:
                unsafe parseInt64(fields, into: values.assumingMemoryBound(to: Int64.self), status: status)
            case .float32:
                unsafe parseFloat32(fields, into: values.assumingMemoryBound(to: Float.self), status: status)
            case .float64:
                unsafe parseFloat64(fields, into: values.assumingMemoryBound(to: Double.self), status: status)
            case .decimal(let precision, let scale) where precision <= 18:
                unsafe parseDecimal64(
                    fields, precision: precision, scale: scale,
                    into: values.assumingMemoryBound(to: Int64.self), status: status)
            case .decimal(let precision, let scale):
                unsafe parseDecimal128(
                    fields, precision: precision, scale: scale,
                    into: values.assumingMemoryBound(to: Int128.self), status: status)
            case .bool:
                unsafe parseBool(fields, into: values.assumingMemoryBound(to: UInt8.self), status: status)
            case .date:
                unsafe parseDate(fields, into: values.assumingMemoryBound(to: Int32.self), status: status)
            case .timestamp:
                unsafe parseTimestamp(
                    fields, form: form, into: values.assumingMemoryBound(to: Int64.self), status: status)
            case .text:
                unsafe parseText(fields, status: status)
            }
        }
    }

    @unsafe private func parseText(_ fields: FieldSlice, status: UnsafeMutablePointer<UInt8>) -> Int {
        let (exceptions, byteCount) = unsafe measureText(fields, status: status)
        precondition(unsafe byteCount <= text!.count)
        unsafe copyText(
            fields, after: 0, ends: values!.assumingMemoryBound(to: UInt32.self),
            text: text!.baseAddress!.assumingMemoryBound(to: UInt8.self))
        return exceptions
    }
}
