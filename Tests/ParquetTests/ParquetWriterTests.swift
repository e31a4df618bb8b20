import Bytes
import Columns
import Parquet
import TestSupport
import Testing

@Suite struct ParquetWriterTests {
    private static let fields = [
        Field(name: "id", type: .int64, isNullable: false),
        Field(name: "name", type: .text, isNullable: true),
    ]

    private static func columns(_ rows: Range<Int>) -> [Column] {
        let ids = Column(type: .int64, capacity: 1)
        let names = Column(type: .text, capacity: 1)
        for row in rows {
            ids.append(Int64(row))
            if row % 3 == 0 { names.appendNull() } else { names.append("name \(row % 10)") }
        }
        return [ids, names]
    }

    @Test("the smallest file is the one it has always been")
    func golden() throws {
        var options = WriterOptions()
        options.compression = .uncompressed
        options.createdBy = "test"
        let file = try writeFile(fields: [Self.fields[0]], batches: [], options: options, metadata: [])
        #expect(
            file.bytes == Array("PAR1".utf8) + [
                0x15, 0x04, 0x19, 0x2C, 0x48, 0x06, 0x73, 0x63, 0x68, 0x65, 0x6D, 0x61, 0x15, 0x02, 0x00,
                0x15, 0x04,
                0x25, 0x00, 0x18, 0x02, 0x69, 0x64, 0x00, 0x16, 0x00, 0x19, 0x0C, 0x28, 0x04, 0x74, 0x65,
                0x73, 0x74,
                0x19, 0x1C, 0x1C, 0x00, 0x00, 0x00, 40, 0, 0, 0,
            ] + Array("PAR1".utf8))
        #expect(file.written.rowCount == 0 && file.written.byteCount == file.bytes.count)
    }

    @Test("the same input gives the same bytes, and bytes are counted")
    func deterministic() throws {
        let first = try writeFile(fields: Self.fields, batches: [Self.columns(0..<5000)])
        let second = try writeFile(fields: Self.fields, batches: [Self.columns(0..<5000)])
        #expect(first.bytes == second.bytes && first.written == second.written)
        #expect(first.written.byteCount == first.bytes.count)
        #expect(first.written.columns.map(\.nullCount) == [0, 1667])
    }

    @Test("the content digest knows nothing of codecs, pages and row groups")
    func digest() throws {
        let whole = try writeFile(fields: Self.fields, batches: [Self.columns(0..<1000)])
        var options = WriterOptions()
        options.compression = .gzip(level: 1)
        options.encodings = .all
        options.pageVersion = .v2
        options.dataPageRows = 10
        let parts = try writeFile(
            fields: Self.fields, batches: [Self.columns(0..<1), Self.columns(0..<0), Self.columns(1..<1000)],
            options: options)
        #expect(whole.written.valueDigest == parts.written.valueDigest)
        #expect(whole.written.columns.map(\.valueDigest) == parts.written.columns.map(\.valueDigest))
        #expect(
            whole.written.valueDigest == contentDigest(fields: Self.fields, columns: Self.columns(0..<1000)))
        let other = try writeFile(fields: Self.fields, batches: [Self.columns(1..<1001)])
        #expect(whole.written.valueDigest != other.written.valueDigest)
    }

    @Test("what cannot be written is refused")
    func problems() throws {
        let id = Self.fields[0]
        func kind(_ body: () throws -> Void) -> ParquetProblem.Kind? {
            do {
                try body()
                return nil
            } catch { return (error as? ParquetProblem)?.kind }
        }
        func options(_ change: (inout WriterOptions) -> Void) -> WriterOptions {
            var options = WriterOptions()
            change(&options)
            return options
        }
        let nulls = Column(type: .int64, capacity: 1)
        nulls.appendNull()
        #expect(kind { _ = try writeFile(fields: [], batches: []) } == .noColumns)
        #expect(kind { _ = try writeFile(fields: [id, id], batches: []) } == .duplicateColumn(name: "id"))
        #expect(kind { _ = try writeFile(fields: [id], batches: [[]]) } == .columnCount(0, expected: 1))
        #expect(
            kind { _ = try writeFile(fields: [id], batches: [[Column(type: .date, capacity: 1)]]) }
                == .columnType(name: "id", .date, expected: .int64))
        #expect(
            kind { _ = try writeFile(fields: [id], batches: [[nulls]]) }
                == .unexpectedNulls(name: "id", count: 1))
        #expect(
            kind {
                _ = try writeFile(
                    fields: Self.fields, batches: [[Self.columns(0..<2)[0], Self.columns(0..<1)[1]]])
            } == .rowCount(name: "name", 1, expected: 2))
        #expect(
            kind {
                _ = try writeFile(fields: [id], batches: [], options: options { $0.sortingColumns = [1] })
            }
                == .option(name: "sortingColumns", value: 1, allowed: 0...0))
        let flag = Field(name: "flag", type: .bool, isNullable: false)
        let cases: [(change: (inout WriterOptions) -> Void, kind: ParquetProblem.Kind)] = [
            ({ $0.sortingColumns = ["ID"] }, .unknownColumn(option: "sortingColumns", name: "ID")),
            ({ $0.sortingColumns = ["id", 0] }, .repeatedColumn(option: "sortingColumns", name: "id")),
            (
                { $0.bloomFilterColumns = [2] },
                .option(name: "bloomFilterColumns", value: 2, allowed: 0...1)
            ),
            ({ $0.bloomFilterColumns = ["x"] }, .unknownColumn(option: "bloomFilterColumns", name: "x")),
            (
                { $0.bloomFilterColumns = [0, "id"] },
                .repeatedColumn(option: "bloomFilterColumns", name: "id")
            ),
            (
                { $0.columnEncodings = [ColumnEncoding("id", .byteStreamSplit)] },
                .unsuitableEncoding(name: "id", .int64, .byteStreamSplit)
            ),
            (
                { $0.columnEncodings = [ColumnEncoding(1, .dictionary)] },
                .unsuitableEncoding(name: "flag", .bool, .dictionary)
            ),
            (
                { $0.columnEncodings = [ColumnEncoding(0, .plain), ColumnEncoding("id", .plain)] },
                .repeatedColumn(option: "columnEncodings", name: "id")
            ),
            ({ $0.bloomFilterColumns = ["flag"] }, .bloomFilterOfBooleans(name: "flag")),
            (
                { $0.bloomFilterColumns = [BloomFilterColumn("id", falsePositiveProbability: 1)] },
                .falsePositiveProbability(name: "id", 1)
            ),
            (
                { $0.bloomFilterColumns = [BloomFilterColumn("id", falsePositiveProbability: 0)] },
                .falsePositiveProbability(name: "id", 0)
            ),
        ]
        for c in cases {
            #expect(
                kind { _ = try writeFile(fields: [id, flag], batches: [], options: options(c.change)) }
                    == c.kind)
        }
        #expect(
            kind {
                _ = try writeFile(
                    fields: [id], batches: [], options: options { $0.compression = .gzip(level: 10) })
            }
                == .option(name: "gzip level", value: 10, allowed: 0...9))
        #expect(
            ParquetProblem(.duplicateColumn(name: "a\u{1B}")).description
                == "schema: two columns are named 'a\\u{1b}'")
    }

    @Test("what the sink throws comes out")
    func sinkFailure() {
        struct Full: Error {}
        #expect(throws: Full.self) {
            var writer = unsafe try ParquetWriter(schema: Self.fields, options: WriterOptions()) { _ in
                throw Full()
            }
            try writer.writeRowGroup(Self.columns(0..<100))
            _ = try writer.finish(keyValueMetadata: [])
        }
    }
}
