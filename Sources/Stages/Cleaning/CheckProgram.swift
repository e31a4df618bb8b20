import CSV
import Columns
import Graph

/// The parsed rows of one batch as checks see them: slots that were filled a moment ago and are not counted yet.
@unsafe struct ParsedRows {
    var count: Int
    /// For each column of the table: its slots from the first row on; nil for text and for columns that are not read.
    var slots: [UnsafeRawPointer?]
    /// For each column of the table: a `FieldStatus` a row, or nil where all rows have values.
    var status: [UnsafePointer<UInt8>?]
    /// Whether all rows of a column are null, because the file lacks it.
    var isAbsent: [Bool]
    /// The bytes of a text field.
    var text: (_ column: Int, _ row: Int) -> [UInt8]
}

/// One check over a table's columns, its names resolved; evaluated a batch at a time.
///
/// Integers, decimals and times are compared and added exactly; wherever a float or a division takes part, as Double. Null
/// makes a comparison null, and only a row where the whole is false fails.
struct CheckProgram {
    let text: String
    private let condition: Expression
    let columns: [String: (index: Int, type: ColumnType)]
    let days: DayRange?

    /// Values of one subexpression, a row each.
    private enum Operand {
        /// Exact numbers, in units of 10^-scale; nil is null.
        case exact([Int128?], scale: Int)
        case double([Double?])
        case text([[UInt8]?])
        case truth([Bool?])
    }
    private enum Kind: Equatable { case exact, double, text, truth }

    init(_ check: Check, table: Table, days: DayRange?) throws(CleanProblem) {
        text = check.text
        condition = check.condition
        self.days = days
        var columns: [String: (index: Int, type: ColumnType)] = [:]
        for (index, column) in table.columns.enumerated() {
            if let type = column.type { columns[column.name] = (index, type) }
        }
        self.columns = columns
        do throws(Refusal) {
            guard try kind(of: check.condition) == .truth else {
                throw Refusal(reason: "is not true or false")
            }
        } catch {
            throw CleanProblem(.recipe("check '\(check.text)': \(error.reason)"), place: table.name)
        }
    }

    private struct Refusal: Error { var reason: String }

    /// Checks names and types once, so that evaluation need not.
    private func kind(of expression: Expression) throws(Refusal) -> Kind {
        switch expression {
        case .integer: return .exact
        case .number: return .double
        case .text: return .text
        case .column(let name):
            guard let column = columns[name] else {
                throw Refusal(reason: "there is no column '\(name)' to read")
            }
            switch column.type {
            case .text: return .text
            case .float32, .float64: return .double
            case .bool: return .truth
            default: return .exact
            }
        case .comparison(_, let a, let b):
            let (x, y) = (try kind(of: a), try kind(of: b))
            let bothNumbers = x != .text && y != .text
            guard bothNumbers || x == y || isTimeText(a, b) || isTimeText(b, a) else {
                throw Refusal(reason: "text is compared with a number")
            }
            return .truth
        case .arithmetic(_, let a, let b):
            for side in [a, b] where try kind(of: side) == .text {
                throw Refusal(reason: "text is no number")
            }
            return .exact
        case .and(let a, let b), .or(let a, let b):
            for side in [a, b] where try kind(of: side) != .truth {
                throw Refusal(reason: "'and' and 'or' join conditions")
            }
            return .truth
        case .not(let a):
            guard try kind(of: a) == .truth else { throw Refusal(reason: "'not' needs a condition") }
            return .truth
        case .isNull(let a):
            _ = try kind(of: a)
            return .truth
        case .inPartition(let name):
            guard let column = columns[name] else {
                throw Refusal(reason: "there is no column '\(name)' to read")
            }
            guard column.type == .timestamp || column.type == .date else {
                throw Refusal(
                    reason: "'in partition' needs a timestamp or a date, '\(name)' is a \(column.type)")
            }
            return .truth
        }
    }

    /// A time column against a literal that reads as a time.
    private func isTimeText(_ a: Expression, _ b: Expression) -> Bool {
        guard case .text(let literal) = b else { return false }
        return timeLiteral(literal, besides: a) != nil
    }

    private func timeLiteral(_ literal: String, besides other: Expression) -> Int128? {
        guard case .column(let name) = other, let type = columns[name]?.type,
            type == .timestamp || type == .date
        else { return nil }
        guard let microseconds = timestampValue(literal) else { return nil }
        if type == .timestamp { return Int128(microseconds) }
        return microseconds % 86_400_000_000 == 0 ? Int128(microseconds / 86_400_000_000) : nil
    }

    /// Marks rows that fail: sets `failed[row]` where the check is false.
    @unsafe func markFailures(_ rows: ParsedRows, _ failed: (Int) -> Void) {
        unsafe markFailures(of: condition, rows, failed)
    }

