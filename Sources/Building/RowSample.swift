import Cleaning
import Columns
import Glibc
import Graph
import Listing
package import Parquet
package import Planning
package import Problems

/// The first rows of one partition.
package struct RowSample: Sendable {
    /// One value, as JSON has it: what is exact and no small integer is text.
    package enum Cell: Hashable, Sendable, Encodable {
        case null
        case bool(Bool)
        case integer(Int64)
        /// Of 32 bits and of 64: the shortest text that gives the same number differs.
        case float32(Float)
        case float64(Double)
        case text(String)

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .null: try container.encodeNil()
            case .bool(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            // JSON has no infinities and no NaN.
            case .float32(let value):
                try value.isFinite ? container.encode(value) : container.encode("\(value)")
            case .float64(let value):
                try value.isFinite ? container.encode(value) : container.encode("\(value)")
            case .text(let value): try container.encode(value)
            }
        }

        /// As a table shows it.
        package var text: String {
            switch self {
            case .null: "null"
            case .bool(let value): "\(value)"
            case .integer(let value): "\(value)"
            case .float32(let value): "\(value)"
            case .float64(let value): "\(value)"
            case .text(let value): value
            }
        }
    }

    package struct Column: Sendable {
        package var name: String
        /// Whether a table puts its values at the right.
        package var isNumber: Bool
        package var cells: [Cell]
    }

    package var target: String
    /// Rows of the whole partition.
    package var rowCount: Int
    package var columns: [Column]
}

/// Reads the first rows of each partition that the patterns pick, and hands them on one after the other.
///
/// - Parameters:
///   - count: rows at most, of each.
///   - show: takes a sample, or why there is none.
package func sampleRows(
    _ count: Int, of request: SelectionRequest, in workspace: Workspace, observer: some BuildObserver,
    show: (Result<RowSample, RowSampleProblem>) throws -> Void
) async throws {
    let view = try await ProjectView(workspace, refresh: .none, only: request, observer: observer)
    let selection = try view.select(request)
    for action in selection.actions {
        let target = view.graph.output(of: action)
        do {
            try show(.success(try RowSample(count, of: target, path: workspace.absolute(target))))
        } catch let problem as ParquetReadingProblem {
            try show(.failure(RowSampleProblem(target: target, cause: problem)))
        }
    }
}

/// Why no rows of a partition can be shown.
package struct RowSampleProblem: Problem {
    package var target: String
    package var cause: ParquetReadingProblem

    package var summary: String {
        if case .system(_, let number) = cause.kind, number == ENOENT {
            return "\(target.escapedForDisplay): is not built"
        }
        return "\(target.escapedForDisplay): \(cause.placeAndFault)"
    }

    package var hint: String? {
        switch cause.kind {
        case .system: "'datamake build' makes it"
        case .notParquet: nil
        default: cause.isDamage ? "'datamake verify' says whether it is as it was written" : nil
        }
    }

    package var category: ProblemCategory { .data }
}

extension RowSample {
    fileprivate init(_ count: Int, of target: String, path: String) throws {
        let file = try ParquetFile(path: path)
        let columns = try file.readRows(0..<max(0, count))
        self.target = target
        rowCount = file.rowCount
        self.columns = zip(file.fields, columns).map { field, column in
            Column(
                name: field.name, isNumber: field.type.isNumber,
                cells: (0..<column.count).map { Cell(column, row: $0) })
        }
    }
}

extension ColumnType {
    fileprivate var isNumber: Bool {
        switch self {
        case .int32, .int64, .float32, .float64, .decimal: true
        case .bool, .text, .date, .timestamp: false
        }
    }
}

extension RowSample.Cell {
    fileprivate init(_ column: Columns.Column, row: Int) {
        guard !column.isNull(row) else {
            self = .null
            return
        }
        func value<T: BitwiseCopyable>(_ type: T.Type) -> T {
            unsafe column.withValues(as: type) { unsafe $0[row] }
        }
        switch column.type {
        case .bool: self = .bool(value(UInt8.self) != 0)
        case .int32: self = .integer(Int64(value(Int32.self)))
        case .int64: self = .integer(value(Int64.self))
        case .float32: self = .float32(value(Float.self))
        case .float64: self = .float64(value(Double.self))
        case .decimal, .text, .date, .timestamp: self = .text(Cleaning.text(of: column, row: row))
        }
    }
}
