import Columns
import Synchronization

/// The columns of a row group, to be encoded by one thread or two: either takes those that nobody has taken.
final class RowGroupWork {
    // Each column, its digester with it, is one thread's: that of who took it. The rest is only read.
    private let columns: [Column]
    private let schema: [Field]
    private let resolved: ResolvedColumns
    private let digesters: [DigesterBox]
    private let settled: [Encoding]?
    /// How many columns either has taken. As long as they are no more than there are, first and last ones do not meet.
    private let takenCount = Atomic(0)
    // Each is one side's.
    private var takenFirstCount = 0
    private var takenLastCount = 0

    /// - Parameter settled: the encodings of the first row group; nil in that.
    init(
        columns: [Column], schema: [Field], resolved: ResolvedColumns, digesters: [DigesterBox],
        settled: [Encoding]?
    ) {
        self.columns = columns
        self.schema = schema
        self.resolved = resolved
        self.digesters = digesters
        self.settled = settled
    }

    /// The index of the first column that is left. Asked by one thread.
    func takeFirst() -> Int? {
        guard take() else { return nil }
        takenFirstCount += 1
        return takenFirstCount - 1
    }

    /// The index of the last column that is left. Asked by one thread.
    func takeLast() -> Int? {
        guard take() else { return nil }
        takenLastCount += 1
        return columns.count - takenLastCount
    }

    /// Whether a thread that begins now finds a column; it may be gone when it looks.
    var isAnyLeft: Bool { takenCount.load(ordering: .relaxed) < columns.count }

    /// Leaves no column to be taken.
    func close() { takenCount.store(columns.count, ordering: .relaxed) }

    private func take() -> Bool {
        // Relaxed: only the count matters. What is done with a column is seen by who waits for the thread to end.
        takenCount.wrappingAdd(1, ordering: .relaxed).newValue <= columns.count
    }

    /// Encodes a column that was taken.
    func encode(
        _ index: Int, using writer: inout ColumnChunkWriter, to file: inout OutputFile
    ) throws -> ColumnChunk {
        digesters[index].digester.update(columns[index])
        writer.askedEncoding = resolved.encodings[index]
        writer.falsePositiveProbability = resolved.falsePositiveProbabilities[index]
        return try writer.write(columns[index], field: schema[index], settled: settled?[index], to: &file)
    }
}

/// Column chunks that a second thread encodes, and holds until their place in the file is known.
final class OtherChunks {
    private var writer: ColumnChunkWriter
    private let bytes = Bytes()
    /// From the last of the row group backwards, each with where it lies in `bytes`.
    private var chunks: [(chunk: ColumnChunk, bytes: Range<Int>)] = []
    private var failure: (any Error)?

    private final class Bytes {
        var buffer = ByteBuffer()
    }

    init(options: WriterOptions) { writer = ColumnChunkWriter(options: options) }

    /// Encodes columns as long as any are left.
    func encode(_ work: RowGroupWork) {
        var file = unsafe OutputFile { [bytes] in unsafe bytes.buffer.append($0) }
        do {
            while let index = work.takeLast() {
                let start = file.byteCount
                let chunk = try work.encode(index, using: &writer, to: &file)
                chunks.append((chunk, start..<file.byteCount))
            }
            try file.flush()
        } catch {
            failure = error
            work.close()
        }
    }

    /// Appends the chunks to the file and to those before them.
    ///
    /// - Throws: what stopped `encode`, or the sink.
    func append(to file: inout OutputFile, _ placed: inout [ColumnChunk]) throws {
        if let failure { throw failure }
        for (chunk, range) in chunks.reversed() {
            var chunk = chunk
            chunk.place(at: file.byteCount)
            try file.append(bytes.buffer, range)
            placed.append(chunk)
        }
    }

    /// Forgets the chunks and keeps the memory.
    func removeAll() {
        chunks = []
        failure = nil
        bytes.buffer.removeAll()
    }
}
