import Columns

/// Hands out rows in order as long as that can be done while reading.
///
/// Rows that come in order are handed on as they are, a row group at a time. Where they do not, a window of rows is held
/// back, sorted, and let go from its beginning: that puts right whatever is displaced by less than the window. A row that
/// belongs before one that was handed out already breaks the order for good: what is held then, and the rest of the
/// inputs, is for the caller to sort.
final class OrderedRows: RowSource {
    let reader: InputReader
    /// Rows are out of order by more than the window.
    private(set) var isBroken = false
    /// Rows handed out.
    private(set) var rowCount = 0

    private let order: RowOrder
    /// Whether a window can put anything right.
    private let usesWindow: Bool
    private let windowByteCount: Int
    private let types: [ColumnType]
    private let pool: ColumnPool

    private var watch: OrderWatch
    private var isWindowed = false
    private var held: SortedRuns
    /// Lets go of the window's beginning; rows it may let go of.
    private var merge: RunMerge?
    private var leavingRowCount = 0
    /// The last row handed out, with its rank: where a window may begin to matter.
    private var last: [Column]?
    /// Nothing is left to be read.
    private(set) var isAtEnd = false

    init(
        _ reader: InputReader, order: RowOrder, watch: OrderWatch, usesWindow: Bool, windowByteCount: Int,
        pool: ColumnPool
    ) {
        self.reader = reader
        self.order = order
        self.watch = watch
        self.usesWindow = usesWindow
        self.windowByteCount = windowByteCount
        self.pool = pool
        types = reader.builder.schema.map(\.type) + [.int64]
        held = SortedRuns(order: order)
    }

    /// The next rows in order; nil at the end and when the order is broken. Those from the window have their ranks as one more
    /// column.
    func next() throws -> RowBlock? {
        guard let block = try nextBlock() else { return nil }
        rowCount += block.rows.count
        return block
    }

    private func nextBlock() throws -> RowBlock? {
        while true {
            if let block = try nextFromWindow() { return block }
            if isBroken || (isAtEnd && held.isEmpty) { return nil }
            if isAtEnd {
                try open(keeping: 0)
                continue
            }
            let base = reader.builder.columns[0].count
            isAtEnd = try !reader.advance()
            if isWindowed {
                try fillWindow()
            } else if let block = try passOn(from: base) {
                return block
            }
        }
    }

    // MARK: in order

    private func passOn(from base: Int) throws -> RowBlock? {
        let builder = reader.builder
        watch.observe(builder.columns, from: base)
        guard watch.isInOrder else {
            guard usesWindow else {
                isBroken = true
                return nil
            }
            isWindowed = true
            hold(takeRowsWithRanks())
            return nil
        }
        guard builder.isFull || (isAtEnd && builder.columns[0].count > 0) else { return nil }
        watch.rowsLeave(builder.columns)
        let capacity = builder.columns[0].capacity
        let columns = reader.takeRows(leaving: try pool.take(capacity: isAtEnd ? 1 : capacity))
        let count = columns[0].count
        // Ranks of all rows would be made for the last one's sake.
        if usesWindow { last = columns.map { $0.copy(row: count - 1) } + [reader.ranks(ofLast: 1)] }
        return RowBlock(columns)
    }

    // MARK: the window

    private func fillWindow() throws {
        let count = reader.builder.columns[0].count
        guard count > 0, isAtEnd || reader.builder.isFull || count >= SortedRuns.pieceRows else { return }
        let newest = takeRowsWithRanks()
        hold(newest)
        guard !isBroken, held.byteCount >= windowByteCount else { return }
        if rowCount == 0, reachesFarBack(newest) {
            // Nothing was handed out yet, so nothing has to be made again, as it would soon.
            isBroken = true
            return
        }
        // In order again: all may go, and the reader's next rows are looked at as they come.
        let isInOrder = held.runs.count == 1
        try open(keeping: isInOrder ? 0 : held.rowCount / 4)
        if isInOrder { isWindowed = false }
    }

    /// Whether rows that just came belong before half of what the window holds: then it is too short, as the rows to come
    /// will hardly be displaced less.
    private func reachesFarBack(_ newest: [Column]) -> Bool {
        let rows = 0..<newest[0].count
        let prefixes = order.prefixes(of: newest, rows: rows)
        guard let least = prefixes.min(), let first = prefixes.firstIndex(of: least) else { return false }
        return held.rowCount(notBefore: newest, first) > held.rowCount / 2
    }

    /// Room for a piece and the batch that ends it.
    private static let pieceCapacity = SortedRuns.pieceRows + SortedRuns.pieceRows / 4

    /// The reader's rows with their ranks.
    func takeRowsWithRanks() -> [Column] {
        let columns = reader.takeRows(
            leaving: types.dropLast().map { Column(type: $0, capacity: Self.pieceCapacity) })
        return columns + [reader.ranks(ofLast: columns[0].count)]
    }

    private func hold(_ columns: [Column]) {
        guard columns[0].count > 0 else { return }
        held.append(columns)
        guard let last, let first = held.first else { return }
        isBroken = order.isBefore(first.columns, first.row, last, 0)
    }

    private func open(keeping keptRowCount: Int) throws {
        leavingRowCount = held.rowCount - keptRowCount
        let blockRows = RowSorter.blockRows(of: held)
        merge = try RunMerge(held.takeRuns(), order: order, types: types, blockRows: blockRows)
    }

    private func nextFromWindow() throws -> RowBlock? {
        guard let merge else { return nil }
        if leavingRowCount > 0, let block = try merge.next(limit: leavingRowCount) {
            leavingRowCount -= block.rows.count
            if leavingRowCount == 0 { remember(block.columns, row: block.rows.upperBound - 1) }
            return block
        }
        held.put(merge.remainder())
        self.merge = nil
        if !isWindowed { watch.begin(after: last!) }
        return nil
    }

    private func remember(_ columns: [Column], row: Int) { last = columns.map { $0.copy(row: row) } }

    /// What the window holds, once the order is broken.
    func takeHeld() -> [[RowBlock]] { held.takeRuns() }
}

/// Columns of row groups that were written, for the rows to come.
final class ColumnPool {
    private let types: [ColumnType]
    private var free: [[Column]] = []
    /// Returns once columns that are in use elsewhere have come back, if there are any.
    var waitForMore: () throws -> Void = {}

    init(types: [ColumnType]) { self.types = types }

    /// Empty columns; new ones where there are none to be had.
    func take(capacity: Int) throws -> [Column] {
        if free.isEmpty { try waitForMore() }
        return free.popLast() ?? types.map { Column(type: $0, capacity: capacity) }
    }

    /// Takes columns back that nobody uses any more.
    func put(_ columns: [Column]) {
        for column in columns { column.removeAll() }
        free.append(columns)
    }
}
