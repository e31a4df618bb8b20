import Bytes
import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// What the writer wrote, the reader reads.
@Suite struct ParquetReaderTests {
    /// A table made from a seed, and the options to write it with.
    struct Table {
        var fields: [Field]
        var batches: [[Column]]
        var options: WriterOptions
        var note: String

        private static let rowCounts = [0, 1, 2, 7, 8, 9, 127, 128, 129, 130, 257, 1000, 2500, 6000]

        init(seed: UInt64, rowCounts: [Int] = Self.rowCounts) {
            var generator = SeededGenerator(seed: seed)
            options = WriterOptions()
            options.compression = [.zstd(level: 3), .gzip(level: 6), .uncompressed][Int(seed % 3)]
            options.encodings = [.portable, .all, .smallest, .all][Int(seed % 4)]
            options.pageVersion = seed / 4 % 2 == 0 ? .v1 : .v2
            options.dataPageRows = [131_072, 100, 300, 129, 7].randomElement(using: &generator)!
            if generator.next() % 4 == 0 { options.dataPageBytes = 500 }
            if generator.next() % 3 == 0 { options.sortingColumns = [1, 0] }
            let rowCount = rowCounts.randomElement(using: &generator)!
            var columns = [RandomColumn]()
            for type in JudgeTests.types {
                for isNullable in [false, true] where generator.next() % 3 > 0 || columns.count < 2 {
                    columns.append(
                        RandomColumn(
                            field: Field(
                                name: "\(type) \(columns.count)", type: type, isNullable: isNullable),
                            shape: Shape.allCases.randomElement(using: &generator)!,
                            nullShare: isNullable ? [0, 2, 30, 100].randomElement(using: &generator)! : 0))
                }
            }
            let groups =
                rowCount > 10 && generator.next() % 2 == 0
                ? [rowCount / 2, rowCount - rowCount / 2 - 3, 3] : [rowCount]
            batches = groups.map { count in
                columns.indices.map { columns[$0].batch(count, using: &generator) }
            }
            fields = columns.map(\.field)
            note = "seed \(seed), \(rowCount) rows, shapes \(columns.map { "\($0.shape)" }), \(options)"
        }
    }

