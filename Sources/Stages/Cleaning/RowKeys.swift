import Columns

/// Compares rows by some of their columns: nulls first, NaN last and equal to itself, -0 equal to 0.
struct RowKeys {
    /// Indices into the columns, most significant first.
    let columns: [Int]

    enum Order: Equatable { case less, equal, greater }

    /// Compares row `i` of `a` with row `j` of `b`; both have the same types.
    func compare(_ a: [Column], _ i: Int, _ b: [Column], _ j: Int) -> Order {
        for index in columns {
            let order = Self.compare(a[index], i, b[index], j)
            if order != .equal { return order }
        }
        return .equal
    }

    static func compare(_ a: Column, _ i: Int, _ b: Column, _ j: Int) -> Order {
        let isNullA = a.isNull(i)
        let isNullB = b.isNull(j)
        if isNullA || isNullB { return isNullA == isNullB ? .equal : isNullA ? .less : .greater }
        func ordered<T: BitwiseCopyable & Comparable>(_ type: T.Type) -> Order {
            // SAFETY: both rows are below their column's count, and T is the layout's element.
            let x = unsafe a.withValues(as: type) { unsafe $0[i] }
            let y = unsafe b.withValues(as: type) { unsafe $0[j] }
            return x < y ? .less : x == y ? .equal : .greater
        }
        func floating<T: BitwiseCopyable & BinaryFloatingPoint>(_ type: T.Type) -> Order {
            let x = unsafe a.withValues(as: type) { unsafe $0[i] }
            let y = unsafe b.withValues(as: type) { unsafe $0[j] }
            if x.isNaN || y.isNaN { return x.isNaN && y.isNaN ? .equal : x.isNaN ? .greater : .less }
            return x < y ? .less : x == y ? .equal : .greater
        }
        switch a.type.layout {
        case .int32: return ordered(Int32.self)
        case .int64: return ordered(Int64.self)
        case .int128: return ordered(Int128.self)
        case .bool: return ordered(UInt8.self)
        case .float32: return floating(Float.self)
        case .float64: return floating(Double.self)
        case .text:
            return unsafe a.withText { endsA, bytesA in
                unsafe b.withText { endsB, bytesB in
                    let x = unsafe bytesA[(i == 0 ? 0 : Int(endsA[i - 1]))..<Int(endsA[i])]
                    let y = unsafe bytesB[(j == 0 ? 0 : Int(endsB[j - 1]))..<Int(endsB[j])]
                    if unsafe x.elementsEqual(y) { return .equal }
                    return unsafe x.lexicographicallyPrecedes(y) ? .less : .greater
                }
            }
        }
    }

    /// Whether the first `columnCount` columns agree: what makes a row a duplicate rather than a conflict.
    static func isSameRow(_ a: [Column], _ i: Int, _ b: [Column], _ j: Int, columnCount: Int) -> Bool {
        for index in 0..<columnCount where compare(a[index], i, b[index], j) != .equal { return false }
        return true
    }
}
