import Columns

/// Blocks that are in memory, one after the other.
final class BlockList: RowSource {
    private let blocks: [RowBlock]
    private var index = 0

    init(_ blocks: [RowBlock]) { self.blocks = blocks }

    func next() -> RowBlock? {
        guard index < blocks.count else { return nil }
        index += 1
        return blocks[index - 1]
    }

    /// Blocks not handed out yet.
    var rest: ArraySlice<RowBlock> { blocks[index...] }
}

/// Merges runs, each in order in itself, into one.
final class RunMerge: RowSource {
    private var tree: MergeHeap

    /// - Parameters:
    ///   - types: of the columns; without the last, that of ranks, copied rows have none.
    ///   - blockRows: rows a block of the result has at most.
    init(_ sources: [any RowSource], order: RowOrder, types: [ColumnType], blockRows: Int) throws {
        tree = try MergeHeap(sources, order: order, types: types, blockRows: blockRows)
    }

    /// Of runs in memory.
    convenience init(_ runs: [[RowBlock]], order: RowOrder, types: [ColumnType], blockRows: Int) throws {
        try self.init(runs.map(BlockList.init), order: order, types: types, blockRows: blockRows)
    }

    func next() throws -> RowBlock? { try tree.next(limit: .max) }

    /// - Parameter limit: rows the block has at most; positive.
    func next(limit: Int) throws -> RowBlock? { try tree.next(limit: limit) }

    /// What has not been merged yet; of runs in memory only.
    func remainder() -> [[RowBlock]] { tree.remainder() }
}

/// The runs' next rows in a heap by prefix.
///
/// From the first run as many rows are taken at once as come before the next row of every other; a long stretch is handed
/// on where it lies, short ones are copied together. Where stretches are very short, the next rows of all runs are sorted
/// together instead: a radix sort costs a row less than its way through the heap. (A struct in a class, of arrays of plain
/// numbers: its hot loops need no check for exclusive access and count no references.)
private struct MergeHeap {
    struct Entry {
        var prefix: UInt64
        var cursor: Int32
    }

    let order: RowOrder
    let blockRows: Int
    // By cursor: where rows come from, the rows at hand, how many of them are taken.
    var sources: [any RowSource] = []
    var blocks: [RowBlock] = []
    /// The blocks' columns: for each column one by cursor.
    var columns: [[Column]]
    var counts: [Int] = []
    var taken: [Int] = []
    /// Rows of the cursor that were last sorted together with others: how many it will have the next time.
    var shares: [Int] = []
    let keys: MergeKeys
    var heap: [Entry] = []
    let output: [Column]
    /// Rows that go to the output, in stretches or else one by one; sources are cursors.
    var planned: [RowSpan] = []
    var plannedPlaces: [RowPlace] = []
    /// Rows that are sorted together, and memory for that.
    var batch: [SortEntry] = []
    var spareBatch: [SortEntry] = []

    /// A stretch from which on rows are handed on without a copy.
    static let longStretch = 1_024
    /// After so many stretches of fewer rows than these on average, rows are sorted together.
    static let stretchesToJudge = 32
    static let shortStretch = 4

    init(_ sources: [any RowSource], order: RowOrder, types: [ColumnType], blockRows: Int) throws {
        self.order = order
        self.blockRows = blockRows
        columns = types.map { _ in [] }
        output = types.map { Column(type: $0, capacity: min(blockRows, 4_096)) }
        keys = MergeKeys(count: sources.count, order: order)
        for source in sources {
            guard let block = try source.next() else { continue }
            let cursor = self.sources.count
            self.sources.append(source)
            blocks.append(block)
            for index in columns.indices { columns[index].append(block.columns[index]) }
            counts.append(block.rows.count)
            taken.append(0)
            shares.append(0)
            keys.set(cursor, block)
            heap.append(Entry(prefix: keys.prefix(cursor, 0), cursor: Int32(cursor)))
        }
        makeHeap()
    }

