/// What the footer says of one column chunk.
struct ColumnChunk {
    var rowCount: Int
    var nullCount: Int
    var encoding: Encoding
    var compression: WriterOptions.Compression
    /// These and the pages' offsets count from the chunk's beginning until it is placed.
    var dictionaryOffset: Int?
    var dataOffset = 0
    /// Where its data pages lie; empty once it is placed.
    var pageLocations: [PageLocation] = []
    var dataPageCount = 0
    /// Bytes in the file, and before compression, with the headers of pages.
    var compressedByteCount = 0
    var uncompressedByteCount = 0
    var statistics = Statistics()
    /// Encoded for the end of the file; empty where there is none.
    var columnIndex: [UInt8] = []
    var offsetIndex: [UInt8] = []
    /// Encoded for the end of the row group, after which it is dropped; empty where there is none.
    var bloomFilter: [UInt8] = []
    var bloomFilterOffset = 0
    var bloomFilterByteCount = 0
    /// Set once the indexes are written.
    var columnIndexOffset = 0
    var offsetIndexOffset = 0

    init(rowCount: Int, nullCount: Int, encoding: Encoding, compression: WriterOptions.Compression) {
        self.rowCount = rowCount
        self.nullCount = nullCount
        self.encoding = encoding
        self.compression = compression
    }

    /// Lets the chunk begin at an offset of the file.
    mutating func place(at offset: Int) {
        dictionaryOffset = dictionaryOffset.map { $0 + offset }
        dataOffset += offset
        for index in pageLocations.indices { pageLocations[index].offset += offset }
        var thrift = CompactWriter()
        thrift.offsetIndex(pageLocations)
        offsetIndex = thrift.buffer.array()
        pageLocations = []
    }

    mutating func add(_ page: PageSize) {
        compressedByteCount += page.compressed
        uncompressedByteCount += page.uncompressed
    }

    var firstOffset: Int { dictionaryOffset ?? dataOffset }
}

/// What the footer says of one row group.
struct RowGroup {
    var rowCount: Int
    var chunks: [ColumnChunk]
    /// Offset in the file at which what belongs to it ends, page indexes left out.
    var end = 0

    var firstOffset: Int { chunks.first?.firstOffset ?? 0 }
    var compressedByteCount: Int { chunks.reduce(0) { $0 + $1.compressedByteCount } }
    var uncompressedByteCount: Int { chunks.reduce(0) { $0 + $1.uncompressedByteCount } }
}

extension Statistics {
    /// These statistics without the bounds of pages, which only the column index needs.
    init(summaryOf whole: Statistics) {
        chunk = whole.chunk
        countsNaNs = whole.countsNaNs
        pageNaNCounts = [whole.nanCount]
    }
}
