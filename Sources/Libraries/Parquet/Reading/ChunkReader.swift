import Columns
import Compression

/// Walks the pages of one column chunk and decodes them.
///
/// Reads the chunk through a window: whole pages, and a little ahead for the next header.
struct ChunkReader: ~Copyable {
    /// A data page that was read, or passed over.
    struct Page {
        var header: PageHeader.Data
        /// With the page's header.
        var location: PageLocation
        var uncompressedByteCount: Int
        var hasChecksum: Bool
    }

    /// Bytes read ahead of what is asked for.
    private static let windowByteCount = 64 << 10
    /// Longest header: statistics may be in it, with texts as bounds.
    private static let headerByteLimit = 16 << 20

    let file: ParquetFile
    let column: Int
    let rowGroup: Int
    /// Where the next page begins.
    private(set) var offset: Int
    /// Row of the group at which the next data page begins.
    private(set) var nextRow = 0
    /// Bytes of the pages so far before compression, with their headers.
    private(set) var uncompressedByteCount = 0
    private(set) var dictionaryPageCount = 0
    private(set) var checksumCount = 0
    private let end: Int
    private var decoder: PageDecoder
    private var decompressor: PageDecompressor
    private var window = ByteBuffer()
    private var windowStart = 0
    private var body = ByteBuffer()

    init(_ file: ParquetFile, column: Int, rowGroup: Int) throws {
        self.file = file
        self.column = column
        self.rowGroup = rowGroup
        let chunk = file.rowGroups[rowGroup].columns[column]
        let stored = file.storedColumns[column]
        offset = chunk.pages.lowerBound
        end = chunk.pages.upperBound
        decoder = PageDecoder(stored, byteLimit: file.byteLimit)
        do throws(Fault) {
            decompressor = try PageDecompressor(chunk.codec)
        } catch {
            throw ParquetReadingProblem(
                error.kind, file: file.name, offset: chunk.pages.lowerBound, rowGroup: rowGroup,
                column: stored.field.name)
        }
    }

    private var chunk: ColumnChunkMetadata { file.rowGroups[rowGroup].columns[column] }

    /// The problem of a fault at a byte of the file.
    func problem(_ kind: ParquetReadingProblem.Kind, at offset: Int, part: String?, inner: Int? = nil)
        -> ParquetReadingProblem
    {
        ParquetReadingProblem(
            kind, file: file.name, offset: offset, part: part, innerOffset: inner, rowGroup: rowGroup,
            column: file.fields[column].name)
    }

    /// Reads the next data page, and the dictionary before it, and appends its rows to `target`.
    ///
    /// - Returns: nil at the end of the chunk, all of whose rows have then been read.
    mutating func readPage(into target: Column) throws -> Page? {
        try nextPage(target, ifItHolds: 0..<Int.max)
    }

    /// As above, but where the next data page has none of these rows of the group, only its header is read.
    mutating func readPage(into target: Column, ifItHolds rows: Range<Int>) throws -> Page? {
        try nextPage(target, ifItHolds: rows)
    }

    /// Goes on at a page of the offset index, which covers the chunk, having read the dictionary.
    ///
    /// - Throws: where the page is another than the index says.
    mutating func seek(to index: OffsetIndex, page: Int) throws {
        let location = index.pages[page]
        let end = page + 1 < index.pages.count ? index.pages[page + 1].firstRow : chunk.valueCount
        try readDictionary()
        offset = location.offset
        nextRow = location.firstRow
        let (header, headerByteCount) = try readHeader()
        let found = (headerByteCount + header.compressedByteCount, header.rowCount ?? -1)
        guard found == (location.byteCount, end - location.firstRow) else {
            throw problem(
                .disagrees(
                    "page \(page)", found: "\(location.byteCount) bytes, \(end - location.firstRow) rows",
                    expected: "\(found.0) bytes, \(found.1) rows, as at byte \(offset)"),
                at: chunk.offsetIndex?.lowerBound ?? offset, part: "offset index")
        }
    }

