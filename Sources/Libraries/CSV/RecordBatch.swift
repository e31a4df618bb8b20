/// Records of one block, split into fields: a table of offsets over bytes that stay where they are.
///
/// Row `r` has the edges from `r * edgeStride` on; its field `c` lies at `edges[c] ..< edges[c + 1] - 1` of `bytes`.
/// Where all records are rows, each begins where the one before ends and `edgeStride` is `fieldCount`; otherwise
/// it is one more. Valid until the reader is asked for the next batch. A class, because the reader fills the same buffers again and again.
@safe package final class RecordBatch {
    /// A record that is not a row: split badly, or into another number of fields.
    package enum Irregularity: Hashable, Sendable {
        case fieldCount(Int)
        case malformed(Malformation)
    }
    package struct IrregularRecord: Hashable, Sendable {
        /// In the block, as rows' `sourceStart`.
        package var sourceStart: Int
        /// Lines before it since `firstLine`.
        package var line: Int
        package var reason: Irregularity
    }

    /// Fields a row must have.
    package internal(set) var fieldCount = 0
    package private(set) var rowCount = 0
    /// In order of their place in the file.
    package private(set) var irregularRecords: [IrregularRecord] = []
    /// Line of the file, from 1, at which the batch begins, and the offset in the file of its block's first byte.
    package internal(set) var firstLine = 1
    package internal(set) var blockOffset = 0
    package private(set) var lineCount = 0

    /// The block as the file has it; what `sourceStart` counts in.
    private(set) var source: UnsafePointer<UInt8>
    private(set) var sourceEnd = 0
    private var isLastBlock = false
    let syntax: FieldSyntax
    /// What edges count in: the block itself, or unquoted text.
    private var bytes: UnsafePointer<UInt8>
    private var separators: UnsafeMutablePointer<UInt32>
    private var edges: UnsafeMutablePointer<UInt32>
    private var edgeStride = 1
    private var rowStarts: UnsafeMutablePointer<UInt32>
    private var rowLines: UnsafeMutablePointer<UInt32>
    private var unquoted: UnsafeMutablePointer<UInt8>?
    private var byteCapacity = 0

    /// Kernels read up to this many bytes on either side of a field.
    static let padding = 64

    @unsafe init(source: UnsafePointer<UInt8>, syntax: FieldSyntax) {
        unsafe self.source = unsafe source
        unsafe bytes = unsafe source
        self.syntax = syntax
        unsafe separators = .allocate(capacity: 1)
        unsafe edges = .allocate(capacity: 1)
        unsafe rowStarts = .allocate(capacity: 1)
        unsafe rowLines = .allocate(capacity: 1)
    }

    deinit {
        unsafe separators.deallocate()
        unsafe edges.deallocate()
        unsafe rowStarts.deallocate()
        unsafe rowLines.deallocate()
        if let unquoted = unsafe unquoted { unsafe (unquoted - Self.padding).deallocate() }
    }

    /// Starts a batch over a block; makes room for whatever its bytes can turn out to be.
    @unsafe func begin(source: UnsafePointer<UInt8>, end: Int, isLast: Bool) {
        unsafe self.source = source
        sourceEnd = end
        isLastBlock = isLast
        rowCount = 0
        lineCount = 0
        irregularRecords.removeAll(keepingCapacity: true)
        guard end > byteCapacity || byteCapacity == 0 else { return }
        byteCapacity = max(end, 1)
        unsafe separators.deallocate()
        unsafe edges.deallocate()
        unsafe rowStarts.deallocate()
        unsafe rowLines.deallocate()
        if let unquoted = unsafe unquoted { unsafe (unquoted - Self.padding).deallocate() }
        unsafe unquoted = nil
        // A byte ends at most one field, the last may end without one, and each row has one edge more than fields.
        unsafe separators = .allocate(capacity: byteCapacity + 64)
        unsafe edges = .allocate(capacity: 2 * byteCapacity + 64)
        unsafe rowStarts = .allocate(capacity: byteCapacity + 1)
        unsafe rowLines = .allocate(capacity: byteCapacity + 1)
    }

    /// Takes the complete records from `start` on that hold no special byte.
    ///
    /// - Returns: the offset after the last record taken, and whether a special byte stopped the scan.
    func takePlainRecords(from start: Int) -> (next: Int, metSpecial: Bool) {
        unsafe bytes = source
        let base = unsafe source + start
        let scan = unsafe findEdges(base, count: sourceEnd - start, syntax: syntax, into: edges + 1)
        let metSpecial = scan.scanned < sourceEnd - start
        if let next = takeDenseRecords(from: start, scan) { return (next, metSpecial) }
        // The edges are moved apart, so what was found is kept beside them.
        let found = scan.found
        unsafe separators.update(from: edges + 1, count: found)
        edgeStride = fieldCount + 1
        let width = fieldCount
        let delimiter = syntax.delimiter
        let origin = UInt32(truncatingIfNeeded: start)
        var row = rowCount
        var rowStart: UInt32 = 0
        var line: UInt32 = 0
        var s = 0
        var target = unsafe edges
        // SAFETY: s + width <= found, each separator is an offset within the block, and `begin` made room for one row
        // a byte and two edges a byte.
        while s < found {
            if s + width <= found {
                unsafe target[0] = origin &+ rowStart
                var differs: UInt8 = 0
                let ends = unsafe separators + s
                for c in 0..<(width - 1) {
                    let end = unsafe ends[c]
                    unsafe differs |= base[Int(end) &- 1] ^ delimiter
                    unsafe target[c + 1] = origin &+ end
                }
                let end = unsafe ends[width - 1]
                unsafe differs |= base[Int(end) &- 1] ^ FieldSyntax.lineFeed
                unsafe target[width] = origin &+ end
                if differs == 0 {
                    unsafe rowStarts[row] = origin &+ rowStart
                    unsafe rowLines[row] = line
                    row &+= 1
                    line &+= 1
                    rowStart = end
                    s &+= width
                    unsafe target += width + 1
                    continue
                }
            }
            var k = s
            while k < found, unsafe base[Int(separators[k]) &- 1] != FieldSyntax.lineFeed { k += 1 }
            guard k < found else { break }
            irregularRecords.append(
                IrregularRecord(
                    sourceStart: start + Int(rowStart), line: Int(line), reason: .fieldCount(k - s + 1)))
            unsafe rowStart = separators[k]
            line &+= 1
            s = k + 1
        }
        rowCount = row
        lineCount = Int(line)
        return (start + Int(rowStart), metSpecial)
    }

    /// Takes the records that were found as they lie, if all of them are rows.
    ///
    /// - Returns: the offset after the last record taken; nil where some are no rows.
    private func takeDenseRecords(from start: Int, _ scan: EdgeScan) -> Int? {
        let width = fieldCount
        let count = scan.lineFeedCount
        guard count * width <= scan.found else { return nil }
        unsafe edges[0] = 0
        // As many LFs as rows, and one at the end of each, leave only delimiters for the other edges.
        let base = unsafe source + start
        var differs: UInt8 = 0
        // SAFETY: count * width <= found edges behind the first, each the offset after a byte of the block.
        for row in 1..<(count + 1) {
            unsafe differs |= base[Int(edges[row &* width]) &- 1] ^ FieldSyntax.lineFeed
        }
        guard differs == 0 else { return nil }
        let end = unsafe Int(edges[count * width])
        if start != 0 {
            let origin = UInt32(truncatingIfNeeded: start)
            for i in 0...(count * width) { unsafe edges[i] &+= origin }
        }
        edgeStride = width
        rowCount = count
        lineCount = count
        return start + end
    }

    /// Gives each row its own edges, start and line, as rows among other records have.
    private func spreadRows() {
        guard edgeStride == fieldCount else { return }
        unsafe separators.update(from: edges, count: rowCount * fieldCount + 1)
        edgeStride = fieldCount + 1
        for row in 0..<rowCount {
            unsafe (edges + row * edgeStride).update(from: separators + row * fieldCount, count: edgeStride)
            unsafe rowStarts[row] = separators[row * fieldCount]
            unsafe rowLines[row] = UInt32(truncatingIfNeeded: row)
        }
    }

    /// Takes the complete records from `start` on, one by one, quotes and all.
    ///
    /// - Returns: the offset after the last record taken, and the opening quote or zero byte that ends the file's sense.
    func takeAnyRecords(from start: Int) -> (next: Int, fatal: (reason: Malformation, at: Int, line: Int)?) {
        if unsafe unquoted == nil {
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCapacity + 2 * Self.padding + 1)
            unsafe memory.initialize(repeating: 0, count: byteCapacity + 2 * Self.padding + 1)
            unsafe unquoted = memory + Self.padding
        }
        edgeStride = fieldCount + 1
        let output = unsafe unquoted!
        unsafe bytes = UnsafePointer(output)
        let machine = RecordMachine(syntax: syntax)
        var next = start
        var written = 0
        // SAFETY: rows take at least as many bytes as they have fields, so there is room for a record of the bytes left.
        while next < sourceEnd {
            let line = lineCount
            let sourceStart = next
            // Each record's edges go behind those of the rows before; a record that is no row is overwritten.
            let outcome = unsafe machine.parse(
                source, from: next, to: sourceEnd, isLast: isLastBlock, output: output, outputCount: &written,
                edges: edges + rowCount * (fieldCount + 1), lineCount: &lineCount)
            switch outcome {
            case .incomplete:
                return (next, nil)
            case .complete(let after, let count):
                if count == fieldCount {
                    unsafe rowStarts[rowCount] = UInt32(truncatingIfNeeded: sourceStart)
                    unsafe rowLines[rowCount] = UInt32(truncatingIfNeeded: line)
                    rowCount += 1
                } else {
                    irregularRecords.append(
                        IrregularRecord(sourceStart: sourceStart, line: line, reason: .fieldCount(count)))
                }
                next = after
            case .malformed(let reason, let at, let after):
                if reason == .unclosedQuote || reason == .zeroByte {
                    lineCount = line
                    var lines = line
                    for i in sourceStart..<at where unsafe source[i] == FieldSyntax.lineFeed { lines += 1 }
                    return (next, (reason, at, lines))
                }
                irregularRecords.append(
                    IrregularRecord(sourceStart: sourceStart, line: line, reason: .malformed(reason)))
                next = after
            }
        }
        return (next, nil)
    }

    /// Drops the rows where `isBad` is not 0; edges of the others move up.
    package func removeRows(where isBad: [UInt8]) {
        spreadRows()
        let width = edgeStride
        var kept = 0
        for row in 0..<rowCount where isBad[row] == 0 {
            if kept != row {
                unsafe (edges + kept * width).update(from: edges + row * width, count: width)
                unsafe rowStarts[kept] = rowStarts[row]
                unsafe rowLines[kept] = rowLines[row]
            }
            kept += 1
        }
        rowCount = kept
    }

    /// One field of each of the rows `rows`, for kernels.
    @unsafe package func fields(_ index: Int, rows: Range<Int>) -> FieldSlice {
        precondition(index >= 0 && index < fieldCount && rows.lowerBound >= 0 && rows.upperBound <= rowCount)
        return unsafe FieldSlice(
            bytes: bytes, edges: edges + rows.lowerBound * edgeStride + index, stride: edgeStride,
            count: rows.count)
    }
}

