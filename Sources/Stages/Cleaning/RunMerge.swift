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

    /// - Parameter blockRows: rows a block of the result has at most.
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
    var counts: [Int] = []
    var taken: [Int] = []
    let keys: KeyMemory
    var heap: [Entry] = []
    let output: [Column]
    /// Rows that go to the output; sources are cursors.
    var planned: [RowSpan] = []
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
        output = types.map { Column(type: $0, capacity: min(blockRows, 4_096)) }
        keys = KeyMemory(count: sources.count)
        for source in sources {
            guard let block = try source.next() else { continue }
            let cursor = self.sources.count
            self.sources.append(source)
            blocks.append(block)
            counts.append(block.rows.count)
            taken.append(0)
            keys.set(cursor, block, order)
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
                let sorted = planBatch(limit: limit - count)
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
                counts[cursor] = block.rows.count
                taken[cursor] = 0
                keys.set(cursor, block, order)
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
        guard !planned.isEmpty else { return }
        for (index, column) in output.enumerated() {
            column.append(planned.span, of: blocks.map { $0.columns[index] })
        }
        planned.removeAll(keepingCapacity: true)
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

    /// Plans the next rows of all runs, sorted together: those with a prefix below one that at most `limit` rows can have.
    ///
    /// - Returns: how many; 0 where too many prefixes are equal, or a block is about to end.
    private mutating func planBatch(limit: Int) -> Int {
        let share = limit / heap.count
        guard heap.count > 1, share > 0 else { return 0 }
        var bound = UInt64.max
        for entry in heap {
            let cursor = Int(entry.cursor)
            bound = min(bound, keys.prefix(cursor, min(taken[cursor] + share, counts[cursor] - 1)))
        }
        // Out of the struct, which the order of ties asks things of.
        var rows: [SortEntry] = []
        swap(&rows, &batch)
        defer { swap(&rows, &batch) }
        rows.removeAll(keepingCapacity: true)
        for index in heap.indices where heap[index].prefix < bound {
            let cursor = Int(heap[index].cursor)
            let start = taken[cursor]
            let end = keys.firstNotBelow(bound, in: cursor, from: start, below: counts[cursor])
            for offset in start..<end {
                rows.append(
                    SortEntry(
                        prefix: keys.prefix(cursor, offset), row: Int32(truncatingIfNeeded: offset),
                        cursor: Int32(truncatingIfNeeded: cursor)))
            }
            taken[cursor] = end
            heap[index].prefix = keys.prefix(cursor, end)
        }
        guard !rows.isEmpty else { return 0 }
        makeHeap()
        sortByPrefix(&rows, using: &spareBatch)
        sortTies(in: &rows) {
            isBeforeAtEqualPrefix(Int($0.cursor), Int($0.row), Int($1.cursor), Int($1.row))
        }
        plan(rows)
        return rows.count
    }

    /// Plans rows in order, neighbours of one run together.
    private mutating func plan(_ rows: [SortEntry]) {
        var first = 0
        while first < rows.count {
            let entry = rows[first]
            var end = first + 1
            while end < rows.count, rows[end].cursor == entry.cursor,
                rows[end].row == entry.row &+ Int32(truncatingIfNeeded: end - first)
            {
                end += 1
            }
            let row = blocks[Int(entry.cursor)].rows.lowerBound + Int(entry.row)
            planned.append(RowSpan(source: Int(entry.cursor), rows: row..<(row + end - first)))
            first = end
        }
    }
}

/// The prefixes and ranks of the rows at hand, by cursor.
@safe private final class KeyMemory {
    private let bases: UnsafeMutableBufferPointer<UnsafeMutableBufferPointer<UInt64>>
    /// Into the blocks' rank columns, which the merge keeps as long as it asks for their rows.
    private let ranks: UnsafeMutableBufferPointer<UnsafePointer<Int64>?>

    init(count: Int) {
        unsafe bases = .allocate(capacity: count)
        unsafe bases.initialize(repeating: .init(start: nil, count: 0))
        unsafe ranks = .allocate(capacity: count)
        unsafe ranks.initialize(repeating: nil)
    }

    deinit {
        for cursor in unsafe 0..<bases.count { unsafe bases[cursor].deallocate() }
        unsafe bases.deallocate()
        unsafe ranks.deallocate()
    }

    func set(_ cursor: Int, _ block: RowBlock, _ order: RowOrder) {
        let prefixes = order.prefixes(of: block.columns, rows: block.rows)
        let column = block.columns[order.rank]
        precondition(column.type == .int64 && block.rows.upperBound <= column.count)
        unsafe ranks[cursor] = UnsafePointer(
            column.slotBase.assumingMemoryBound(to: Int64.self) + block.rows.lowerBound)
        if unsafe bases[cursor].count < prefixes.count {
            unsafe bases[cursor].deallocate()
            unsafe bases[cursor] = .allocate(capacity: prefixes.count)
        }
        // SAFETY: there is room for all of them.
        unsafe prefixes.withUnsafeBufferPointer {
            _ = unsafe bases[cursor].update(fromContentsOf: $0)
        }
    }

    func prefix(_ cursor: Int, _ offset: Int) -> UInt64 { unsafe bases[cursor][offset] }

    /// - Parameter offset: of a row of the block that was set last.
    func rank(_ cursor: Int, _ offset: Int) -> Int64 {
        // SAFETY: offsets are below the count of the block's rows, all of which the rank column has.
        unsafe ranks[cursor]![offset]
    }

    /// The first offset from `start` on whose prefix is not below; they ascend. In steps that double, then by halving.
    func firstNotBelow(_ prefix: UInt64, in cursor: Int, from start: Int, below count: Int) -> Int {
        let base = unsafe bases[cursor]
        // SAFETY: all offsets are below count, for which prefixes were set.
        guard start < count, unsafe base[start] < prefix else { return start }
        var known = start
        var step = 1
        var end = start + 1
        while end < count, unsafe base[end] < prefix {
            known = end
            step *= 2
            end = min(known + step, count)
        }
        while known + 1 < end {
            let middle = (known + end) / 2
            if unsafe base[middle] < prefix { known = middle } else { end = middle }
        }
        return known + 1
    }
}
