import CSV

/// A record as a test sees it: its fields, or why it has none.
enum Record: Equatable {
    case fields(line: Int, start: Int, [[UInt8]])
    case irregular(line: Int, RecordBatch.Irregularity)
}

/// Hands out a text in steps of a given size.
final class Text {
    private var bytes: ArraySlice<UInt8>
    private let step: Int
    init(_ bytes: [UInt8], step: Int = .max) {
        self.bytes = bytes[...]
        self.step = step
    }
    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count, step)
        unsafe buffer.copyBytes(from: bytes.prefix(count))
        bytes = bytes.dropFirst(count)
        return count
    }
}

/// All records of a text, in the order of their lines.
func records(
    _ bytes: [UInt8], fieldCount: Int, block: Int = RecordReader.defaultBlockByteCount, step: Int = .max,
    limit: Int = RecordReader.defaultRecordLimit, syntax: FieldSyntax = FieldSyntax()
) throws -> [Record] {
    let text = Text(bytes, step: step)
    var reader = RecordReader(file: "t.csv", syntax: syntax, blockByteCount: block, recordLimit: limit)
    return try records(of: &reader, text, fieldCount: fieldCount)
}

/// The same of a text that is in memory as a whole.
func wholeRecords(_ bytes: [UInt8], fieldCount: Int) throws -> [Record] {
    let block = RecordBlock(capacity: bytes.count + 1)
    unsafe block.bytes.copyBytes(from: bytes)
    var reader = RecordReader(file: "t.csv", syntax: FieldSyntax(), whole: block, byteCount: bytes.count)
    return try records(of: &reader, Text([]), fieldCount: fieldCount)
}

private func records(of reader: inout RecordReader, _ text: Text, fieldCount: Int) throws -> [Record] {
    var result: [Record] = []
    unsafe _ = try reader.peekFirstRecord(text.read)
    while let batch = unsafe try reader.nextBatch(fieldCount: fieldCount, text.read) {
        var found: [Record] = []
        for row in 0..<batch.rowCount {
            found.append(
                .fields(
                    line: batch.line(ofRow: row), start: batch.blockOffset + batch.sourceStart(ofRow: row),
                    (0..<fieldCount).map { batch.fieldBytes($0, row: row) }))
        }
        for record in batch.irregularRecords {
            found.append(.irregular(line: batch.firstLine + record.line, record.reason))
        }
        result += found.sorted { $0.line < $1.line }
    }
    return result
}

extension Record {
    var line: Int {
        switch self {
        case .fields(let line, _, _), .irregular(let line, _): line
        }
    }
    var texts: [String]? {
        if case .fields(_, _, let fields) = self {
            fields.map { String(decoding: $0, as: UTF8.self) }
        } else {
            nil
        }
    }
}

/// One column of fields, read by a kernel.
private func readColumn<T: BitwiseCopyable>(
    _ fields: [String], zero: T,
    _ kernel: (FieldSlice, UnsafeMutablePointer<T>, UnsafeMutablePointer<UInt8>) -> Int
) throws -> [(value: T, status: FieldStatus)] {
    unsafe try readColumn(bytes: fields.map { Array($0.utf8) }, zero: zero, kernel)
}

/// Where a field stands in its record.
enum FieldPlace {
    /// Before an empty one, which keeps an empty field apart from an empty line.
    case first
    /// Alone; the last has nothing behind it, not even a newline.
    case alone
    case between([UInt8], [UInt8])
}

