import Columns

extension ColumnChunkMetadata {
    /// Format: parquet.thrift `ColumnChunk`.
    init(from reader: inout CompactReader, column: StoredColumn, pageEnd: Int) throws(Fault) {
        let start = reader.offset
        var metadata: ColumnChunkMetadata?
        var (offsetIndexStart, offsetIndexCount): (Int?, Int?) = (nil, nil)
        var (columnIndexStart, columnIndexCount): (Int?, Int?) = (nil, nil)
        let offsets = 0...pageEnd
        try reader.structure("a column chunk") { reader, field throws(Fault) in
            switch field.id {
            case 1:
                let path = try reader.string(field, "file_path")
                throw Fault(.unsupported("a column chunk in another file ('\(path)')"), at: field.offset)
            case 3: metadata = try ColumnChunkMetadata(dataFrom: &reader, column: column, pageEnd: pageEnd)
            case 4: offsetIndexStart = try reader.integer(field, "offset_index_offset", in: offsets)
            case 5: offsetIndexCount = try reader.integer(field, "offset_index_length", in: offsets)
            case 6: columnIndexStart = try reader.integer(field, "column_index_offset", in: offsets)
            case 7: columnIndexCount = try reader.integer(field, "column_index_length", in: offsets)
            case 8, 9: throw Fault(.unsupported("encryption"), at: field.offset)
            default: return false
            }
            return true
        }
        self = try required(metadata, "the metadata of column '\(column.field.name)'", at: start)
        footerOffset = start
        offsetIndex = try Self.range(offsetIndexStart, offsetIndexCount, "the offset index", pageEnd, start)
        columnIndex = try Self.range(columnIndexStart, columnIndexCount, "the column index", pageEnd, start)
    }

    /// The range of an index, nil where there is none.
    private static func range(
        _ offset: Int?, _ byteCount: Int?, _ name: String, _ end: Int, _ start: Int
    ) throws(Fault) -> Range<Int>? {
        guard let offset, let byteCount else {
            guard offset == nil, byteCount == nil else {
                throw Fault(.missing("the offset or the length of \(name)"), at: start)
            }
            return nil
        }
        guard byteCount <= end - offset else {
            throw Fault(
                .outOfRange("the end of \(name)", value: offset + byteCount, allowed: 0...end), at: start)
        }
        return byteCount == 0 ? nil : offset..<offset + byteCount
    }

