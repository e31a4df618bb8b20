import Bytes
import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// Writes many tables and lets four other readers say what is in them.
///
/// `DATAMAKE_TABLES` says how many, in place of 300; 10,000 take five to six minutes on two cores.
@Suite struct JudgeTests {
    static let types = TestTable.types

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
        var judged = try JudgedTables()
        for seed in seeds { try judged.add(TestTable(seed: seed)) }
        if seeds.contains(0) { try judged.add(Self.trades()) }
        try judged.judge(hasAllEncodings: seeds.count >= 200)
    }

    @Test(
        "streams of random bits, stored in the midst of a frame, are read by all",
        .enabled(if: Peer.python != nil))
    func storedStreams() throws {
        var judged = try JudgedTables()
        for version in [WriterOptions.PageVersion.v1, .v2] {
            let table = Self.measurements(version)
            let file = try table.write()
            for chunk in chunks(of: file, rowGroup: 0) { #expect(dataEncoding(chunk) == 9) }
            try judged.add(table, file: file)
        }
        try judged.judge(hasAllEncodings: false)
    }

    /// What is measured to the last bit: the low bytes of every value are random.
    private static func measurements(_ version: WriterOptions.PageVersion) -> TestTable {
        var generator = SeededGenerator(seed: 2)
        let kinds: [(name: String, nulls: Int, value: (inout SeededGenerator) -> Double)] = [
            ("fraction", 0, { .random(in: 0..<1, using: &$0) }),
            (
                "all bits but the top ones", 0,
                { Double(bitPattern: 0x3F << 56 | .random(in: 0..<1 << 56, using: &$0)) }
            ),
            ("hardly a null", 5_000, { .random(in: 0..<1, using: &$0) }),
            ("many nulls", 3, { .random(in: 0..<1, using: &$0) }),
        ]
        var table = TestTable()
        table.options.pageVersion = version
        var columns: [Column] = []
        for kind in kinds {
            table.fields.append(Field(name: kind.name, type: .float64, isNullable: kind.nulls > 0))
            let column = Column(type: .float64, capacity: 50_000)
            for row in 0..<50_000 {
                if kind.nulls > 0, row % kind.nulls == 1 {
                    column.appendNull()
                } else {
                    column.append(kind.value(&generator))
                }
            }
            columns.append(column)
        }
        table.batches = [columns]
        table.note = "measurements, pages \(version)"
        return table
    }

    /// What trades look like: rising numbers, prices of two decimals, long runs, more than one full page.
    private static func trades() -> TestTable {
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
        var table = TestTable()
        table.fields = zip(["id", "price", "quantity", "time", "maker"], columns).map { name, column in
            Field(name: name, type: column.type, isNullable: name == "maker")
        }
        table.batches = [columns]
        table.options.dataPageRows = 13_313
        table.options.sortingColumns = ["time", "id"]
        table.options.bloomFilterColumns = ["quantity"]
        table.bloomFilterColumns = [2]
        table.note = "trades"
        return table
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
