import Bytes
import CSV
import Columns
import Graph

/// Reads a job's inputs, one after the other, into the columns of a row builder.
final class InputReader {
    let builder: RowBuilder
    private(set) var inputs: [CleanedInput] = []

    private let job: CleanJob
    private let files: InputFiles
    /// Nil where rows that do not pass were dealt with before.
    private let rejects: RejectLog?
    private let spare: SpareProcessor
    private let isCancelled: () -> Bool

    private let payloads: PayloadQueue
    // Of the input at hand.
    private var stream: PayloadStream?
    /// Reads the stream, once there is a processor for that.
    private var ahead: ReadAhead?
    private var batchCount = 0
    private var reader: RecordReader?
    private var fieldCount = 0
    private var rowCount = 0
    private var batch: RecordBatch?
    private var batchRow = 0

    // For ranks: rows taken so far, and by input from which row on how far down the list of preference it stands.
    private var takenRowCount = 0
    private let ranksPreference: Bool
    private var preferences: [(row: Int, preference: Int)] = []

    /// - Parameters:
    ///   - files: as `clean` has it.
    ///   - ranksPreference: whether rows of more preferred inputs rank before others.
    init(
        _ job: CleanJob, files: InputFiles, rejects: RejectLog?, ranksPreference: Bool,
        spare: SpareProcessor, isCancelled: @escaping () -> Bool
    ) throws {
        self.spare = spare
        self.job = job
        self.files = files
        payloads = PayloadQueue(job.inputs, files: files, spare: spare)
        self.rejects = rejects
        self.ranksPreference = ranksPreference
        self.isCancelled = isCancelled
        builder = try RowBuilder(table: job.table, days: job.days)
    }

    /// Appends the next rows to the builder, which must not be full; false when there are none left.
    func advance() throws -> Bool {
        precondition(!builder.isFull)
        while true {
            if let batch, batchRow < batch.rowCount {
                batchRow += builder.append(batch, from: batchRow)
                return true
            }
            batch = nil
            if stream != nil {
                if try readBatch() { continue }
                try endInput()
            }
            guard inputs.count < job.inputs.count else { return false }
            try beginInput(job.inputs[inputs.count])
        }
    }

    private func beginInput(_ input: CleanInput) throws {
        let table = job.table
        let syntax = FieldSyntax(delimiter: table.dialect.delimiter, quote: table.dialect.quote)
        let stream = try payloads.open()
        if let whole = stream.whole {
            reader = RecordReader(file: input.name, syntax: syntax, whole: whole, byteCount: stream.byteCount)
        } else {
            reader = RecordReader(file: input.name, syntax: syntax)
        }
        let layout = try FileLayout(
            first: unsafe try reader!.peekFirstRecord(stream.read), table: table, file: input.name)
        if layout.hasHeader { reader!.skipFirstRecord() }
        builder.beginFile(layout)
        if let byteCount = stream.announcedByteCount {
            // As if those still to come were as long: making room for all at once copies no rows.
            builder.expect(byteCount: byteCount * (job.inputs.count - inputs.count))
        }
        fieldCount = layout.fieldCount
        rowCount = 0
        let row = takenRowCount + builder.columns[0].count
        preferences.append((row, ranksPreference ? job.preferenceRank(of: input) : 0))
        self.stream = stream
        batchCount = 0
    }

    /// Batches, of 256 KiB, after which it is asked again for a processor.
    private static let batchesBetweenRequests = 64

    /// Goes over to reading ahead when that is worth while and there is a processor to spare.
    private func readAheadIfPossible(_ stream: PayloadStream) {
        defer { batchCount += 1 }
        guard ahead == nil, batchCount % Self.batchesBetweenRequests == 0,
            stream.expectedByteCount - stream.byteCount >= job.settings.leastBytesAhead, spare.take()
        else { return }
        ahead = ReadAhead(stream)
    }

    private func readBatch() throws -> Bool {
        guard let stream else { return false }
        readAheadIfPossible(stream)
        let next: RecordBatch?
        if let ahead {
            next = unsafe try reader!.nextBatch(fieldCount: fieldCount, ahead.read)
        } else {
            next = unsafe try reader!.nextBatch(fieldCount: fieldCount, stream.read)
        }
        guard let batch = next else { return false }
        if isCancelled() { throw CancellationError() }
        let input = job.inputs[inputs.count]
        for bad in builder.takeBadRows(from: batch) { try reject(bad, in: batch, of: input) }
        rowCount += batch.rowCount
        self.batch = batch
        batchRow = 0
        return true
    }

    private func endInput() throws {
        let input = job.inputs[inputs.count]
        if let identity = try stream!.fileIdentity() { try files.identified(inputs.count, identity) }
        inputs.append(
            CleanedInput(
                name: input.name, payload: stream!.digest, payloadByteCount: stream!.byteCount,
                rowCount: rowCount))
        stream = nil
        ahead = nil
        reader = nil
    }

    private func reject(_ bad: RowBuilder.BadRow, in batch: RecordBatch, of input: CleanInput) throws {
        guard job.table.badRows == .quarantine else {
            throw CleanProblem(
                .badRow(line: bad.line, byte: bad.byte, column: bad.column, reason: bad.reason),
                place: input.name)
        }
        try rejects?.append(
            file: input.name, line: bad.line, byte: bad.byte, column: bad.column, reason: bad.reason,
            text: batch.recordBytes(at: bad.sourceStart))
    }

    // MARK: handing rows on

    /// The builder's rows; it goes on with `next`, empty columns.
    func takeRows(leaving next: [Column]) -> [Column] {
        takenRowCount += builder.columns[0].count
        return builder.takeColumns(leaving: next)
    }

    /// The ranks of rows that were taken last.
    func ranks(ofLast count: Int) -> Column { ranks(of: takenRowCount - count..<takenRowCount) }

    /// The ranks of rows that were taken: their preferences, and their numbers from 1 on.
    ///
    /// - Parameter hasNumbers: whether the numbers are to be 0 instead.
    func ranks(of rows: Range<Int>, hasNumbers: Bool = true) -> Column {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= takenRowCount)
        let ranks = Column(type: .int64, capacity: rows.count)
        ranks.setCount(rows.count)
        // The last input that begins before the first of the rows.
        var (low, high) = (0, preferences.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if preferences[middle].row <= rows.lowerBound { low = middle } else { high = middle }
        }
        for index in low..<preferences.count where preferences[index].row < rows.upperBound {
            let end = index + 1 < preferences.count ? preferences[index + 1].row : takenRowCount
            let preference = Int64(preferences[index].preference) << RowOrder.ordinalBits
            unsafe ranks.withMutableSlots(as: Int64.self) { slots in
                // SAFETY: the rows lie in `rows`, and there are as many slots.
                for row in rows.clamped(to: preferences[index].row..<end) {
                    unsafe slots[row - rows.lowerBound] = preference | (hasNumbers ? Int64(row) + 1 : 0)
                }
            }
        }
        return ranks
    }

    /// Whether rows of some inputs are preferred to those of others.
    var hasPreferences: Bool { ranksPreference && Set(job.inputs.map(\.preference)).count > 1 }
}

extension CleanJob {
    /// How many kinds of input are preferred to this one.
    fileprivate func preferenceRank(of input: CleanInput) -> Int {
        Set(inputs.map(\.preference)).count { $0 < input.preference }
    }
}
