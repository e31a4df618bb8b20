import Columns
import Parquet

/// Rows that were written before others came that belong between them: read back from the output, which takes a fraction of
/// the time that reading the inputs again would.
final class EarlierRows: RowSource {
    /// Reads those that were encoded; nil where there are none.
    private var encoded: RowReader?
    /// Those that were not.
    private var rest: [Column]
    private let ranks: (Range<Int>) -> Column
    private var rowCount = 0

    init(_ encoded: RowReader?, rest: [Column], ranks: @escaping (Range<Int>) -> Column) {
        self.encoded = encoded
        self.rest = rest
        self.ranks = ranks
    }

    /// The next rows, and their ranks as one more column.
    func next() throws -> RowBlock? {
        if let columns = try encoded?.next() { return block(columns) }
        encoded = nil
        let columns = rest
        rest = []
        return columns.isEmpty || columns[0].count == 0 ? nil : block(columns)
    }

    private func block(_ columns: [Column]) -> RowBlock {
        let rows = rowCount..<(rowCount + columns[0].count)
        rowCount = rows.upperBound
        return RowBlock(columns + [ranks(rows)])
    }
}

/// The bytes of an output, also after it was started over.
@safe final class WrittenBytes: ByteSource, @unchecked Sendable {
    // Unchecked because of the closure, which reads a file of the thread that writes the output: only that one reads here.

    let name = "what was written"
    /// Asked for no more than was written.
    let byteCount = Int.max
    private var source: Output.Read

    init(_ output: Output) { unsafe source = output.read }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        unsafe try source(offset, buffer)
    }

    /// Bytes that are copied at a time.
    private static let pieceByteCount = 1 << 20

    /// Starts the output over with the first bytes of what it was.
    func startOver(_ output: Output, keeping byteCount: Int) throws {
        unsafe source = try output.startOver()
        guard byteCount > 0 else { return }
        let piece = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(byteCount, Self.pieceByteCount), alignment: 64)
        defer { unsafe piece.deallocate() }
        for start in stride(from: 0, to: byteCount, by: Self.pieceByteCount) {
            let part = unsafe UnsafeMutableRawBufferPointer(
                rebasing: piece[..<min(Self.pieceByteCount, byteCount - start)])
            unsafe try source(start, part)
            unsafe try output.write(UnsafeRawBufferPointer(part))
        }
    }
}
