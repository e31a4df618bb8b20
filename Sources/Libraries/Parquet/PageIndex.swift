/// Where a data page lies.
struct PageLocation: Hashable {
    /// From the beginning of the chunk, or of the file.
    var offset: Int
    /// With the page's header.
    var byteCount: Int
    var firstRow: Int
}

extension CompactWriter {
    /// The bounds and null counts of a chunk's pages.
    ///
    /// Format: parquet.thrift `ColumnIndex`, parquet-format `PageIndex.md`.
    ///
    /// - Returns: false, with nothing written, where a page has only NaNs: the format has no way to say that.
    mutating func columnIndex(_ statistics: borrowing Statistics, cuts: [PageCut]) -> Bool {
        let pages = statistics.pages
        let nanCounts = statistics.countsNaNs ? statistics.pageNaNCounts : nil
        let order = statistics.order
        guard zip(pages, cuts).allSatisfy({ $0 != nil || $1.values.isEmpty }) else { return false }
        structure { index in
            index.list(1, of: .boolTrue, count: cuts.count) { list in
                for cut in cuts { list.boolElement(cut.values.isEmpty) }
            }
            index.list(2, of: .binary, count: cuts.count) { list in
                for page in pages { list.bytes(page?.min ?? []) }
            }
            index.list(3, of: .binary, count: cuts.count) { list in
                for page in pages { list.bytes(page?.max ?? []) }
            }
            index.i32(4, order.rawValue)
            index.list(5, of: .i64, count: cuts.count) { list in
                for cut in cuts { list.integer(cut.nullCount) }
            }
            if let nanCounts {
                index.list(8, of: .i64, count: cuts.count) { list in
                    for count in nanCounts { list.integer(count) }
                }
            }
        }
        return true
    }

    /// Format: parquet.thrift `OffsetIndex`.
    mutating func offsetIndex(_ locations: [PageLocation]) {
        structure { index in
            index.list(1, of: .structure, count: locations.count) { list in
                for location in locations {
                    list.structure { page in
                        page.i64(1, location.offset)
                        page.i32(2, location.byteCount)
                        page.i64(3, location.firstRow)
                    }
                }
            }
        }
    }
}
