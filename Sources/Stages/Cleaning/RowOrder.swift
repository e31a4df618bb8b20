import Columns

/// The order in which rows are sorted: by key columns, and rows equal in those by their rank, which no two rows share.
///
/// Rows are columns of the output with one more behind them, the rank: 64-bit integers that ascend in reading order, above
/// them how far down the list of preference a row's input stands, where that matters.
///
/// A row's *prefix* is a number that orders as its first key does, as far as 64 bits can tell.
struct RowOrder {
    let keys: RowKeys
    /// Index of the rank column, the last.
    let rank: Int
    /// Whether equal prefixes mean equal keys.
    let isExact: Bool
    /// Where the first key's slots are 64 bits and order as signed numbers: what makes one a prefix; else nil.
    let flippedBits: UInt64?
    /// Whether the first key may be null, for which a prefix gives up its lowest bit.
    private let isNullable: Bool

    /// Bits of a rank that count rows in reading order, from 1 on; 0 are rows that were written before all others came.
    static let ordinalBits: Int64 = 44
    static let ordinalMask: Int64 = 1 << ordinalBits - 1

    init(keys: [Int], fields: [Field]) {
        self.keys = RowKeys(columns: keys)
        rank = fields.count
        guard let first = keys.first else {
            isExact = true
            isNullable = false
            flippedBits = nil
            return
        }
        isNullable = fields[first].isNullable
        let isWide = fields[first].type.layout == .text || fields[first].type.layout == .int128
        flippedBits = !isNullable && fields[first].type.layout == .int64 ? Self.bits(Int64(0)) : nil
        isExact = keys.count == 1 && !isNullable && !isWide
    }

    /// Compares row `i` of `a` with row `j` of `b`.
    func isBefore(_ a: [Column], _ i: Int, _ b: [Column], _ j: Int) -> Bool {
        switch keys.compare(a, i, b, j) {
        case .less: true
        case .greater: false
        case .equal: value(a[rank], i) < value(b[rank], j)
        }
    }

    /// The same for rows with equal prefixes.
    func isBeforeAtEqualPrefix(_ a: [Column], _ i: Int, _ b: [Column], _ j: Int) -> Bool {
        isExact ? value(a[rank], i) < value(b[rank], j) : isBefore(a, i, b, j)
    }

    private func value(_ column: Column, _ row: Int) -> Int64 {
        unsafe column.withValues(as: Int64.self) { unsafe $0[row] }
    }

    /// The prefixes of some rows.
    func prefixes(of columns: [Column], rows: Range<Int>) -> [UInt64] {
        let column = columns[keys.columns.first ?? rank]
        precondition(rows.lowerBound >= 0 && rows.upperBound <= column.count)
        switch column.type.layout {
        case .int32: return numbers(column, rows, as: Int32.self) { Self.bits(Int64($0)) }
        case .int64: return numbers(column, rows, as: Int64.self) { Self.bits($0) }
        case .int128:
            return numbers(column, rows, as: Int128.self) { Self.bits(Int64(truncatingIfNeeded: $0 >> 64)) }
        case .bool: return numbers(column, rows, as: UInt8.self) { UInt64($0) << 1 }
        case .float32: return numbers(column, rows, as: Float.self) { Self.bits(Double($0)) }
        case .float64: return numbers(column, rows, as: Double.self) { Self.bits($0) }
        case .text: return texts(column, rows)
        }
    }

    private static func bits(_ value: Int64) -> UInt64 { UInt64(bitPattern: value) ^ 1 << 63 }

    private static func bits(_ value: Double) -> UInt64 {
        if value.isNaN { return .max }
        let bits = (value == 0 ? 0 : value).bitPattern
        return bits >> 63 == 1 ? ~bits : bits | 1 << 63
    }

    @inline(__always)
    private func numbers<T: BitwiseCopyable>(
        _ column: Column, _ rows: Range<Int>, as: T.Type, _ bits: (T) -> UInt64
    ) -> [UInt64] {
        var prefixes = unsafe column.withValues(as: T.self) { values in
            unsafe [UInt64](unsafeUninitializedCapacity: rows.count) { target, count in
                // SAFETY: the rows are the column's, and there is room for as many prefixes.
                for offset in 0..<rows.count {
                    unsafe target[offset] = bits(values[rows.lowerBound + offset])
                }
                count = rows.count
            }
        }
        makeRoomForNulls(&prefixes, column, rows)
        return prefixes
    }

    /// The first eight bytes.
    private func texts(_ column: Column, _ rows: Range<Int>) -> [UInt64] {
        var prefixes = unsafe column.withText { ends, bytes in
            rows.map { row in
                // SAFETY: a row's bytes lie between the end of the one before and its own.
                let start = unsafe row == 0 ? 0 : Int(ends[row - 1])
                let count = unsafe min(Int(ends[row]) - start, 8)
                var prefix: UInt64 = 0
                for offset in 0..<8 {
                    prefix = unsafe prefix << 8 | (offset < count ? UInt64(bytes[start + offset]) : 0)
                }
                return prefix
            }
        }
        makeRoomForNulls(&prefixes, column, rows)
        return prefixes
    }

    /// Nulls come first.
    private func makeRoomForNulls(_ prefixes: inout [UInt64], _ column: Column, _ rows: Range<Int>) {
        guard isNullable, !keys.columns.isEmpty else { return }
        for offset in prefixes.indices {
            prefixes[offset] =
                column.isNull(rows.lowerBound + offset) ? 0 : max(prefixes[offset] >> 1, 1)
        }
    }
}
