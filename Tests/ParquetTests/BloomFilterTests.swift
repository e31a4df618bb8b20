import Columns
import Foundation
import Parquet
import TestSupport
import Testing

@Suite struct BloomFilterTests {
    struct Example: Sendable {
        var distinctCount: Int
        var probability: Double
    }

    /// BloomFilter.md, "Sizing an SBBF": filters of 1024 blocks.
    static let examples = [
        Example(distinctCount: 26_214, probability: 0.0126),
        Example(distinctCount: 52_428, probability: 0.18),
        Example(distinctCount: 13_107, probability: 0.0004),
    ]

    @Test("the specification's examples of how often a filter is wrong", arguments: examples)
    func specification(_ example: Example) {
        let probability = BloomFilter.falsePositiveProbability(
            distinctCount: example.distinctCount, blockCount: 1024)
        #expect(abs(probability / example.probability - 1) < 0.05, "\(probability)")
    }

    @Test("sizes: a power of two, no larger than it must be, and never above 128 MiB")
    func sizes() {
        for distinctCount in [0, 1, 24, 25, 1000, 1_000_000, 100_000_000, Int(Int32.max)] {
            for probability in [0.5, 0.1, 0.01, 0.001, 1e-9] {
                let count = BloomFilter.blockCount(
                    distinctCount: distinctCount, falsePositiveProbability: probability)
                func rate(_ blockCount: Int) -> Double {
                    BloomFilter.falsePositiveProbability(
                        distinctCount: distinctCount, blockCount: blockCount)
                }
                #expect(count & (count - 1) == 0 && count >= 1 && count * 32 <= 128 << 20)
                #expect(rate(count) <= probability || count * 32 == 128 << 20)
                if count > 1 { #expect(rate(count / 2) > probability) }
            }
        }
        #expect(BloomFilter.blockCount(distinctCount: 0, falsePositiveProbability: 0.01) == 1)
        #expect(BloomFilter.blockCount(distinctCount: 26_214, falsePositiveProbability: 0.0127) == 1024)
    }

    @Test("as wrong as was asked for, at most", arguments: [0.5, 0.1, 0.01, 0.001])
    func rate(probability: Double) throws {
        let probeCount = 20_000
        for distinctCount in [1, 30, 1000, 20_000] {
            // Small filters are fuller or emptier by chance, so the mean of many is taken.
            let filterCount = max(1, min(100, 20_000 / distinctCount))
            let blockCount = BloomFilter.blockCount(
                distinctCount: distinctCount, falsePositiveProbability: probability)
            let expected = BloomFilter.falsePositiveProbability(
                distinctCount: distinctCount, blockCount: blockCount)
            var found = 0
            for number in 0..<filterCount {
                let column = Column(type: .int64, capacity: distinctCount)
                for value in 0..<distinctCount { column.append(Int64(number * distinctCount + value)) }
                let file = try Self.write(column, probability: probability)
                let filter = try #require(SlowBloomFilter(of: chunks(of: file)[0], in: file))
                #expect(filter.bits.count == 32 * blockCount)
                for probe in 1...probeCount / filterCount
                where filter.mayContain(Self.plain(Int64(-probe))) { found += 1 }
            }
            let rate = Double(found) / Double(probeCount)
            let deviation = (expected * (1 - expected) / Double(probeCount)).squareRoot()
            #expect(expected <= probability)
            #expect(
                abs(rate - expected) < 5 * deviation + 0.1 * expected,
                "\(distinctCount) values: \(rate), expected \(expected)")
        }
    }

    /// The integer whose XXH64 is 0: the hash's steps can be undone for eight bytes.
    @Test("a value whose hash is 0")
    func zeroHash() throws {
        for values in [[Int64(4_130_657_994_142_680_435)], [1, 4_130_657_994_142_680_435, 2]] {
            let column = Column(type: .int64, capacity: 3)
            for value in values { column.append(value) }
            let file = try Self.write(column)
            let filter = try #require(SlowBloomFilter(of: chunks(of: file)[0], in: file))
            #expect(filter.mayContain(0))
            #expect(filter.bits != Array(repeating: 0, count: 32))
        }
    }

    @Test("zeros of both signs and any NaN stand for their equals")
    func twins() throws {
        let column = Column(type: .float64, capacity: 3)
        for value in [1.5, -0.0, Double(nan: 7, signaling: false)] { column.append(value) }
        let file = try Self.write(column)
        let filter = try #require(SlowBloomFilter(of: chunks(of: file)[0], in: file))
        for value in [1.5, 0.0, -0.0, Double.nan, Double(nan: 7, signaling: false)] {
            #expect(filter.mayContain(Self.plain(value.bitPattern)))
        }
        #expect(!filter.mayContain(Self.plain((2.5).bitPattern)))
    }

