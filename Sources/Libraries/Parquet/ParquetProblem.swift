public import Columns
public import Problems

/// Why a table cannot be written as Parquet.
public struct ParquetProblem: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The schema has no fields, or two of one name.
        case noColumns
        case duplicateColumn(name: String)
        /// An option is out of range.
        case option(name: String, value: Int, allowed: ClosedRange<Int>)
        /// A row group has another number of columns than the schema.
        case columnCount(Int, expected: Int)
        case columnType(name: String, ColumnType, expected: ColumnType)
        case rowCount(name: String, Int, expected: Int)
        /// A field that is not nullable has nulls.
        case unexpectedNulls(name: String, count: Int)
        /// A page would be longer than the 2^31 - 1 bytes its header can say.
        case pageTooLong(name: String, byteCount: Int)
        /// libzstd or zlib reports an error.
        case compression(name: String)
    }

    public var kind: Kind

    public init(_ kind: Kind) { self.kind = kind }
}

extension ParquetProblem: Problem {
    package var summary: String {
        switch kind {
        case .noColumns: "schema: a table needs at least one column"
        case .duplicateColumn(let name): "schema: two columns are named '\(name.escapedForDisplay)'"
        case .option(let name, let value, let allowed):
            "option \(name): \(value) is not in \(allowed.lowerBound)...\(allowed.upperBound)"
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
        case .compression: "is there enough memory?"
        default: nil
        }
    }

    public var description: String { hint.map { "\(summary)\n  hint: \($0)" } ?? summary }

    package var category: ProblemCategory {
        switch kind {
        case .noColumns, .duplicateColumn, .option: .recipe
        case .unexpectedNulls, .pageTooLong: .data
        case .columnCount, .columnType, .rowCount, .compression: .internal
        }
    }
}