    private mutating func makeHeap() {
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    mutating func next(limit: Int) throws -> RowBlock? {
        let limit = min(limit, blockRows)
        for column in output { column.removeAll() }
        var count = 0
        var stretches = (count: 0, rows: 0)
        while count < limit {
            guard try refillFirst() else { break }
            if stretches.count >= Self.stretchesToJudge,
                stretches.rows < stretches.count * Self.shortStretch
            {
                let sorted = copyBatch(limit: limit - count)
                count += sorted
                // What is left of the limit is too little to be worth another time.
                if count > limit / 2 { break }
                if sorted > 0 { continue }
                stretches = (0, 0)
            }
            let cursor = Int(heap[0].cursor)
            let stretch = min(stretchOfFirst(), limit - count)
            let row = blocks[cursor].rows.lowerBound + taken[cursor]
            if stretch >= Self.longStretch || (heap.count == 1 && stretch > 16) {
                // It goes alone: now, or the next time.
                guard count == 0 else { break }
                taken[cursor] += stretch
                let block = RowBlock(blocks[cursor].columns, rows: row..<(row + stretch))
                settleFirst()
                return block
            }
            taken[cursor] += stretch
            planned.append(RowSpan(source: cursor, rows: row..<(row + stretch)))
            count += stretch
            stretches.count += 1
            stretches.rows += stretch
            settleFirst()
        }
        copyPlanned()
        return count > 0 ? RowBlock(output) : nil
    }

    func remainder() -> [[RowBlock]] {
        sources.indices.map { cursor in
            var rest: [RowBlock] = []
            let rows = blocks[cursor].rows.dropFirst(taken[cursor])
            if !rows.isEmpty { rest.append(RowBlock(blocks[cursor].columns, rows: rows)) }
            if let list = sources[cursor] as? BlockList { rest += list.rest }
            return rest
        }
    }

    /// Puts the first cursor, some rows of which were taken, where it belongs. An exhausted one stays first.
    private mutating func settleFirst() {
        let cursor = Int(heap[0].cursor)
        guard taken[cursor] < counts[cursor] else { return }
        heap[0].prefix = keys.prefix(cursor, taken[cursor])
        siftDown(0)
    }

    /// Asks the first cursor's source for more if it is exhausted; false when there are no rows left anywhere.
    private mutating func refillFirst() throws -> Bool {
        while let first = heap.first {
            let cursor = Int(first.cursor)
            guard taken[cursor] == counts[cursor] else { return true }
            // The block goes, so what was planned of it is copied before.
            copyPlanned()
            if let block = try sources[cursor].next() {
                blocks[cursor] = block
                for index in columns.indices { columns[index][cursor] = block.columns[index] }
                counts[cursor] = block.rows.count
                taken[cursor] = 0
                keys.set(cursor, block)
                settleFirst()
                return true
            }
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
            if !heap.isEmpty { siftDown(0) }
        }
        return false
    }

    private mutating func copyPlanned() {
        guard !planned.isEmpty || !plannedPlaces.isEmpty else { return }
        for (index, column) in output.enumerated() {
            if planned.isEmpty {
                column.append(plannedPlaces.span, of: columns[index])
            } else {
                column.append(planned.span, of: columns[index])
            }
        }
        planned.removeAll(keepingCapacity: true)
        plannedPlaces.removeAll(keepingCapacity: true)
    }

    // MARK: stretches

    /// How many rows of the first cursor come before the next row of every other; at least 1.
    private func stretchOfFirst() -> Int {
        let cursor = Int(heap[0].cursor)
        let start = taken[cursor]
        let count = counts[cursor]
        guard heap.count > 1 else { return count - start }
        let rival = heap.count > 2 && isBefore(heap[2], heap[1]) ? heap[2] : heap[1]
        let end = keys.firstNotBelow(rival.prefix, in: cursor, from: start, below: count)
        guard end < count, keys.prefix(cursor, end) == rival.prefix else {
            return max(end, start + 1) - start
        }
        return max(endOfTies(with: rival, from: end, below: count), start + 1) - start
    }

    /// The end of the first cursor's rows that have the rival's prefix and yet come before it.
    private func endOfTies(with rival: Entry, from start: Int, below count: Int) -> Int {
        let cursor = Int(heap[0].cursor)
        let other = Int(rival.cursor)
        var end = start
        while end < count, keys.prefix(cursor, end) == rival.prefix,
            isBeforeAtEqualPrefix(cursor, end, other, taken[other])
        {
            end += 1
        }
        return end
    }

    private func isBefore(_ a: Entry, _ b: Entry) -> Bool {
        guard a.prefix == b.prefix else { return a.prefix < b.prefix }
        let (first, second) = (Int(a.cursor), Int(b.cursor))
        return isBeforeAtEqualPrefix(first, taken[first], second, taken[second])
    }

    /// Rows are counted from the first of their block.
    private func isBeforeAtEqualPrefix(_ a: Int, _ i: Int, _ b: Int, _ j: Int) -> Bool {
        if a == b { return i < j }
        if order.isExact { return keys.rank(a, i) < keys.rank(b, j) }
        return order.isBefore(
            blocks[a].columns, blocks[a].rows.lowerBound + i, blocks[b].columns,
            blocks[b].rows.lowerBound + j)
    }

    private mutating func siftDown(_ start: Int) {
        let moved = heap[start]
        var parent = start
        while 2 * parent + 1 < heap.count {
            var child = 2 * parent + 1
            if child + 1 < heap.count, isBefore(heap[child + 1], heap[child]) { child += 1 }
            guard isBefore(heap[child], moved) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = moved
    }

    // MARK: sorting together

    /// Copies the next rows of all runs, sorted together: those with a prefix below one that at most `limit` rows can have.
    ///
    /// - Returns: how many; 0 where too many prefixes are equal, or a block is about to end.
    private mutating func copyBatch(limit: Int) -> Int {
        guard heap.count > 1, heap.count < limit else { return 0 }
        // Of each run no more rows than its share, which is what it had the last time and a little more.
        let weights = heap.reduce(0) { $0 + weight(of: $1) }
        var bound = UInt64.max
        for entry in heap {
            let cursor = Int(entry.cursor)
            let share = weight(of: entry) * limit / weights
            bound = min(bound, keys.prefix(cursor, min(taken[cursor] + share, counts[cursor] - 1)))
        }
        // Out of the struct, which the order of ties asks things of.
        var rows: [SortEntry] = []
        swap(&rows, &batch)
        defer { swap(&rows, &batch) }
        rows.removeAll(keepingCapacity: true)
        for index in heap.indices {
            let cursor = Int(heap[index].cursor)
            shares[cursor] = 0
            guard heap[index].prefix < bound else { continue }
            let start = taken[cursor]
            let end = keys.firstNotBelow(bound, in: cursor, from: start, below: counts[cursor])
            keys.append(cursor, start..<end, to: &rows)
            taken[cursor] = end
            shares[cursor] = end - start
            heap[index].prefix = keys.prefix(cursor, end)
        }
        guard !rows.isEmpty else { return 0 }
        makeHeap()
        sortByPrefix(&rows, using: &spareBatch)
        sortTies(in: &rows) {
            isBeforeAtEqualPrefix(Int($0.cursor), Int($0.row), Int($1.cursor), Int($1.row))
        }
        copyPlanned()
        for row in rows {
            let first = blocks[Int(row.cursor)].rows.lowerBound
            plannedPlaces.append(
                RowPlace(source: row.cursor, row: row.row &+ Int32(truncatingIfNeeded: first)))
        }
        copyPlanned()
        return rows.count
    }

    private func weight(of entry: Entry) -> Int {
        let share = shares[Int(entry.cursor)]
        return share + share / 4 + 16
    }
}
