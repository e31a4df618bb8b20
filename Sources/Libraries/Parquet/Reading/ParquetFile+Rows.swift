public import Columns

extension ParquetFile {
    /// Reads some rows of the file, and of its pages no more than hold them.
    ///
    /// Pages before the first row are found by the offset index, or else passed over by their headers.
    ///
    /// - Parameters:
    ///   - rows: of the file; what lies beyond its end is left out.
    ///   - columns: indices into `fields`; nil for all.
    /// - Returns: one column each, all with the same number of rows.
    /// - Throws: `ParquetReadingProblem`, and what the source throws.
    public func readRows(_ rows: Range<Int>, columns: [Int]? = nil) throws -> [Column] {
        let rows = rows.clamped(to: 0..<rowCount)
        return try (columns ?? Array(fields.indices)).map { column in
            precondition(fields.indices.contains(column))
            let result = Column(type: fields[column].type, capacity: 1)
            var groupStart = 0
            for (rowGroup, metadata) in rowGroups.enumerated() {
                let group = groupStart..<groupStart + metadata.rowCount
                groupStart = group.upperBound
                let wanted = rows.clamped(to: group)
                guard !wanted.isEmpty else { continue }
                try append(
                    wanted.lowerBound - group.lowerBound..<wanted.upperBound - group.lowerBound, of: column,
                    rowGroup: rowGroup, to: result)
            }
            return result
        }
    }

    /// Appends rows of a row group, counted from its start.
    private func append(_ rows: Range<Int>, of column: Int, rowGroup: Int, to result: Column) throws {
        var chunk = try ChunkReader(self, column: column, rowGroup: rowGroup)
        if rows.lowerBound > 0, let index = try offsetIndex(column: column, rowGroup: rowGroup),
            index.covers(rowGroups[rowGroup].columns[column]),
            let page = index.pages.lastIndex(where: { $0.firstRow <= rows.lowerBound }), page > 0
        {
            try chunk.seek(to: index, page: page)
        }
        let pageRows = Column(type: result.type, capacity: 1)
        while chunk.nextRow < rows.upperBound {
            let first = chunk.nextRow
            pageRows.removeAll()
            // A header says how many rows there are; where none of them is wanted, that is all that is read.
            guard let page = try chunk.readPage(into: pageRows, ifItHolds: rows) else { return }
            let wanted = rows.clamped(to: first..<first + page.header.valueCount)
            guard !wanted.isEmpty else { continue }
            result.append(pageRows, wanted.lowerBound - first..<wanted.upperBound - first)
        }
    }

    /// The offset index of a chunk; nil where there is none.
    func offsetIndex(column: Int, rowGroup: Int) throws -> OffsetIndex? {
        try readIndex(
            rowGroups[rowGroup].columns[column].offsetIndex, "offset index", column: column,
            rowGroup: rowGroup
        ) { reader throws(Fault) in try OffsetIndex(from: &reader) }
    }

    /// The column index of a chunk; nil where there is none.
    func columnIndex(column: Int, rowGroup: Int) throws -> ColumnIndex? {
        try readIndex(
            rowGroups[rowGroup].columns[column].columnIndex, "column index", column: column,
            rowGroup: rowGroup
        ) { reader throws(Fault) in try ColumnIndex(from: &reader) }
    }

    private func readIndex<Index>(
        _ range: Range<Int>?, _ part: String, column: Int, rowGroup: Int,
        _ read: (inout CompactReader) throws(Fault) -> Index
    ) throws -> Index? {
        guard let range else { return nil }
        var bytes = ByteBuffer()
        try unsafe bytes.append(maximum: range.count) { room in
            unsafe try self.read(at: range.lowerBound, into: room)
            return range.count
        }
        do throws(Fault) {
            return try unsafe bytes.withBytes { bytes throws(Fault) in
                var reader = unsafe CompactReader(bytes)
                let index = try read(&reader)
                guard reader.offset == range.count else {
                    throw Fault(
                        .malformed("\(range.count - reader.offset) bytes are left over after the \(part)"),
                        at: reader.offset)
                }
                return index
            }
        } catch {
            throw ParquetReadingProblem(
                error.kind, file: name, offset: range.lowerBound + error.offset, part: part,
                rowGroup: rowGroup,
                column: fields[column].name)
        }
    }
}

extension Column {
    /// Appends a range of another column's rows, of the same type.
    fileprivate func append(_ other: Column, _ rows: Range<Int>) {
        precondition(other.type == type)
        let first = count
        reserve(first + rows.count)
        switch type.layout {
        case .int32, .float32: copy(other, rows, as: UInt32.self)
        case .int64, .float64: copy(other, rows, as: UInt64.self)
        case .int128: copy(other, rows, as: Int128.self)
        case .bool: copy(other, rows, as: UInt8.self)
        case .text:
            unsafe other.withText { ends, bytes in
                for row in rows {
                    // SAFETY: ends grow up to bytes.count.
                    let start = unsafe row == 0 ? 0 : Int(ends[row - 1])
                    unsafe appendText(UnsafeRawBufferPointer(rebasing: bytes[start..<Int(ends[row])]))
                }
            }
        }
        for (index, row) in rows.enumerated() where other.isNull(row) { setNull(first + index) }
    }

    private func copy<T: BitwiseCopyable>(_ other: Column, _ rows: Range<Int>, as type: T.Type) {
        let first = count
        unsafe other.withValues(as: type) { values in
            unsafe withMutableSlots(as: type) { slots in
                for (index, row) in rows.enumerated() { unsafe slots[first + index] = values[row] }
            }
        }
        setCount(first + rows.count)
    }
}
