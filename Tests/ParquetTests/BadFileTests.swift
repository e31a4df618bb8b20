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
    private static let plain = Page(valueCount: 4, littleEndian([1, 2, 3, 4]))
    private static let dictionary = Page(.dictionary, valueCount: 2, littleEndian([10, 20]))
    /// Width 1, one packed group: 0 1 0 1.
    private static let indices = Page(valueCount: 4, encoding: 8, [1, 3, 0b1010])
    private static let plainV2 = Page(.v2, valueCount: 4, littleEndian([1, 2, 3, 4]))
    /// Rows 0 and 2 have a value.
    private static let nullable = Page(valueCount: 4, [2, 0, 0, 0, 3, 0b0101] + littleEndian([1, 2]))

    private static func file(_ page: Page, _ change: (inout Page) -> Void) -> RawParquet {
        var page = page
        change(&page)
        return RawParquet([page])
    }

    private static func file(_ pages: [Page], _ change: (inout RawParquet) -> Void) -> RawParquet {
        var file = RawParquet(pages)
        change(&file)
        return file
    }

    private static func nullableFile(_ change: (inout Page) -> Void) -> RawParquet {
        var file = file(nullable, change)
        file.chunks[0].isNullable = true
        return file
    }

    private static func texts(_ payload: [UInt8], encoding: Int = 0) -> RawParquet {
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

    private static let good = RawParquet([plain]).bytes

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

    private static var unequal: RawParquet {
        var other = RawParquet.Chunk([Page(valueCount: 3, littleEndian([1, 2, 3]))])
        other.name = "y"
        other.valueCount = 3
        return RawParquet([RawParquet.Chunk([plain]), other])
    }

    private static var overlapping: RawParquet {
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

    private static func nullsV2(_ count: Int) -> RawParquet {
        var page = Page(.v2, valueCount: 4, [3, 0b0101] + littleEndian([1, 2]))
        page.definitionByteCount = 2
        page.nullCount = count
        var file = RawParquet([page])
        file.chunks[0].isNullable = true
        return file
    }

    static let values = [
        Case(
            "too few values",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the page's values: 15 bytes, expected 16",
            file(plain) { $0.payload.removeLast() }),
        Case(
            "bytes left over",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the page's values: 17 bytes, expected 16",
            file(plain) { $0.payload.append(0) }),
        Case(
            "text longer than the page",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the length of a text is 9, expected 0...1",
            texts([9, 0, 0, 0, 97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        Case(
            "text of 4 GB",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the length of a text is 4294967295, expected 0...1",
            texts([0xFF, 0xFF, 0xFF, 0xFF, 97, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        Case(
            "text without its length",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): 4 texts: 8 bytes, expected 16",
            texts([0, 0, 0, 0, 0, 0, 0, 0])),
        Case(
            "not UTF-8",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): a text is not UTF-8",
            texts([1, 0, 0, 0, 0xC3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        Case(
            "a character cut in two",
            "byte 4 (column 'x', row group 0, byte 1 of the data page's values): a text ends within a character",
            texts([1, 0, 0, 0, 0xC3, 1, 0, 0, 0, 0xA4, 0, 0, 0, 0, 0, 0, 0, 0])),
        Case(
            "deltas in blocks of 100",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): blocks of 100 deltas cannot have 4 miniblocks",
            file(plain) {
                $0.encoding = 5
                $0.payload = [100, 4, 4, 0, 0, 0, 0, 0, 0]
            }),
        Case(
            "deltas without miniblocks",
            "byte 4 (column 'x', row group 0, byte 2 of the data page's values): the number of miniblocks is 0, expected 1...128",
            file(plain) {
                $0.encoding = 5
                $0.payload = [0x80, 1, 0, 4, 0, 0, 0, 0, 0]
            }),
        Case(
            "deltas of other count",
            "byte 4 (column 'x', row group 0, byte 3 of the data page's values): the number of delta-encoded values is 5, expected 4",
            file(plain) {
                $0.encoding = 5
                $0.payload = [0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0]
            }),
        Case(
            "deltas too wide",
            "byte 4 (column 'x', row group 0, byte 6 of the data page's values): the bits of a delta is 33, expected 0...32",
            file(plain) {
                $0.encoding = 5
                $0.payload = [0x80, 1, 4, 4, 2, 2, 33, 0, 0, 0] + Array(repeating: 0, count: 200)
            }),
        Case(
            "deltas cut short",
            "byte 4 (column 'x', row group 0, byte 10 of the data page's values): a miniblock: 2 bytes, expected 12",
            file(plain) {
                $0.encoding = 5
                $0.payload = [0x80, 1, 4, 4, 2, 2, 32, 0, 0, 0, 1, 2]
            }),
        Case(
            "deltas end in a number",
            "byte 4 (column 'x', row group 0, byte 4 of the data page's values): encoded data: 5 bytes, expected 6",
            file(plain) {
                $0.encoding = 5
                $0.payload = [0x80, 1, 4, 4, 0x80]
            }),
        Case(
            "negative length of a text",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the length of a text is -1, expected 0...2147483647",
            texts([0x80, 1, 4, 4, 1, 0, 0, 0, 0, 0], encoding: 6)),
        Case(
            "lengths beyond the texts",
            "byte 4 (column 'x', row group 0, byte 13 of the data page's values): the length of a text is 3, expected 0",
            texts([0x80, 1, 4, 4, 6, 0, 0, 0, 0, 0, 97, 98, 99], encoding: 6)),
        Case(
            "byte streams of other length",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the page's values: 17 bytes, expected 16",
            file(plain) {
                $0.encoding = 9
                $0.payload.append(0)
            }),
        Case(
            "booleans as a dictionary",
            "byte 4 (column 'x', row group 0, byte 0 of the dictionary page's values): a dictionary of booleans",
            file([dictionary, indices]) { $0.chunks[0].type = 0 }),
    ]

    static let dictionaries = [
        Case(
            "ARROW-RS-GH-6229-DICTHEADER: negative number of entries",
            "byte 11 (column 'x', row group 0, page header): the dictionary's number of values is -2, expected 0...2147483647",
            RawParquet([changed(dictionary) { $0.valueCount = -2 }, indices])),
        Case(
            "more entries than bytes",
            "byte 4 (column 'x', row group 0, byte 0 of the dictionary page's values): a dictionary of 200000000 values: 8 bytes, expected 800000000",
            RawParquet([changed(dictionary) { $0.valueCount = 200_000_000 }, indices])),
        Case(
            "ARROW-GH-43605: indices of no bits",
            "byte 25 (column 'x', row group 0, byte 0 of the data page's values): the bits of an index is 0, expected more, into 2 values",
            RawParquet([dictionary, changed(indices) { $0.payload = [0, 8] }])),
        Case(
            "indices of 33 bits",
            "byte 25 (column 'x', row group 0, byte 0 of the data page's values): the bits of an index is 33, expected 0...32",
            RawParquet([dictionary, changed(indices) { $0.payload[0] = 33 }])),
        Case(
            "index beyond the dictionary",
            "byte 25 (column 'x', row group 0, byte 1 of the data page's values): an index is 2, expected 0...1",
            RawParquet([dictionary, changed(indices) { $0.payload = [2, 3, 0b0000_1001, 0] }])),
        Case(
            "run beyond the dictionary",
            "byte 25 (column 'x', row group 0, byte 1 of the data page's values): an index is 2, expected 0...1",
            RawParquet([dictionary, changed(indices) { $0.payload = [8, 8, 2] }])),
        Case(
            "indices cut short",
            "byte 25 (column 'x', row group 0, byte 1 of the data page's values): encoded data: 0 bytes, expected 1",
            RawParquet([dictionary, changed(indices) { $0.payload = [1] }])),
        Case(
            "no indices",
            "byte 25 (column 'x', row group 0, byte 0 of the data page's values): the page's indices: 0 bytes, expected 1",
            RawParquet([dictionary, changed(indices) { $0.payload = [] }])),
        Case(
            "indices without a dictionary",
            "byte 4 (column 'x', row group 0, byte 0 of the data page's values): the dictionary that the page's values point into is missing",
            RawParquet([indices])),
        Case(
            "two dictionaries",
            "byte 25 (column 'x', row group 0, byte 0 of the dictionary page's values): a second dictionary in one column chunk",
            RawParquet([dictionary, dictionary, indices])),
        Case(
            "a dictionary of deltas",
            "byte 4 (column 'x', row group 0, byte 0 of the dictionary page's values): a dictionary is said to be DELTA_BINARY_PACKED, expected PLAIN",
            RawParquet([changed(dictionary) { $0.encoding = 5 }, indices])),
        Case(
            "dictionary after values",
            "byte 29 (column 'x', row group 0, byte 0 of the dictionary page's values): a dictionary comes after values",
            file([
                Page(valueCount: 2, littleEndian([1, 2])), dictionary,
                Page(valueCount: 2, encoding: 8, [1, 4, 0]),
            ]) { _ in }),
    ]

    private static func changed(_ page: Page, _ change: (inout Page) -> Void) -> Page {
        var page = page
        change(&page)
        return page
    }

    private static func compressed(_ codec: Int, _ payload: [UInt8], _ uncompressed: Int) -> RawParquet {
        file([
            changed(plain) {
                $0.payload = payload
                $0.uncompressedByteCount = uncompressed
            }
        ]) { $0.chunks[0].codec = codec }
    }

    /// A zstd frame of 128 KiB of zeros in one RLE block: magic, single segment, size, block header, byte.
    private static let zstdBomb: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0, 0, 2, 0, 0x03, 0, 0x10, 0]

    static let codecs = [
        Case(
            "noise as zstd",
            "byte 4 (column 'x', row group 0, data page): the page cannot be decompressed: compressed byte 0: a zstd frame is damaged: Src size is incorrect",
            compressed(6, [1, 2, 3, 4, 5, 6, 7, 8], 16)),
        Case(
            "zstd of more than the page says",
            "byte 4 (column 'x', row group 0, data page): the page cannot be decompressed: compressed byte 0: the data is longer than 16 bytes",
            compressed(6, zstdBomb, 16)),
        Case(
            "zstd of less than the page says",
            "byte 4 (column 'x', row group 0, data page): the page cannot be decompressed: compressed byte 13: the data has 131072 bytes, expected 200000",
            compressed(6, zstdBomb, 200_000)),
        Case(
            "a page of 2 GB in few bytes of zstd",
            "byte 4 (column 'x', row group 0, data page): 13 bytes of ZSTD cannot be 2147483647 bytes decompressed",
            compressed(6, zstdBomb, Int(Int32.max))),
        Case(
            "a page of more than the limit",
            "byte 4 (column 'x', row group 0, data page): the page takes 2097152 bytes of memory, the limit is 1048576",
            compressed(6, Array(repeating: 0, count: 400), 2 << 20)),
        Case(
            "noise as gzip",
            "byte 4 (column 'x', row group 0, data page): the page cannot be decompressed: compressed byte 2: not a gzip header",
            compressed(2, [1, 2, 3, 4, 5, 6, 7, 8], 16)),
        Case(
            "a page of 100 MB in few bytes of gzip",
            "byte 4 (column 'x', row group 0, data page): 8 bytes of GZIP cannot be 100000000 bytes decompressed",
            compressed(2, [1, 2, 3, 4, 5, 6, 7, 8], 100_000_000)),
        Case(
            "noise as Snappy",
            "byte 4 (column 'x', row group 0, data page): the page cannot be decompressed: compressed byte 1: a code word stands for nothing",
            compressed(1, [16, 0xFF, 0xFF, 0xFF], 16)),
        Case(
            "Snappy looks back before its start",
            "byte 4 (column 'x', row group 0, data page): the page cannot be decompressed: compressed byte 3: a match reaches before the start of the data",
            compressed(1, [16, 0, 7, 62, 9, 0], 16)),
        Case(
            "Snappy of another length",
            "byte 4 (column 'x', row group 0, data page): the page cannot be decompressed: compressed byte 0: the data is longer than 16 bytes",
            compressed(1, [17, 0, 7], 16)),
        Case(
            "uncompressed of another length",
            "byte 4 (column 'x', row group 0, data page): 16 bytes of UNCOMPRESSED cannot be 15 bytes decompressed",
            compressed(0, littleEndian([1, 2, 3, 4]), 15)),
    ]

    private static func statistics(_ write: @escaping @Sendable (inout CompactWriter) -> Void) -> RawParquet {
        file([plain]) { $0.chunks[0].statistics = write }
    }

    static let statistics = [
        Case(
            "null_count that is not",
            "byte 66 (column 'x', row group 0, footer): null_count is 1, expected 0",
            statistics { $0.i64(3, 1) }),
        Case(
            "max below the values",
            "byte 66 (column 'x', row group 0, footer): max_value is 3, expected at least 4",
            statistics { $0.binary(5, littleEndian([3])) }),
        Case(
            "min above the values",
            "byte 66 (column 'x', row group 0, footer): min_value is 2, expected at most 1",
            statistics { $0.binary(6, littleEndian([2])) }),
        Case(
            "min that is exact and is not",
            "byte 66 (column 'x', row group 0, footer): min_value is 0, expected 1",
            statistics {
                $0.binary(6, littleEndian([0]))
                $0.bool(8, true)
            }),
        Case(
            "max of two bytes",
            "byte 66 (column 'x', row group 0, footer): max_value of 2 bytes is no value of the column",
            statistics { $0.binary(5, [4, 0]) }),
        Case(
            "nan_count of integers", "byte 66 (column 'x', row group 0, footer): nan_count is 4, expected 0",
            statistics { $0.i64(9, 4) }),
    ]
}
