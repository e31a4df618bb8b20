public import Columns

/// A Parquet file that is open for reading.
///
/// ```swift
/// let file = try ParquetFile(path: "a.parquet")
/// let prices = try file.readColumn(1, rowGroup: 0)
/// let firstTen = try file.readRows(0..<10)
/// try file.check()
/// ```
/// Nothing in the file is taken on trust: a length, count or offset is checked before it is used, and a file that
/// contradicts the format or itself gives a `ParquetReadingProblem` with the byte where it shows. Flat schemas only.
/// A value of this type may be used by several threads at once.
///
/// Format: parquet-format `README.md`, "File Format".
public struct ParquetFile: Sendable {
    /// Magic at both ends, and the footer's length before the last.
    private static let magicByteCount = 4
    private static let tailByteCount = 8

    /// The file's length.
    public let byteCount: Int
    /// Of all row groups.
    public let rowCount: Int
    /// The columns, in the order of the schema.
    public let fields: [Field]
    /// In the order of their rows.
    public let rowGroups: [RowGroupMetadata]
    /// What the writer left for others, in its order; keys may occur more than once.
    public let keyValueMetadata: [KeyValue]
    /// The program that wrote the file, if it says so.
    public let createdBy: String?
    /// Most bytes of memory that a column, or a page before decoding, may take.
    public let byteLimit: Int
    /// Bytes of the file that hold the footer and its length.
    public let footer: Range<Int>

    let storedColumns: [StoredColumn]
    let source: any ByteSource

    /// Opens a file on disk and reads its footer.
    ///
    /// - Throws: `ParquetReadingProblem`.
    public init(path: String, byteLimit: Int = 4 << 30) throws {
        try self.init(try FileSource(path: path), byteLimit: byteLimit)
    }

    /// Reads the footer of a file that is anywhere.
    ///
    /// - Parameters:
    ///   - source: the file's bytes; kept for as long as the value lives.
    ///   - byteLimit: most bytes of memory a column may take; a file of a few bytes can stand for billions of equal
    ///     values.
    /// - Throws: `ParquetReadingProblem`, and what the source throws.
    public init(_ source: any ByteSource, byteLimit: Int = 4 << 30) throws {
        self.source = source
        self.byteLimit = byteLimit
        byteCount = source.byteCount
        let name = source.name
        let tail = try Self.tail(of: source)
        footer = source.byteCount - Self.tailByteCount - tail..<source.byteCount
        let start = footer.lowerBound
        var bytes = ByteBuffer()
        try unsafe bytes.append(maximum: tail) { room in
            unsafe try source.read(at: start, into: room)
            return tail
        }
        let content: Footer
        do throws(Fault) {
            content = try unsafe bytes.withBytes { bytes throws(Fault) in
                var reader = unsafe CompactReader(bytes)
                let footer = try Footer(from: &reader, pageEnd: start)
                guard reader.offset == tail else {
                    throw Fault(
                        .malformed("\(tail - reader.offset) bytes are left over after the footer"),
                        at: reader.offset)
                }
                return footer
            }
        } catch {
            throw ParquetReadingProblem(error.kind, file: name, offset: start + error.offset, part: "footer")
        }
        rowCount = content.rowCount
        storedColumns = content.columns
        fields = content.columns.map(\.field)
        rowGroups = content.rowGroups
        keyValueMetadata = content.keyValueMetadata
        createdBy = content.createdBy
    }

    /// The footer's length, once both ends of the file are as they should be.
    private static func tail(of source: any ByteSource) throws -> Int {
        let byteCount = source.byteCount
        let smallest = magicByteCount + tailByteCount
        guard byteCount >= smallest else {
            throw ParquetReadingProblem(
                .cutShort("the file", byteCount: byteCount, expected: smallest), file: source.name, offset: 0)
        }
        var head = ByteBuffer()
        var tail = ByteBuffer()
        try unsafe head.append(maximum: magicByteCount) { room in
            unsafe try source.read(at: 0, into: room)
            return magicByteCount
        }
        try unsafe tail.append(maximum: tailByteCount) { room in
            unsafe try source.read(at: byteCount - tailByteCount, into: room)
            return tailByteCount
        }
        let last = tail.array()
        let magic = Array("PAR1".utf8)
        guard head.array() == magic, Array(last[4...]) == magic else {
            // "PARE": the footer is encrypted.
            let isEncrypted = Array(last[4...]) == Array("PARE".utf8)
            let offset = head.array() == magic || isEncrypted ? byteCount - magicByteCount : 0
            throw ParquetReadingProblem(
                isEncrypted ? .unsupported("an encrypted footer") : .notParquet, file: source.name,
                offset: offset)
        }
        let footerByteCount = (0..<4).reduce(0) { $0 | Int(last[$1]) << (8 * $1) }
        guard footerByteCount <= byteCount - smallest else {
            throw ParquetReadingProblem(
                .outOfRange("the footer's length", value: footerByteCount, allowed: 0...byteCount - smallest),
                file: source.name, offset: byteCount - tailByteCount)
        }
        return footerByteCount
    }

    /// What messages call the file.
    var name: String { source.name }

    /// Reads a range of the file, which lies within it.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        precondition(offset >= 0 && buffer.count <= byteCount - offset)
        unsafe try source.read(at: offset, into: buffer)
    }

    /// Reads one column of one row group.
    ///
    /// - Parameters:
    ///   - column: index into `fields`.
    ///   - rowGroup: index into `rowGroups`.
    /// - Throws: `ParquetReadingProblem`, and what the source throws.
    public func readColumn(_ column: Int, rowGroup: Int) throws -> Column {
        precondition(fields.indices.contains(column) && rowGroups.indices.contains(rowGroup))
        var chunk = try ChunkReader(self, column: column, rowGroup: rowGroup)
        let result = Column(type: fields[column].type, capacity: 1)
        while try chunk.readPage(into: result) != nil {}
        return result
    }
}
