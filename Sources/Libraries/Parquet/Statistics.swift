/// The smallest and largest value of a page or a chunk, as the footer and the page index say it.
struct Bounds: Hashable {
    /// Values in PLAIN encoding; texts without their length.
    var min: [UInt8]
    var max: [UInt8]
    /// False where a long text was cut short.
    var isMinExact = true
    var isMaxExact = true
}

/// How the bounds of a chunk's pages lie. The raw values are those of parquet.thrift's `BoundaryOrder`.
enum BoundaryOrder: Int {
    case unordered = 0
    case ascending = 1
    case descending = 2
}

/// What is known of a chunk's values: in all for the footer, page by page for the column index.
struct Statistics {
    /// Nil where the page has no value but nulls and NaNs.
    var pages: [Bounds?] = []
    var pageNaNCounts: [Int] = []
    var chunk: Bounds?
    var order = BoundaryOrder.unordered
    /// Whether values are floats, of which NaNs are counted.
    var countsNaNs = false

    var nanCount: Int { pageNaNCounts.reduce(0, +) }
}

/// The smallest and largest of some values, in a form that can be compared.
struct Extremes<Value: Comparable> {
    var min: Value
    var max: Value

    mutating func formUnion(_ other: Self) {
        if other.min < min { min = other.min }
        if other.max > max { max = other.max }
    }
}

extension Statistics {
    /// Takes the pages' extremes, in the order of the pages, nil for pages without values (or only NaNs).
    ///
    /// - Parameter written: extremes as bounds say them, where that is not what they are: a text that is cut short may
    ///   sort before one that it follows, and readers search the bounds by halving.
    init<Value>(
        _ extremes: [Extremes<Value>?], nanCounts: [Int], countsNaNs: Bool,
        written: (Extremes<Value>) -> Extremes<Value> = { $0 }, bounds: (Extremes<Value>) -> Bounds
    ) {
        pages = extremes.map { $0.map(bounds) }
        pageNaNCounts = nanCounts
        self.countsNaNs = countsNaNs
        let known = extremes.compactMap { $0 }
        guard var all = known.first else {
            order = .ascending
            return
        }
        for extreme in known.dropFirst() { all.formUnion(extreme) }
        chunk = bounds(all)
        let said = known.map(written)
        let steps = zip(said, said.dropFirst())
        if steps.allSatisfy({ $0.min <= $1.min && $0.max <= $1.max }) {
            order = .ascending
        } else if steps.allSatisfy({ $0.min >= $1.min && $0.max >= $1.max }) {
            order = .descending
        }
    }
}

extension CompactWriter {
    /// The statistics of a chunk.
    ///
    /// Format: parquet.thrift `Statistics`. The deprecated `min` and `max` are left out: they were signed for texts.
    mutating func statistics(_ id: Int, _ statistics: borrowing Statistics, nullCount: Int) {
        let chunk = statistics.chunk
        let nanCount = statistics.countsNaNs ? statistics.nanCount : nil
        structure(id) { fields in
            fields.i64(3, nullCount)
            if let chunk {
                fields.binary(5, chunk.max)
                fields.binary(6, chunk.min)
                fields.bool(7, chunk.isMaxExact)
                fields.bool(8, chunk.isMinExact)
            }
            if let nanCount { fields.i64(9, nanCount) }
        }
    }
}
