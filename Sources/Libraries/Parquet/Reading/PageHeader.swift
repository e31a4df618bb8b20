/// What stands before a page.
///
/// Format: parquet.thrift `PageHeader`.
struct PageHeader {
    struct Data {
        /// Rows, null ones included.
        var valueCount: Int
        var encoding: PageEncoding
        /// Of definition levels; means nothing for a column without nulls.
        var levelEncoding: PageEncoding
        var statistics: ColumnStatistics?
        /// Of version 2 alone; nil in version 1.
        var v2: V2?
    }

    struct V2 {
        var nullCount: Int
        var rowCount: Int
        /// Bytes of repetition levels, then of definition levels, which stand before the values and are not compressed.
        var repetitionByteCount: Int
        var definitionByteCount: Int
        var isCompressed: Bool

        /// Bytes of both, which are not compressed.
        var levelByteCount: Int { repetitionByteCount + definitionByteCount }
    }

    enum Kind {
        case data(Data)
        case dictionary(valueCount: Int, encoding: PageEncoding)
        /// A page of a kind that was planned once; skipped.
        case index
    }

    var kind: Kind
    /// Bytes after the header, in the file and before compression.
    var compressedByteCount: Int
    var uncompressedByteCount: Int
    var checksum: UInt32?

    /// What messages call the page.
    var name: String {
        switch kind {
        case .data: "data page"
        case .dictionary: "dictionary page"
        case .index: "index page"
        }
    }

    /// Rows of a data page, null ones included.
    var rowCount: Int? { if case .data(let data) = kind { data.valueCount } else { nil } }

    private static let counts = 0...Int(Int32.max)

    init(from reader: inout CompactReader) throws(Fault) {
        var (type, compressed, uncompressed): (Int?, Int?, Int?) = (nil, nil, nil)
        var checksum: UInt32?
        var (v1, v2): (Data?, Data?) = (nil, nil)
        var dictionary: Kind?
        try reader.structure("the page header") { reader, field throws(Fault) in
            switch field.id {
            case 1: type = try reader.integer(field, "the page type", in: 0...3)
            case 2:
                uncompressed = try reader.integer(field, "uncompressed_page_size", in: Self.counts)
            case 3: compressed = try reader.integer(field, "compressed_page_size", in: Self.counts)
            case 4:
                let value = try reader.integer(
                    field, "the page's CRC", in: Int(Int32.min)...Int(UInt32.max))
                checksum = UInt32(truncatingIfNeeded: value)
            case 5: v1 = try Self.data(from: &reader)
            case 7: dictionary = try Self.dictionary(from: &reader)
            case 8: v2 = try Self.dataV2(from: &reader)
            default: return false
            }
            return true
        }
        let start = 0
        compressedByteCount = try required(compressed, "compressed_page_size", at: start)
        uncompressedByteCount = try required(uncompressed, "uncompressed_page_size", at: start)
        self.checksum = checksum
        kind =
            switch try required(type, "the page type", at: start) {
            case 0: .data(try required(v1, "the data page header", at: start))
            case 2: try required(dictionary, "the dictionary page header", at: start)
            case 3: .data(try required(v2, "the data page header of version 2", at: start))
            default: .index
            }
    }

    private static func encoding(
        _ reader: inout CompactReader, _ field: CompactReader.Header
    ) throws(Fault) -> PageEncoding {
        try pageEncoding(try reader.integer(field, "an encoding"), at: field.offset)
    }

    private static func data(from reader: inout CompactReader) throws(Fault) -> Data {
        let start = reader.offset
        var (count, encoding, levelEncoding): (Int?, PageEncoding?, PageEncoding?) = (nil, nil, nil)
        var statistics: ColumnStatistics?
        try reader.structure("the data page header") { reader, field throws(Fault) in
            switch field.id {
            case 1: count = try reader.integer(field, "the page's number of values", in: counts)
            case 2: encoding = try Self.encoding(&reader, field)
            case 3: levelEncoding = try Self.encoding(&reader, field)
            case 5: statistics = try ColumnStatistics(from: &reader)
            default: return false
            }
            return true
        }
        return Data(
            valueCount: try required(count, "the page's number of values", at: start),
            encoding: try required(encoding, "the page's encoding", at: start),
            levelEncoding: try required(levelEncoding, "the levels' encoding", at: start),
            statistics: statistics)
    }

    private static func dictionary(from reader: inout CompactReader) throws(Fault) -> Kind {
        let start = reader.offset
        var (count, encoding): (Int?, PageEncoding?) = (nil, nil)
        try reader.structure("the dictionary page header") { reader, field throws(Fault) in
            switch field.id {
            case 1: count = try reader.integer(field, "the dictionary's number of values", in: counts)
            case 2: encoding = try Self.encoding(&reader, field)
            default: return false
            }
            return true
        }
        return .dictionary(
            valueCount: try required(count, "the dictionary's number of values", at: start),
            encoding: try required(encoding, "the dictionary's encoding", at: start))
    }

    private static func dataV2(from reader: inout CompactReader) throws(Fault) -> Data {
        let start = reader.offset
        var (count, nulls, rows, encoding): (Int?, Int?, Int?, PageEncoding?) = (nil, nil, nil, nil)
        var (levels, repetitionLevels): (Int?, Int?) = (nil, nil)
        var isCompressed = true
        var statistics: ColumnStatistics?
        try reader.structure("the data page header of version 2") { reader, field throws(Fault) in
            switch field.id {
            case 1: count = try reader.integer(field, "the page's number of values", in: counts)
            case 2: nulls = try reader.integer(field, "num_nulls", in: counts)
            case 3: rows = try reader.integer(field, "num_rows", in: counts)
            case 4: encoding = try Self.encoding(&reader, field)
            case 5: levels = try reader.integer(field, "definition_levels_byte_length", in: counts)
            case 6:
                repetitionLevels = try reader.integer(field, "repetition_levels_byte_length", in: counts)
            case 7: isCompressed = try reader.bool(field, "is_compressed")
            case 8: statistics = try ColumnStatistics(from: &reader)
            default: return false
            }
            return true
        }
        return Data(
            valueCount: try required(count, "the page's number of values", at: start),
            encoding: try required(encoding, "the page's encoding", at: start), levelEncoding: .rle,
            statistics: statistics,
            v2: V2(
                nullCount: try required(nulls, "num_nulls", at: start),
                rowCount: try required(rows, "num_rows", at: start),
                repetitionByteCount: try required(
                    repetitionLevels, "repetition_levels_byte_length", at: start),
                definitionByteCount: try required(levels, "definition_levels_byte_length", at: start),
                isCompressed: isCompressed))
    }
}