    @unsafe private func markFailures(of condition: Expression, _ rows: ParsedRows, _ failed: (Int) -> Void) {
        if case .and(let a, let b) = condition {
            // False where one side is, whatever the other is.
            unsafe markFailures(of: a, rows, failed)
            unsafe markFailures(of: b, rows, failed)
            return
        }
        if unsafe markPlainFailures(of: condition, rows, failed) { return }
        guard case .truth(let values) = unsafe evaluate(condition, rows) else { return }
        for (row, value) in values.enumerated() where value == false { failed(row) }
    }

    @unsafe private func evaluate(_ expression: Expression, _ rows: ParsedRows) -> Operand {
        let count = unsafe rows.count
        switch expression {
        case .integer(let value): return .exact(Array(repeating: Int128(value), count: count), scale: 0)
        case .number(let value): return .double(Array(repeating: value, count: count))
        case .text(let value): return .text(Array(repeating: Array(value.utf8), count: count))
        case .column(let name): return unsafe column(name, rows)
        case .comparison(let comparison, let a, let b):
            return .truth(unsafe compare(comparison, a, b, rows))
        case .arithmetic(let operation, let a, let b):
            return Self.combine(operation, unsafe evaluate(a, rows), unsafe evaluate(b, rows))
        case .and(let a, let b):
            return .truth(
                zip(truth(unsafe evaluate(a, rows)), truth(unsafe evaluate(b, rows))).map { x, y in
                    x == false || y == false ? false : x == nil || y == nil ? nil : true
                })
        case .or(let a, let b):
            return .truth(
                zip(truth(unsafe evaluate(a, rows)), truth(unsafe evaluate(b, rows))).map { x, y in
                    x == true || y == true ? true : x == nil || y == nil ? nil : false
                })
        case .not(let a):
            return .truth(truth(unsafe evaluate(a, rows)).map { $0.map { !$0 } })
        case .isNull(let a):
            switch unsafe evaluate(a, rows) {
            case .exact(let values, _): return .truth(values.map { $0 == nil })
            case .double(let values): return .truth(values.map { $0 == nil })
            case .text(let values): return .truth(values.map { $0 == nil })
            case .truth(let values): return .truth(values.map { $0 == nil })
            }
        case .inPartition(let name):
            guard let days else { return .truth(Array(repeating: true, count: count)) }
            guard case .exact(let values, _) = unsafe column(name, rows) else { return .truth([]) }
            let unit: Int128 = columns[name]?.type == .timestamp ? 86_400_000_000 : 1
            return .truth(
                values.map { $0.map { $0 >= Int128(days.start) * unit && $0 < Int128(days.end) * unit } })
        }
    }

    private func truth(_ operand: Operand) -> [Bool?] {
        if case .truth(let values) = operand { return values }
        return []
    }

    @unsafe private func column(_ name: String, _ rows: ParsedRows) -> Operand {
        guard let (index, type) = columns[name] else { return .truth([]) }
        let count = unsafe rows.count
        let isAbsent = unsafe rows.isAbsent[index]
        let status = unsafe rows.status[index]
        func isNull(_ row: Int) -> Bool {
            unsafe isAbsent || (status != nil && status![row] != FieldStatus.ok.rawValue)
        }
        if type == .text {
            return .text((0..<count).map { isNull($0) ? nil : unsafe rows.text(index, $0) })
        }
        guard let slots = unsafe rows.slots[index] else {
            return .exact(Array(repeating: nil, count: count), scale: 0)
        }
        func values<T: BitwiseCopyable, U>(_ type: T.Type, _ convert: (T) -> U) -> [U?] {
            // SAFETY: slots hold rows.count elements of the type's layout.
            let values = unsafe slots.assumingMemoryBound(to: type)
            return (0..<count).map { isNull($0) ? nil : convert(unsafe values[$0]) }
        }
        let scale = if case .decimal(_, let scale) = type { scale } else { 0 }
        switch type.layout {
        case .int32: return .exact(values(Int32.self) { Int128($0) }, scale: scale)
        case .int64: return .exact(values(Int64.self) { Int128($0) }, scale: scale)
        case .int128: return .exact(values(Int128.self) { $0 }, scale: scale)
        case .float32: return .double(values(Float.self) { Double($0) })
        case .float64: return .double(values(Double.self) { $0 })
        case .bool: return .truth(values(UInt8.self) { $0 != 0 })
        case .text: return .text([])
        }
    }

