import Columns

/// The prefixes and ranks of the rows at hand in a merge, by cursor.
@safe final class MergeKeys {
    private let order: RowOrder
    /// Where a prefix is a slot of the key column with other bits, so that none have to be made: the bits; else 0.
    private let flippedBits: UInt64
    private let prefixes: UnsafeMutableBufferPointer<UnsafeBufferPointer<UInt64>>
    /// Into the blocks' rank columns, which the merge keeps as long as it asks for their rows.
    private let ranks: UnsafeMutableBufferPointer<UnsafePointer<Int64>?>
    /// Memory for prefixes that have to be made.
    private let made: UnsafeMutableBufferPointer<UnsafeMutableBufferPointer<UInt64>>

    /// - Parameter count: of cursors.
    init(count: Int, order: RowOrder) {
        self.order = order
        flippedBits = order.flippedBits ?? 0
        unsafe prefixes = .allocate(capacity: count)
        unsafe prefixes.initialize(repeating: .init(start: nil, count: 0))
        unsafe ranks = .allocate(capacity: count)
        unsafe ranks.initialize(repeating: nil)
        unsafe made = .allocate(capacity: count)
        unsafe made.initialize(repeating: .init(start: nil, count: 0))
    }

    deinit {
        for cursor in unsafe 0..<made.count { unsafe made[cursor].deallocate() }
        unsafe made.deallocate()
        unsafe prefixes.deallocate()
        unsafe ranks.deallocate()
    }

    /// The block's columns have to stay until another one is set.
    func set(_ cursor: Int, _ block: RowBlock) {
        let rankColumn = block.columns[order.rank]
        precondition(rankColumn.type == .int64 && block.rows.upperBound <= rankColumn.count)
        unsafe ranks[cursor] = UnsafePointer(
            rankColumn.slotBase.assumingMemoryBound(to: Int64.self) + block.rows.lowerBound)
        if order.flippedBits != nil {
            let column = block.columns[order.keys.columns[0]]
            precondition(column.type.layout == .int64 && block.rows.upperBound <= column.count)
            unsafe prefixes[cursor] = UnsafeBufferPointer(
                start: column.slotBase.assumingMemoryBound(to: UInt64.self) + block.rows.lowerBound,
                count: block.rows.count)
            return
        }
        let new = order.prefixes(of: block.columns, rows: block.rows)
        if unsafe made[cursor].count < new.count {
            unsafe made[cursor].deallocate()
            unsafe made[cursor] = .allocate(capacity: new.count)
        }
        // SAFETY: there is room for all of them.
        unsafe new.withUnsafeBufferPointer {
            _ = unsafe made[cursor].update(fromContentsOf: $0)
        }
        unsafe prefixes[cursor] = UnsafeBufferPointer(rebasing: made[cursor][..<new.count])
    }

    func prefix(_ cursor: Int, _ offset: Int) -> UInt64 { unsafe prefixes[cursor][offset] ^ flippedBits }

    /// - Parameter offset: of a row of the block that was set last.
    func rank(_ cursor: Int, _ offset: Int) -> Int64 {
        // SAFETY: offsets are below the count of the block's rows, all of which the rank column has.
        unsafe ranks[cursor]![offset]
    }

    /// Appends an entry for each of some rows of a cursor.
    func append(_ cursor: Int, _ offsets: Range<Int>, to entries: inout [SortEntry]) {
        let base = unsafe prefixes[cursor]
        precondition(offsets.lowerBound >= 0 && offsets.upperBound <= base.count)
        entries.reserveCapacity(entries.count + offsets.count)
        for offset in offsets {
            // SAFETY: checked above.
            entries.append(
                SortEntry(
                    prefix: unsafe base[offset] ^ flippedBits, row: Int32(truncatingIfNeeded: offset),
                    cursor: Int32(truncatingIfNeeded: cursor)))
        }
    }

    /// The first offset from `start` on whose prefix is not below; they ascend. In steps that double, then by halving.
    func firstNotBelow(_ prefix: UInt64, in cursor: Int, from start: Int, below count: Int) -> Int {
        let base = unsafe prefixes[cursor]
        let bits = flippedBits
        // SAFETY: all offsets are below count, for which prefixes were set.
        guard start < count, unsafe base[start] ^ bits < prefix else { return start }
        var known = start
        var step = 1
        var end = start + 1
        while end < count, unsafe base[end] ^ bits < prefix {
            known = end
            step *= 2
            end = min(known + step, count)
        }
        while known + 1 < end {
            let middle = (known + end) / 2
            if unsafe base[middle] ^ bits < prefix { known = middle } else { end = middle }
        }
        return known + 1
    }
}
