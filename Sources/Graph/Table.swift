package import Columns

/// What the rows of a file are, and what makes them clean: the Datafile's `tables` entry, defaults filled in.
package struct Table: Hashable, Sendable, Codable {
    package enum Header: String, Hashable, Sendable, Codable, CaseIterable { case auto, none, required }
    package enum BadRows: String, Hashable, Sendable, Codable, CaseIterable { case fail, quarantine }

    package var name: String
    package var header: Header
    package var dialect: Dialect
    /// In the order of a headerless file and of the output.
    package var columns: [TableColumn]
    /// Columns to sort by, ascending, most significant first. Empty: rows keep the order they come in.
    package var sort: [String]
    /// Columns that tell one row from another; of rows that agree the first one stays. Empty: all rows stay.
    package var unique: [String]
    /// Expected step between values of the first `sort` column: an interval such as `1m`, or one wildcard in braces.
    package var every: String?
    package var checks: [Check]
    package var badRows: BadRows
    package var parquet: ParquetSettings

    package init(
        name: String, header: Header = .auto, dialect: Dialect = Dialect(), columns: [TableColumn],
        sort: [String] = [],
        unique: [String] = [], every: String? = nil, checks: [Check] = [], badRows: BadRows = .fail,
        parquet: ParquetSettings = ParquetSettings()
    ) {
        self.name = name
        self.header = header
        self.dialect = dialect
        self.columns = columns
        self.sort = sort
        self.unique = unique
        self.every = every
        self.checks = checks
        self.badRows = badRows
        self.parquet = parquet
    }
}

/// How a file spells records: bytes of the delimiter and the quote.
package struct Dialect: Hashable, Sendable, Codable {
    package var delimiter: UInt8
    package var quote: UInt8

    package init(delimiter: UInt8 = UInt8(ascii: ","), quote: UInt8 = UInt8(ascii: "\"")) {
        self.delimiter = delimiter
        self.quote = quote
    }
}

/// One column of a table.
package struct TableColumn: Hashable, Sendable, Codable {
    package var name: String
    /// Nil: the column is in the file and not in the output (`skip`).
    package var type: ColumnType?
    /// Other names the header of a file may use.
    package var aliases: [String]
    /// Whether an empty field is a null; otherwise it is a bad row.
    package var isNullable: Bool

    package init(name: String, type: ColumnType?, aliases: [String] = [], isNullable: Bool = false) {
        self.name = name
        self.type = type
        self.aliases = aliases
        self.isNullable = isNullable
    }
}

package struct ParquetSettings: Hashable, Sendable, Codable {
    package enum Compression: String, Hashable, Sendable, Codable, CaseIterable { case zstd, gzip, none }
    /// Which encodings the writer chooses from: the smallest that no reader takes for other values, or only those that
    /// all common readers take.
    package enum Encodings: String, Hashable, Sendable, Codable, CaseIterable { case smallest, portable }

    package var compression: Compression
    /// zstd `1...22`, gzip `1...9`; ignored for `none`.
    package var level: Int
    package var rowGroupRows: Int
    package var encodings: Encodings
    /// Columns whose values can be looked up by a bloom filter, in the order they were named; not booleans.
    package var bloomFilter: [String]

    package init(
        compression: Compression = .zstd, level: Int = 3, rowGroupRows: Int = 1 << 20,
        encodings: Encodings = .smallest, bloomFilter: [String] = []
    ) {
        self.compression = compression
        self.level = level
        self.rowGroupRows = rowGroupRows
        self.encodings = encodings
        self.bloomFilter = bloomFilter
    }
}

/// A condition every row must meet, as written and as parsed.
package struct Check: Hashable, Sendable, Codable {
    package var text: String
    package var condition: Expression

    package init(text: String, condition: Expression) {
        self.text = text
        self.condition = condition
    }
}

/// The language of `checks`. Null in a comparison makes it null; a row fails only where the whole is false (as SQL's CHECK).
package indirect enum Expression: Hashable, Sendable, Codable {
    case column(String)
    case integer(Int64)
    case number(Double)
    case text(String)
    case comparison(Comparison, Expression, Expression)
    case arithmetic(Arithmetic, Expression, Expression)
    case and(Expression, Expression)
    case or(Expression, Expression)
    case not(Expression)
    case isNull(Expression)
    /// The timestamp or date column lies in the days the partition is named for (always true where it is named for none).
    case inPartition(String)

    package enum Comparison: String, Hashable, Sendable, Codable, CaseIterable {
        case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual =
            ">="
    }
    package enum Arithmetic: String, Hashable, Sendable, Codable, CaseIterable {
        case add = "+", subtract = "-", multiply = "*", divide = "/"
    }
}