    /// Reads a dictionary if the next page is one.
    private mutating func readDictionary() throws {
        guard offset < end else { return }
        let (header, headerByteCount) = try readHeader()
        try takeDictionary(header, headerByteCount)
    }

    private mutating func takeDictionary(_ header: PageHeader, _ headerByteCount: Int) throws {
        guard case .dictionary(let count, let encoding) = header.kind else { return }
        try readBody(header, headerByteCount, levelByteCount: 0, isCompressed: true)
        do throws(Fault) {
            guard nextRow == 0 else { throw Fault(.malformed("a dictionary comes after values"), at: 0) }
            try unsafe body.withBytes { body throws(Fault) in
                try unsafe decoder.setDictionary(body, count: count, encoding: encoding)
            }
        } catch { throw problem(error.kind, at: offset, part: header.name, inner: error.offset) }
        dictionaryPageCount += 1
        advance(header, headerByteCount)
    }

    private mutating func advance(_ header: PageHeader, _ headerByteCount: Int) {
        offset += headerByteCount + header.compressedByteCount
        uncompressedByteCount += headerByteCount + header.uncompressedByteCount
        if header.checksum != nil { checksumCount += 1 }
    }

    private mutating func nextPage(_ target: Column, ifItHolds rows: Range<Int>) throws -> Page? {
        while offset < end {
            let (header, headerByteCount) = try readHeader()
            switch header.kind {
            case .dictionary: try takeDictionary(header, headerByteCount)
            case .index: advance(header, headerByteCount)
            case .data(let data):
                let left = chunk.valueCount - nextRow
                guard data.valueCount <= left else {
                    throw problem(
                        .outOfRange("the page's number of values", value: data.valueCount, allowed: 0...left),
                        at: offset, part: "page header")
                }
                if rows.overlaps(nextRow..<nextRow + data.valueCount) || rows.count == Int.max {
                    try decode(data, header, headerByteCount, into: target)
                }
                let page = Page(
                    header: data,
                    location: PageLocation(
                        offset: offset, byteCount: headerByteCount + header.compressedByteCount,
                        firstRow: nextRow),
                    uncompressedByteCount: headerByteCount + header.uncompressedByteCount,
                    hasChecksum: header.checksum != nil)
                nextRow += data.valueCount
                advance(header, headerByteCount)
                return page
            }
        }
        guard nextRow == chunk.valueCount else {
            throw problem(
                .disagrees(
                    "the number of values in the pages", found: "\(nextRow)", expected: "\(chunk.valueCount)"),
                at: offset, part: "end of the column chunk")
        }
        return nil
    }

    private mutating func decode(
        _ data: PageHeader.Data, _ header: PageHeader, _ headerByteCount: Int, into target: Column
    ) throws {
        try readBody(
            header, headerByteCount, levelByteCount: data.v2?.levelByteCount ?? 0,
            isCompressed: data.v2?.isCompressed ?? true)
        do throws(Fault) {
            try unsafe body.withBytes { body throws(Fault) in
                try unsafe decoder.append(data, body, to: target)
            }
        } catch { throw problem(error.kind, at: offset, part: header.name, inner: error.offset) }
    }

    /// The header of the page at `offset`, and its length.
    private mutating func readHeader() throws -> (PageHeader, Int) {
        var wanted = 64
        while true {
            let byteCount = min(wanted, end - offset)
            try load(byteCount, readingAhead: true)
            let found: (header: PageHeader, byteCount: Int)
            do throws(Fault) {
                found = try unsafe withWindow { bytes throws(Fault) in
                    var reader = unsafe CompactReader(bytes)
                    let header = try PageHeader(from: &reader)
                    return (header, reader.offset)
                }
            } catch {
                // The bytes at hand may not be all of the header: then a length in it does not fit, or the bytes end.
                let available = windowStart + window.count - offset
                let isWhole = available >= min(end - offset, Self.headerByteLimit)
                switch error.kind {
                case .cutShort where !isWhole, .outOfRange where !isWhole: wanted = available * 8
                default: throw problem(error.kind, at: offset + error.offset, part: "page header")
                }
                continue
            }
            let left = end - offset - found.byteCount
            guard found.header.compressedByteCount <= left else {
                throw problem(
                    .outOfRange(
                        "compressed_page_size", value: found.header.compressedByteCount, allowed: 0...left),
                    at: offset, part: "page header")
            }
            return found
        }
    }

