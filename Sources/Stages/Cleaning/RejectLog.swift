import Columns
import Graph
import Parquet

/// The sidecar of rows kept out: one Parquet file, begun with the first such row.
///
/// Columns: `file`, `line` (from 1), `byte` (from 0, of the record or the field), `column` (null where the row as a whole is
/// bad), `reason`, and `text`, the record as the file has it.
final class RejectLog {
    private static let fields = [
        Field(name: "file", type: .text, isNullable: false),
        Field(name: "line", type: .int64, isNullable: false),
        Field(name: "byte", type: .int64, isNullable: false),
        Field(name: "column", type: .text, isNullable: true),
        Field(name: "reason", type: .text, isNullable: false),
        Field(name: "text", type: .text, isNullable: false),
    ]
    private static let rowGroupRows = 65_536
    private static let rowGroupTextBytes = 64 << 20

    private let output: Output
    private let createdBy: String
    private var columns: [Column] = []
    private var writer: ParquetWriter?
    private(set) var rowCount = 0

    init(output: Output, createdBy: String) {
        self.output = output
        self.createdBy = createdBy
    }

    func append(file: String, line: Int, byte: Int, column: String?, reason: String, text: [UInt8]) throws {
        if columns.isEmpty { columns = Self.fields.map { Column(type: $0.type, capacity: 64) } }
        rowCount += 1
        columns[0].append(file)
        columns[1].append(Int64(line))
        columns[2].append(Int64(byte))
        if let column { columns[3].append(column) } else { columns[3].appendNull() }
        columns[4].append(reason)
        // What is not UTF-8 is repaired: the place tells where the very bytes are.
        columns[5].append(String(decoding: text, as: UTF8.self))
        if columns[0].count == Self.rowGroupRows || columns[5].textByteCount > Self.rowGroupTextBytes {
            try flush()
        }
    }

    /// Nil where no row was kept out.
    func finish() throws -> WrittenFile? {
        guard rowCount > 0 else { return nil }
        if columns[0].count > 0 { try flush() }
        return try writer.take()?.finish(keyValueMetadata: [])
    }

    private func flush() throws {
        if writer == nil {
            var options = WriterOptions()
            options.createdBy = createdBy
            unsafe writer = try ParquetWriter(schema: Self.fields, options: options, sink: output.write)
        }
        try writer!.writeRowGroup(columns)
        for column in columns { column.removeAll() }
    }
}
