import Columns
import Graph

// Checks of one comparison over columns without nulls, which are by far the most, without a value in between: the four of a kline
// table took 36 ns a row, and take 2.7.
extension CheckProgram {
    /// The checks that nearly all tables have, without a value in between: two float64 or two 64-bit columns of one type
    /// compared, one compared with a number, and a timestamp in the partition. False where this is not one of them.
    @unsafe func markPlainFailures(
        of condition: Expression, _ rows: ParsedRows, _ failed: (Int) -> Void
    ) -> Bool {
        switch condition {
        case .comparison(let comparison, .column(let name), let literal):
            if case .column = literal { break }
            guard let column = columns[name], let slots = unsafe rows.slots[column.index],
                unsafe rows.status[column.index] == nil
            else { return false }
            switch (column.type, literal) {
            case (.float64, .integer(let value)):
                // Doubles hold such numbers exactly, and so compare with them as they are.
                guard abs(value) <= 1 << 53 else { return false }
                var number = Double(value)
                unsafe Self.compare(
                    comparison, slots.assumingMemoryBound(to: Double.self), &number, step: 0, rows.count,
                    failed)
            case (.float64, .number(var number)):
                unsafe Self.compare(
                    comparison, slots.assumingMemoryBound(to: Double.self), &number, step: 0, rows.count,
                    failed)
            case (.int64, .integer(let value)):
                guard var number = Int64(exactly: value) else { return false }
                unsafe Self.compare(
                    comparison, slots.assumingMemoryBound(to: Int64.self), &number, step: 0, rows.count,
                    failed)
            default: return false
            }
            return true
        default: break
        }
        switch condition {
        case .comparison(let comparison, .column(let a), .column(let b)):
            guard let x = columns[a], let y = columns[b], x.type == y.type,
                let left = unsafe rows.slots[x.index], let right = unsafe rows.slots[y.index],
                unsafe rows.status[x.index] == nil && rows.status[y.index] == nil
            else { return false }
            // SAFETY: slots hold rows.count elements of the type's layout.
            switch x.type.layout {
            case .float64:
                unsafe Self.compare(
                    comparison, left.assumingMemoryBound(to: Double.self),
                    right.assumingMemoryBound(to: Double.self),
                    rows.count, failed)
            case .int64:
                unsafe Self.compare(
                    comparison, left.assumingMemoryBound(to: Int64.self),
                    right.assumingMemoryBound(to: Int64.self),
                    rows.count, failed)
            default: return false
            }
            return true
        case .inPartition(let name):
            guard let days else { return true }
            guard let column = columns[name], column.type == .timestamp,
                let slots = unsafe rows.slots[column.index],
                unsafe rows.status[column.index] == nil
            else { return false }
            let values = unsafe slots.assumingMemoryBound(to: Int64.self)
            let start = Int64(clamping: Int128(days.start) * 86_400_000_000)
            let end = Int64(clamping: Int128(days.end) * 86_400_000_000)
            // SAFETY: slots hold rows.count elements.
            for row in 0..<(unsafe rows.count) where unsafe !(values[row] >= start && values[row] < end) {
                failed(row)
            }
            return true
        default: return false
        }
    }

    @inline(__always) @unsafe private static func compare<T: Comparable>(
        _ comparison: Expression.Comparison, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, step: Int = 1,
        _ count: Int, _ failed: (Int) -> Void
    ) {
        // SAFETY: `a` has count elements, and so has `b`, or one where the step is 0.
        switch comparison {
        case .equal: for row in 0..<count where unsafe !(a[row] == b[row &* step]) { failed(row) }
        case .notEqual: for row in 0..<count where unsafe !(a[row] != b[row &* step]) { failed(row) }
        case .less: for row in 0..<count where unsafe !(a[row] < b[row &* step]) { failed(row) }
        case .lessOrEqual: for row in 0..<count where unsafe !(a[row] <= b[row &* step]) { failed(row) }
        case .greater: for row in 0..<count where unsafe !(a[row] > b[row &* step]) { failed(row) }
        case .greaterOrEqual: for row in 0..<count where unsafe !(a[row] >= b[row &* step]) { failed(row) }
        }
    }
}
