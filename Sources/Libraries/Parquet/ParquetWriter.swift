public import Bytes
public import Columns

/// Writes a Parquet file to a sink, row group by row group.
///
/// ```swift
/// var writer = try ParquetWriter(schema: fields, options: WriterOptions(), sink: file.write)
/// try writer.writeRowGroup(columns)
/// let written = try writer.finish(keyValueMetadata: [("source", "a.csv")])
/// ```
/// The same columns, options and library versions give the same bytes on every machine. A file whose writer has
/// thrown, or that was not finished, is not readable. One thread at a time.
///
/// Format: parquet-format `README.md`, "File Format".
public struct ParquetWriter: ~Copyable {
    static let magic = Array("PAR1".utf8)

    let schema: [Field]
    let options: WriterOptions
    let resolved: ResolvedColumns
    var file: OutputFile
    private var chunks: ColumnChunkWriter
    /// Of the thread that helps, once there was one.
    private var otherChunks: OtherChunks?
    var rowGroups: [RowGroup] = []
    var digesters: [DigesterBox]
    var rowCount = 0
    /// Row groups of rows that are coming again, those of which came again left out.
    var writtenBefore: ArraySlice<RowGroup> = []

    /// - Parameters:
    ///   - schema: at least one field, all names different.
    ///   - options: how the table is written; they hold for the whole file.
    ///   - sink: takes the file's bytes in order; they are valid during the call only.
    /// - Throws: `ParquetProblem` when the schema or an option cannot be.
    public init(
        schema: [Field], options: WriterOptions, sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard !schema.isEmpty else { throw ParquetProblem(.noColumns) }
        var names = Set<String>()
        for field in schema where !names.insert(field.name).inserted {
            throw ParquetProblem(.duplicateColumn(name: field.name))
        }
        resolved = try options.resolve(schema)
        self.schema = schema
        self.options = options
        digesters = schema.map { DigesterBox($0.type) }
        chunks = ColumnChunkWriter(options: options)
        unsafe file = OutputFile(sink: sink)
    }

    /// Writes one row group: a column for each field, in the order of the schema, all with the same number of rows.
    ///
    /// The columns are not kept. Without rows nothing is written.
    ///
    /// - Throws: `ParquetProblem`, and what the sink throws.
    public mutating func writeRowGroup(_ columns: [Column]) throws {
        try writeRowGroup(columns, startThread: nil)
    }

    /// As ``writeRowGroup(_:)``, with another thread that encodes some of the columns. The bytes are the same.
    ///
    /// - Parameter startThread: runs the work on a thread of its own, and returns what waits for its end; nil: there is no thread.
    ///   Asked before each column but the last, as long as there is none.
    package mutating func writeRowGroup(
        _ columns: [Column], startThread: ((@escaping () -> Void) -> (() -> Void)?)?
    ) throws {
        try check(columns)
        let count = columns[0].count
        guard count > 0 else { return }
        if file.byteCount == 0 { try file.append(Self.magic) }
        let work = RowGroupWork(
            columns: columns, schema: schema, resolved: resolved, digesters: digesters,
            settled: rowGroups.first?.chunks.map(\.encoding))
        var rowGroup = RowGroup(rowCount: count, chunks: [])
        try rowGroup.chunks = encode(work, startThread: startThread)
        try writeBloomFilters(of: &rowGroup)
        rowGroup.end = file.byteCount
        rowGroups.append(rowGroup)
        rowCount += count
    }

    /// Appends the chunks of a row group: the first columns are encoded here, the last ones by the other thread, if there
    /// is one, until the two meet.
    private mutating func encode(
        _ work: RowGroupWork, startThread: ((@escaping () -> Void) -> (() -> Void)?)?
    ) throws -> [ColumnChunk] {
        var placed: [ColumnChunk] = []
        var others: OtherChunks?
        var wait: (() -> Void)?
        if startThread != nil {
            others = otherChunks ?? OtherChunks(options: options)
            otherChunks = others
        }
        defer { others?.removeAll() }
        do {
            // Not before the other thread is done with the columns may they go.
            defer {
                work.close()
                wait?()
            }
            while let index = work.takeFirst() {
                if wait == nil, let others, work.isAnyLeft { wait = startThread?({ others.encode(work) }) }
                let start = file.byteCount
                var chunk = try work.encode(index, using: &chunks, to: &file)
                chunk.place(at: start)
                placed.append(chunk)
            }
        }
        try others?.append(to: &file, &placed)
        return placed
    }

