import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// Files of tables, and what should be in them, in a directory for the judges.
struct JudgedTables {
    /// What the judges are told of a table; the values lie in `values.bin` as raw slots, validity and texts.
    struct Table: Encodable {
        struct Column: Encodable {
            var name: String
            var type: String
            var isNullable: Bool
            var hasBloomFilter: Bool
            /// Where the slots (of texts: lengths) begin in `values.bin`, then the validity, then the texts, and the
            /// end of those.
            var offsets: [Int]
        }
        var file: String
        var columns: [Column]
        var rowGroups: [Int]
        /// Column, whether it descends and whether nulls come first.
        var sorting: [Sorting]
        var metadata: [[String]]
        var judges: [String]
        var note: String
    }

    struct Sorting: Encodable {
        var column: Int
        var isDescending: Bool
        var nullsFirst: Bool
    }

    private let directory: TemporaryDirectory
    private var values = Data()
    private var tables: [Table] = []

    init() throws { directory = try TemporaryDirectory() }

    /// Writes a table's file, reads it again, and puts its values behind those that are there.
    ///
    /// - Parameter file: the file's bytes; the table is written where nil.
    mutating func add(_ table: TestTable, file: [UInt8]? = nil) throws {
        let name = "t\(tables.count)"
        let bytes = try file ?? table.write()
        try directory.write(Data(bytes), to: "\(name).parquet")
        let read = try ParquetFile(MemorySource(bytes))
        for (rowGroup, batch) in table.batches.filter({ $0[0].count > 0 }).enumerated() {
            for (index, column) in batch.enumerated() {
                let difference = try read.readColumn(index, rowGroup: rowGroup).difference(from: column)
                #expect(difference == nil, "\(table.fields[index].name), \(table.note), \(table.options)")
            }
        }
        var columns: [Table.Column] = []
        for (index, field) in table.fields.enumerated() {
            var validity = Data()
            var text = Data()
            var offsets = [values.count]
            for batch in table.batches {
                batch[index].appendRawSlots(to: &values, text: &text)
                for row in 0..<batch[index].count { validity.append(batch[index].isNull(row) ? 0 : 1) }
            }
            for part in [validity, text] {
                offsets.append(values.count)
                values.append(part)
            }
            offsets.append(values.count)
            columns.append(
                Table.Column(
                    name: field.name, type: "\(field.type)", isNullable: field.isNullable,
                    hasBloomFilter: table.bloomFilterColumns.contains(index), offsets: offsets))
        }
        tables.append(
            Table(
                file: name, columns: columns,
                rowGroups: table.batches.map { $0[0].count }.filter { $0 > 0 },
                sorting: table.options.sortingColumns.map { sorting in
                    let index =
                        switch sorting.column {
                        case .index(let index): index
                        case .name(let name): table.fields.firstIndex { $0.name == name }!
                        }
                    return Sorting(
                        column: index, isDescending: sorting.isDescending, nullsFirst: sorting.hasNullsFirst)
                },
                metadata: table.metadata.map { [$0.key, $0.value] }, judges: table.judges,
                note: "\(table.note), \(table.options.compression), \(table.options.pageVersion), "
                    + "\(table.options.encodings), pages of \(table.options.dataPageRows) rows"))
    }

    /// Lets all judges read all files.
    ///
    /// - Parameter hasAllEncodings: whether there are pages of each encoding, which is then expected.
    func judge(hasAllEncodings: Bool) throws {
        try directory.write(values, to: "values.bin")
        try directory.write(JSONEncoder().encode(tables), to: "tables.json")
        try directory.write(judgeScript, to: "judge.py")
        let output = try Peer.run(Peer.python!, [directory.path("judge.py"), directory.path])
        #expect(output.status == 0, "\(output.standardOutput)\n\(output.standardError.suffix(3000))")
        var expected = "judged \(tables.count) tables in "
        if hasAllEncodings {
            expected +=
                "BYTE_STREAM_SPLIT DELTA_BINARY_PACKED DELTA_LENGTH_BYTE_ARRAY PLAIN RLE RLE_DICTIONARY\n"
        }
        #expect(output.standardOutput.hasPrefix(expected), "\(output.standardOutput)")
    }
}

extension Column {
    /// Appends the slots as they are in memory; for text its lengths, and its bytes to `text`.
    func appendRawSlots(to slots: inout Data, text: inout Data) {
        switch type.layout {
        case .int32, .float32:
            unsafe withValues(as: UInt32.self) { unsafe slots.append(contentsOf: UnsafeRawBufferPointer($0)) }
        case .int64, .float64:
            unsafe withValues(as: UInt64.self) { unsafe slots.append(contentsOf: UnsafeRawBufferPointer($0)) }
        case .int128:
            unsafe withValues(as: Int128.self) { unsafe slots.append(contentsOf: UnsafeRawBufferPointer($0)) }
        case .bool:
            unsafe withValues(as: UInt8.self) { unsafe slots.append(contentsOf: UnsafeRawBufferPointer($0)) }
        case .text:
            unsafe withText { ends, bytes in
                unsafe text.append(contentsOf: bytes)
                var start: UInt32 = 0
                for row in 0..<ends.count {
                    let end = unsafe ends[row]
                    unsafe withUnsafeBytes(of: (end - start).littleEndian) {
                        unsafe slots.append(contentsOf: $0)
                    }
                    start = end
                }
            }
        }
    }
}