// For messages: never in a hot loop.
extension RecordBatch {
    /// Offset in the block at which row `row` begins.
    package func sourceStart(ofRow row: Int) -> Int {
        unsafe Int(edgeStride == fieldCount ? edges[row * fieldCount] : rowStarts[row])
    }

    /// Line of the file, from 1.
    package func line(ofRow row: Int) -> Int {
        firstLine + (edgeStride == fieldCount ? row : unsafe Int(rowLines[row]))
    }

    /// The bytes of one field, unquoted.
    package func fieldBytes(_ index: Int, row: Int) -> [UInt8] {
        precondition(index >= 0 && index < fieldCount && row >= 0 && row < rowCount)
        let edge = unsafe edges + row * edgeStride + index
        return unsafe Array(
            UnsafeBufferPointer(start: bytes + Int(edge[0]), count: Int(edge[1]) - 1 - Int(edge[0])))
    }

    /// The record at `sourceStart` as the file has it, without its newline.
    package func recordBytes(at sourceStart: Int) -> [UInt8] {
        let scratch = Scratch(byteCount: sourceEnd - sourceStart)
        let end: Int
        switch scratch.parse(self, from: sourceStart) {
        case .complete(let next, _), .malformed(_, _, let next): end = next
        case .incomplete: end = sourceEnd
        }
        var record = unsafe Array(UnsafeBufferPointer(start: source + sourceStart, count: end - sourceStart))
        if record.last == FieldSyntax.lineFeed { record.removeLast() }
        if record.last == FieldSyntax.carriageReturn { record.removeLast() }
        return record
    }

