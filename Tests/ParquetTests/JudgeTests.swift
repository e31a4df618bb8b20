import Bytes
import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// Writes many tables and lets four other readers say what is in them.
@Suite struct JudgeTests {
    static let types: [ColumnType] = [
        .int32, .int64, .float32, .float64, .decimal(precision: 9, scale: 2),
        .decimal(precision: 18, scale: 8),
        .decimal(precision: 19, scale: 0), .decimal(precision: 38, scale: 10), .bool, .text, .date,
        .timestamp,
    ]

    /// What the judges are told of a table; the values lie beside it as raw slots, validity and text lengths.
    struct Table: Encodable {
        struct Column: Encodable {
            var name: String
            var type: String
            var isNullable: Bool
        }
        var file: String
        var columns: [Column]
        var rowGroups: [Int]
        var sorting: [Int]
        var judges: [String]
        var compression: String
        var note: String
    }

    static let everyone = ["pyarrow", "duckdb", "polars", "fastparquet"]
    static let rowCounts = [0, 1, 2, 7, 8, 9, 127, 128, 129, 130, 257, 1000, 2500, 6000]

    @Test("pyarrow, DuckDB, Polars and fastparquet read what was written", .enabled(if: Peer.python != nil))
    func judges() throws {
        let directory = try TemporaryDirectory()
        var tables = [Table]()
        for seed in 0..<UInt64(48) { tables.append(try Self.writeTable(seed: seed, to: directory)) }
        tables.append(try Self.writeTrades(to: directory))
        try directory.write(JSONEncoder().encode(tables), to: "tables.json")
        try directory.write(judgeScript, to: "judge.py")
        let output = try Peer.run(Peer.python!, [directory.path("judge.py"), directory.path])
        #expect(output.status == 0, "\(output.standardOutput)\n\(output.standardError.suffix(3000))")
        let encodings =
            "BYTE_STREAM_SPLIT DELTA_BINARY_PACKED DELTA_LENGTH_BYTE_ARRAY PLAIN RLE RLE_DICTIONARY"
        #expect(output.standardOutput == "judged \(tables.count) tables in \(encodings)\n")
    }

    private static func writeTable(seed: UInt64, to directory: TemporaryDirectory) throws -> Table {
        var generator = SeededGenerator(seed: seed)
        var options = WriterOptions()
        options.compression =
            [.zstd(level: 3), .gzip(level: 6), .uncompressed, .zstd(level: 1)][Int(seed % 4)]
        // Every fifth table has what fastparquet does not read; in tables this small `smallest` has nothing of that.
        options.encodings = seed % 2 == 0 ? .smallest : .portable
        if seed % 5 == 4 {
            options.encodings = .all
            options.pageVersion = seed % 10 == 4 ? .v2 : .v1
        }
        options.dataPageRows = [131_072, 100, 300, 129, 1][Int.random(in: 0..<5, using: &generator)]
        let rowCount = rowCounts.randomElement(using: &generator)!
        if rowCount > 1000 { options.dataPageRows = max(options.dataPageRows, 100) }
        if generator.next() % 4 == 0 { options.dataPageBytes = 500 }
        if generator.next() % 3 == 0 { options.sortingColumns = [1, 0] }
        var columns = [RandomColumn]()
        for type in types {
            for isNullable in [false, true] where generator.next() % 3 > 0 || columns.count < 2 {
                columns.append(
                    RandomColumn(
                        field: Field(name: "\(type) \(columns.count)", type: type, isNullable: isNullable),
                        shape: Shape.allCases.randomElement(using: &generator)!,
                        nullShare: isNullable ? [0, 2, 30, 100].randomElement(using: &generator)! : 0))
            }
        }
        var rowGroups = [rowCount]
        if rowCount > 10, generator.next() % 2 == 0 {
            rowGroups = [rowCount / 2, rowCount - rowCount / 2 - 3, 3]
        }
        let batches = rowGroups.map { count in
            columns.indices.map { columns[$0].batch(count, using: &generator) }
        }
        return try write(
            "t\(seed)", fields: columns.map(\.field), batches: batches, options: options, to: directory,
            note: "seed \(seed), shapes \(columns.map { "\($0.shape)" }), \(options)")
    }

    /// What trades look like: rising numbers, prices of two decimals, long runs, more than one full page.
    private static func writeTrades(to directory: TemporaryDirectory) throws -> Table {
        var generator = SeededGenerator(seed: 1)
        let fields = [
            Field(name: "id", type: .int64, isNullable: false),
            Field(name: "price", type: .float64, isNullable: false),
            Field(name: "quantity", type: .decimal(precision: 18, scale: 5), isNullable: false),
            Field(name: "time", type: .timestamp, isNullable: false),
            Field(name: "maker", type: .bool, isNullable: true),
        ]
        let columns = fields.map { Column(type: $0.type, capacity: 40_000) }
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
        var options = WriterOptions()
        options.dataPageRows = 13_313
        return try write(
            "trades", fields: fields, batches: [columns], options: options, to: directory, note: "trades")
    }

    private static func write(
        _ name: String, fields: [Field], batches: [[Column]], options: WriterOptions,
        to directory: TemporaryDirectory,
        note: String
    ) throws -> Table {
        let file = try writeFile(fields: fields, batches: batches, options: options)
        let sorting = options.sortingColumns.map { sorting in
            guard case .index(let index) = sorting.column else {
                preconditionFailure("named by indices here")
            }
            return index
        }
        try directory.write(Data(file.bytes), to: "\(name).parquet")
        for index in fields.indices {
            var slots = Data()
            var validity = Data()
            var text = Data()
            for batch in batches {
                let column = batch[index]
                column.appendRawSlots(to: &slots, text: &text)
                for row in 0..<column.count { validity.append(column.isNull(row) ? 0 : 1) }
            }
            try directory.write(slots, to: "\(name).\(index).slots")
            try directory.write(validity, to: "\(name).\(index).valid")
            try directory.write(text, to: "\(name).\(index).text")
        }
        return Table(
            file: name,
            columns: fields.map {
                Table.Column(name: $0.name, type: "\($0.type)", isNullable: $0.isNullable)
            },
            rowGroups: batches.map { $0[0].count }.filter { $0 > 0 }, sorting: sorting,
            judges: options.encodings == .all ? everyone.dropLast() : everyone,
            compression: "\(options.compression)", note: note)
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
