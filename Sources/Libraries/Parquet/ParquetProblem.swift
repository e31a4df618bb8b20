public import Columns
public import Problems

/// Why a table cannot be written as Parquet.
public struct ParquetProblem: Error, Hashable, Sendable {
    /// What is wrong, and where.
    public enum Kind: Hashable, Sendable {
        /// The schema has no fields.
        case noColumns
        /// The schema has two fields of one name.
        case duplicateColumn(name: String)
        /// An option is out of range.
        case option(name: String, value: Int, allowed: ClosedRange<Int>)
        /// An option names a column that the schema does not have.
        case unknownColumn(option: String, name: String)
        /// An option names a column twice.
        case repeatedColumn(option: String, name: String)
        /// An encoding that values of the column's type cannot have.
        case unsuitableEncoding(name: String, ColumnType, ColumnEncoding.Encoding)
        /// A bloom filter of booleans: smallest and largest value say all there is to say.
        case bloomFilterOfBooleans(name: String)
        /// A bloom filter's probability must be more than 0 and less than 1.
        case falsePositiveProbability(name: String, Double)
        /// A row group has another number of columns than the schema.
        case columnCount(Int, expected: Int)
        /// A column of a row group holds another type than its field.
        case columnType(name: String, ColumnType, expected: ColumnType)
        /// A column of a row group has another number of rows than the first one.
        case rowCount(name: String, Int, expected: Int)
        /// A field that is not nullable has nulls.
        case unexpectedNulls(name: String, count: Int)
        /// A page would be longer than the 2^31 - 1 bytes its header can say.
        case pageTooLong(name: String, byteCount: Int)
        /// The footer would be longer than the 2^31 - 1 bytes that readers take.
        case footerTooLong(byteCount: Int)
        /// libzstd or zlib reports an error.
        case compression(name: String)
    }

    /// What is wrong.
    public var kind: Kind

    /// A problem of one kind.
    public init(_ kind: Kind) { self.kind = kind }
}

extension ParquetProblem: Problem {
    package var summary: String {
        switch kind {
        case .noColumns: "schema: a table needs at least one column"
        case .duplicateColumn(let name): "schema: two columns are named '\(name.escapedForDisplay)'"
        case .option(let name, let value, let allowed):
            "option \(name): \(value) is not in \(allowed.lowerBound)...\(allowed.upperBound)"
        case .unknownColumn(let option, let name):
            "option \(option): there is no column '\(name.escapedForDisplay)'"
        case .repeatedColumn(let option, let name):
            "option \(option): names column '\(name.escapedForDisplay)' twice"
        case .unsuitableEncoding(let name, let type, let encoding):
            "option columnEncodings: column '\(name.escapedForDisplay)' holds \(type), which cannot be written as \(encoding)"
        case .bloomFilterOfBooleans(let name):
            "option bloomFilterColumns: column '\(name.escapedForDisplay)' holds booleans"
        case .falsePositiveProbability(let name, let probability):
            "option bloomFilterColumns: \(probability), for column '\(name.escapedForDisplay)', is no probability between 0 and 1"
        case .footerTooLong(let byteCount):
            "footer: \(byteCount) bytes are more than Parquet readers take"
        case .columnCount(let count, let expected): "row group: has \(count) columns, expected \(expected)"
        case .columnType(let name, let type, let expected):
            "column '\(name.escapedForDisplay)': holds \(type), expected \(expected)"
        case .rowCount(let name, let count, let expected):
            "column '\(name.escapedForDisplay)': has \(count) rows, expected \(expected)"
        case .unexpectedNulls(let name, let count):
            "column '\(name.escapedForDisplay)': has \(count) nulls and is not nullable"
        case .pageTooLong(let name, let byteCount):
            "column '\(name.escapedForDisplay)': a page of \(byteCount) bytes is longer than Parquet allows"
        case .compression(let name): "column '\(name.escapedForDisplay)': the compressor failed"
        }
    }

    package var hint: String? {
        switch kind {
        case .unexpectedNulls: "declare the column nullable, or fill or reject the empty fields"
        case .pageTooLong: "no value may be longer than 2 GiB"
        case .footerTooLong: "write fewer and larger row groups, or less metadata"
        case .bloomFilterOfBooleans: "leave it out: there are only two values to look for"
        case .compression: "is there enough memory?"
        default: nil
        }
    }

    public var description: String { hint.map { "\(summary)\n  hint: \($0)" } ?? summary }

    package var category: ProblemCategory {
        switch kind {
        case .noColumns, .duplicateColumn, .option, .unknownColumn, .repeatedColumn, .bloomFilterOfBooleans,
            .unsuitableEncoding,
            .falsePositiveProbability:
            .recipe
        case .unexpectedNulls, .pageTooLong, .footerTooLong: .data
        case .columnCount, .columnType, .rowCount, .compression: .internal
        }
    }
}
