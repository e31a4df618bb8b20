import Bytes
import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// Writes many tables and lets four other readers say what is in them.
///
/// `DATAMAKE_TABLES` says how many, in place of 300; `scripts/test-tables` runs 10,000 in release mode.
@Suite struct JudgeTests {
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

    static let types = RandomTable.types

    /// The seeds of each judge's run: starting one costs seconds.
    static let batches: [Range<UInt64>] = {
        let text = ProcessInfo.processInfo.environment["DATAMAKE_TABLES"]
        let count = text.flatMap { UInt64($0) } ?? 300
        return stride(from: 0, to: count, by: 500).map { $0..<min($0 + 500, count) }
    }()

    @Test(
        "pyarrow, DuckDB, Polars and fastparquet read what was written", .enabled(if: Peer.python != nil),
        arguments: batches)
    func judges(seeds: Range<UInt64>) throws {
        let directory = try TemporaryDirectory()
        var values = Data()
        var tables = try seeds.map {
            try Self.write(RandomTable(seed: $0), "t\($0)", values: &values, to: directory)
        }
        if seeds.contains(0) {
            tables.append(try Self.write(Self.trades(), "trades", values: &values, to: directory))
        }
        try directory.write(values, to: "values.bin")
        try directory.write(JSONEncoder().encode(tables), to: "tables.json")
        try directory.write(judgeScript, to: "judge.py")
        let output = try Peer.run(Peer.python!, [directory.path("judge.py"), directory.path])
        #expect(output.status == 0, "\(output.standardOutput)\n\(output.standardError.suffix(3000))")
        var expected = "judged \(tables.count) tables"
        // Fewer need not have them all.
        if seeds.count >= 200 {
            expected +=
                " in BYTE_STREAM_SPLIT DELTA_BINARY_PACKED DELTA_LENGTH_BYTE_ARRAY PLAIN RLE RLE_DICTIONARY\n"
        }
        #expect(output.standardOutput.hasPrefix(expected), "\(output.standardOutput)")
    }

    /// What trades look like: rising numbers, prices of two decimals, long runs, more than one full page.
    private static func trades() -> RandomTable {
        var generator = SeededGenerator(seed: 1)
        let columns = [ColumnType.int64, .float64, .decimal(precision: 18, scale: 5), .timestamp, .bool].map {
            Column(type: $0, capacity: 40_000)
        }
        var price = 7_818_900
        var time: Int64 = 1_789_430_400_000_000
        for row in 0..<40_000 {
            price += Int.random(in: -20...20, using: &generator)
            time += Int64.random(in: 0...1_000_000, using: &generator)
            columns[0].append(Int64(4_063_759_318 + row))
            columns[1].append(Double(price) / 100)
            columns[2].append(Int64.random(in: 1...5000, using: &generator))
            columns[3].append(time)
            columns[4].append(UInt8.random(in: 0...1, using: &generator))
        }
        var table = RandomTable(seed: 0)
        table.fields = zip(["id", "price", "quantity", "time", "maker"], columns).map { name, column in
            Field(name: name, type: column.type, isNullable: name == "maker")
        }
        table.batches = [columns]
        table.options = WriterOptions()
        table.options.dataPageRows = 13_313
        table.options.sortingColumns = ["time", "id"]
        table.options.bloomFilterColumns = ["quantity"]
        table.bloomFilterColumns = [2]
        table.shapes = []
        return table
    }

    /// Writes a table's file, and its values behind those that are there.
    private static func write(
        _ table: RandomTable, _ name: String, values: inout Data, to directory: TemporaryDirectory
    ) throws -> Table {
        let file = try writeFile(
            fields: table.fields, batches: table.batches, options: table.options, metadata: table.metadata)
        try directory.write(Data(file.bytes), to: "\(name).parquet")
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
        return Table(
            file: name, columns: columns,
            rowGroups: table.batches.map { $0[0].count }.filter { $0 > 0 },
            sorting: table.options.sortingColumns.map { sorting in
                let index =
                    switch sorting.column {
                    case .index(let index): index
                    case .name(let name): table.fields.firstIndex { $0.name == name }!
                    }
                return Sorting(
                    column: index, isDescending: sorting.isDescending, nullsFirst: sorting.nullsFirst)
            },
            metadata: table.metadata.map { [$0.key, $0.value] }, judges: table.judges,
            note: "shapes \(table.shapes), \(table.options)"
                .replacing("ParquetTests.Shape.", with: "").replacing("Parquet.WriterOptions.", with: ""))
    }
}

/// Writes a table to memory.
func writeFile(
    fields: [Field], batches: [[Column]], options: WriterOptions = WriterOptions(),
    metadata: [(key: String, value: String)] = [("origin", "a \"test\" ä")]
) throws -> (bytes: [UInt8], written: WrittenFile) {
    let collected = Collector()
    var writer = unsafe try ParquetWriter(schema: fields, options: options) { bytes in
        unsafe collected.bytes.append(contentsOf: bytes)
    }
    for batch in batches { try writer.writeRowGroup(batch) }
    let written = try writer.finish(keyValueMetadata: metadata)
    return (collected.bytes, written)
}

private final class Collector {
    var bytes = [UInt8]()
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