    /// Makes the window begin at or before `offset` and hold `byteCount` bytes from there.
    private mutating func load(_ byteCount: Int, readingAhead: Bool) throws {
        guard offset < windowStart || offset + byteCount > windowStart + window.count else { return }
        let wanted = min(readingAhead ? max(byteCount, Self.windowByteCount) : byteCount, end - offset)
        window.removeAll()
        windowStart = offset
        let (file, offset) = (file, offset)
        try unsafe window.append(maximum: wanted) { room in
            unsafe try file.read(at: offset, into: room)
            return wanted
        }
    }

    /// The window's bytes from `offset` on.
    private func withWindow<R>(_ body: (UnsafeRawBufferPointer) throws(Fault) -> R) throws(Fault) -> R {
        try unsafe window.withBytes { bytes throws(Fault) in
            try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[(offset - windowStart)...]))
        }
    }

    /// Reads, checks and decompresses what follows the header at `offset` to `body`.
    private mutating func readBody(
        _ header: PageHeader, _ headerByteCount: Int, levelByteCount: Int, isCompressed: Bool
    ) throws {
        let byteCount = header.compressedByteCount
        try load(headerByteCount + byteCount, readingAhead: false)
        do throws(Fault) {
            guard levelByteCount <= min(byteCount, header.uncompressedByteCount) else {
                throw Fault(
                    .outOfRange(
                        "definition_levels_byte_length", value: levelByteCount,
                        allowed: 0...min(byteCount, header.uncompressedByteCount)), at: 0)
            }
            let valueByteCount = header.uncompressedByteCount - levelByteCount
            // Of nothing some writers make nothing, and not a frame that holds nothing.
            let isEmpty = byteCount == levelByteCount && valueByteCount == 0
            if isCompressed, !isEmpty {
                try decompressor.check(byteCount - levelByteCount, canBe: valueByteCount)
            }
            guard header.uncompressedByteCount <= file.byteLimit else {
                throw Fault(
                    .tooLarge("the page", byteCount: header.uncompressedByteCount, limit: file.byteLimit),
                    at: 0)
            }
            let start = offset - windowStart + headerByteCount
            body.removeAll()
            try unsafe window.withBytes { window throws(Fault) in
                let payload = unsafe UnsafeRawBufferPointer(rebasing: window[start..<start + byteCount])
                if let expected = header.checksum {
                    var checksum = CRC32()
                    unsafe checksum.update(payload)
                    guard checksum.value == expected else {
                        throw Fault(.checksum(found: checksum.value, expected: expected), at: 0)
                    }
                }
                unsafe body.append(UnsafeRawBufferPointer(rebasing: payload[..<levelByteCount]))
                let values = unsafe UnsafeRawBufferPointer(rebasing: payload[levelByteCount...])
                if isEmpty { return }
                if isCompressed {
                    try unsafe decompressor.decompress(values, byteCount: valueByteCount, to: &body)
                } else {
                    guard values.count == valueByteCount else {
                        throw Fault(
                            .disagrees(
                                "uncompressed_page_size", found: "\(header.uncompressedByteCount)",
                                expected: "\(byteCount), as the page is not compressed"), at: 0)
                    }
                    unsafe body.append(values)
                }
            }
        } catch { throw problem(error.kind, at: offset, part: header.name) }
    }
}