    @unsafe private func compare(
        _ comparison: Expression.Comparison, _ a: Expression, _ b: Expression, _ rows: ParsedRows
    ) -> [Bool?] {
        func time(_ expression: Expression, besides other: Expression) -> Operand? {
            guard case .text(let literal) = expression, let value = timeLiteral(literal, besides: other)
            else {
                return nil
            }
            return .exact(Array(repeating: value, count: unsafe rows.count), scale: 0)
        }
        func holds<T: Comparable>(_ x: T, _ y: T) -> Bool {
            switch comparison {
            case .equal: x == y
            case .notEqual: x != y
            case .less: x < y
            case .lessOrEqual: x <= y
            case .greater: x > y
            case .greaterOrEqual: x >= y
            }
        }
        func rowwise<T>(_ x: [T?], _ y: [T?], _ holds: (T, T) -> Bool) -> [Bool?] {
            zip(x, y).map { x, y in
                guard let x, let y else { return nil }
                return holds(x, y)
            }
        }
        let left = unsafe time(a, besides: b) ?? evaluate(a, rows)
        let right = unsafe time(b, besides: a) ?? evaluate(b, rows)
        if case .text(let x) = left, case .text(let y) = right {
            return rowwise(x, y) { x, y in
                switch comparison {
                case .equal: x == y
                case .notEqual: x != y
                case .less: x.lexicographicallyPrecedes(y)
                case .lessOrEqual: !y.lexicographicallyPrecedes(x)
                case .greater: y.lexicographicallyPrecedes(x)
                case .greaterOrEqual: !x.lexicographicallyPrecedes(y)
                }
            }
        }
        if let (x, y, _) = Self.aligned(left, right) { return rowwise(x, y, holds) }
        return rowwise(Self.doubles(left), Self.doubles(right), holds)
    }

    /// Both as integers of one scale, or nil where one is a float or a number outgrows 128 bits.
    private static func aligned(_ a: Operand, _ b: Operand) -> (x: [Int128?], y: [Int128?], scale: Int)? {
        func exact(_ operand: Operand) -> (values: [Int128?], scale: Int)? {
            switch operand {
            case .exact(let values, let scale): (values, scale)
            case .truth(let values): (values.map { $0.map { $0 ? 1 : 0 } }, 0)
            default: nil
            }
        }
        guard let (x, scaleX) = exact(a), let (y, scaleY) = exact(b) else { return nil }
        let scale = max(scaleX, scaleY)
        func raised(_ values: [Int128?], by power: Int) -> [Int128?]? {
            guard power > 0 else { return values }
            guard power <= 38 else { return nil }
            var factor: Int128 = 1
            for _ in 0..<power { factor *= 10 }
            var result: [Int128?] = []
            result.reserveCapacity(values.count)
            for value in values {
                guard let value else {
                    result.append(nil)
                    continue
                }
                let (product, isOver) = value.multipliedReportingOverflow(by: factor)
                guard !isOver else { return nil }
                result.append(product)
            }
            return result
        }
        guard let left = raised(x, by: scale - scaleX), let right = raised(y, by: scale - scaleY) else {
            return nil
        }
        return (left, right, scale)
    }

    private static func doubles(_ operand: Operand) -> [Double?] {
        switch operand {
        case .double(let values): return values
        case .truth(let values): return values.map { $0.map { $0 ? 1 : 0 } }
        case .text(let values): return values.map { _ in nil }
        case .exact(let values, let scale):
            var divisor = 1.0
            for _ in 0..<scale { divisor *= 10 }
            return values.map { $0.map { Double($0) / divisor } }
        }
    }

    private static func combine(_ operation: Expression.Arithmetic, _ a: Operand, _ b: Operand) -> Operand {
        if operation != .divide, let exact = combineExactly(operation, a, b) { return exact }
        return .double(
            zip(doubles(a), doubles(b)).map { x, y in
                guard let x, let y else { return nil }
                switch operation {
                case .add: return x + y
                case .subtract: return x - y
                case .multiply: return x * y
                // As SQL's NULLIF(y, 0): what has no value fails no check.
                case .divide: return y == 0 ? nil : x / y
                }
            })
    }

    private static func combineExactly(_ operation: Expression.Arithmetic, _ a: Operand, _ b: Operand)
        -> Operand?
    {
        guard var (x, y, scale) = aligned(a, b) else { return nil }
        if operation == .multiply {
            // Unaligned, the product has the sum of the scales.
            guard case .exact(let left, let scaleX) = a, case .exact(let right, let scaleY) = b else {
                return nil
            }
            (x, y, scale) = (left, right, scaleX + scaleY)
        }
        var result: [Int128?] = []
        result.reserveCapacity(x.count)
        for (left, right) in zip(x, y) {
            guard let left, let right else {
                result.append(nil)
                continue
            }
            let (value, isOver) =
                switch operation {
                case .add: left.addingReportingOverflow(right)
                case .subtract: left.subtractingReportingOverflow(right)
                case .multiply, .divide: left.multipliedReportingOverflow(by: right)
                }
            guard !isOver else { return nil }
            result.append(value)
        }
        return .exact(result, scale: scale)
    }
}
