import Columns

/// All rows of a partition in memory, for the case that they come in the wrong order or more than once.
///
/// Costs the memory of the whole partition; rows that arrive in order never come here.
struct CollectedRows {
    /// Identifies a row; ascending in reading order.
    struct RowID: Hashable, Comparable {
        var segment: UInt32
        var row: UInt32
        static func < (a: Self, b: Self) -> Bool {
            a.segment == b.segment ? a.row < b.row : a.segment < b.segment
        }
    }

    private struct SortEntry {
        var prefix: UInt64
        var id: RowID
    }

    private(set) var segments: [[Column]] = []
    /// The first row of each input, in reading order, and how much it is preferred.
    private var starts: [(id: RowID, preference: Int)] = []

    mutating func append(_ segment: [Column]) { segments.append(segment) }

    /// Declares that the row `row` of the segment after those there are is the first of another input.
    mutating func beginInput(row: Int, preference: Int) {
        starts.append((RowID(segment: UInt32(segments.count), row: UInt32(row)), preference))
    }

    /// The rows that stay, in their final order.
    ///
    /// - Parameters:
    ///   - sort: by these columns, rows equal in them in reading order. None: all in reading order.
    ///   - unique: of rows equal in these the most preferred stays, of several the first. None: all stay.
    /// - Returns: also how many rows were dropped as equal to the one that stayed, and how many as different from it.
    func arranged(sort: [Int], unique: [Int]) -> (rows: [RowID], duplicateCount: Int, conflictCount: Int) {
        var ids: [RowID] = []
        ids.reserveCapacity(segments.reduce(0) { $0 + $1[0].count })
        for (segment, columns) in segments.enumerated() {
            for row in 0..<columns[0].count { ids.append(RowID(segment: UInt32(segment), row: UInt32(row))) }
        }
        var duplicateCount = 0
        var conflictCount = 0
        if !unique.isEmpty {
            let keys = RowKeys(columns: unique)
            let grouped = sorted(ids, by: keys) { a, b in
                let (x, y) = (preference(of: a), preference(of: b))
                return x == y ? a < b : x < y
            }
            ids.removeAll(keepingCapacity: true)
            for id in grouped {
                guard let winner = ids.last, order(keys, winner, id) == .equal else {
                    ids.append(id)
                    continue
                }
                let isSame = RowKeys.isSameRow(
                    segments[Int(winner.segment)], Int(winner.row), segments[Int(id.segment)], Int(id.row))
                if isSame { duplicateCount += 1 } else { conflictCount += 1 }
            }
        }
        if !sort.isEmpty {
            ids = sorted(ids, by: RowKeys(columns: sort)) { $0 < $1 }
        } else if !unique.isEmpty {
            ids.sort()
        }
        return (ids, duplicateCount, conflictCount)
    }

    /// Copies rows into columns of their own.
    func gather(_ ids: ArraySlice<RowID>, types: [ColumnType]) -> [Column] {
        types.enumerated().map { index, type in
            let column = Column(type: type, capacity: ids.count)
            for id in ids { column.append(row: Int(id.row), of: segments[Int(id.segment)][index]) }
            return column
        }
    }

    /// Sorts by the keys, and by `isBefore` where those are equal.
    private func sorted(
        _ ids: [RowID], by keys: RowKeys, tie isBefore: (RowID, RowID) -> Bool
    ) -> [RowID] {
        var entries = ids.map {
            SortEntry(prefix: keys.prefix(segments[Int($0.segment)], Int($0.row)), id: $0)
        }
        entries.sort { a, b in
            if a.prefix != b.prefix { return a.prefix < b.prefix }
            switch order(keys, a.id, b.id) {
            case .less: return true
            case .greater: return false
            case .equal: return isBefore(a.id, b.id)
            }
        }
        return entries.map(\.id)
    }

    private func order(_ keys: RowKeys, _ a: RowID, _ b: RowID) -> RowKeys.Order {
        keys.compare(segments[Int(a.segment)], Int(a.row), segments[Int(b.segment)], Int(b.row))
    }

    private func preference(of id: RowID) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle].id <= id { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : starts[low - 1].preference
    }
}
