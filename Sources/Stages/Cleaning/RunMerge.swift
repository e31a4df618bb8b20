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
/// on where it lies, short ones are copied together. (A struct in a class, of arrays of plain numbers: its hot loops need no
/// check for exclusive access and count no references.)
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
    let prefixes: PrefixMemory
    var heap: [Entry] = []
    let output: [Column]
    /// Rows that go to the output; sources are cursors.
    var planned: [RowSpan] = []

    /// A stretch from which on rows are handed on without a copy.
    static let longStretch = 1_024

    init(_ sources: [any RowSource], order: RowOrder, types: [ColumnType], blockRows: Int) throws {
        self.order = order
        self.blockRows = blockRows
        output = types.map { Column(type: $0, capacity: min(blockRows, 4_096)) }
        prefixes = PrefixMemory(count: sources.count)
        for source in sources {
            guard let block = try source.next() else { continue }
            let cursor = self.sources.count
            self.sources.append(source)
            blocks.append(block)
            counts.append(block.rows.count)
            taken.append(0)
            prefixes.set(cursor, order.prefixes(of: block.columns, rows: block.rows))
            heap.append(Entry(prefix: prefixes[cursor, 0], cursor: Int32(cursor)))
        }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    mutating func next(limit: Int) throws -> RowBlock? {
        let limit = min(limit, blockRows)
        for column in output { column.removeAll() }
        var count = 0
        while count < limit {
            guard try refillFirst() else { break }
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
        heap[0].prefix = prefixes[cursor, taken[cursor]]
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
                prefixes.set(cursor, order.prefixes(of: block.columns, rows: block.rows))
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

    /// How many rows of the first cursor come before the next row of every other; at least 1.
    private func stretchOfFirst() -> Int {
        let cursor = Int(heap[0].cursor)
        let start = taken[cursor]
        let count = counts[cursor]
        guard heap.count > 1 else { return count - start }
        let rival = heap.count > 2 && isBefore(heap[2], heap[1]) ? heap[2] : heap[1]
        let end = prefixes.firstNotBelow(rival.prefix, in: cursor, from: start, below: count)
        guard end < count, prefixes[cursor, end] == rival.prefix else { return max(end, start + 1) - start }
        return max(endOfTies(with: rival, from: end, below: count), start + 1) - start
    }

    /// The end of the first cursor's rows that have the rival's prefix and yet come before it.
    private func endOfTies(with rival: Entry, from start: Int, below count: Int) -> Int {
        let cursor = Int(heap[0].cursor)
        let block = blocks[cursor]
        let other = blocks[Int(rival.cursor)]
        let row = other.rows.lowerBound + taken[Int(rival.cursor)]
        var end = start
        while end < count, prefixes[cursor, end] == rival.prefix,
            order.isBeforeAtEqualPrefix(block.columns, block.rows.lowerBound + end, other.columns, row)
        {
            end += 1
        }
        return end
    }

    private func isBefore(_ a: Entry, _ b: Entry) -> Bool {
        a.prefix != b.prefix ? a.prefix < b.prefix : isBeforeAtEqualPrefix(Int(a.cursor), Int(b.cursor))
    }

    private func isBeforeAtEqualPrefix(_ a: Int, _ b: Int) -> Bool {
        order.isBeforeAtEqualPrefix(
            blocks[a].columns, blocks[a].rows.lowerBound + taken[a], blocks[b].columns,
            blocks[b].rows.lowerBound + taken[b])
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
}

/// The prefixes of the rows at hand, by cursor.
@safe private final class PrefixMemory {
    private let bases: UnsafeMutableBufferPointer<UnsafeMutableBufferPointer<UInt64>>

    init(count: Int) {
        unsafe bases = .allocate(capacity: count)
        unsafe bases.initialize(repeating: .init(start: nil, count: 0))
    }

    deinit {
        for cursor in unsafe 0..<bases.count { unsafe bases[cursor].deallocate() }
        unsafe bases.deallocate()
    }

    func set(_ cursor: Int, _ prefixes: [UInt64]) {
        if unsafe bases[cursor].count < prefixes.count {
            unsafe bases[cursor].deallocate()
            unsafe bases[cursor] = .allocate(capacity: prefixes.count)
        }
        // SAFETY: there is room for all of them.
        unsafe prefixes.withUnsafeBufferPointer {
            _ = unsafe bases[cursor].update(fromContentsOf: $0)
        }
    }

    subscript(cursor: Int, offset: Int) -> UInt64 { unsafe bases[cursor][offset] }

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