/// - Parameter block: bytes the reader takes at a time, at first.
func readColumn<T: BitwiseCopyable>(
    bytes fields: [[UInt8]], at place: FieldPlace = .first,
    block: Int = RecordReader.defaultBlockByteCount, zero: T,
    _ kernel: (FieldSlice, UnsafeMutablePointer<T>, UnsafeMutablePointer<UInt8>) -> Int
) throws -> [(value: T, status: FieldStatus)] {
    var bytes: [UInt8] = []
    for field in fields {
        switch place {
        case .first: bytes += field + [0x2C, 0x0A]
        case .alone: bytes += field + [0x0A]
        case .between(let before, let after): bytes += before + [0x2C] + field + [0x2C] + after + [0x0A]
        }
    }
    if case .alone = place, fields.last?.isEmpty == false { bytes.removeLast() }
    let text = Text(bytes)
    var reader = RecordReader(file: "t.csv", syntax: FieldSyntax(), blockByteCount: block)
    var result: [(T, FieldStatus)] = []
    let (index, width) =
        switch place {
        case .first: (0, 2)
        case .alone: (0, 1)
        case .between: (1, 3)
        }
    while let batch = unsafe try reader.nextBatch(fieldCount: width, text.read) {
        let count = batch.rowCount
        let values = UnsafeMutablePointer<T>.allocate(capacity: count)
        unsafe values.initialize(repeating: zero, count: count)
        let status = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        unsafe status.initialize(repeating: 0, count: count)
        defer {
            unsafe values.deallocate()
            unsafe status.deallocate()
        }
        let exceptions = unsafe kernel(batch.fields(index, rows: 0..<count), values, status)
        let rows = (0..<count).map { unsafe (values[$0], FieldStatus(rawValue: status[$0])!) }
        precondition(rows.filter { $0.1 != .ok }.count == exceptions)
        result += rows
    }
    precondition(result.count == fields.count)
    return result
}

func int64s(_ fields: [String]) throws -> [(value: Int64, status: FieldStatus)] {
    unsafe try readColumn(fields, zero: 0) { unsafe parseInt64($0, into: $1, status: $2) }
}

func int64s(bytes: [[UInt8]]) throws -> [(value: Int64, status: FieldStatus)] {
    unsafe try readColumn(bytes: bytes, zero: 0) { unsafe parseInt64($0, into: $1, status: $2) }
}

/// Whether each field is text.
func textStatuses(_ fields: [[UInt8]]) throws -> [FieldStatus] {
    unsafe try readColumn(bytes: fields, zero: UInt8(0)) { unsafe measureText($0, status: $2).exceptions }
        .map(\.status)
}

func int32s(_ fields: [String]) throws -> [(value: Int32, status: FieldStatus)] {
    unsafe try readColumn(fields, zero: 0) { unsafe parseInt32($0, into: $1, status: $2) }
}

func float64s(_ fields: [String]) throws -> [(value: Double, status: FieldStatus)] {
    unsafe try readColumn(fields, zero: 0) { unsafe parseFloat64($0, into: $1, status: $2) }
}

func float32s(_ fields: [String]) throws -> [(value: Float, status: FieldStatus)] {
    unsafe try readColumn(fields, zero: 0) { unsafe parseFloat32($0, into: $1, status: $2) }
}

func decimal64s(_ fields: [String], precision: Int, scale: Int) throws -> [(
    value: Int64, status: FieldStatus
)] {
    unsafe try readColumn(fields, zero: 0) {
        unsafe parseDecimal64($0, precision: precision, scale: scale, into: $1, status: $2)
    }
}

func decimal128s(_ fields: [String], precision: Int, scale: Int) throws -> [(
    value: Int128, status: FieldStatus
)] {
    unsafe try readColumn(fields, zero: 0) {
        unsafe parseDecimal128($0, precision: precision, scale: scale, into: $1, status: $2)
    }
}

func boolValues(_ fields: [String]) throws -> [(value: UInt8, status: FieldStatus)] {
    unsafe try readColumn(fields, zero: 0) { unsafe parseBool($0, into: $1, status: $2) }
}

func timestampValues(_ fields: [String], form: TimestampForm) throws -> [(value: Int64, status: FieldStatus)]
{
    unsafe try readColumn(fields, zero: 0) { unsafe parseTimestamp($0, form: form, into: $1, status: $2) }
}

func dateValues(_ fields: [String]) throws -> [(value: Int32, status: FieldStatus)] {
    unsafe try readColumn(fields, zero: 0) { unsafe parseDate($0, into: $1, status: $2) }
}
