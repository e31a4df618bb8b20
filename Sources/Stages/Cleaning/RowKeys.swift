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

    /// Whether all columns agree: what makes a row a duplicate rather than a conflict.
    static func isSameRow(_ a: [Column], _ i: Int, _ b: [Column], _ j: Int) -> Bool {
        for index in a.indices where compare(a[index], i, b[index], j) != .equal { return false }
        return true
    }

    /// A number that orders as the first key column does, as far as 64 bits can tell, with nulls lowest.
    func prefix(_ columns: [Column], _ row: Int) -> UInt64 {
        let column = columns[self.columns[0]]
        if column.isNull(row) { return 0 }
        // Room for nulls below: the lowest bit is given up, so equal prefixes are compared in full.
        func shifted(_ key: UInt64) -> UInt64 { max(key >> 1, 1) }
        func value<T: BitwiseCopyable>(_ type: T.Type) -> T {
            // SAFETY: the row is below the column's count, and T is the layout's element.
            unsafe column.withValues(as: type) { unsafe $0[row] }
        }
        func fromDouble(_ number: Double) -> UInt64 {
            if number.isNaN { return .max }
            let bits = (number == 0 ? 0 : number).bitPattern
            return bits >> 63 == 1 ? ~bits : bits | 1 << 63
        }
        switch column.type.layout {
        case .int32: return shifted(UInt64(bitPattern: Int64(value(Int32.self))) ^ 1 << 63)
        case .int64: return shifted(UInt64(bitPattern: value(Int64.self)) ^ 1 << 63)
        case .int128:
            return shifted(UInt64(bitPattern: Int64(truncatingIfNeeded: value(Int128.self) >> 64)) ^ 1 << 63)
        case .bool: return shifted(UInt64(value(UInt8.self)) << 1)
        case .float32: return shifted(fromDouble(Double(value(Float.self))))
        case .float64: return shifted(fromDouble(value(Double.self)))
        case .text:
            return unsafe column.withText { ends, bytes in
                let start = unsafe row == 0 ? 0 : Int(ends[row - 1])
                let end = unsafe Int(ends[row])
                var key: UInt64 = 0
                for offset in 0..<8 {
                    key = unsafe key << 8 | (start + offset < end ? UInt64(bytes[start + offset]) : 0)
                }
                return shifted(key)
            }
        }
    }
}

/// Watches rows go by in reading order and tells whether they already are as the table wants them: sorted, and no two of them
/// the same in the `unique` columns.
///
/// It never says yes wrongly. It says no, too, where uniqueness cannot be told from neighbours: then the rows are collected.
struct OrderWatch {
    private enum Proof {
        /// No `unique` columns.
        case none
        /// Equal neighbours in sort order are the duplicates: `unique` is what is sorted by.
        case strictlySorted
        /// Duplicates lie among rows of equal sort keys: `unique` has all sort columns and more.
        case withinRuns
        /// Strictly ascending by the `unique` columns themselves.
        case strictlyAscending
    }

    private let sort: RowKeys
    private let unique: RowKeys
    private let proof: Proof
    /// The single sort column of 64-bit integers, which is nearly always the case.
    private let plainKey: Int?
    private(set) var isInOrder = true
    /// The last row before the columns at hand.
    private var last: [Column] = []
    /// The run of equal sort keys that is going on: its first row in the columns at hand, and rows that have left them.
    private var runStart = 0
    private var leftOfRun: [[Column]] = []
    /// Rows of a run that are compared pair by pair; longer runs are cheaper to sort.
    private static let runLimit = 64

    init(sort: [Int], unique: [Int], types: [ColumnType]) {
        self.sort = RowKeys(columns: sort)
        self.unique = RowKeys(columns: unique)
        if unique.isEmpty {
            proof = .none
        } else if Set(sort) == Set(unique) {
            proof = .strictlySorted
        } else if !sort.isEmpty, Set(sort).isSubset(of: unique) {
            proof = .withinRuns
        } else {
            proof = .strictlyAscending
        }
        plainKey = sort.count == 1 && types[sort[0]].layout == .int64 ? sort[0] : nil
    }

