/// Reads a CSV file of any size in blocks that stay in cache, and hands its records on in batches.
///
/// A record that a block cuts off is carried over to the next; one longer than `recordLimit` is an error. Both LF and CRLF
/// end a record, the last needs neither; a UTF-8 byte order mark is passed over; UTF-16 is refused.
package struct RecordReader: ~Copyable {
    /// Fills the front of the buffer; 0 means the end of the file.
    package typealias Source = (UnsafeMutableRawBufferPointer) throws -> Int

    package static let defaultBlockByteCount = 256 << 10
    package static let defaultRecordLimit = 16 << 20

    /// For messages.
    private let file: String
    private let syntax: FieldSyntax
    private let recordLimit: Int
    private let batch: RecordBatch
    private let block: RecordBlock
    /// Unread bytes of the block.
    private var start = 0
    private var end = 0
    private var isAtEnd = false
    private var needsBytes = true
    /// Whether the rest of the block goes through the record machine, because a special byte turned up.
    private var isPlain = true
    private var line = 1
    /// Offset in the file of the block's first byte.
    private var blockOffset = 0

    /// - Parameter blockByteCount: positive; tests make it tiny.
    package init(
        file: String, syntax: FieldSyntax, blockByteCount: Int = RecordReader.defaultBlockByteCount,
        recordLimit: Int = RecordReader.defaultRecordLimit
    ) {
        precondition(syntax.isUsable && blockByteCount > 0)
        self.file = file
        self.syntax = syntax
        self.recordLimit = max(recordLimit, 1)
        // Room for the longest byte order mark.
        block = RecordBlock(capacity: max(blockByteCount, 4))
        unsafe batch = RecordBatch(source: UnsafePointer(block.base), syntax: syntax)
    }

    /// Reads a file that is in memory already: the first `byteCount` bytes of a block, which nobody else uses meanwhile.
    ///
    /// No source is ever asked for more.
    package init(file: String, syntax: FieldSyntax, whole block: RecordBlock, byteCount: Int) {
        // With a byte to spare, the block is never full, and never has to grow.
        precondition(syntax.isUsable && byteCount < block.capacity)
        self.file = file
        self.syntax = syntax
        recordLimit = Self.defaultRecordLimit
        self.block = block
        unsafe batch = RecordBatch(source: UnsafePointer(block.base), syntax: syntax)
        end = byteCount
        isAtEnd = true
    }

    /// The fields of the first record, or nil where the file holds none.
    ///
    /// The record stays unread. Its fields are empty where it cannot be split.
    package mutating func peekFirstRecord(_ read: Source) throws -> [[UInt8]]? {
        unsafe try fill(read)
        if blockOffset == 0, start == 0 {
            let front = (0..<min(end, 3)).map { unsafe block.base[$0] }
            if front.starts(with: [0xFF, 0xFE]) || front.starts(with: [0xFE, 0xFF]) {
                throw CSVProblem.utf16(file: file)
            }
            if front == [0xEF, 0xBB, 0xBF] { start = 3 }
        }
        while true {
            guard start < end else { return nil }
            if let (_, _, fields) = parseFirstRecord() { return fields }
            unsafe try fill(read)
        }
    }

    /// Passes over the record that `peekFirstRecord` showed.
    package mutating func skipFirstRecord() {
        guard start < end, let (next, lineCount, _) = parseFirstRecord() else { return }
        start = next
        line += lineCount
    }

    /// The record at `start`, or nil while it is not complete.
    private func parseFirstRecord() -> (next: Int, lineCount: Int, fields: [[UInt8]])? {
        let output = UnsafeMutablePointer<UInt8>.allocate(capacity: end - start + 2)
        let edges = UnsafeMutablePointer<UInt32>.allocate(capacity: end - start + 2)
        defer {
            unsafe output.deallocate()
            unsafe edges.deallocate()
        }
        var written = 0
        var lineCount = 0
        let outcome = unsafe RecordMachine(syntax: syntax).parse(
            UnsafePointer(block.base), from: start, to: end, isLast: isAtEnd, output: output,
            outputCount: &written, edges: edges, lineCount: &lineCount)
        switch outcome {
        case .complete(let next, let count):
            let fields = (0..<count).map { c in
                unsafe Array(
                    UnsafeBufferPointer(
                        start: output + Int(edges[c]), count: Int(edges[c + 1]) - 1 - Int(edges[c])))
            }
            return (next, lineCount, fields)
        case .malformed(_, _, let next):
            return (next, lineCount, [])
        case .incomplete:
            return nil
        }
    }

    /// The next records, each of `fieldCount` fields or listed as irregular; nil at the end of the file.
    package mutating func nextBatch(fieldCount: Int, _ read: Source) throws -> RecordBatch? {
        precondition(fieldCount > 0)
        batch.fieldCount = fieldCount
        while true {
            if needsBytes { unsafe try fill(read) }
            guard start < end else { return nil }
            unsafe batch.begin(source: UnsafePointer(block.base), end: end, isLast: isAtEnd)
            batch.firstLine = line
            batch.blockOffset = blockOffset

            if isPlain {
                let (next, metSpecial) = batch.takePlainRecords(from: start)
                // What is left of the file behind the last newline, too, is for the record machine.
                isPlain = !(metSpecial || isAtEnd)
                needsBytes = isPlain
                start = next
            } else {
                let (next, fatal) = batch.takeAnyRecords(from: start)
                start = next
                if let fatal, batch.rowCount == 0, batch.irregularRecords.isEmpty {
                    let place = CSVProblem.Place(line: line + fatal.line, byte: blockOffset + fatal.at)
                    throw fatal.reason == .zeroByte
                        ? CSVProblem.zeroByte(file: file, place) : CSVProblem.unclosedQuote(file: file, place)
                }
                // A fatal byte is met again, as the first record of a batch, once the rows before it are dealt with.
                needsBytes = fatal == nil && !(isAtEnd && start == end)
            }
            line += batch.lineCount
            if batch.rowCount > 0 || !batch.irregularRecords.isEmpty { return batch }
            if isAtEnd, start == end { return nil }
        }
    }

    /// Moves the unread bytes to the front and reads until the block is full or the file ends.
    private mutating func fill(_ read: Source) throws {
        if start > 0 {
            unsafe block.base.update(from: block.base + start, count: end - start)
            blockOffset += start
            end -= start
            start = 0
        }
        if end == block.capacity {
            guard end < recordLimit else {
                var quotes = 0
                for i in 0..<end where unsafe block.base[i] == syntax.quote { quotes += 1 }
                throw CSVProblem.recordTooLong(
                    file: file, CSVProblem.Place(line: line, byte: blockOffset), limit: recordLimit,
                    inQuotes: quotes % 2 == 1)
            }
            // Doubling keeps the bytes that are looked at again below twice the record.
            block.grow(to: min(block.capacity * 2, recordLimit), keeping: end)
        }
        while end < block.capacity, !isAtEnd {
            let room = unsafe UnsafeMutableRawBufferPointer(
                start: block.base + end, count: block.capacity - end)
            let count = unsafe try read(room)
            precondition(count >= 0 && count <= room.count)
            end += count
            isAtEnd = count == 0
        }
        isPlain = true
        needsBytes = false
    }
}
