import Columns
import Parquet
import TestSupport
import Testing

/// What is wrong within pages: values, dictionaries, codecs; and statistics.
extension BadFileTests {
    static func nullsV2(_ count: Int) -> RawParquet {
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

    static func changed(_ page: Page, _ change: (inout Page) -> Void) -> Page {
        var page = page
        change(&page)
        return page
    }

    static func compressed(_ codec: Int, _ payload: [UInt8], _ uncompressed: Int) -> RawParquet {
        file([
            changed(plain) {
                $0.payload = payload
                $0.uncompressedByteCount = uncompressed
            }
        ]) { $0.chunks[0].codec = codec }
    }

    /// A zstd frame of 128 KiB of zeros in one RLE block: magic, single segment, size, block header, byte.
    static let zstdBomb: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0, 0, 2, 0, 0x03, 0, 0x10, 0]

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

    static func statistics(_ write: @escaping @Sendable (inout CompactWriter) -> Void) -> RawParquet {
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
