import Bytes
import Columns
import Compression
import Files
import Parquet

/// Steps from columns to a published Parquet file.
struct WriteSteps {
    let schema: [Field]
    let columns: [Column]
    /// Where files are written.
    let directory: String

    private static let zstdLevels = [1, 3, 6, 9]
    private static let pageByteCount = WriterOptions().dataPageBytes

    private var rowCount: Int { columns.first?.count ?? 0 }

    func run(into measurements: inout Measurements) throws {
        let values = rowCount * columns.count
        var digest = Stopwatch()
        for column in columns {
            digest.time {
                var digester = ColumnDigester(type: column.type)
                digester.update(column)
                _ = digester.digest()
            }
        }
        measurements.add("value digest", digest, values: values)
        var bounds = Stopwatch()
        var chunk = ChunkSteps()
        for column in columns { _ = bounds.time { chunk.statistics(of: column) } }
        measurements.add("statistics", bounds, values: values)

        encode(&chunk, into: &measurements)
        var choices = Stopwatch()
        var chosen: [String] = []
        for column in columns {
            let number = choices.time { chunk.chooseEncoding(of: column) }
            chosen.append(Self.names[number ?? -1] ?? "?")
        }
        let counts = Dictionary(chosen.map { ($0, 1) }, uniquingKeysWith: +)
        measurements.add(
            "choose encodings, by samples", choices, values: values,
            note: counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        for (field, column) in zip(schema, columns) where field.type != .bool {
            var build = Stopwatch()
            let entryCount = build.time { chunk.buildDictionary(of: column) }
            measurements.add(
                "dictionary of \(field.name)", build, values: rowCount,
                note: entryCount.map { "\($0) entries" } ?? "given up")
            guard entryCount != nil else { continue }
            var indices = Stopwatch()
            var page = ByteBuffer()
            page.reserve(4 * rowCount + 1024)
            indices.time { chunk.appendIndices(rowCount: rowCount, to: &page) }
            measurements.add("dictionary indices of \(field.name)", indices, values: rowCount)
        }
        try writeFiles(into: &measurements)
    }

    /// Every encoding on all columns whose type it suits, in pages as the writer cuts them.
    private func encode(_ chunk: inout ChunkSteps, into measurements: inout Measurements) {
        struct Sum {
            var stopwatch = Stopwatch()
            var valueCount = 0
            var byteCount = 0
        }
        var sums: [String: Sum] = [:]
        var page = ByteBuffer()
        page.reserve(32 * rowCount + 4096)
        for column in columns {
            for encoding in Self.encodings(of: column.type) {
                page.removeAll()
                var sum = sums[encoding.name + ", \(column.type)"] ?? Sum()
                sum.stopwatch.time { chunk.append(column, encoding: encoding.number, to: &page) }
                sum.valueCount += rowCount
                sum.byteCount += page.count
                sums[encoding.name + ", \(column.type)"] = sum
            }
        }
        for (name, sum) in sums.sorted(by: { $0.key < $1.key }) {
            let width = Double(sum.byteCount) / Double(max(sum.valueCount, 1))
            measurements.add(
                "encode \(name)", sum.stopwatch, values: sum.valueCount,
                note: "\(rounded(width)) bytes a value")
        }
    }

    /// Encodings by their numbers in parquet.thrift.
    private static let names = [
        0: "PLAIN", 3: "RLE", 5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY", 8: "RLE_DICTIONARY",
        9: "BYTE_STREAM_SPLIT",
    ]

    /// Those a type can have besides a dictionary.
    private static func encodings(of type: ColumnType) -> [(name: String, number: Int)] {
        let numbers =
            switch type.layout {
            case .int32, .int64: [0, 5]
            case .float32, .float64: [0, 9]
            case .bool: [0, 3]
            case .text: [0, 6]
            case .int128: [0]
            }
        return numbers.map { (names[$0] ?? "\($0)", $0) }
    }

    /// The whole writer; then what it does to its pages, and what becomes of its bytes.
    private func writeFiles(into measurements: inout Measurements) throws {
        let values = rowCount * columns.count
        var plain = Stopwatch()
        let uncompressed = try write(.uncompressed, &plain)
        measurements.add("ParquetWriter, uncompressed", plain, values: values)
        var whole = Stopwatch()
        let file = try write(WriterOptions().compression, &whole)
        measurements.add(
            "ParquetWriter, zstd 3", whole, values: values,
            note: "\(rounded(Double(file.count) / Double(max(rowCount, 1)))) bytes a row")

        let room = ZstdCompressor.byteCountBound(for: Self.pageByteCount)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 64)
        defer { unsafe target.deallocate() }
        for level in Self.zstdLevels {
            var stopwatch = Stopwatch()
            var compressor = ZstdCompressor(level: level)
            var compressedByteCount = 0
            unsafe uncompressed.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: bytes.count, by: Self.pageByteCount) {
                    let page = unsafe UnsafeRawBufferPointer(
                        rebasing: bytes[start..<min(start + Self.pageByteCount, bytes.count)])
                    compressedByteCount += stopwatch.time {
                        unsafe compressor.compress(page, into: target) ?? 0
                    }
                }
            }
            let share = Double(compressedByteCount) / Double(uncompressed.count)
            measurements.add(
                "zstd \(level) of the pages", stopwatch, bytes: uncompressed.count,
                note: "to \(rounded(100 * share)) %")
        }

        var sum = Stopwatch()
        unsafe file.withUnsafeBytes { bytes in
            sum.time {
                var checksum = CRC32()
                unsafe checksum.update(bytes)
            }
        }
        measurements.add("page CRC-32", sum, bytes: file.count)
        var identity = Stopwatch()
        unsafe file.withUnsafeBytes { bytes in
            identity.time {
                var hasher = IdentityHasher()
                unsafe hasher.update(bytes)
                _ = hasher.finish()
            }
        }
        measurements.add("XXH3-128 and SHA-256 of the output", identity, bytes: file.count)
        var staging = Stopwatch()
        try staging.time {
            var staged = try StagedFile(for: directory + "/out.parquet")
            try unsafe file.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                    try unsafe staged.write(
                        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 1 << 20, bytes.count)]))
                }
            }
            _ = try staged.finish().publish()
        }
        measurements.add("file write, digests and sync included", staging, bytes: file.count)
    }

    private func write(
        _ compression: WriterOptions.Compression, _ stopwatch: inout Stopwatch
    ) throws -> [UInt8] {
        let sink = Sink()
        sink.bytes.reserveCapacity(rowCount * columns.count * 9)
        var options = WriterOptions()
        options.compression = compression
        try stopwatch.time {
            var writer = try unsafe ParquetWriter(
                schema: schema, options: options, sink: { unsafe sink.bytes.append(contentsOf: $0) })
            try writer.writeRowGroup(columns)
            _ = try writer.finish(keyValueMetadata: [])
        }
        return sink.bytes
    }

    private final class Sink { var bytes: [UInt8] = [] }
}

/// A number with one digit after the point.
func rounded(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
