/// How values lie in a page. The raw values are those of parquet.thrift's `Encoding`.
public enum PageEncoding: Int, Hashable, Sendable, CustomStringConvertible {
    /// Values as they are.
    case plain = 0
    /// Indices into a dictionary, as older writers say it.
    case plainDictionary = 2
    /// Runs and packed groups: levels and booleans.
    case rle = 3
    /// Packed levels of older writers.
    case bitPacked = 4
    /// Packed differences of integers.
    case deltaBinaryPacked = 5
    /// Packed lengths, then all bytes.
    case deltaLengthByteArray = 6
    /// How many bytes are those of the text before, and the rest.
    case deltaByteArray = 7
    /// Indices into a dictionary.
    case rleDictionary = 8
    /// One stream for each byte of the values.
    case byteStreamSplit = 9

    /// The format's name, such as `RLE_DICTIONARY`.
    public var description: String {
        switch self {
        case .plain: "PLAIN"
        case .plainDictionary: "PLAIN_DICTIONARY"
        case .rle: "RLE"
        case .bitPacked: "BIT_PACKED"
        case .deltaBinaryPacked: "DELTA_BINARY_PACKED"
        case .deltaLengthByteArray: "DELTA_LENGTH_BYTE_ARRAY"
        case .deltaByteArray: "DELTA_BYTE_ARRAY"
        case .rleDictionary: "RLE_DICTIONARY"
        case .byteStreamSplit: "BYTE_STREAM_SPLIT"
        }
    }

    /// Whether values are indices into the chunk's dictionary.
    var usesDictionary: Bool { self == .rleDictionary || self == .plainDictionary }
}

/// How pages are compressed. The raw values are those of parquet.thrift's `CompressionCodec`.
public enum PageCodec: Int, Hashable, Sendable, CustomStringConvertible {
    /// None.
    case uncompressed = 0
    /// Snappy.
    case snappy = 1
    /// gzip, one member or several.
    case gzip = 2
    /// LZO.
    case lzo = 3
    /// Brotli.
    case brotli = 4
    /// LZ4 in frames that Hadoop made up; deprecated.
    case lz4 = 5
    /// Zstandard.
    case zstd = 6
    /// LZ4 blocks.
    case lz4Raw = 7

    /// The format's name, such as `ZSTD`.
    public var description: String {
        switch self {
        case .uncompressed: "UNCOMPRESSED"
        case .snappy: "SNAPPY"
        case .gzip: "GZIP"
        case .lzo: "LZO"
        case .brotli: "BROTLI"
        case .lz4: "LZ4"
        case .zstd: "ZSTD"
        case .lz4Raw: "LZ4_RAW"
        }
    }
}

/// What a file says of the values of a chunk or a page.
///
/// Format: parquet.thrift `Statistics`.
public struct ColumnStatistics: Hashable, Sendable {
    /// The smallest value in PLAIN encoding, texts without their length; or, unless exact, some bytes below it.
    public var min: [UInt8]?
    /// The largest value in PLAIN encoding, texts without their length; or, unless exact, some bytes above it.
    public var max: [UInt8]?
    /// Whether `min` is a value of the chunk; nil where the file does not say.
    public var isMinExact: Bool?
    /// Whether `max` is a value of the chunk; nil where the file does not say.
    public var isMaxExact: Bool?
    /// Rows without a value; nil where the file does not say.
    public var nullCount: Int?
    /// NaNs of a column of floats; nil where the file does not say.
    public var nanCount: Int?
    /// Values that differ; nil where the file does not say.
    public var distinctCount: Int?

    /// Statistics that say nothing.
    public init() {}
}

/// A column that rows are sorted by.
public struct SortingColumn: Hashable, Sendable {
    /// Index into the file's fields.
    public var column: Int
    /// Whether the largest value comes first.
    public var isDescending: Bool
    /// Whether nulls come before all values.
    public var hasNullsFirst: Bool

    /// A column and its direction.
    public init(column: Int, isDescending: Bool, hasNullsFirst: Bool) {
        self.column = column
        self.isDescending = isDescending
        self.hasNullsFirst = hasNullsFirst
    }
}

/// What the footer says of one column chunk.
///
/// Format: parquet.thrift `ColumnChunk` and `ColumnMetaData`.
public struct ColumnChunkMetadata: Hashable, Sendable {
    /// How many pages of one kind a chunk has. The type's numbers are those of parquet.thrift's `PageType`.
    public struct PageCount: Hashable, Sendable {
        /// 0 and 3 are data pages of versions 1 and 2, 2 is a dictionary page.
        public var pageType: Int
        /// Of the values.
        public var encoding: PageEncoding
        /// How many such pages there are.
        public var count: Int
    }

    /// All encodings of the chunk's pages, levels and dictionary included.
    public var encodings: [PageEncoding]
    /// How the chunk's pages are compressed.
    public var codec: PageCodec
    /// Rows, null ones included.
    public var valueCount: Int
    /// Bytes of all pages before compression, with their headers.
    public var uncompressedByteCount: Int
    /// Bytes of all pages in the file, with their headers.
    public var compressedByteCount: Int
    /// Where the first data page begins.
    public var dataPageOffset: Int
    /// Where the dictionary page begins, if there is one.
    public var dictionaryPageOffset: Int?
    /// Of all values of the chunk; nil where the file does not say.
    public var statistics: ColumnStatistics?
    /// Page counts by kind; empty where the file does not say.
    public var pageCounts: [PageCount]
    /// What the writer left for others at this chunk.
    public var keyValueMetadata: [KeyValue]
    /// Bytes of the file that hold the column index.
    public var columnIndex: Range<Int>?
    /// Bytes of the file that hold the offset index.
    public var offsetIndex: Range<Int>?
    /// Where a bloom filter begins, if there is one.
    public var bloomFilterOffset: Int?
    /// The filter's length with its header, if the file says it.
    public var bloomFilterByteCount: Int?
    /// Whether the file defines the order that `min_value` and `max_value` are in, so that they mean something.
    var hasKnownOrder = false
    /// Byte of the footer at which all this is said.
    var footerOffset = 0

    /// Bytes of the file that hold the pages.
    public var pages: Range<Int> {
        // Of a chunk without values pyarrow writes the dictionary alone, and 0 for where data pages begin.
        let start =
            dictionaryPageOffset.map { dataPageOffset < 4 ? $0 : min($0, dataPageOffset) } ?? dataPageOffset
        return start..<start + compressedByteCount
    }
}

/// What the footer says of one row group.
public struct RowGroupMetadata: Hashable, Sendable {
    /// Of each of its columns.
    public var rowCount: Int
    /// Bytes of all pages before compression.
    public var uncompressedByteCount: Int
    /// Bytes of all pages in the file, if the file says it.
    public var compressedByteCount: Int?
    /// Where the first page begins, if the file says it.
    public var firstPageOffset: Int?
    /// What the rows are sorted by, most significant first, as the file says.
    public var sortingColumns: [SortingColumn]
    /// In the order of the file's fields.
    public var columns: [ColumnChunkMetadata]
}

/// A word that a file's writer left for others.
public struct KeyValue: Hashable, Sendable {
    /// What it is about.
    public var key: String
    /// What is said; nil where there is only the key.
    public var value: String?

    /// A key and its value.
    public init(key: String, value: String?) {
        self.key = key
        self.value = value
    }
}
