import Columns
import Parquet
import TestSupport
import Testing

/// Files that contradict the format or themselves, each refused with the byte where that shows.
///
/// Among them are the like of apache/parquet-testing's `bad_data`, of which the names tell.
@Suite struct BadFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// What `placeAndFault` says.
        var problem: String
        var bytes: [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ problem: String, _ file: RawParquet) {
            self.init(name, problem, file.bytes)
        }

        init(_ name: String, _ problem: String, _ bytes: [UInt8]) {
            (self.name, self.problem, self.bytes) = (name, problem, bytes)
        }
    }

    typealias Page = RawParquet.Page

    // Four INT32 in one page of each kind.
    static let plain = Page(valueCount: 4, littleEndian([1, 2, 3, 4]))
    static let dictionary = Page(.dictionary, valueCount: 2, littleEndian([10, 20]))
    /// Width 1, one packed group: 0 1 0 1.
    static let indices = Page(valueCount: 4, encoding: 8, [1, 3, 0b1010])
    static let plainV2 = Page(.v2, valueCount: 4, littleEndian([1, 2, 3, 4]))
    /// Rows 0 and 2 have a value.
    static let nullable = Page(valueCount: 4, [2, 0, 0, 0, 3, 0b0101] + littleEndian([1, 2]))

    static func file(_ page: Page, _ change: (inout Page) -> Void) -> RawParquet {
        var page = page
        change(&page)
        return RawParquet([page])
    }

    static func file(_ pages: [Page], _ change: (inout RawParquet) -> Void) -> RawParquet {
        var file = RawParquet(pages)
        change(&file)
        return file
    }

    static func nullableFile(_ change: (inout Page) -> Void) -> RawParquet {
        var file = file(nullable, change)
        file.chunks[0].isNullable = true
        return file
    }

    static func texts(_ payload: [UInt8], encoding: Int = 0) -> RawParquet {
        file([Page(valueCount: 4, encoding: encoding, payload)]) { $0.chunks[0].type = 6 }
    }

    @Test("the files that the bad ones are made from are sound")
    func good() throws {
        let files = [
            RawParquet([Self.plain]), RawParquet([Self.dictionary, Self.indices]), RawParquet([Self.plainV2]),
            Self.nullableFile { _ in }, Self.texts([1, 0, 0, 0, 97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ]
        let values: [[Int32?]] = [[1, 2, 3, 4], [10, 20, 10, 20], [1, 2, 3, 4], [1, nil, 2, nil]]
        for (index, file) in files.enumerated() {
            let file = try ParquetFile(MemorySource(file.bytes))
            try file.check()
            guard index < values.count else { continue }
            let column = try file.readColumn(0, rowGroup: 0)
            #expect((0..<4).map { column.cell($0) } == values[index].map { $0.map { littleEndian([$0]) } })
        }
    }

    @Test("is refused with its place", arguments: cases)
    func refused(_ c: Case) throws {
        do {
            let file = try ParquetFile(MemorySource(c.bytes), byteLimit: 1 << 20)
            try file.check()
            Issue.record("was read")
        } catch {
            let problem = try #require(error as? ParquetReadingProblem)
            #expect(problem.placeAndFault == c.problem)
            #expect((0...c.bytes.count).contains(problem.offset))
            #expect(problem.description.hasPrefix("memory: byte \(problem.offset)"))
        }
        // A reader that does not check everything refuses it too, or reads it whole; it never traps.
        guard let file = try? ParquetFile(MemorySource(c.bytes), byteLimit: 1 << 20) else { return }
        for column in file.fields.indices { _ = try? file.readColumn(column, rowGroup: 0) }
        _ = try? file.readRows(1..<3)
    }

    static let cases: [Case] = ends + footers + headers + levels + values + dictionaries + codecs + statistics

    static let good = RawParquet([plain]).bytes

    static let ends = [
        Case("empty", "byte 0: the file: 0 bytes, expected 12", [UInt8]()),
        Case("only magic", "byte 0: the file: 8 bytes, expected 12", Array("PAR1PAR1".utf8)),
        Case(
            "text", "byte 0: not a Parquet file: it does not begin and end with 'PAR1'",
            Array("open,high,low,close\n1,2,3,4\n".utf8)),
        Case(
            "cut short", "byte 90: not a Parquet file: it does not begin and end with 'PAR1'",
            Array(good.dropLast(20))),
        Case(
            "encrypted footer", "byte 110: an encrypted footer is not supported",
            file([plain]) { $0.tail = Array("PARE".utf8) }),
        Case(
            "other start", "byte 0: not a Parquet file: it does not begin and end with 'PAR1'",
            file([plain]) { $0.head = Array("PAR2".utf8) }),
        Case(
            "footer longer than the file", "byte 106: the footer's length is 2147483647, expected 0...102",
            file([plain]) { $0.footerByteCount = 0x7FFF_FFFF }),
        Case(
            "footer shorter than it is", "byte 76 (footer): created_by is of Thrift type 10, expected bytes",
            file([plain]) { $0.footerByteCount = 30 }),
        Case(
            "bytes after the footer", "byte 106 (footer): 2 bytes are left over after the footer",
            file([plain]) { $0.afterFooter = [0, 0] }),
    ]

    static let footers = [
        Case(
            "PARQUET-1481: a type there is not", "byte 52 (footer): a column's type is -7, expected 0...7",
            file([plain]) { $0.chunks[0].type = -7 }),
        Case(
            "INT96", "byte 52 (footer): type INT96 (column 'x') is not supported",
            file([plain]) { $0.chunks[0].type = 3 }),
        Case(
            "repeated", "byte 52 (footer): a repeated column (column 'x') is not supported",
            file([plain]) { $0.chunks[0].repetition = 2 }),
        Case(
            "a repetition there is not", "byte 54 (footer): repetition_type is 3, expected 0...2",
            file([plain]) { $0.chunks[0].repetition = 3 }),
        Case(
            "nested", "byte 41 (footer): the number of columns is 3, expected 1",
            file([plain]) { $0.childCount = 3 }),
        Case(
            "unsigned",
            "byte 52 (footer): an unsigned integer of 32 bits in a column of INT32 (column 'x') is not supported",
            file([plain]) { $0.chunks[0].convertedType = 13 }),
        Case(
            "ARROW-GH-41317: columns of different length",
            "byte 132 (footer): the number of values of column 'y' is 3, expected 4, the rows of its row group",
            unequal),
        Case(
            "row group with other rows than the file",
            "byte 37 (footer): the file's row count is 4, expected 5, the sum of its row groups",
            file([plain]) {
                $0.groupRowCount = 5
                $0.chunks[0].valueCount = 5
            }),
        Case(
            "negative row count", "byte 60 (footer): the file's row count is -4, expected at least 0",
            file([plain]) { $0.rowCount = -4 }),
        Case(
            "pages beyond the file",
            "byte 89 (footer): total_compressed_size is 1099511627776, expected 0...37",
            file([plain]) { $0.chunks[0].compressedByteCount = 1 << 40 }),
        Case(
            "pages reach into the footer", "byte 89 (footer): total_compressed_size is 60, expected 0...37",
            file([plain]) { $0.chunks[0].compressedByteCount = 60 }),
        Case(
            "pages before the file", "byte 91 (footer): data_page_offset is -4, expected 0...37",
            file([plain]) { $0.chunks[0].dataPageOffset = -4 }),
        Case(
            "a codec there is not", "byte 83 (footer): there is no codec 99",
            file([plain]) { $0.chunks[0].codec = 99 }),
        Case(
            "a codec that is not read", "byte 4 (column 'x', row group 0): codec BROTLI is not supported",
            file([plain]) { $0.chunks[0].codec = 4 }),
        Case(
            "an encoding there is not", "byte 74 (footer): there is no encoding 77",
            file([plain]) { $0.chunks[0].encodings = [0, 77] }),
        Case(
            "another path", "byte 69 (footer): a chunk's path is 'y', expected 'x'",
            file([plain]) { $0.chunks[0].pathInSchema = ["y"] }),
        Case(
            "sizes that do not add up",
            "byte 66 (column 'x', row group 0, footer): total_uncompressed_size is 1000, expected 33",
            file([plain]) { $0.chunks[0].uncompressedByteCount = 1000 }),
        Case(
            "two columns in one place",
            "byte 4: the pages of column 'y' in row group 0 begin before the end of the pages of column 'x' in row group 0, at byte 37",
            overlapping),
    ]

    static var unequal: RawParquet {
        var other = RawParquet.Chunk([Page(valueCount: 3, littleEndian([1, 2, 3]))])
        other.name = "y"
        other.valueCount = 3
        return RawParquet([RawParquet.Chunk([plain]), other])
    }

    static var overlapping: RawParquet {
        var other = RawParquet.Chunk([plain])
        other.name = "y"
        other.dataPageOffset = 4
        return RawParquet([RawParquet.Chunk([plain]), other])
    }

    static let headers = [
        Case(
            "negative number of values",
            "byte 11 (column 'x', row group 0, page header): the page's number of values is -4, expected 0...2147483647",
            file(plain) { $0.valueCount = -4 }),
        Case(
            "more values than the chunk",
            "byte 4 (column 'x', row group 0, page header): the page's number of values is 5, expected 0...4",
            file(plain) { $0.valueCount = 5 }),
        Case(
            "fewer values than the chunk",
            "byte 33 (column 'x', row group 0, end of the column chunk): the number of values in the pages is 3, expected 4",
            file(plain) {
                $0.valueCount = 3
                $0.payload = littleEndian([1, 2, 3])
            }),
        Case(
            "negative size",
            "byte 8 (column 'x', row group 0, page header): compressed_page_size is -1, expected 0...2147483647",
            file(plain) { $0.compressedByteCount = -1 }),
        Case(
            "size beyond the chunk",
            "byte 4 (column 'x', row group 0, page header): compressed_page_size is 17, expected 0...16",
            file(plain) { $0.compressedByteCount = 17 }),
        Case(
            "a page that claims 2 GB",
            "byte 4 (column 'x', row group 0, data page): 16 bytes of UNCOMPRESSED cannot be 2147483647 bytes decompressed",
            file(plain) { $0.uncompressedByteCount = Int(Int32.max) }),
        Case(
            "a header of noise",
            "byte 5 (column 'x', row group 0, page header): compressed_page_size is missing",
            file([Page(valueCount: 4, littleEndian([1]))]) {
                $0.chunks[0].dataPageOffset = 5
                $0.chunks[0].compressedByteCount = 20
            }),
        Case(
            "wrong CRC",
            "byte 4 (column 'x', row group 0, data page): the page's CRC-32 is af05d4ef, its header says 00000001",
            file(plain) { $0.checksum = 1 }),
        Case(
            "an encoding integers do not have",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): DELTA_LENGTH_BYTE_ARRAY cannot be the encoding of INT32 values",
            file(plain) { $0.encoding = 6 }),
        Case(
            "page encoding not listed",
            "byte 4 (column 'x', row group 0, page header): the page's encoding is PLAIN, expected one of DELTA_BINARY_PACKED",
            file([plain]) { $0.chunks[0].encodings = [5] }),
        Case(
            "a page encoding there is not",
            "byte 13 (column 'x', row group 0, page header): there is no encoding 1",
            file(plain) { $0.encoding = 1 }),
    ]

    static let levels = [
        Case(
            "ARROW-RS-GH-6229-LEVELS, ARROW-GH-41321: fewer levels than values",
            "byte 4 (column 'x', row group 0, byte 6 of the data page's values): encoded data: 2 bytes, expected 3",
            nullableFile { $0.payload = [2, 0, 0, 0, 4, 1] + littleEndian([1, 2]) }),
        Case(
            "levels longer than the page",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the length of the levels is 200, expected 0...10",
            nullableFile { $0.payload[0] = 200 }),
        Case(
            "no levels",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the length of the levels: 0 bytes, expected 4",
            nullableFile { $0.payload = [] }),
        Case(
            "a level of 2",
            "byte 4 (column 'x', row group 0, byte 5 of the data page's values): a run's value is 2, expected 0...1",
            nullableFile { $0.payload = [2, 0, 0, 0, 8, 2] + littleEndian([1, 2]) }),
        Case(
            "a run of levels longer than the page",
            "byte 4 (column 'x', row group 0, byte 4 of the data page's values): the length of a run is 40, expected 0...4",
            nullableFile { $0.payload = [2, 0, 0, 0, 80, 1] + littleEndian([1, 2]) }),
        Case(
            "levels left over",
            "byte 4 (column 'x', row group 0, byte 6 of the data page's values): 2 bytes are left over after the last level",
            nullableFile { $0.payload = [4, 0, 0, 0, 3, 0b0101, 8, 1] + littleEndian([1, 2]) }),
        Case(
            "ARROW-GH-45185: repetition levels of a flat column",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): a flat column has repetition levels other than 0",
            file(plainV2) {
                $0.payload = [8, 1] + littleEndian([1, 2, 3, 4])
                $0.repetitionByteCount = 2
            }),
        Case(
            "ARROW-GH-47662: nulls in a required column",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the page of a required column is with 0 nulls and 2 bytes of levels, expected without",
            file(plainV2) {
                $0.payload = [8, 1] + littleEndian([1, 2, 3, 4])
                $0.definitionByteCount = 2
            }),
        Case(
            "rows and values differ",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): num_rows is 3, expected 4, the number of values",
            file(plainV2) { $0.rowCount = 3 }),
        Case(
            "num_nulls and levels differ",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): num_nulls is 3, expected 2, as the levels have",
            nullsV2(3)),
        Case(
            "levels of version 2 longer than the page",
            "byte 4 (column 'x', row group 0, data page): definition_levels_byte_length is 17, expected 0...16",
            file(plainV2) { $0.definitionByteCount = 17 }),
    ]
}
