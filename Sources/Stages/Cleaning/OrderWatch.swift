import Columns

/// Watches rows go by in reading order and tells whether they already are as the table wants them: sorted, and no two of them
/// the same in the `unique` columns.
///
/// It never says yes wrongly. It says no, too, where uniqueness cannot be told from neighbours: then the rows are sorted.
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

    /// Begins anew: the rows to come follow this one, alone in its columns.
    mutating func begin(after row: [Column]) {
        last = row
        isInOrder = true
        runStart = 0
        leftOfRun.removeAll()
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
            needed.contains(index)
                ? columns[index].copy(row: row) : Column(type: columns[index].type, capacity: 1)
        }
    }
}
