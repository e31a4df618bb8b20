import Columns

/// Tells rows that stay from those that repeat one, and counts the latter. Rows that agree in the `unique` columns stand next
/// to each other; the first one stays.
struct RepeatCounter {
    /// Rows equal in all columns to the one that stayed, and rows that differ from it.
    private(set) var sameCount = 0
    private(set) var differentCount = 0
    /// The last row that stayed, alone in its columns.
    private var winner: [Column]?
    private let order: RowOrder
    /// Columns of the output: not the rank behind them.
    private let columnCount: Int

    /// - Parameter unique: none: all rows stay.
    init(unique: [Int], fields: [Field]) {
        order = RowOrder(keys: unique, fields: fields)
        columnCount = fields.count
    }

    private var isIdle: Bool { order.keys.columns.isEmpty }

    /// Takes note of rows of which none repeats another.
    mutating func skip(_ columns: [Column]) {
        if !isIdle { winner = columns.map { $0.copy(row: $0.count - 1) } }
    }

    /// Begins again with rows of which none repeats another; the counts stay.
    mutating func beginAgain() { winner = nil }

    /// The rows of a block that stay.
    mutating func spansThatStay(of block: RowBlock) -> [RowSpan] {
        if isIdle { return [RowSpan(source: 0, rows: block.rows)] }
        let columns = block.columns
        let first = block.rows.lowerBound
        let prefixes = order.prefixes(of: columns, rows: block.rows)
        let rows = RowComparison(columns, columnCount: columnCount)
        var spans: [RowSpan] = []
        var start = first
        // The row that the next ones are compared with, counted from the first; nil while that is the winner.
        var staying: Int?
        for offset in prefixes.indices {
            let isRepeated: Bool
            if let staying {
                isRepeated =
                    prefixes[staying] == prefixes[offset]
                    && (order.isExact || isEqual(columns, first + staying, columns, first + offset))
            } else {
                isRepeated = winner.map { isEqual($0, 0, columns, first + offset) } ?? false
            }
            guard isRepeated else {
                staying = offset
                continue
            }
            let isSame =
                staying.map { rows.isSame(first + $0, first + offset) }
                ?? RowKeys.isSameRow(winner!, 0, columns, first + offset, columnCount: columnCount)
            if isSame { sameCount += 1 } else { differentCount += 1 }
            if start < first + offset { spans.append(RowSpan(source: 0, rows: start..<(first + offset))) }
            start = first + offset + 1
        }
        if start < block.rows.upperBound {
            spans.append(RowSpan(source: 0, rows: start..<block.rows.upperBound))
        }
        if let staying { winner = columns.map { $0.copy(row: first + staying) } }
        return spans
    }

    private func isEqual(_ a: [Column], _ i: Int, _ b: [Column], _ j: Int) -> Bool {
        order.keys.compare(a, i, b, j) == .equal
    }
}

/// Compares rows of one block in all columns: by their bits where those agree, which they mostly do.
@safe private struct RowComparison {
    private let columns: [Column]
    /// Columns of which equal bits say it all, neither text nor nulls: their slots, valid as long as the columns are, and the
    /// bytes of one.
    private var plain: [(index: Int, slots: UnsafeMutableRawPointer, byteCount: Int)]
    private var others: [Int] = []

    init(_ columns: [Column], columnCount: Int) {
        self.columns = columns
        unsafe plain = []
        for (index, column) in columns.prefix(columnCount).enumerated() {
            if column.type.layout != .text, column.nullCount == 0 {
                unsafe plain.append((index, column.slotBase, column.type.layout.slotByteCount))
            } else {
                others.append(index)
            }
        }
    }

    func isSame(_ a: Int, _ b: Int) -> Bool {
        for index in unsafe plain.indices {
            let isEqual =
                switch unsafe plain[index].byteCount {
                case 1: hasEqualBits(index, a, b, UInt8.self)
                case 4: hasEqualBits(index, a, b, UInt32.self)
                case 8: hasEqualBits(index, a, b, UInt64.self)
                default: hasEqualBits(index, a, b, UInt128.self)
                }
            if isEqual { continue }
            // Zeros and NaNs are equal in more than one form.
            let column = unsafe columns[plain[index].index]
            if RowKeys.compare(column, a, column, b) != .equal { return false }
        }
        return others.allSatisfy { RowKeys.compare(columns[$0], a, columns[$0], b) == .equal }
    }

    @inline(__always)
    private func hasEqualBits<T: BitwiseCopyable & Equatable>(
        _ index: Int, _ a: Int, _ b: Int, _: T.Type
    ) -> Bool {
        // SAFETY: the rows are the column's, and T has its slots' width.
        let slots = unsafe plain[index].slots.assumingMemoryBound(to: T.self)
        return unsafe slots[a] == slots[b]
    }
}

extension Column {
    /// One row alone.
    func copy(row: Int) -> Column {
        let copy = Column(type: type, capacity: 1)
        copy.append(rows: row..<(row + 1), of: self)
        return copy
    }
}
