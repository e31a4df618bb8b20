import Columns
import Parquet
import TestSupport
import Testing

/// Pages of every width and form, which the writer makes only some of.
@Suite struct PageReadingTests {
    private typealias Page = RawParquet.Page

    private static func encode(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
        var page = ByteBuffer()
        body(&page)
        return page.array()
    }

    private static func read(
        _ pages: [RawParquet.Page], rows: Int, _ change: (inout RawParquet.Chunk) -> Void
    )
        throws -> Column
    {
        var file = RawParquet(pages)
        file.rowCount = rows
        change(&file.chunks[0])
        let opened = try ParquetFile(MemorySource(file.bytes))
        try opened.check()
        return try opened.readColumn(0, rowGroup: 0)
    }

    private static func values<T: BitwiseCopyable>(_ column: Column, as type: T.Type) -> [T] {
        unsafe column.withValues(as: type) { unsafe Array($0) }
    }

    @Test("deltas of every width", arguments: 0...64)
    func deltas(width: Int) throws {
        var generator = SeededGenerator(seed: UInt64(width))
        for count in [1, 2, 32, 33, 129, 1000] {
            var value = Int64(bitPattern: generator.next())
            var wide = [Int64]()
            for _ in 0..<count {
                wide.append(value)
                value &+= Int64(bitPattern: width == 0 ? 0 : generator.next() >> UInt64(64 - width)) &- 5
            }
            let narrow = wide.map { Int32(truncatingIfNeeded: $0) }
            let wideBytes = Self.encode { page in
                unsafe wide.withUnsafeBufferPointer { _ = unsafe DeltaBinaryPacked.append($0, to: &page) }
            }
            let narrowBytes = Self.encode { page in
                unsafe narrow.withUnsafeBufferPointer { _ = unsafe DeltaBinaryPacked.append($0, to: &page) }
            }
            let pages = [Page(valueCount: count, encoding: 5, wideBytes)]
            #expect(try Self.values(Self.read(pages, rows: count) { $0.type = 2 }, as: Int64.self) == wide)
            let narrowPages = [Page(valueCount: count, encoding: 5, narrowBytes)]
            #expect(try Self.values(Self.read(narrowPages, rows: count) { _ in }, as: Int32.self) == narrow)
        }
    }

    @Test("dictionary indices of every width", arguments: 1...32)
    func indices(width: Int) throws {
        var generator = SeededGenerator(seed: UInt64(width))
        let entries = (0..<Int32(min(1 << width, 700))).map { $0 &* 0x0123_4567 }
        for count in [1, 7, 8, 9, 64, 501] {
            var indices = [UInt32]()
            while indices.count < count {
                let index = UInt32.random(in: 0..<UInt32(entries.count), using: &generator)
                let length = Bool.random(using: &generator) ? 1 : Int.random(in: 1...30, using: &generator)
                indices += Array(repeating: index, count: min(length, count - indices.count))
            }
            let bytes = Self.encode { page in
                page.append(UInt8(width))
                unsafe indices.withUnsafeBufferPointer {
                    unsafe RunLength.append($0, width: width, to: &page)
                }
            }
            let column = try Self.read(
                [
                    Page(.dictionary, valueCount: entries.count, littleEndian(entries)),
                    Page(valueCount: count, encoding: 8, bytes),
                ], rows: count
            ) { _ in }
            #expect(Self.values(column, as: Int32.self) == indices.map { entries[Int($0)] })
        }
    }

    @Test("indices of no bits into a dictionary of one")
    func noBits() throws {
        let column = try Self.read(
            [Page(.dictionary, valueCount: 1, littleEndian([9])), Page(valueCount: 4, encoding: 8, [0, 8])],
            rows: 4
        ) { _ in }
        #expect(Self.values(column, as: Int32.self) == [9, 9, 9, 9])
    }

    @Test("a dictionary, and then pages without it")
    func mixed() throws {
        let column = try Self.read(
            [
                Page(.dictionary, valueCount: 2, encoding: 2, littleEndian([10, 20])),
                Page(valueCount: 3, encoding: 2, [1, 3, 0b101]), Page(valueCount: 2, littleEndian([7, 8])),
                Page(.v2, valueCount: 1, encoding: 9, littleEndian([-1])),
            ], rows: 6
        ) { $0.encodings = [0, 2, 9] }
        #expect(Self.values(column, as: Int32.self) == [20, 10, 20, 7, 8, -1])
    }