    /// Writes the filters behind the chunks of their row group, so that they need not be kept.
    private mutating func writeBloomFilters(of rowGroup: inout RowGroup) throws {
        for index in rowGroup.chunks.indices where !rowGroup.chunks[index].bloomFilter.isEmpty {
            rowGroup.chunks[index].bloomFilterOffset = file.byteCount
            rowGroup.chunks[index].bloomFilterByteCount = rowGroup.chunks[index].bloomFilter.count
            try file.append(rowGroup.chunks[index].bloomFilter)
            rowGroup.chunks[index].bloomFilter = []
        }
    }

    func check(_ columns: [Column]) throws(ParquetProblem) {
        guard columns.count == schema.count else {
            throw ParquetProblem(.columnCount(columns.count, expected: schema.count))
        }
        for (field, column) in zip(schema, columns) {
            guard column.type == field.type else {
                throw ParquetProblem(.columnType(name: field.name, column.type, expected: field.type))
            }
            guard column.count == columns[0].count else {
                throw ParquetProblem(.rowCount(name: field.name, column.count, expected: columns[0].count))
            }
            guard field.isNullable || column.nullCount == 0 else {
                throw ParquetProblem(.unexpectedNulls(name: field.name, count: column.nullCount))
            }
        }
    }

    /// Writes the page indexes and the footer, and hands the last bytes to the sink.
    ///
    /// - Parameter keyValueMetadata: kept in the footer, in this order.
    public consuming func finish(keyValueMetadata: [(key: String, value: String)]) throws -> WrittenFile {
        if file.byteCount == 0 { try file.append(Self.magic) }
        // All column indexes, then all offset indexes, near the footer: parquet-format `PageIndex.md`.
        for group in rowGroups.indices {
            for index in schema.indices {
                rowGroups[group].chunks[index].columnIndexOffset = file.byteCount
                try file.append(rowGroups[group].chunks[index].columnIndex)
            }
        }
        for group in rowGroups.indices {
            for index in schema.indices {
                rowGroups[group].chunks[index].offsetIndexOffset = file.byteCount
                try file.append(rowGroups[group].chunks[index].offsetIndex)
            }
        }
        var thrift = CompactWriter()
        thrift.footer(
            schema: schema, rowCount: rowCount, rowGroups: rowGroups, options: options,
            sorting: resolved.sorting, keyValueMetadata: keyValueMetadata)
        guard thrift.buffer.count <= Int(Int32.max) else {
            throw ParquetProblem(.footerTooLong(byteCount: thrift.buffer.count))
        }
        try file.append(thrift.buffer)
        try file.append(littleEndianBytes(UInt32(truncatingIfNeeded: thrift.buffer.count)) + Self.magic)
        try file.flush()
        return summary()
    }

    private func summary() -> WrittenFile {
        let digests = digesters.map { $0.digester.digest() }
        let columns = schema.indices.map { index in
            WrittenColumn(
                name: schema[index].name,
                compressedByteCount: rowGroups.reduce(0) { $0 + $1.chunks[index].compressedByteCount },
                nullCount: rowGroups.reduce(0) { $0 + $1.chunks[index].nullCount },
                valueDigest: digests[index])
        }
        return WrittenFile(
            rowCount: rowCount, byteCount: file.byteCount, columns: columns,
            valueDigest: contentDigest(fields: schema, rowCount: rowCount, columnDigests: digests))
    }
}

/// What was written, once a file is finished.
public struct WrittenFile: Hashable, Sendable {
    /// Of all row groups.
    public var rowCount: Int
    /// Length of the file.
    public var byteCount: Int
    /// In the order of the schema.
    public var columns: [WrittenColumn]
    /// The content digest: of schema and values, whatever the codec, the encodings, pages and row groups.
    public var valueDigest: XXH3Digest

    /// A summary with these values.
    public init(rowCount: Int, byteCount: Int, columns: [WrittenColumn], valueDigest: XXH3Digest) {
        self.rowCount = rowCount
        self.byteCount = byteCount
        self.columns = columns
        self.valueDigest = valueDigest
    }
}

/// One column of a written file.
public struct WrittenColumn: Hashable, Sendable {
    /// The field's name.
    public var name: String
    /// Bytes of all its pages in the file, headers included.
    public var compressedByteCount: Int
    /// Rows without a value.
    public var nullCount: Int
    /// The digest of its values, as `ColumnDigester` takes it.
    public var valueDigest: XXH3Digest

    /// A summary with these values.
    public init(name: String, compressedByteCount: Int, nullCount: Int, valueDigest: XXH3Digest) {
        self.name = name
        self.compressedByteCount = compressedByteCount
        self.nullCount = nullCount
        self.valueDigest = valueDigest
    }
}

/// Gives a digester a place in an array, which takes no noncopyable elements.
final class DigesterBox {
    var digester: ColumnDigester

    init(_ type: ColumnType) { digester = ColumnDigester(type: type) }
}
