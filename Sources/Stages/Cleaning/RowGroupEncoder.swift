import Columns
import Graph
import Parquet
import WorkStealing

/// Counts and encodes row groups: at once, or, with a processor to spare, on a thread of its own while the next is filling;
/// the last one, with nothing to fill any more, on both.
///
/// The bytes are the same either way.
final class RowGroupEncoder {
    /// What one thread at a time works on: the helper's while it has a row group, else the caller's.
    private final class State {
        var counter: DatasetCounter
        var writer: ParquetWriter?

        init(_ counter: DatasetCounter) { self.counter = counter }

        /// - Parameter spare: where there may be a processor for another thread, whenever it becomes idle.
        func write(_ columns: [Column], sharingWith spare: SpareProcessor? = nil) throws {
            counter.count(columns)
            guard let spare else { return try writer!.writeRowGroup(columns) }
            try writer!.writeRowGroup(columns) { work in
                guard spare.take(), let thread = HelperThread(work) else { return nil }
                return { thread.join() }
            }
        }

        /// False, nothing being done, where no such row group was written before.
        func keep(_ columns: [Column]) throws -> Bool {
            guard try writer!.keepRowGroup(columns) else { return false }
            counter.count(columns)
            return true
        }
    }

    /// The helper, and the way there and back.
    private final class Helper {
        let rowGroups = Handover<[Column]>(capacity: 1)
        let done = Handover<Result<[Column], any Error>>(capacity: 1)
        private let thread: HelperThread

        init?(_ state: State) {
            let thread = HelperThread { [rowGroups, done] in
                while let columns = rowGroups.take() {
                    done.put(
                        Result {
                            try state.write(columns)
                            return columns
                        })
                }
            }
            guard let thread else { return nil }
            self.thread = thread
        }

        deinit {
            rowGroups.close()
            done.close()
            thread.join()
        }
    }

    private let state: State
    /// Of no rows.
    private let firstCounter: DatasetCounter
    private let schema: [Field]
    private let options: WriterOptions
    private let output: Output
    private let pool: ColumnPool
    private let spare: SpareProcessor
    private let settings: CleanSettings
    private var helper: Helper?
    private var isHelperBusy = false
    /// The bytes so far, as long as row groups of theirs may be kept.
    private var written: WrittenBytes?

    init(
        schema: [Field], options: WriterOptions, counter: DatasetCounter, output: Output, pool: ColumnPool,
        spare: SpareProcessor, settings: CleanSettings
    ) {
        self.schema = schema
        self.options = options
        self.output = output
        self.pool = pool
        self.spare = spare
        self.settings = settings
        firstCounter = counter
        state = State(counter)
        pool.waitForMore = { [weak self] in try self?.waitForHelper() }
    }

    /// Writes a row group. The columns are given away, and go to the pool when they are no longer needed.
    ///
    /// - Parameter isLast: whether nothing is left to be read meanwhile.
    func write(_ columns: [Column], isLast: Bool = false) throws {
        try openWriter()
        try waitForHelper()
        if written != nil {
            if try state.keep(columns) {
                pool.put(columns)
                return
            }
            try endKeeping()
        }
        if isLast {
            try state.write(
                columns, sharingWith: columns[0].count >= settings.leastRowsShared ? spare : nil)
            pool.put(columns)
            return
        }
        if helper == nil, isBehind(columns) { helper = Helper(state) }
        guard let helper else {
            try state.write(columns)
            pool.put(columns)
            return
        }
        isHelperBusy = true
        helper.rowGroups.put(columns)
    }

    /// Whether a row group that is not the last is encoded by another thread, if one can be had.
    func isBehind(_ columns: [Column]) -> Bool {
        helper != nil || spare.isTaken && columns[0].count >= settings.leastRowsBehind
    }

    /// Writes the footer, once all row groups are written.
    func finish(metadata: [(key: String, value: String)]) throws -> (
        file: WrittenFile, counter: DatasetCounter
    ) {
        try waitForHelper()
        helper = nil
        try endKeeping()
        try openWriter()
        guard let file = try state.writer.take()?.finish(keyValueMetadata: metadata) else {
            preconditionFailure("the writer was opened a line above")
        }
        return (file, state.counter)
    }

    /// Begins again with all rows that were written: as long as nothing is between them, and ``endKeeping()`` was not called,
    /// their row groups are kept as they are.
    ///
    /// - Returns: the rows that were written, to be read while they are written again; nil where there are none.
    func beginAgain() throws -> RowReader? {
        try waitForHelper()
        guard state.writer != nil else { return nil }
        let bytes = WrittenBytes(output)
        let file = try state.writer!.writtenFile(in: bytes)
        state.writer!.beginAgain()
        state.counter = firstCounter
        written = bytes
        return RowReader(file)
    }

    /// Forgets the row groups that did not come again: what is written now follows those that did.
    func endKeeping() throws {
        guard let written else { return }
        self.written = nil
        guard let byteCount = state.writer!.endKeeping() else { return }
        try written.startOver(output, keeping: byteCount)
    }

    private func waitForHelper() throws {
        guard isHelperBusy, let helper, let result = helper.done.take() else { return }
        isHelperBusy = false
        pool.put(try result.get())
    }

    private func openWriter() throws {
        guard state.writer == nil else { return }
        unsafe state.writer = try ParquetWriter(schema: schema, options: options, sink: output.write)
    }
}

/// One more processor for a job, if nobody else has a use for it.
final class SpareProcessor {
    private let request: () -> AnyObject?
    private var grant: AnyObject?

    /// - Parameter request: gives something to hold as long as the processor is used; nil where none is to spare.
    init(_ request: @escaping () -> AnyObject?) { self.request = request }

    var isTaken: Bool { grant != nil }

    /// Asks for it unless it is taken; whether it is now.
    func take() -> Bool {
        if grant == nil { grant = request() }
        return isTaken
    }
}