    /// Looks at the rows from `start` on, which follow those seen before.
    mutating func observe(_ columns: [Column], from start: Int) {
        let count = columns[0].count
        guard isInOrder, start < count, !sort.columns.isEmpty || proof != .none else { return }
        if start == 0, !last.isEmpty { observe(columns, 0, after: last, 0) }
        let first = max(start, 1)
        if let plainKey, columns[plainKey].nullCount == 0, proof == .none || proof == .strictlySorted {
            let isStrict = proof == .strictlySorted
            isInOrder =
                unsafe columns[plainKey].withValues(as: Int64.self) { values in
                    // SAFETY: 1 <= row < count.
                    var isRight = true
                    for row in stride(from: first, to: count, by: 1) {
                        let a = unsafe values[row - 1]
                        let b = unsafe values[row]
                        isRight = isRight && (isStrict ? a < b : a <= b)
                    }
                    return isRight
                } && isInOrder
            return
        }
        for row in stride(from: first, to: count, by: 1) where isInOrder {
            observe(columns, row, after: columns, row - 1)
        }
    }

    private mutating func observe(_ columns: [Column], _ row: Int, after earlier: [Column], _ previous: Int) {
        let order = sort.columns.isEmpty ? .less : sort.compare(earlier, previous, columns, row)
        if order == .greater {
            isInOrder = false
            return
        }
        switch proof {
        case .none: break
        case .strictlySorted: isInOrder = order == .less
        case .strictlyAscending: isInOrder = unique.compare(earlier, previous, columns, row) == .less
        case .withinRuns:
            guard order == .equal else {
                runStart = row
                leftOfRun.removeAll()
                return
            }
            isInOrder =
                row - runStart + leftOfRun.count < Self.runLimit
                && !(runStart..<row).contains { unique.compare(columns, $0, columns, row) == .equal }
                && !leftOfRun.contains { unique.compare($0, 0, columns, row) == .equal }
        }
    }

    /// Keeps the last row, before the columns are emptied.
    mutating func rowsLeave(_ columns: [Column]) {
        guard isInOrder, columns[0].count > 0, !sort.columns.isEmpty || proof != .none else { return }
        let count = columns[0].count
        last = copy(columns, count - 1)
        if proof == .withinRuns {
            leftOfRun += (runStart..<count).map { copy(columns, $0) }
            runStart = 0
        }
    }

    /// One row alone; columns that decide nothing stay empty.
    private func copy(_ columns: [Column], _ row: Int) -> [Column] {
        let needed = Set(sort.columns + unique.columns)
        return columns.indices.map { index in
            let column = Column(type: columns[index].type, capacity: 1)
            if needed.contains(index) { column.append(row: row, of: columns[index]) }
            return column
        }
    }
}

extension Column {
    /// Appends one row of a column of the same type.
    func append(row: Int, of other: Column) {
        if other.isNull(row) { return appendNull() }
        func value<T: BitwiseCopyable>(_ type: T.Type) -> T {
            // SAFETY: the row is below the column's count, and T is the layout's element.
            unsafe other.withValues(as: type) { unsafe $0[row] }
        }
        switch type.layout {
        case .int32: append(value(Int32.self))
        case .int64: append(value(Int64.self))
        case .int128: append(value(Int128.self))
        case .float32: append(value(Float.self))
        case .float64: append(value(Double.self))
        case .bool: append(value(UInt8.self))
        case .text:
            unsafe other.withText { ends, bytes in
                let start = unsafe row == 0 ? 0 : Int(ends[row - 1])
                unsafe appendText(UnsafeRawBufferPointer(rebasing: bytes[start..<Int(ends[row])]))
            }
        }
    }
}
