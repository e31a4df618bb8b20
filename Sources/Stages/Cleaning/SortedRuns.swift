import Columns

/// Neighbouring rows of some columns.
struct RowBlock {
    var columns: [Column]
    var rows: Range<Int>

    /// All rows.
    init(_ columns: [Column]) {
        self.columns = columns
        rows = 0..<columns[0].count
    }

    init(_ columns: [Column], rows: Range<Int>) {
        self.columns = columns
        self.rows = rows
    }

    /// Bytes of memory that the rows fill.
    var byteCount: Int { columns.reduce(0) { $0 + $1.byteCount(ofRows: rows) } }
}

/// Hands out rows in order, block by block. A block is valid until the next one is asked for.
protocol RowSource: AnyObject {
    /// Not empty; nil at the end.
    func next() throws -> RowBlock?
}

/// Rows in memory as runs, each in order in itself.
///
/// Rows come in pieces small enough for the cache. A piece that is in order is taken as it is, another is sorted; then it
/// goes behind the run whose end is the nearest before its beginning. So rows that come in order make one run, rows that
/// are displaced within a piece or a few make two, and interleaved sequences make one each; only rows in no order at all
/// make as many runs as pieces.
struct SortedRuns {
    let order: RowOrder
    private(set) var runs: [[RowBlock]] = []
    private(set) var byteCount = 0
    private(set) var rowCount = 0

    /// Rows that are sorted at a time.
    static let pieceRows = 65_536

    init(order: RowOrder) { self.order = order }

    var isEmpty: Bool { runs.isEmpty }

    /// Adds rows in any order.
    mutating func append(_ columns: [Column]) {
        let count = columns[0].count
        for start in stride(from: 0, to: count, by: Self.pieceRows) {
            let piece = RowBlock(columns, rows: start..<min(start + Self.pieceRows, count))
            append(sorted: RowBlock(columns, rows: piece.rows).sorted(by: order))
        }
    }

    /// Adds a block that is in order.
    mutating func append(sorted block: RowBlock) {
        byteCount += block.byteCount
        rowCount += block.rows.count
        var best: Int?
        for index in runs.indices {
            let end = runs[index].last!
            guard isBefore(end, end.rows.upperBound - 1, block, block.rows.lowerBound) else { continue }
            if let known = best.map({ runs[$0].last! }),
                isBefore(end, end.rows.upperBound - 1, known, known.rows.upperBound - 1)
            {
                continue
            }
            best = index
        }
        if let best { runs[best].append(block) } else { runs.append([block]) }
    }

    /// Takes out all runs.
    mutating func takeRuns() -> [[RowBlock]] {
        let taken = runs
        self = SortedRuns(order: order)
        return taken
    }

    /// Takes out runs with so many bytes, or a block more: the oldest, and of the last of them what comes first.
    mutating func takeRuns(ofByteCount wanted: Int) -> [[RowBlock]] {
        let wanted = max(1, wanted)
        var (taken, rest): ([[RowBlock]], [[RowBlock]]) = ([], [])
        var takenByteCount = 0
        for run in takeRuns() {
            var count = 0
            while count < run.count, takenByteCount < wanted {
                takenByteCount += run[count].byteCount
                count += 1
            }
            if count > 0 { taken.append(Array(run[..<count])) }
            if count < run.count { rest.append(Array(run[count...])) }
        }
        put(rest)
        return taken
    }

    /// Puts in what is left of runs that were taken out.
    mutating func put(_ rest: [[RowBlock]]) {
        precondition(isEmpty)
        for run in rest where !run.isEmpty {
            runs.append(run)
            for block in run {
                byteCount += block.byteCount
                rowCount += block.rows.count
            }
        }
    }

    /// The first row there is, in the order of rows.
    var first: (columns: [Column], row: Int)? {
        var found: RowBlock?
        for run in runs {
            if let known = found, isBefore(known, known.rows.lowerBound, run[0], run[0].rows.lowerBound) {
                continue
            }
            found = run[0]
        }
        return found.map { ($0.columns, $0.rows.lowerBound) }
    }

    /// How many rows there are that do not come before row `row` of some columns.
    func rowCount(notBefore columns: [Column], _ row: Int) -> Int {
        runs.joined().reduce(0) { sum, block in
            var low = block.rows.lowerBound
            var high = block.rows.upperBound
            while low < high {
                let middle = (low + high) / 2
                if order.isBefore(block.columns, middle, columns, row) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return sum + block.rows.upperBound - low
        }
    }

    private func isBefore(_ a: RowBlock, _ i: Int, _ b: RowBlock, _ j: Int) -> Bool {
        order.isBefore(a.columns, i, b.columns, j)
    }
}

extension RowBlock {
    /// These rows in order: the block itself where they are, else one of new columns.
    func sorted(by order: RowOrder) -> RowBlock {
        let prefixes = order.prefixes(of: columns, rows: rows)
        let start = rows.lowerBound
        func isDescent(_ offset: Int) -> Bool {
            if prefixes[offset - 1] != prefixes[offset] { return prefixes[offset - 1] > prefixes[offset] }
            return !order.isBeforeAtEqualPrefix(
                columns, start + offset - 1, columns, start + offset)
        }
        guard (1..<max(1, rows.count)).contains(where: isDescent) else { return self }

        var entries = prefixes.indices.map { SortEntry(prefix: prefixes[$0], row: Int32(start + $0)) }
        var spare: [SortEntry] = []
        sortByPrefix(&entries, using: &spare)
        sortTies(in: &entries) { order.isBeforeAtEqualPrefix(columns, Int($0.row), columns, Int($1.row)) }
        let places = entries.map(\.row)
        return RowBlock(
            columns.map { column in
                let sorted = Column(type: column.type, capacity: rows.count)
                sorted.append(places.span, of: column)
                return sorted
            })
    }
}
