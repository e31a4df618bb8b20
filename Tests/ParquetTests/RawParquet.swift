import Parquet

/// A Parquet file put together field by field, so that any of them can be wrong.
///
/// What is nil is written as it should be.
struct RawParquet {
    struct Page {
        enum Kind: Int {
            case v1 = 0
            case dictionary = 2
            case v2 = 3
        }

        var kind = Kind.v1
        var valueCount: Int
        var encoding = 0
        /// Levels and values as they stand in the file.
        var payload: [UInt8]
        var uncompressedByteCount: Int?
        var compressedByteCount: Int?
        var checksum: Int?
        // Of version 2.
        var nullCount = 0
        var rowCount: Int?
        var definitionByteCount = 0
        var repetitionByteCount = 0
        var isCompressed = false
        /// Bytes of a bound in the header's statistics, of version 1.
        var boundByteCount = 0

        init(_ kind: Kind = .v1, valueCount: Int, encoding: Int = 0, _ payload: [UInt8]) {
            self.kind = kind
            self.valueCount = valueCount
            self.encoding = encoding
            self.payload = payload
        }

        var header: [UInt8] {
            var writer = CompactWriter()
            writer.structure { page in
                page.i32(1, kind.rawValue)
                page.i32(2, uncompressedByteCount ?? payload.count)
                page.i32(3, compressedByteCount ?? payload.count)
                if let checksum { page.i32(4, checksum) }
                switch kind {
                case .v1:
                    page.structure(5) { data in
                        data.i32(1, valueCount)
                        data.i32(2, encoding)
                        data.i32(3, 3)
                        data.i32(4, 3)
                        guard boundByteCount > 0 else { return }
                        // The deprecated `max`, of which a reader takes no notice.
                        data.structure(5) { $0.binary(1, Array(repeating: 0x7F, count: boundByteCount)) }
                    }
                case .dictionary:
                    page.structure(7) { dictionary in
                        dictionary.i32(1, valueCount)
                        dictionary.i32(2, encoding)
                    }
                case .v2:
                    page.structure(8) { data in
                        data.i32(1, valueCount)
                        data.i32(2, nullCount)
                        data.i32(3, rowCount ?? valueCount)
                        data.i32(4, encoding)
                        data.i32(5, definitionByteCount)
                        data.i32(6, repetitionByteCount)
                        data.bool(7, isCompressed)
                    }
                }
            }
            return writer.buffer.array()
        }
    }

    struct Chunk {
        var name = "x"
        /// INT32.
        var type = 1
        var typeLength: Int?
        var isNullable = false
        var repetition: Int?
        var convertedType: Int?
        /// Of decimals, with two digits behind the point.
        var precision: Int?
        var pages: [Page]
        var codec = 0
        var encodings = [0, 3, 8, 5, 6, 9]
        var valueCount: Int?
        var uncompressedByteCount: Int?
        var compressedByteCount: Int?
        var dataPageOffset: Int?
        var dictionaryPageOffset: Int?
        var pathInSchema: [String]?
        /// Written as the fields of statistics.
        var statistics: (@Sendable (inout CompactWriter) -> Void)?

        init(_ pages: [Page]) { self.pages = pages }
    }

    var chunks: [Chunk]
    var rowCount = 4
    var groupRowCount: Int?
    var childCount: Int?
    var head = Array("PAR1".utf8)
    var tail = Array("PAR1".utf8)
    var footerByteCount: Int?
    /// Bytes after the footer's struct.
    var afterFooter: [UInt8] = []

    init(_ chunks: [Chunk]) { self.chunks = chunks }

    /// One required INT32 column of these pages.
    init(_ pages: [Page]) { chunks = [Chunk(pages)] }

    var bytes: [UInt8] {
        var file = head
        var places = [(dictionary: Int?, data: Int, byteCount: Int, uncompressed: Int)]()
        for chunk in chunks {
            let start = file.count
            var uncompressed = 0
            var data: Int?
            for page in chunk.pages {
                if page.kind != .dictionary, data == nil { data = file.count }
                file += page.header + page.payload
                uncompressed += page.header.count + (page.uncompressedByteCount ?? page.payload.count)
            }
            places.append(
                (
                    chunk.pages.first?.kind == .dictionary ? start : nil, data ?? start, file.count - start,
                    uncompressed
                ))
        }
        let footer = footer(places)
        file += footer + afterFooter
        let count = footerByteCount ?? footer.count + afterFooter.count
        file += (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        return file + tail
    }

    private func footer(_ places: [(dictionary: Int?, data: Int, byteCount: Int, uncompressed: Int)])
        -> [UInt8]
    {
        var writer = CompactWriter()
        writer.structure { file in
            file.i32(1, 2)
            file.list(2, of: .structure, count: chunks.count + 1) { list in
                list.structure { root in
                    root.string(4, "schema")
                    root.i32(5, childCount ?? chunks.count)
                }
                for chunk in chunks {
                    list.structure { element in
                        element.i32(1, chunk.type)
                        if let length = chunk.typeLength { element.i32(2, length) }
                        element.i32(3, chunk.repetition ?? (chunk.isNullable ? 1 : 0))
                        element.string(4, chunk.name)
                        if let type = chunk.convertedType { element.i32(6, type) }
                        if let precision = chunk.precision {
                            element.i32(7, 2)
                            element.i32(8, precision)
                        }
                    }
                }
            }
            file.i64(3, rowCount)
            file.list(4, of: .structure, count: 1) { list in
                list.structure { group in
                    group.list(1, of: .structure, count: chunks.count) { list in
                        for (chunk, place) in zip(chunks, places) {
                            list.structure { self.write(chunk, place, to: &$0) }
                        }
                    }
                    group.i64(
                        2,
                        zip(chunks, places).reduce(0) {
                            $0 + ($1.0.uncompressedByteCount ?? $1.1.uncompressed)
                        })
                    group.i64(3, groupRowCount ?? rowCount)
                }
            }
            file.list(7, of: .structure, count: chunks.count) { list in
                for _ in chunks { list.structure { $0.emptyStructure(1) } }
            }
        }
        return writer.buffer.array()
    }

    private func write(
        _ chunk: Chunk, _ place: (dictionary: Int?, data: Int, byteCount: Int, uncompressed: Int),
        to writer: inout CompactWriter
    ) {
        writer.i64(2, 0)
        writer.structure(3) { data in
            data.i32(1, chunk.type)
            data.list(2, of: .i32, count: chunk.encodings.count) { list in
                for encoding in chunk.encodings { list.integer(encoding) }
            }
            let path = chunk.pathInSchema ?? [chunk.name]
            data.list(3, of: .binary, count: path.count) { list in
                for name in path { list.bytes(Array(name.utf8)) }
            }
            data.i32(4, chunk.codec)
            data.i64(5, chunk.valueCount ?? rowCount)
            data.i64(6, chunk.uncompressedByteCount ?? place.uncompressed)
            data.i64(7, chunk.compressedByteCount ?? place.byteCount)
            data.i64(9, chunk.dataPageOffset ?? place.data)
            if let offset = chunk.dictionaryPageOffset ?? place.dictionary { data.i64(11, offset) }
            if let statistics = chunk.statistics { data.structure(12, statistics) }
        }
    }
}

/// Bytes of values in PLAIN encoding.
func littleEndian(_ values: [Int32]) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
