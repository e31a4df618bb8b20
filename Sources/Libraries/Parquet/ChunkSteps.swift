package import Columns

/// What happens to a column before its pages are written, one step a call, so that each can be measured alone.
///
/// For columns without nulls. The column is taken as one chunk, cut into pages as `WriterOptions()` says.
package struct ChunkSteps: ~Copyable {
    private var dictionary = Dictionary()
    private var encoded = ByteBuffer()
    private var scratch = ByteBuffer()
    private var writer = ColumnChunkWriter(options: WriterOptions())

    package init() {}

    /// Takes the bounds of every page.
    ///
    /// - Returns: how many pages there are.
    package mutating func statistics(of column: Column) -> Int {
        let cuts = PageCut.cuts(of: column, options: WriterOptions(), forPackedDeltas: false)
        return run(.statistics(cuts), on: column) ?? 0
    }

    /// Builds the column's dictionary: distinct values, and for each value its index.
    ///
    /// - Returns: how many entries it has; nil where values repeat too little.
    package mutating func buildDictionary(of column: Column) -> Int? { run(.dictionary, on: column) }

    /// Appends the indices that `buildDictionary` made, page by page as a chunk of `rowCount` rows has them.
    package func appendIndices(rowCount: Int, to page: inout ByteBuffer) {
        let step = WriterOptions().dataPageRows
        for start in stride(from: 0, to: rowCount, by: step) {
            dictionary.appendIndices(
                start..<min(start + step, rowCount), width: dictionary.indexWidth, to: &page)
        }
    }

    /// Appends the column in one encoding, page by page.
    ///
    /// - Parameter encoding: PLAIN or one that the column's type can have, by its number in parquet.thrift.
    package mutating func append(_ column: Column, encoding: Int, to page: inout ByteBuffer) {
        guard let encoding = Encoding(rawValue: encoding) else { preconditionFailure("no such encoding") }
        // The buffer leaves its owner for the call.
        swap(&page, &encoded)
        let cuts = PageCut.cuts(of: column, options: WriterOptions(), forPackedDeltas: false)
        _ = run(.encode(encoding, cuts), on: column)
        swap(&page, &encoded)
    }

    /// Tries the encodings as the writer does, dictionary and compressed samples included, and takes the best.
    ///
    /// - Returns: its number in parquet.thrift; nil when a sample cannot be compressed, for want of memory.
    package mutating func chooseEncoding(of column: Column) -> Int? {
        let hasPackedDeltas = column.type.layout == .int32 || column.type.layout == .int64
        let cuts = PageCut.cuts(of: column, options: WriterOptions(), forPackedDeltas: hasPackedDeltas)
        return run(.choice(cuts), on: column)
    }

    private enum Step {
        case statistics([PageCut])
        case dictionary
        case choice([PageCut])
        case encode(Encoding, [PageCut])
    }

    private mutating func run(_ step: Step, on column: Column) -> Int? {
        precondition(column.nullCount == 0)
        return switch column.type.layout {
        case .int32:
            unsafe column.withValues(as: Int32.self) {
                unsafe run(step, IntegerValues($0, key: UInt32.self))
            }
        case .int64:
            unsafe column.withValues(as: Int64.self) {
                unsafe run(step, IntegerValues($0, key: UInt64.self))
            }
        case .int128: unsafe column.withValues(as: Int128.self) { unsafe run(step, WideDecimalValues($0)) }
        case .float32:
            unsafe column.withValues(as: Float.self) { unsafe run(step, FloatValues($0) { $0.bitPattern }) }
        case .float64:
            unsafe column.withValues(as: Double.self) { unsafe run(step, FloatValues($0) { $0.bitPattern }) }
        case .bool: unsafe column.withValues(as: UInt8.self) { unsafe run(step, BoolValues($0)) }
        case .text:
            unsafe column.withText { ends, bytes in unsafe run(step, TextValues(ends: ends, bytes: bytes)) }
        }
    }

    private mutating func run<Values: ChunkValues & ~Copyable>(
        _ step: Step, _ values: borrowing Values
    ) -> Int? {
        switch step {
        case .statistics(let cuts): return values.statistics(cuts).pages.count
        case .dictionary: return values.build(&dictionary) ? dictionary.entryCount : nil
        case .choice(let cuts):
            return try? writer.chooseEncoding(of: values, cuts: cuts, settled: nil, name: "").encoding
                .rawValue
        case .encode(let encoding, let cuts):
            for cut in cuts { _ = values.append(encoding, cut.values, scratch: &scratch, to: &encoded) }
            return encoded.count
        }
    }
}