    /// Format: parquet.thrift `ColumnMetaData`.
    private init(dataFrom reader: inout CompactReader, column: StoredColumn, pageEnd: Int) throws(Fault) {
        let start = reader.offset
        let name = column.field.name
        var codec: PageCodec?
        var (type, valueCount, uncompressed, compressed): (Int?, Int?, Int?, Int?) = (nil, nil, nil, nil)
        var (dataPageOffset, dictionaryPageOffset): (Int?, Int?) = (nil, nil)
        var path = [String]()
        encodings = []
        pageCounts = []
        keyValueMetadata = []
        var (encodings, pageCounts, keyValues) = ([PageEncoding](), [PageCount](), [KeyValue]())
        var statistics: ColumnStatistics?
        var (bloomFilterOffset, bloomFilterByteCount): (Int?, Int?) = (nil, nil)
        try reader.structure("a chunk's metadata") { reader, field throws(Fault) in
            switch field.id {
            case 1: type = try reader.integer(field, "a chunk's type", in: 0...7)
            case 2:
                encodings = try reader.list(field, "a chunk's encodings", of: 3...6) {
                    reader, type throws(Fault) in
                    try reader.encoding(type)
                }
            case 3:
                path = try reader.list(field, "a chunk's path", of: 8...8) { reader, _ throws(Fault) in
                    String(decoding: try reader.binaryElement("a chunk's path"), as: UTF8.self)
                }
            case 4:
                let number = try reader.integer(field, "a chunk's codec")
                guard let known = PageCodec(rawValue: number) else {
                    throw Fault(.malformed("there is no codec \(number)"), at: field.offset)
                }
                codec = known
            case 5: valueCount = try reader.integer(field, "a chunk's number of values", in: 0...Int.max)
            case 6: uncompressed = try reader.integer(field, "total_uncompressed_size", in: 0...Int.max)
            case 7: compressed = try reader.integer(field, "total_compressed_size", in: 0...pageEnd)
            case 8: keyValues = try reader.keyValues(field)
            case 9: dataPageOffset = try reader.integer(field, "data_page_offset", in: 0...pageEnd)
            case 11:
                dictionaryPageOffset = try reader.integer(field, "dictionary_page_offset", in: 0...pageEnd)
            case 12: statistics = try ColumnStatistics(from: &reader)
            case 13:
                pageCounts = try reader.list(
                    field, "a chunk's page counts", of: 12...12
                ) { reader, _ throws(Fault) in try PageCount(from: &reader) }
            // Before the format had Bloom filters, some writers had fields of their own here.
            case 14 where field.isInteger:
                bloomFilterOffset = try reader.integer(field, "bloom_filter_offset", in: 0...pageEnd)
            case 15 where field.isInteger:
                bloomFilterByteCount = try reader.integer(field, "bloom_filter_length", in: 0...pageEnd)
            default: return false
            }
            return true
        }
        guard try required(type, "the type of column '\(name)'", at: start) == column.physicalType.rawValue
        else {
            throw Fault(
                .disagrees(
                    "the type of column '\(name)' in a row group", found: "\(type ?? 0)",
                    expected: "\(column.physicalType.rawValue)"), at: start)
        }
        guard path == [name] else {
            throw Fault(
                .disagrees(
                    "a chunk's path", found: "'\(path.joined(separator: "."))'", expected: "'\(name)'"),
                at: start)
        }
        self.codec = try required(codec, "the codec of column '\(name)'", at: start)
        self.valueCount = try required(valueCount, "the number of values of column '\(name)'", at: start)
        uncompressedByteCount = try required(uncompressed, "total_uncompressed_size", at: start)
        compressedByteCount = try required(compressed, "total_compressed_size", at: start)
        self.dataPageOffset = try required(dataPageOffset, "data_page_offset", at: start)
        // Some writers say 0 where there is none.
        self.dictionaryPageOffset = dictionaryPageOffset.flatMap { $0 >= 4 ? $0 : nil }
        self.encodings = encodings
        self.pageCounts = pageCounts
        self.keyValueMetadata = keyValues
        self.statistics = statistics
        self.bloomFilterOffset = bloomFilterOffset
        self.bloomFilterByteCount = bloomFilterByteCount
        let pages = pages
        // A chunk without values may have no pages, and then no place.
        guard pages.isEmpty && self.valueCount == 0 || pages.lowerBound >= 4 && pages.upperBound <= pageEnd
        else {
            throw Fault(
                .malformed(
                    "the pages of column '\(name)' are bytes \(pages.lowerBound)..<\(pages.upperBound), "
                        + "expected within 4..<\(pageEnd)"), at: start)
        }
        guard (bloomFilterOffset ?? 0) + (bloomFilterByteCount ?? 0) <= pageEnd else {
            throw Fault(.malformed("a Bloom filter reaches beyond byte \(pageEnd)"), at: start)
        }
    }
}

extension ColumnChunkMetadata.PageCount {
    /// Format: parquet.thrift `PageEncodingStats`.
    fileprivate init(from reader: inout CompactReader) throws(Fault) {
        let start = reader.offset
        var (type, encoding, count): (Int?, PageEncoding?, Int?) = (nil, nil, nil)
        try reader.structure("a page count") { reader, field throws(Fault) in
            switch field.id {
            case 1: type = try reader.integer(field, "a page type", in: 0...3)
            case 2:
                encoding = try pageEncoding(try reader.integer(field, "an encoding"), at: field.offset)
            case 3: count = try reader.integer(field, "a page count", in: 0...Int(Int32.max))
            default: return false
            }
            return true
        }
        pageType = try required(type, "a page type", at: start)
        self.encoding = try required(encoding, "an encoding", at: start)
        self.count = try required(count, "a page count", at: start)
    }
}

extension ColumnStatistics {
    /// Format: parquet.thrift `Statistics`. The deprecated `min` and `max` are passed over: their order was never defined.
    init(from reader: inout CompactReader) throws(Fault) {
        self.init()
        var result = ColumnStatistics()
        let counts = 0...Int.max
        try reader.structure("the statistics") { reader, field throws(Fault) in
            switch field.id {
            case 3: result.nullCount = try reader.integer(field, "null_count", in: counts)
            case 4: result.distinctCount = try reader.integer(field, "distinct_count", in: counts)
            case 5: result.max = try reader.binary(field, "max_value")
            case 6: result.min = try reader.binary(field, "min_value")
            case 7: result.isMaxExact = try reader.bool(field, "is_max_value_exact")
            case 8: result.isMinExact = try reader.bool(field, "is_min_value_exact")
            case 9: result.nanCount = try reader.integer(field, "nan_count", in: counts)
            default: return false
            }
            return true
        }
        self = result
    }
}