    @Test("decimals of every length, plain and in streams", arguments: 1...16)
    func fixedLength(width: Int) throws {
        var generator = SeededGenerator(seed: UInt64(width))
        let precision = min([2, 4, 6, 9, 11, 14, 16, 18, 21, 23, 26, 28, 31, 33, 35, 38][width - 1], 38)
        let limit = (0..<precision).reduce(Int128(1)) { power, _ in power * 10 }
        let values = (0..<100).map { index -> Int128 in
            index < 2
                ? [limit - 1, 1 - limit][index]
                : Int128(Int64(bitPattern: generator.next())) * 0x7FFF_FFFF % limit
        }
        let plain = values.flatMap { value in
            (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let streams = (0..<width).flatMap { stream in values.indices.map { plain[$0 * width + stream] } }
        for (encoding, bytes) in [(0, plain), (9, streams)] {
            let column = try Self.read([Page(valueCount: 100, encoding: encoding, bytes)], rows: 100) {
                chunk in
                (chunk.type, chunk.typeLength, chunk.convertedType, chunk.precision) = (
                    7, width, 5, precision
                )
            }
            #expect(column.type == .decimal(precision: precision, scale: 2))
            let read =
                precision <= 18
                ? Self.values(column, as: Int64.self).map { Int128($0) }
                : Self.values(column, as: Int128.self)
            #expect(read == values)
        }
    }

    @Test("decimals of their own lengths, plain and as a dictionary")
    func decimalTexts() throws {
        let payload: [UInt8] = [1, 0, 0, 0, 0xFF, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0xFF, 0xFF, 0x38]
        func change(_ chunk: inout RawParquet.Chunk) {
            (chunk.type, chunk.convertedType, chunk.precision) = (6, 5, 30)
        }
        let plain = try Self.read([Page(valueCount: 4, payload)], rows: 4, change)
        #expect(Self.values(plain, as: Int128.self) == [-1, 0, 256, -200])
        let dictionary = try Self.read(
            [
                Page(.dictionary, valueCount: 4, payload),
                Page(valueCount: 2, encoding: 8, [2, 3, 0b1011, 0]),
            ], rows: 2,
            change)
        #expect(Self.values(dictionary, as: Int128.self) == [-200, 256])
    }

    @Test("times in milliseconds and what has no whole microseconds")
    func times() throws {
        func page(_ value: Int64) -> RawParquet.Page {
            Page(valueCount: 1, (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
        }
        for value in [0, -1, 1_700_000_000_123, Int64.max / 1000, Int64.min / 1000] {
            let column = try Self.read([page(value)], rows: 1) { ($0.type, $0.convertedType) = (2, 9) }
            #expect(column.type == .timestamp && Self.values(column, as: Int64.self) == [value * 1000])
        }
        #expect(throws: ParquetReadingProblem.self) {
            try Self.read([page(.max / 1000 + 1)], rows: 1) { ($0.type, $0.convertedType) = (2, 9) }
        }
    }

    @Test("a page header that is longer than what is read ahead", arguments: [100, 70_000, 3_000_000])
    func longHeader(byteCount: Int) throws {
        var page = Page(valueCount: 4, littleEndian([1, 2, 3, 4]))
        page.boundByteCount = byteCount
        let column = try Self.read([page, page, page], rows: 12) { _ in }
        #expect(Self.values(column, as: Int32.self) == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4])
    }

    @Test("pages without values, and a table without rows")
    func empty() throws {
        let column = try Self.read(
            [
                Page(valueCount: 0, []), Page(valueCount: 2, littleEndian([1, 2])),
                Page(.v2, valueCount: 0, []),
            ], rows: 2
        ) { _ in }
        #expect(Self.values(column, as: Int32.self) == [1, 2])
        #expect(try Self.read([Page(valueCount: 0, [])], rows: 0) { _ in }.count == 0)
    }

    @Test("repetition levels that are all 0 are passed over")
    func repetitionLevels() throws {
        var page = Page(.v2, valueCount: 4, [8] + [3, 0b0101] + littleEndian([1, 2]))
        (page.repetitionByteCount, page.definitionByteCount, page.nullCount) = (1, 2, 2)
        let column = try Self.read([page], rows: 4) { $0.isNullable = true }
        #expect(Self.values(column, as: Int32.self) == [1, 0, 2, 0] && column.nullCount == 2)
    }
}
