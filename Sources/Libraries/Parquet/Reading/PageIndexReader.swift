/// Where the data pages of a chunk lie.
///
/// Format: parquet.thrift `OffsetIndex`.
struct OffsetIndex {
    var pages: [PageLocation]

    init(from reader: inout CompactReader) throws(Fault) {
        var pages: [PageLocation]?
        try reader.structure("the offset index") { reader, field throws(Fault) in
            guard field.id == 1 else { return false }
            pages = try reader.list(field, "the page locations", of: 12...12) { reader, _ throws(Fault) in
                let start = reader.offset
                var (offset, byteCount, firstRow): (Int?, Int?, Int?) = (nil, nil, nil)
                try reader.structure("a page location") { reader, field throws(Fault) in
                    switch field.id {
                    case 1: offset = try reader.integer(field, "a page's offset", in: 0...Int.max)
                    case 2: byteCount = try reader.integer(field, "a page's size", in: 0...Int(Int32.max))
                    case 3: firstRow = try reader.integer(field, "a page's first row", in: 0...Int.max)
                    default: return false
                    }
                    return true
                }
                return PageLocation(
                    offset: try required(offset, "a page's offset", at: start),
                    byteCount: try required(byteCount, "a page's size", at: start),
                    firstRow: try required(firstRow, "a page's first row", at: start))
            }
            return true
        }
        self.pages = try required(pages, "the page locations", at: 0)
    }

    /// Whether the pages, and their rows, follow each other to the end of the chunk; to be relied on only then.
    func covers(_ chunk: ColumnChunkMetadata) -> Bool {
        guard let first = pages.first, let last = pages.last, first.firstRow == 0,
            last.firstRow <= chunk.valueCount,
            first.offset >= chunk.pages.lowerBound, chunk.pages.upperBound - last.offset == last.byteCount
        else { return false }
        return zip(pages, pages.dropFirst()).allSatisfy {
            $1.offset > $0.offset && $1.offset - $0.offset == $0.byteCount && $1.firstRow >= $0.firstRow
        }
    }
}

/// The bounds and null counts of a chunk's data pages.
///
/// Format: parquet.thrift `ColumnIndex`.
struct ColumnIndex {
    var areNullPages: [Bool]
    var mins: [[UInt8]]
    var maxes: [[UInt8]]
    var order: BoundaryOrder
    /// Empty where the file does not say.
    var nullCounts: [Int]
    var nanCounts: [Int]

    init(from reader: inout CompactReader) throws(Fault) {
        var areNullPages: [Bool]?
        var (mins, maxes): ([[UInt8]]?, [[UInt8]]?) = (nil, nil)
        var order: BoundaryOrder?
        var (nullCounts, nanCounts): ([Int], [Int]) = ([], [])
        try reader.structure("the column index") { reader, field throws(Fault) in
            switch field.id {
            case 1:
                areNullPages = try reader.list(field, "null_pages", of: 1...2) { reader, _ throws(Fault) in
                    let start = reader.offset
                    let byte = try reader.byte()
                    guard byte <= 2 else {
                        throw Fault(.malformed("a boolean is \(byte), expected 1 or 2"), at: start)
                    }
                    return byte == 1
                }
            case 2: mins = try Self.bounds(&reader, field, "min_values")
            case 3: maxes = try Self.bounds(&reader, field, "max_values")
            case 4:
                let number = try reader.integer(field, "the boundary order", in: 0...2)
                order = BoundaryOrder(rawValue: number)
            case 5:
                // -1 is what an early parquet-cpp wrote where it did not know.
                nullCounts = try reader.integers(field, "null_counts", in: -1...Int.max)
            case 8: nanCounts = try reader.integers(field, "nan_counts", in: 0...Int.max)
            default: return false
            }
            return true
        }
        self.areNullPages = try required(areNullPages, "null_pages", at: 0)
        self.mins = try required(mins, "min_values", at: 0)
        self.maxes = try required(maxes, "max_values", at: 0)
        self.order = try required(order, "the boundary order", at: 0)
        self.nullCounts = nullCounts.contains(-1) ? [] : nullCounts
        self.nanCounts = nanCounts
        for (name, count) in [
            ("min_values", self.mins.count), ("max_values", self.maxes.count),
            ("null_counts", nullCounts.count),
            ("nan_counts", nanCounts.count),
        ] where count != self.areNullPages.count && !(count == 0 && name.hasSuffix("counts")) {
            throw Fault(
                .disagrees(
                    "the length of \(name)", found: "\(count)",
                    expected: "\(self.areNullPages.count), as of null_pages"), at: 0)
        }
    }

    private static func bounds(
        _ reader: inout CompactReader, _ field: CompactReader.Header, _ name: String
    ) throws(Fault) -> [[UInt8]] {
        try reader.list(field, name, of: 8...8) { reader, _ throws(Fault) in try reader.binaryElement(name) }
    }
}