    @Test("all values of all row groups are found, in every encoding and type", arguments: 0..<UInt64(12))
    func noFalseNegatives(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var columns = JudgeTests.types.filter { $0 != .bool }.flatMap { type in
            Shape.allCases.map { shape in
                RandomColumn(
                    field: Field(name: "\(type) \(shape)", type: type, isNullable: true), shape: shape,
                    nullShare: [0, 20, 100][Int(seed % 3)])
            }
        }
        let batches = [900, 1, 300].map { count in
            columns.indices.map { columns[$0].batch(count, using: &generator) }
        }
        var options = WriterOptions()
        options.encodings = [.all, .portable][Int(seed % 2)]
        options.bloomFilterColumns = columns.indices.map {
            BloomFilterColumn($0 % 2 == 0 ? .index($0) : .name(columns[$0].field.name))
        }
        let file = try writeFile(fields: columns.map(\.field), batches: batches, options: options).bytes
        for (group, batch) in batches.enumerated() {
            for (index, chunk) in chunks(of: file, rowGroup: group).enumerated() {
                let filter = try #require(SlowBloomFilter(of: chunk, in: file))
                for row in 0..<batch[index].count where !batch[index].isNull(row) {
                    let plain = batch[index].plain(row)
                    if !filter.mayContain(plain) {
                        Issue.record("seed \(seed): \(columns[index].field.name), row \(row): \(plain)")
                        return
                    }
                }
            }
        }
    }

    @Test("other columns have none")
    func others() throws {
        let column = Column(type: .int64, capacity: 1)
        column.append(Int64(1))
        let fields = ["a", "b", "c"].map { Field(name: $0, type: .int64, isNullable: false) }
        var options = WriterOptions()
        options.bloomFilterColumns = ["b"]
        let file = try writeFile(fields: fields, batches: [[column, column, column]], options: options).bytes
        #expect(chunks(of: file).map { SlowBloomFilter(of: $0, in: file) != nil } == [false, true, false])
    }

    /// The second row group's page is damaged, so that reading it fails: its bounds do not exclude "m", its filter does.
    @Test("DuckDB skips a row group by its filter", .enabled(if: Peer.python != nil))
    func skipping() throws {
        let directory = try TemporaryDirectory()
        var options = WriterOptions()
        options.compression = .uncompressed
        options.columnEncodings = [ColumnEncoding(0, .plain)]
        for hasFilter in [false, true] {
            options.bloomFilterColumns = hasFilter ? [0] : []
            var file = try writeFile(
                fields: [Field(name: "v", type: .text, isNullable: false)],
                batches: [[Column(texts: ["a", "m", "z"])], [Column(texts: ["b", "y"])]], options: options
            ).bytes
            // The length of the first text, behind the page's header.
            var reader = SlowReader(file)
            reader.offset = chunks(of: file, rowGroup: 1)[0][9].int
            _ = reader.structure()
            file[reader.offset + 2] = 0xFF
            try directory.write(Data(file), to: "t.parquet")
            let script = """
                import sys, duckdb
                for condition in ["= 'm'", "in ('m', 'n')"]:
                    try: print(duckdb.execute(f"select count(*) from read_parquet('{sys.argv[1]}') where v {condition}").fetchone()[0])
                    except duckdb.Error: print("read")
                """
            let output = try Peer.run(Peer.python!, ["-c", script, directory.path("t.parquet")])
            #expect(
                output.standardOutput == (hasFilter ? "1\n1\n" : "read\nread\n"), "\(output.standardError)")
        }
    }

    private static func write(_ column: Column, probability: Double = 0.01) throws -> [UInt8] {
        var options = WriterOptions()
        options.bloomFilterColumns = [BloomFilterColumn("v", falsePositiveProbability: probability)]
        return try writeFile(
            fields: [Field(name: "v", type: column.type, isNullable: true)], batches: [[column]],
            options: options
        ).bytes
    }

    private static func plain(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

extension Column {
    /// A value in PLAIN encoding; a text without its length.
    fileprivate func plain(_ row: Int) -> [UInt8] {
        func bytes<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, isReversed: Bool = false) -> [UInt8] {
            let value = unsafe withValues(as: T.self) { unsafe $0[row] }
            let bytes = (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isReversed ? bytes.reversed() : bytes
        }
        switch type.layout {
        case .int32, .float32: return bytes(UInt32.self)
        case .int64, .float64: return bytes(UInt64.self)
        case .int128: return bytes(Int128.self, isReversed: true)
        case .bool: return bytes(UInt8.self)
        case .text:
            return unsafe withText { ends, bytes in
                unsafe Array(bytes[(row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row])])
            }
        }
    }
}