    @Test("every type, encoding, codec and page version reads back equal", arguments: 0..<UInt64(100))
    func roundTrip(seed: UInt64) throws {
        // The last ones have enough rows for encodings that only large chunks get.
        let table = seed < 96 ? Table(seed: seed) : Table(seed: seed, rowCounts: [20_000])
        let (bytes, written) = try writeFile(
            fields: table.fields, batches: table.batches, options: table.options)
        let file = try ParquetFile(MemorySource(bytes))
        #expect(file.fields == table.fields, "\(table.note)")
        #expect(file.rowCount == written.rowCount && file.byteCount == bytes.count)
        #expect(file.keyValueMetadata == [KeyValue(key: "origin", value: "a \"test\" ä")])
        #expect(file.createdBy == table.options.createdBy)
        let batches = table.batches.filter { $0[0].count > 0 }
        #expect(file.rowGroups.map(\.rowCount) == batches.map { $0[0].count })
        for (rowGroup, batch) in batches.enumerated() {
            let sorting = file.rowGroups[rowGroup].sortingColumns
            #expect(
                sorting.map {
                    SortKey(
                        .index($0.column), isDescending: $0.isDescending, hasNullsFirst: $0.hasNullsFirst)
                } == table.options.sortingColumns)
            for (index, column) in batch.enumerated() {
                let read = try file.readColumn(index, rowGroup: rowGroup)
                #expect(read.difference(from: column) == nil, "\(table.fields[index].name), \(table.note)")
                let chunk = file.rowGroups[rowGroup].columns[index]
                #expect(chunk.statistics?.nullCount == column.nullCount)
            }
        }
        let report = try file.check()
        #expect(report.valueDigest == written.valueDigest, "\(table.note)")
        #expect(report.gaps == [], "\(table.note)")
        #expect(report.checksumCount == report.dataPageCount + report.dictionaryPageCount)
        #expect(report.rowCount == written.rowCount)
    }

    @Test("any rows are read, and no others", arguments: 0..<UInt64(24))
    func rows(seed: UInt64) throws {
        let table = Table(seed: seed, rowCounts: [9, 257, 1000])
        let file = try ParquetFile(
            MemorySource(
                try writeFile(fields: table.fields, batches: table.batches, options: table.options).bytes))
        let all = try file.readRows(0..<file.rowCount)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<12 {
            let start = Int.random(in: 0...file.rowCount, using: &generator)
            let count = Int.random(
                in: 0...[3, 50, 2000].randomElement(using: &generator)!, using: &generator)
            let part = try file.readRows(start..<start + count)
            let end = min(file.rowCount, start + count)
            for (column, whole) in zip(part, all) {
                #expect(column.count == end - start)
                for row in start..<end {
                    #expect(column.cell(row - start) == whole.cell(row), "row \(row), \(table.note)")
                }
            }
        }
        var whole = 0
        for (rowGroup, batch) in table.batches.enumerated() {
            for row in 0..<batch[0].count {
                for (index, column) in batch.enumerated() where row % 31 == 0 {
                    #expect(all[index].cell(whole + row) == column.cell(row), "row group \(rowGroup)")
                }
            }
            whole += batch[0].count
        }
        #expect(try file.readRows(5..<7, columns: [1])[0].cell(1) == all[1].cell(6))
        #expect(try file.readRows(file.rowCount + 3..<file.rowCount + 9)[0].count == 0)
    }

    /// Counts what is read.
    final class CountingSource: ByteSource, @unchecked Sendable {
        // One thread reads in the test.
        let inner: MemorySource
        var readByteCount = 0

        init(_ bytes: [UInt8]) { inner = MemorySource(bytes) }

        var name: String { inner.name }
        var byteCount: Int { inner.byteCount }

        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
            readByteCount += buffer.count
            unsafe inner.read(at: offset, into: buffer)
        }
    }

    @Test("a few rows in the middle are found without reading what is before them")
    func rowsInTheMiddle() throws {
        let column = Column(type: .int64, capacity: 1)
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<400_000 { column.append(Int64(bitPattern: generator.next())) }
        var options = WriterOptions()
        options.compression = .uncompressed
        options.dataPageRows = 5000
        let bytes = try writeFile(
            fields: [Field(name: "id", type: .int64, isNullable: false)], batches: [[column]],
            options: options
        ).bytes
        let source = CountingSource(bytes)
        let file = try ParquetFile(source)
        let opened = source.readByteCount
        let part = try file.readRows(300_007..<300_010)
        for row in 0..<3 { #expect(part[0].cell(row) == column.cell(300_007 + row)) }
        #expect(source.readByteCount - opened < bytes.count / 10)
    }

    @Test("a file on disk reads as one in memory, and what is no file is refused")
    func path() throws {
        let table = Table(seed: 5, rowCounts: [257])
        let bytes = try writeFile(fields: table.fields, batches: table.batches, options: table.options).bytes
        let directory = try TemporaryDirectory()
        try directory.write(Data(bytes), to: "a.parquet")
        let onDisk = try ParquetFile(path: directory.path("a.parquet")).check()
        #expect(try onDisk == ParquetFile(MemorySource(bytes)).check())
        for name in ["missing.parquet", "", "a\u{0}b"] {
            #expect {
                _ = try ParquetFile(path: directory.path(name))
            } throws: { error in
                let problem = error as? ParquetReadingProblem
                guard case .system? = problem?.kind else { return false }
                return problem?.file == directory.path(name)
            }
        }
    }

    @Test("a column that would take more memory than allowed is refused")
    func limit() throws {
        let column = Column(type: .int64, capacity: 1)
        for _ in 0..<100_000 { column.append(Int64(7)) }
        let fields = [Field(name: "id", type: .int64, isNullable: false)]
        let bytes = try writeFile(fields: fields, batches: [[column]]).bytes
        #expect(bytes.count < 1000)
        let file = try ParquetFile(MemorySource(bytes), byteLimit: 500_000)
        #expect {
            _ = try file.readColumn(0, rowGroup: 0)
        } throws: { error in
            guard case .tooLarge(_, 900_000, 500_000)? = (error as? ParquetReadingProblem)?.kind else {
                return false
            }
            return true
        }
        #expect(try ParquetFile(MemorySource(bytes)).readColumn(0, rowGroup: 0).count == 100_000)
    }
}

extension Column {
    /// A row's value as bytes, nil for a null.
    func cell(_ row: Int) -> [UInt8]? {
        if isNull(row) { return nil }
        switch type.layout {
        case .text:
            return unsafe withText { ends, bytes in
                unsafe Array(bytes[(row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row])])
            }
        case .bool: return slot(row, as: UInt8.self)
        case .int32, .float32: return slot(row, as: UInt32.self)
        case .int64, .float64: return slot(row, as: UInt64.self)
        case .int128: return slot(row, as: Int128.self)
        }
    }

    private func slot<T: BitwiseCopyable>(_ row: Int, as type: T.Type) -> [UInt8] {
        unsafe withValues(as: type) { values in
            unsafe Array(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: values[row...row])))
        }
    }

    /// The first row in which two columns differ, slots of nulls included; nil when they are equal.
    func difference(from other: Column) -> String? {
        guard type == other.type, count == other.count, nullCount == other.nullCount else {
            return "\(type) \(count) \(nullCount), not \(other.type) \(other.count) \(other.nullCount)"
        }
        var digesters = [XXH3Digest]()
        for column in [self, other] {
            var digester = ColumnDigester(type: type)
            digester.update(column)
            digesters.append(digester.digest())
        }
        if digesters[0] == digesters[1] { return nil }
        for row in 0..<count where cell(row) != other.cell(row) {
            return "row \(row): \(String(describing: cell(row))), not \(String(describing: other.cell(row)))"
        }
        return "slots of nulls"
    }
}
