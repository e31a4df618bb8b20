import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// One file an encoding, page version and kind of metadata, byte by byte as in `Golden/`.
///
/// `UPDATE_GOLDEN=1 swift test --filter GoldenTests` writes the files anew, and fails to say so. They are not compressed,
/// as other versions of libzstd and zlib give other bytes; what codecs must keep is the values.
@Suite struct GoldenTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        /// The file's name, without `.parquet`.
        var name: String
        /// Each column's encoding, as its raw value in parquet.thrift.
        var encoding: Int
        var make: @Sendable () -> TestTable
        var testDescription: String { name }

        var url: URL {
            Peer.packageRoot.appending(path: "Tests/ParquetTests/Golden/\(name).parquet")
        }
    }

    private static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil

    static let goldens = [
        Golden(name: "plain", encoding: 0) { table(TestTable.types, .plain) },
        Golden(name: "dictionary", encoding: 8) {
            table(TestTable.types.filter { $0 != .bool }, .dictionary)
        },
        Golden(name: "rle", encoding: 3) { table([.bool], .rle, version: .v2) },
        Golden(name: "delta-binary-packed", encoding: 5) {
            table(
                [.int32, .int64, .date, .timestamp, .decimal(precision: 18, scale: 8)], .deltaBinaryPacked)
        },
        Golden(name: "delta-length-byte-array", encoding: 6) { table([.text], .deltaLengthByteArray) },
        Golden(name: "byte-stream-split", encoding: 9) { table([.float32, .float64], .byteStreamSplit) },
        Golden(name: "plain-v2", encoding: 0) { table(TestTable.types, .plain, version: .v2) },
        Golden(name: "dictionary-v2", encoding: 8) { table([.int64, .text], .dictionary, version: .v2) },
        Golden(name: "pages", encoding: 0) { pages() },
        Golden(name: "bloom-filter", encoding: 0) { bloomFilter() },
    ]

    @Test("the bytes are those they have always been", arguments: goldens)
    func bytes(_ golden: Golden) throws {
        let table = golden.make()
        let file = try table.write()
        for group in footer(of: file)[4].elements.indices {
            #expect(chunks(of: file, rowGroup: group).allSatisfy { dataEncoding($0) == golden.encoding })
        }
        if Self.isUpdating {
            try Data(file).write(to: golden.url)
            Issue.record(
                "\(golden.url.lastPathComponent) is written anew: look at the difference and commit it")
            return
        }
        let stored = try [UInt8](Data(contentsOf: golden.url))
        if file != stored {
            let place = zip(file, stored).enumerated().first { $1.0 != $1.1 }?.offset
            Issue.record(
                "\(file.count) bytes, \(stored.count) expected; they differ from byte \(place ?? min(file.count, stored.count))"
            )
        }
    }

    @Test(
        "the judges read the stored files, and their values in every codec", .enabled(if: Peer.python != nil))
    func judges() throws {
        var judged = try JudgedTables()
        for golden in Self.goldens {
            var table = golden.make()
            table.note = golden.name
            try judged.add(table, file: [UInt8](Data(contentsOf: golden.url)))
            for level in [0, 1, 6, 9] {
                table.options.compression = .gzip(level: level)
                try judged.add(table)
            }
            for level in [-5, 1, 3, 9, 19, 22] {
                table.options.compression = .zstd(level: level)
                try judged.add(table)
            }
        }
        try judged.judge(hasAllEncodings: true)
    }

    /// Two columns a type, one of them with nulls, in one encoding.
    private static func table(
        _ types: [ColumnType], _ encoding: ColumnEncoding.Encoding, version: WriterOptions.PageVersion = .v1
    ) -> TestTable {
        var table = TestTable()
        table.options.compression = .uncompressed
        table.options.createdBy = "golden"
        table.options.pageVersion = version
        var columns: [Column] = []
        for type in types {
            for isNullable in [false, true] {
                table.fields.append(
                    Field(name: "\(type)\(isNullable ? "?" : "")", type: type, isNullable: isNullable))
                table.options.columnEncodings.append(ColumnEncoding(.index(columns.count), encoding))
                let column = Column(type: type, capacity: 9)
                for row in 0..<9 {
                    if isNullable, row % 4 == 1 { column.appendNull() } else { append(row, to: column) }
                }
                columns.append(column)
            }
        }
        table.batches = [columns]
        return table
    }

    /// Nine values of a type: the limits, both zeros, and repeats.
    private static func append(_ row: Int, to column: Column) {
        switch column.type {
        case .int32: column.append([Int32.min, .max, 0, -1, 1, 1, 1, 7, -300][row])
        case .int64: column.append([Int64.min, .max, 0, -1, 1, 1, 1, 7, -300][row])
        case .float32:
            column.append(
                [-0.0, Float.nan, 0, 1.5, -.infinity, .infinity, 1.5, 1.5, .leastNonzeroMagnitude][row])
        case .float64:
            column.append(
                [-0.0, Double.nan, 0, 1.5, -.infinity, .infinity, 1.5, 1.5, .leastNonzeroMagnitude][row])
        case .decimal(let precision, _) where precision <= 18:
            let limit = (0..<precision).reduce(Int64(1)) { power, _ in power * 10 } - 1
            column.append([limit, -limit, 0, -1, 1, 1, 1, limit, 5][row])
        case .decimal(let precision, _):
            let limit = (0..<precision).reduce(Int128(1)) { power, _ in power * 10 } - 1
            column.append([limit, -limit, 0, -1, 1, 1, 1, limit, 5][row])
        case .bool: column.append(UInt8([1, 0, 0, 1, 1, 1, 1, 1, 1][row]))
        case .text: column.append(["", "a", "币安", "a", "a", "é", "\u{10FFFF}", "z", "\0"][row])
        case .date: column.append([Int32(0), -1, 20_454, 20_454, 20_455, 20_456, -25_567, 40_000, 1][row])
        case .timestamp:
            column.append(
                [
                    Int64(0), -1, 1_767_225_600_000_000, 1_767_225_600_000_000, 1_767_225_600_000_001, 1, 2,
                    3, 4,
                ][row])
        }
    }

    /// Row groups, pages, orders of bounds, texts cut short, NaNs, metadata and sorting.
    private static func pages() -> TestTable {
        var table = TestTable()
        let types: [ColumnType] = [.int64, .float64, .text, .int32]
        table.fields = zip(["up", "float", "text", "down"], types).map { name, type in
            Field(name: name, type: type, isNullable: name != "up")
        }
        table.options.compression = .uncompressed
        table.options.createdBy = "golden"
        table.options.dataPageRows = 2
        table.options.columnEncodings = (0..<4).map { ColumnEncoding(.index($0), .plain) }
        table.options.sortingColumns = ["up", SortKey("down", isDescending: true, hasNullsFirst: false)]
        table.metadata = [("key", "value"), ("empty", "")]
        let long = String(repeating: "é", count: 32)
        let texts = [long, long + "a", "\u{10FFFF}", "", long + "\u{D7FF}", "b"]
        let numbers = [Double.nan, 1, -0.0, 0.0, -1, Double.nan]
        table.batches = [0, 6].map { start in
            let columns = types.map { Column(type: $0, capacity: 6) }
            for row in 0..<6 {
                columns[0].append(Int64(start + row))
                columns[1].append(numbers[row])
                if row < 2, start == 6 { columns[2].appendNull() } else { columns[2].append(texts[row]) }
                if row == 5 { columns[3].appendNull() } else { columns[3].append(Int32(-start - row)) }
            }
            return columns
        }
        return table
    }

    private static func bloomFilter() -> TestTable {
        var table = table(TestTable.types.filter { $0 != .bool }, .plain)
        table.bloomFilterColumns = Array(table.fields.indices)
        table.options.bloomFilterColumns = table.fields.map { BloomFilterColumn(.name($0.name)) }
        return table
    }
}
