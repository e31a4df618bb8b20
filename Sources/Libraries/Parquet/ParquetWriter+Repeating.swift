package import Columns

// Writing rows again, with others among them, where those that come before all others need not be encoded again.
extension ParquetWriter {
    /// The row groups so far as a file of their own; without page indexes, which come last.
    ///
    /// - Parameter source: reads the bytes that the sink took, and is asked for no others.
    /// - Throws: `ParquetReadingProblem`, and what sink and source throw.
    package mutating func writtenFile(in source: some ByteSource) throws -> ParquetFile {
        try file.flush()
        var groups = rowGroups
        for group in groups.indices {
            for chunk in groups[group].chunks.indices {
                groups[group].chunks[chunk].columnIndex = []
                groups[group].chunks[chunk].offsetIndex = []
            }
        }
        var thrift = CompactWriter()
        thrift.footer(
            schema: schema, rowCount: rowCount, rowGroups: groups, options: options,
            sorting: resolved.sorting, keyValueMetadata: [])
        let footer = thrift.buffer.array()
        return try ParquetFile(
            ExtendedSource(
                base: source, baseByteCount: file.byteCount,
                tail: footer + littleEndianBytes(UInt32(truncatingIfNeeded: footer.count)) + Self.magic))
    }

    /// Goes back to the beginning: all rows come again, and perhaps others among them.
    ///
    /// What the sink has taken stays there until ``endKeeping()``.
    package mutating func beginAgain() {
        writtenBefore = rowGroups[...]
        rowGroups = []
        rowCount = 0
        digesters = schema.map { DigesterBox($0.type) }
    }

    /// Takes the next row group, the rows of which are the same as before, as it was written.
    ///
    /// - Returns: false, nothing being done, where none was written before of that many rows.
    /// - Throws: `ParquetProblem`.
    package mutating func keepRowGroup(_ columns: [Column]) throws -> Bool {
        try check(columns)
        guard let group = writtenBefore.first, group.rowCount == columns[0].count else { return false }
        for (index, column) in columns.enumerated() { digesters[index].digester.update(column) }
        writtenBefore.removeFirst()
        rowGroups.append(group)
        rowCount += group.rowCount
        return true
    }

    /// Forgets the row groups that were not kept. What is written now follows those that were.
    ///
    /// - Returns: bytes of the file that were kept, from its beginning: no more must be in the sink. Nil where that is all.
    package mutating func endKeeping() -> Int? {
        if writtenBefore.isEmpty { return nil }
        writtenBefore = []
        file.resume(at: rowGroups.last?.end ?? 0)
        return file.byteCount
    }
}

/// The first bytes of a source, and others behind them.
private struct ExtendedSource<Base: ByteSource>: ByteSource {
    let base: Base
    let baseByteCount: Int
    let tail: [UInt8]

    var name: String { base.name }
    var byteCount: Int { baseByteCount + tail.count }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        let split = min(max(baseByteCount - offset, 0), buffer.count)
        if split > 0 {
            unsafe try base.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<split]))
        }
        guard split < buffer.count else { return }
        let start = offset + split - baseByteCount
        unsafe tail.withUnsafeBytes { tail in
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[split...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: tail[start..<start + buffer.count - split]))
        }
    }
}
