/// How a table is written. The defaults suit tables that many programs will read.
public struct WriterOptions: Hashable, Sendable {
    /// How pages are compressed, each on its own.
    public enum Compression: Hashable, Sendable {
        /// Not at all.
        case uncompressed
        /// Level `0...9`.
        case gzip(level: Int)
        /// Any level libzstd knows, usually `1...19`. Level 3 searches in a way that suits columns.
        case zstd(level: Int)
    }

    /// The version of data pages. Values and sizes are nearly the same; fewer programs read version 2 well.
    public enum PageVersion: Hashable, Sendable {
        /// Levels and values are compressed together. Every program reads it.
        case v1
        /// Only values are compressed, and pages say how many nulls they have.
        case v2
    }

    /// Which encodings the writer chooses from.
    public enum EncodingSet: Hashable, Sendable {
        /// What pyarrow, DuckDB, Polars and fastparquet all read: PLAIN, RLE_DICTIONARY, and DELTA_BINARY_PACKED
        /// for pages that fastparquet 2026.9 decodes right (deltas of up to 24 bits).
        case portable
        /// As portable, and BYTE_STREAM_SPLIT for chunks of floats that take 64 KiB or more in PLAIN encoding and are
        /// smallest so. fastparquet 2026.9 refuses such a column with an error; no reader takes it for other values.
        case smallest
        /// All of them: also unrestricted DELTA_BINARY_PACKED, BYTE_STREAM_SPLIT and DELTA_LENGTH_BYTE_ARRAY,
        /// which pyarrow, DuckDB and Polars read.
        case all
    }

    /// How pages are compressed.
    public var compression = Compression.zstd(level: 3)
    /// The version of data pages.
    public var pageVersion = PageVersion.v1
    /// Which encodings to choose from; each chunk gets the one in which samples of it are smallest.
    public var encodings = EncodingSet.smallest
    /// Columns whose encoding is not chosen but given, whatever `encodings` says.
    public var columnEncodings: [ColumnEncoding] = []
    /// Most rows of a data page.
    public var dataPageRows = 131_072
    /// Bytes of values, in PLAIN encoding, after which a data page ends; one value may be longer.
    public var dataPageBytes = 1 << 20
    /// Columns the rows are sorted by, most significant first. Recorded in the file; the writer trusts the caller.
    public var sortingColumns: [SortKey] = []
    /// Columns whose chunks get a bloom filter.
    public var bloomFilterColumns: [BloomFilterColumn] = []
    /// The program that wrote the file, in the form `name version 1.2.3 (build abc)`.
    public var createdBy = "datamake version 1.0.0"

    /// The defaults.
    public init() {}
}
