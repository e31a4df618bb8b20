package import Columns

/// Reads all rows of a file from the first to the last, in memory for a page of each column.
package final class RowReader {
    /// One column of the row group at hand.
    private final class Chunk {
        var reader: ChunkReader
        /// A page's rows, and how many of them were handed out.
        let page: Column
        var takenCount = 0
        /// Rows that are handed out, where they are not all of a page.
        let part: Column

        init(_ reader: consuming ChunkReader, type: ColumnType) {
            self.reader = reader
            page = Column(type: type, capacity: 1)
            part = Column(type: type, capacity: 1)
        }

        /// Rows of the page that are left; reads on where there are none. 0 at the end.
        func leftCount() throws -> Int {
            while takenCount == page.count {
                page.removeAll()
                takenCount = 0
                guard try reader.readPage(into: page) != nil else { return 0 }
            }
            return page.count - takenCount
        }

        func take(_ count: Int) -> Column {
            let rows = takenCount..<(takenCount + count)
            takenCount += count
            if count == page.count { return page }
            part.removeAll()
            part.append(rows: rows, of: page)
            return part
        }

        func go(on reader: consuming ChunkReader) {
            self.reader = reader
            page.removeAll()
            takenCount = 0
        }
    }

    private let file: ParquetFile
    private var rowGroup = 0
    private var chunks: [Chunk] = []

    package init(_ file: ParquetFile) { self.file = file }

    /// The next rows, at least one, in columns that are used again by the next call; nil at the end.
    ///
    /// - Throws: `ParquetReadingProblem`, and what the file's source throws.
    package func next() throws -> [Column]? {
        while rowGroup < file.rowGroups.count {
            if chunks.isEmpty {
                chunks = try file.fields.indices.map {
                    Chunk(
                        try ChunkReader(file, column: $0, rowGroup: rowGroup), type: file.fields[$0].type)
                }
            }
            let count = try chunks.reduce(Int.max) { min($0, try $1.leftCount()) }
            if count > 0 { return chunks.map { $0.take(count) } }
            rowGroup += 1
            guard rowGroup < file.rowGroups.count else { break }
            for (column, chunk) in chunks.enumerated() {
                chunk.go(on: try ChunkReader(file, column: column, rowGroup: rowGroup))
            }
        }
        chunks = []
        return nil
    }
}
