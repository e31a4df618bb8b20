import Columns

extension CompactWriter {
    /// The footer of a file.
    ///
    /// Format: parquet.thrift `FileMetaData`.
    mutating func footer(
        schema fields: [Field], rowCount: Int, rowGroups: [RowGroup], options: WriterOptions,
        sorting: [(column: Int, isDescending: Bool, hasNullsFirst: Bool)],
        keyValueMetadata: [(key: String, value: String)]
    ) {
        structure { file in
            // Version 2 of the format as a whole; what a reader must know is said by encodings and page types.
            file.i32(1, 2)
            file.schema(2, fields)
            file.i64(3, rowCount)
            file.list(4, of: .structure, count: rowGroups.count) { list in
                for (index, rowGroup) in rowGroups.enumerated() {
                    list.structure {
                        $0.rowGroup(
                            rowGroup, index: index, schema: fields, options: options, sorting: sorting)
                    }
                }
            }
            if !keyValueMetadata.isEmpty {
                file.list(5, of: .structure, count: keyValueMetadata.count) { list in
                    for pair in keyValueMetadata {
                        list.structure { entry in
                            entry.string(1, pair.key)
                            entry.string(2, pair.value)
                        }
                    }
                }
            }
            file.string(6, options.createdBy)
            // Without this, readers must not trust any min_value and max_value.
            file.list(7, of: .structure, count: fields.count) { list in
                for _ in fields { list.structure { $0.emptyStructure(1) } }
            }
        }
    }

    /// Format: parquet.thrift `RowGroup`.
    private mutating func rowGroup(
        _ rowGroup: RowGroup, index: Int, schema: [Field], options: WriterOptions,
        sorting: [(column: Int, isDescending: Bool, hasNullsFirst: Bool)]
    ) {
        list(1, of: .structure, count: rowGroup.chunks.count) { list in
            for (chunk, field) in zip(rowGroup.chunks, schema) {
                list.structure { $0.columnChunk(chunk, field: field, options: options) }
            }
        }
        i64(2, rowGroup.uncompressedByteCount)
        i64(3, rowGroup.rowCount)
        if !sorting.isEmpty {
            list(4, of: .structure, count: sorting.count) { list in
                for (column, isDescending, hasNullsFirst) in sorting {
                    list.structure { sorting in
                        sorting.i32(1, column)
                        sorting.bool(2, isDescending)
                        sorting.bool(3, hasNullsFirst)
                    }
                }
            }
        }
        i64(5, rowGroup.firstOffset)
        i64(6, rowGroup.compressedByteCount)
        // The field has 16 bits.
        if index <= Int(Int16.max) { i16(7, index) }
    }

    /// Format: parquet.thrift `ColumnChunk` and `ColumnMetaData`.
    private mutating func columnChunk(_ chunk: ColumnChunk, field: Field, options: WriterOptions) {
        i64(2, 0)
        structure(3) { data in
            data.i32(1, field.type.physicalType.rawValue)
            let encodings = chunk.usedEncodings(isNullable: field.isNullable)
            data.list(2, of: .i32, count: encodings.count) { list in
                for encoding in encodings { list.integer(encoding.rawValue) }
            }
            data.list(3, of: .binary, count: 1) { $0.bytes(Array(field.name.utf8)) }
            data.i32(4, chunk.compression.codec)
            data.i64(5, chunk.rowCount)
            data.i64(6, chunk.uncompressedByteCount)
            data.i64(7, chunk.compressedByteCount)
            data.i64(9, chunk.dataOffset)
            if let offset = chunk.dictionaryOffset { data.i64(11, offset) }
            data.statistics(12, chunk.statistics, nullCount: chunk.nullCount)
            data.encodingStatistics(13, chunk, options: options)
            if chunk.bloomFilterByteCount > 0 {
                data.i64(14, chunk.bloomFilterOffset)
                data.i32(15, chunk.bloomFilterByteCount)
            }
        }
        i64(4, chunk.offsetIndexOffset)
        i32(5, chunk.offsetIndex.count)
        if !chunk.columnIndex.isEmpty {
            i64(6, chunk.columnIndexOffset)
            i32(7, chunk.columnIndex.count)
        }
    }

    /// How many pages of each kind there are: tells readers whether all values are in the dictionary.
    ///
    /// Format: parquet.thrift `PageEncodingStats`.
    private mutating func encodingStatistics(_ id: Int, _ chunk: ColumnChunk, options: WriterOptions) {
        var pages = [
            (type: options.pageVersion == .v1 ? 0 : 3, encoding: chunk.encoding, count: chunk.dataPageCount)
        ]
        if chunk.dictionaryOffset != nil { pages.insert((2, .plain, 1), at: 0) }
        list(id, of: .structure, count: pages.count) { list in
            for page in pages {
                list.structure { statistics in
                    statistics.i32(1, page.type)
                    statistics.i32(2, page.encoding.rawValue)
                    statistics.i32(3, page.count)
                }
            }
        }
    }
}

extension ColumnChunk {
    /// All encodings of the chunk's pages, levels and dictionary included.
    fileprivate func usedEncodings(isNullable: Bool) -> [Encoding] {
        var encodings = [encoding]
        if dictionaryOffset != nil { encodings.append(.plain) }
        if isNullable, encoding != .rle { encodings.append(.rle) }
        return encodings
    }
}

extension WriterOptions.Compression {
    /// Format: parquet.thrift `CompressionCodec`.
    fileprivate var codec: Int {
        switch self {
        case .uncompressed: 0
        case .gzip: 2
        case .zstd: 6
        }
    }
}
