import Columns

/// A column of a schema, as options name it: `options.bloomFilterColumns = ["symbol", 3]`.
public enum ColumnReference: Hashable, Sendable {
    /// Counted from 0, in the order of the schema.
    case index(Int)
    /// As the schema spells it.
    case name(String)
}

extension ColumnReference: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The column at an index.
    public init(integerLiteral value: Int) { self = .index(value) }
    /// The column of a name.
    public init(stringLiteral value: String) { self = .name(value) }

    /// The index or the name.
    public var description: String {
        switch self {
        case .index(let index): String(index)
        case .name(let name): name
        }
    }
}

/// A column that the rows of each row group are sorted by.
///
/// Format: parquet.thrift `SortingColumn`.
public struct SortKey: Hashable, Sendable {
    /// Which column.
    public var column: ColumnReference
    /// Whether the largest value comes first.
    public var isDescending: Bool
    /// Whether nulls come before all values, or after them.
    public var hasNullsFirst: Bool

    /// A column; ascending and nulls first unless said otherwise.
    public init(_ column: ColumnReference, isDescending: Bool = false, hasNullsFirst: Bool = true) {
        self.column = column
        self.isDescending = isDescending
        self.hasNullsFirst = hasNullsFirst
    }
}

extension SortKey: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    /// The column at an index, ascending and nulls first.
    public init(integerLiteral value: Int) { self.init(.index(value)) }
    /// The column of a name, ascending and nulls first.
    public init(stringLiteral value: String) { self.init(.name(value)) }
}

/// A column that is written in one encoding, whatever is smallest.
public struct ColumnEncoding: Hashable, Sendable {
    /// How values lie in data pages.
    public enum Encoding: Hashable, Sendable, CaseIterable {
        /// As they are; any type.
        case plain
        /// As indices into the chunk's distinct values; any type but booleans. A chunk is written as plain where its
        /// values hardly repeat, or too many are distinct for a page of 1 MiB, unless it holds texts.
        case dictionary
        /// As runs; booleans.
        case rle
        /// As packed differences; integers, dates, timestamps and decimals of up to 18 digits.
        case deltaBinaryPacked
        /// As packed lengths, then all bytes; texts.
        case deltaLengthByteArray
        /// As one stream for each byte of the values; floats.
        case byteStreamSplit
    }

    /// Which column.
    public var column: ColumnReference
    /// How it is written.
    public var encoding: Encoding

    /// A column and its encoding.
    public init(_ column: ColumnReference, _ encoding: Encoding) {
        self.column = column
        self.encoding = encoding
    }
}

extension ColumnEncoding.Encoding {
    /// The encoding of the format.
    var format: Parquet.Encoding {
        switch self {
        case .plain: .plain
        case .dictionary: .rleDictionary
        case .rle: .rle
        case .deltaBinaryPacked: .deltaBinaryPacked
        case .deltaLengthByteArray: .deltaLengthByteArray
        case .byteStreamSplit: .byteStreamSplit
        }
    }

    func suits(_ type: ColumnType) -> Bool {
        switch self {
        case .plain: true
        case .dictionary: type != .bool
        case .rle: type == .bool
        case .deltaBinaryPacked: type.layout == .int32 || type.layout == .int64
        case .deltaLengthByteArray: type == .text
        case .byteStreamSplit: type == .float32 || type == .float64
        }
    }
}

/// A column whose chunks get a bloom filter: readers that look for a value skip the row groups that surely lack it.
///
/// Worth its bytes where values are looked up and lie scattered, so that smallest and largest values say little: about
/// 1.3 to 2.6 bytes a distinct value at a probability of 0.01, as a filter's size is a power of two.
public struct BloomFilterColumn: Hashable, Sendable {
    /// Which column; any type but booleans.
    public var column: ColumnReference
    /// At most this share of the values that are not there seem to be; more than 0 and less than 1. Where a chunk has
    /// so many distinct values that 128 MiB do not keep to it (near 100 million at 0.01), that is the filter's size.
    public var falsePositiveProbability: Double

    /// A column, with a filter that is right about 99 of 100 values that are not there.
    public init(_ column: ColumnReference, falsePositiveProbability: Double = 0.01) {
        self.column = column
        self.falsePositiveProbability = falsePositiveProbability
    }
}

extension BloomFilterColumn: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    /// The column at an index, with a probability of 0.01.
    public init(integerLiteral value: Int) { self.init(.index(value)) }
    /// The column of a name, with a probability of 0.01.
    public init(stringLiteral value: String) { self.init(.name(value)) }
}
