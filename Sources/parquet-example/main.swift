import Columns
import Foundation
import Parquet

// Writes a small table with a column of each type, and says what it wrote: parquet-example [FILE]
let path = CommandLine.arguments.dropFirst().first ?? "example.parquet"

let fields = [
    Field(name: "id", type: .int64, isNullable: false),
    Field(name: "symbol", type: .text, isNullable: false),
    Field(name: "price", type: .decimal(precision: 18, scale: 2), isNullable: false),
    Field(name: "volume", type: .decimal(precision: 38, scale: 6), isNullable: true),
    Field(name: "change", type: .float64, isNullable: true),
    Field(name: "weight", type: .float32, isNullable: false),
    Field(name: "trades", type: .int32, isNullable: true),
    Field(name: "maker", type: .bool, isNullable: true),
    Field(name: "day", type: .date, isNullable: false),
    Field(name: "time", type: .timestamp, isNullable: false),
]

/// Three rows, numbered from `start`.
func rows(from start: Int64) -> [Column] {
    let noon: Int64 = 1_767_225_600_000_000  // 2026-01-01 in microseconds since 1970
    return [
        Column(.int64, [start, start + 1, start + 2]),
        Column(texts: ["BTCUSDT", "ETHUSDT", "BTCUSDT"]),
        Column(.decimal(precision: 18, scale: 2), [Int64(87_648_21), 2_967_05, 87_650_00]),
        Column(.decimal(precision: 38, scale: 6), [Int128(1_500_000), nil, 12_345_678_901_234_567_890]),
        Column(.float64, [0.25, Double.nan, nil]),
        Column(.float32, [Float(0.5), -0.0, 1]),
        Column(.int32, [Int32(17), nil, 3]),
        Column(bools: [true, nil, false]),
        Column(.date, [Int32(20_454), 20_454, 20_454]),
        Column(.timestamp, [noon, noon + 1, noon + 2]),
    ]
}

func write(to file: FileHandle) throws -> WrittenFile {
    var options = WriterOptions()
    options.compression = .zstd(level: 9)
    options.sortingColumns = ["id"]
    options.bloomFilterColumns = ["symbol"]
    options.createdBy = "parquet-example version 1.0.0"

    var writer = unsafe try ParquetWriter(schema: fields, options: options) { bytes in
        unsafe try file.write(contentsOf: Data(bytes))
    }
    for start in [Int64(1), 4] { try writer.writeRowGroup(rows(from: start)) }
    return try writer.finish(keyValueMetadata: [("source", "parquet-example")])
}

guard FileManager.default.createFile(atPath: path, contents: nil) else {
    print("cannot write '\(path)'")
    exit(1)
}
let file = try FileHandle(forWritingTo: URL(filePath: path))
let written = try write(to: file)
try file.close()
print("\(path): \(written.rowCount) rows, \(written.byteCount) bytes, values \(written.valueDigest)")
for column in written.columns {
    print("  \(column.name): \(column.compressedByteCount) bytes, \(column.nullCount) nulls")
}