    /// Offset in the file at which field `index` of the record at `sourceStart` begins (its quote, if it has one).
    package func fieldOffset(_ index: Int, at sourceStart: Int) -> Int {
        var offset = sourceStart
        var field = 0
        var isQuoted = false
        // Quotes come in pairs in a record that could be split, so a delimiter counts where their number is even.
        while offset < sourceEnd, field < index {
            let byte = unsafe source[offset]
            if byte == syntax.quote { isQuoted.toggle() }
            if byte == syntax.delimiter, !isQuoted { field += 1 }
            offset += 1
        }
        return blockOffset + offset
    }

    @safe private final class Scratch {
        let output: UnsafeMutablePointer<UInt8>
        let edges: UnsafeMutablePointer<UInt32>
        init(byteCount: Int) {
            unsafe output = .allocate(capacity: byteCount + 1)
            unsafe edges = .allocate(capacity: byteCount + 2)
        }
        deinit {
            unsafe output.deallocate()
            unsafe edges.deallocate()
        }
        func parse(_ batch: RecordBatch, from start: Int) -> RecordMachine.Outcome {
            var written = 0
            var lines = 0
            return unsafe RecordMachine(syntax: batch.syntax).parse(
                batch.source, from: start, to: batch.sourceEnd, isLast: batch.isLastBlock, output: output,
                outputCount: &written, edges: edges, lineCount: &lines)
        }
    }
}

/// One column's fields in consecutive rows: field `r` lies at `edges[r * stride] ..< edges[r * stride + 1] - 1` of `bytes`,
/// with at least `RecordBatch.padding` readable bytes on either side. Good only while its batch is.
@unsafe package struct FieldSlice {
    var bytes: UnsafePointer<UInt8>
    var edges: UnsafePointer<UInt32>
    var stride: Int
    package var count: Int

    @inline(__always) func start(_ row: Int) -> Int { unsafe Int(edges[row &* stride]) }
    @inline(__always) func end(_ row: Int) -> Int { unsafe Int(edges[row &* stride &+ 1]) &- 1 }

    /// Bytes of one row's field.
    @inline(__always) package func byteCount(_ row: Int) -> Int { unsafe end(row) &- start(row) }
}
