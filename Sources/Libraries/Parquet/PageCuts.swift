import Columns

/// A run of rows that becomes one data page, and the values (rows that are not null) it holds.
struct PageCut: Hashable {
    var rows: Range<Int>
    var values: Range<Int>

    var nullCount: Int { rows.count - values.count }
}

extension PageCut {
    /// Cuts a column into pages: at `dataPageRows` rows, or where the values take `dataPageBytes` in PLAIN encoding.
    ///
    /// - Parameter forPackedDeltas: whether to avoid pages of `k * 128 + 1` values. For such a page
    ///   DELTA_BINARY_PACKED ends with a full block, after which fastparquet looks for another one.
    static func cuts(of column: Column, options: WriterOptions, forPackedDeltas: Bool) -> [PageCut] {
        unsafe column.withValidity { validity in
            var cuts = [PageCut]()
            var row = 0
            var value = 0
            while row < column.count {
                var rows = row..<pageEnd(from: row, of: column, options: options)
                var values = unsafe valueCount(rows, validity)
                if forPackedDeltas, values > 1, values % DeltaBinaryPacked.blockCount == 1 {
                    let dropped = rows.upperBound < column.count ? 1 : 2
                    rows = unsafe row..<rowOfValue(fromEnd: dropped, in: rows, validity)
                    values -= dropped
                }
                cuts.append(PageCut(rows: rows, values: value..<value + values))
                row = rows.upperBound
                value += values
            }
            return cuts
        }
    }

    /// Whether fastparquet reads these pages right in DELTA_BINARY_PACKED.
    static func suitPackedDeltas(_ cuts: [PageCut]) -> Bool {
        cuts.allSatisfy { $0.values.count > 1 && $0.values.count % DeltaBinaryPacked.blockCount != 1 }
    }

    private static func pageEnd(from row: Int, of column: Column, options: WriterOptions) -> Int {
        let mostRows = min(options.dataPageRows, column.count - row)
        guard column.type.layout == .text else {
            // A bool takes a bit.
            let width = column.type.layout.slotByteCount
            let rows = column.type.layout == .bool ? options.dataPageBytes * 8 : options.dataPageBytes / width
            return row + max(1, min(mostRows, rows))
        }
        return unsafe column.withText { ends, _ in
            let start = unsafe row == 0 ? 0 : Int(ends[row - 1])
            // The first row after which the page is full; byte counts grow, so it can be searched by halving.
            var low = row + 1
            var high = row + mostRows
            while low < high {
                let middle = (low + high) / 2
                let byteCount = unsafe Int(ends[middle - 1]) - start + 4 * (middle - row)
                if byteCount >= options.dataPageBytes { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }

    private static func valueCount(_ rows: Range<Int>, _ validity: UnsafeBufferPointer<UInt8>?) -> Int {
        guard let validity = unsafe validity else { return rows.count }
        var count = 0
        for row in rows { count &+= unsafe Int(validity[row]) }
        return count
    }

    /// The row of the `number`th last value in `rows`.
    private static func rowOfValue(
        fromEnd number: Int, in rows: Range<Int>, _ validity: UnsafeBufferPointer<UInt8>?
    ) -> Int {
        guard let validity = unsafe validity else { return rows.upperBound - number }
        var left = number
        for row in rows.reversed() where unsafe validity[row] != 0 {
            left -= 1
            if left == 0 { return row }
        }
        return rows.lowerBound
    }
}
