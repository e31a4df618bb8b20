import CSV
package import Columns
import Graph

/// Counts what is written, row group by row group, in the final order.
struct DatasetCounter {
    private(set) var statistics = DatasetStatistics()
    private let fields: [Field]
    /// Index of the first sort column, or nil.
    private let key: Int?
    private let step: Step?
    private var previous: Int64?

    init(fields: [Field], key: Int?, step: Step?) {
        self.fields = fields
        self.key = key
        self.step = step
    }

    mutating func count(_ columns: [Column]) {
        let rowCount = columns[0].count
        statistics.rowCount += rowCount
        for (field, column) in zip(fields, columns) where column.nullCount > 0 {
            statistics.nullCounts[field.name, default: 0] += column.nullCount
        }
        guard let key, rowCount > 0 else { return }
        let column = columns[key]
        // Nulls sort first, and are neither first nor last values.
        guard let first = (0..<rowCount).first(where: { !column.isNull($0) }) else { return }
        if statistics.first == nil { statistics.first = text(of: column, row: first) }
        statistics.last = text(of: column, row: rowCount - 1)
        switch column.type.layout {
        case .int64:
            if let step {
                unsafe column.withValues(as: Int64.self) {
                    unsafe countGaps($0[first...], step, isDate: false) { $0 }
                }
            }
        case .int32:
            if let step {
                unsafe column.withValues(as: Int32.self) {
                    unsafe countGaps($0[first...], step, isDate: column.type == .date) { Int64($0) }
                }
            }
        default: break
        }
    }

    private mutating func countGaps<T>(
        _ values: Slice<UnsafeBufferPointer<T>>, _ step: Step, isDate: Bool, _ wide: (T) -> Int64
    ) {
        for row in unsafe values.indices {
            let value = wide(unsafe values[row])
            if let previous {
                let missing = step.missingCount(from: previous, to: value, isDate: isDate)
                if missing > 0 {
                    statistics.gapCount += 1
                    // Keys may lie further apart than an Int counts.
                    let (sum, isOver) = statistics.missingRowCount.addingReportingOverflow(Int(missing))
                    statistics.missingRowCount = isOver ? .max : sum
                }
            }
            previous = value
        }
    }
}

/// One value as people read it: RFC 3339 for times, plain text otherwise. The row must not be null.
package func text(of column: Column, row: Int) -> String {
    func value<T: BitwiseCopyable>(_ type: T.Type) -> T {
        unsafe column.withValues(as: type) { unsafe $0[row] }
    }
    switch column.type {
    case .int32: return String(value(Int32.self))
    case .int64: return String(value(Int64.self))
    case .float32: return String(value(Float.self))
    case .float64: return String(value(Double.self))
    case .bool: return value(UInt8.self) == 0 ? "false" : "true"
    case .date: return dateText(days: Int(value(Int32.self)))
    case .timestamp: return timestampText(value(Int64.self))
    case .decimal(let precision, let scale):
        return decimalText(precision <= 18 ? Int128(value(Int64.self)) : value(Int128.self), scale: scale)
    case .text:
        return unsafe column.withText { ends, bytes in
            let start = unsafe row == 0 ? 0 : Int(ends[row - 1])
            return unsafe String(decoding: bytes[start..<Int(ends[row])], as: UTF8.self)
        }
    }
}

private func decimalText(_ value: Int128, scale: Int) -> String {
    var digits = String(value.magnitude)
    if digits.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.count) + digits }
    let whole = digits.dropLast(scale)
    return (value < 0 ? "-" : "") + whole + (scale > 0 ? "." + digits.suffix(scale) : "")
}

private func padded(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}

private func dateText(days: Int) -> String {
    let (year, month, day) = civilDate(daysSince1970: days)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
}

private func timestampText(_ microseconds: Int64) -> String {
    let days = microseconds.floored(to: 86_400_000_000)
    // Wraps for the days around the first and last that 64 bits reach; the difference is right all the same.
    let rest = Int(microseconds &- days &* 86_400_000_000)
    let seconds = rest / 1_000_000
    let fraction = rest % 1_000_000
    let digits = fraction % 1_000 == 0 ? padded(fraction / 1_000, 3) : padded(fraction, 6)
    return dateText(days: Int(days)) + "T" + padded(seconds / 3_600, 2) + ":" + padded(seconds / 60 % 60, 2)
        + ":"
        + padded(seconds % 60, 2) + (fraction == 0 ? "" : "." + digits) + "Z"
}
