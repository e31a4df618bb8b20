import CSQLite
import Foundation
import GRDB
import Synchronization

/// The build's memory, in `state.db`: what sources hold, what was fetched, what outputs were made from, what failed, past runs.
///
/// It is a cache. Losing it costs time; nothing in it is believed against the files themselves.
///
/// One process writes at a time (the one that holds the build lock), any number read meanwhile. The journal is SQLite's
/// write-ahead log, where readers never wait for the writer. Just the writer ever checkpoints, and never while it commits, as it
/// has one connection for both: SQLite before 3.51.3 can corrupt a database when two connections do. On a network file
/// system, where the log's shared memory does not work, the journal is a rollback journal and readers may wait a moment.
///
/// Every row ends in a checksum. One that does not fit counts as absent (`droppedRowCount`); the writer deletes it.
///
/// All methods may be called from any thread; those of one store run one after the other.
package final class StateStore: Sendable {
    package enum Access: Sendable { case reader, writer }

    /// How SQLite keeps a transaction from being torn.
    package enum Journal: Sendable {
        /// The write-ahead log: readers never wait.
        case log
        /// A rollback journal: needs no memory shared between processes.
        case rollback
    }

    package let path: String
    package let access: Access
    private let session: Mutex<Session?>

    /// What belongs to the connection. Unchecked, since `session`'s lock alone leads to it and no method lets it out.
    final class Session: @unchecked Sendable {
        let queue: DatabaseQueue
        let coder = RowCoder()
        let isLogged: Bool
        /// Keys of rows that were dropped, for the writer to delete.
        var damagedRows: [(table: RowTable, place: Int64, name: [UInt8])] = []
        var droppedRowCount = 0

        init(queue: DatabaseQueue, isLogged: Bool) {
            self.queue = queue
            self.isLogged = isLogged
        }

        /// Forgets what a transaction that did not commit may have left.
        func reset() { coder.reset() }
    }

    init(path: String, access: Access, session: Session) {
        self.path = path
        self.access = access
        self.session = Mutex(session)
    }

    /// Opens `state.db` in `directory` (`.datamake`).
    ///
    /// For writing, it is created where absent; one that is damaged or of an older format is moved to `state.db.corrupt-N`
    /// with its journals, and `note` says so in a line. For reading, nothing on disk changes: where there is no usable
    /// database the store is empty.
    ///
    /// - Parameters:
    ///   - journal: nil for what suits the file system of `directory`; readers take what they find.
    ///   - newDatabase: what `makeDatabase()` made; nil: it is made here, where there is a need.
    /// - Throws: `StateProblem`: the format is newer (the file is then not touched), or the disk refuses.
    package static func open(
        directory: String, access: Access, journal: Journal? = nil, newDatabase: [UInt8]? = nil
    ) throws -> (store: StateStore, note: String?) {
        try StateOpening(directory: directory, journal: journal, newDatabase: newDatabase).open(access)
    }

    /// Whether there is something at the place of `state.db`.
    package static func isThere(in directory: String) -> Bool {
        unsafe Foundation.access(StateOpening(directory: directory).path, F_OK) == 0
    }

    /// Makes a database without records, in memory, for one `open`; nil where that fails, which `open` will say.
    package static func makeDatabase() -> [UInt8]? { try? StateOpening.makeDatabase() }

    /// How many rows were met so far whose checksum or layout is wrong. They count as absent.
    package var droppedRowCount: Int { session.withLock { $0?.droppedRowCount ?? 0 } }

    /// Has rows that another connection found damaged deleted like those that this one found.
    package func takeOverDamage(from other: StateStore) {
        let (rows, count) = other.session.withLock { session in
            defer {
                session?.damagedRows = []
                session?.droppedRowCount = 0
            }
            return (session?.damagedRows ?? [], session?.droppedRowCount ?? 0)
        }
        guard count > 0 else { return }
        session.withLock { session in
            session?.damagedRows += rows
            session?.droppedRowCount += count
        }
    }

    /// Moves the log into the database, if this is the writer, and closes. Later calls throw. Without it nothing is lost:
    /// the next writer does the moving.
    package func close() throws {
        try session.withLock { session in
            guard let open = session else { return }
            session = nil
            do {
                if access == .writer, open.isLogged {
                    open.queue.inDatabase { database in
                        // Readers may hold on to parts of the log; then the next writer moves the rest.
                        _ = try? database.checkpoint(.passive)
                        unsafe datamake_sqlite_keep_wal_on_close(database.sqliteConnection, 0)
                    }
                }
                try open.queue.close()
            } catch let error as DatabaseError {
                throw StateProblem(error, path: path)
            }
        }
    }

    /// Runs `body` on the connection, alone. SQLite's errors come out as `StateProblem`; damage is remembered for the next open.
    func perform<T: Sendable>(_ body: (Database, Session) throws -> T) throws -> T {
        try session.withLock { session in
            guard let session else {
                throw StateProblem(.unexpected, path: path, detail: "the records are closed")
            }
            do {
                return try session.queue.inDatabase { try body($0, session) }
            } catch let error as DatabaseError {
                session.reset()
                let problem = StateProblem(error, path: path)
                if problem.kind == .damaged { StateOpening.markDamaged(path) }
                throw problem
            } catch {
                session.reset()
                throw error
            }
        }
    }

    /// Runs `body` on one state of the database.
    func read<T: Sendable>(_ body: (Database, Session) throws -> T) throws -> T {
        try perform { database, session in
            var result: T?
            try database.inTransaction(.deferred) {
                result = try body(database, session)
                return .commit
            }
            // The closure above ran to its end, or this line is not reached.
            return result!
        }
    }

    /// Runs `body` in one transaction: all of it or nothing.
    ///
    /// - Parameter isDurable: also after a power failure, once this returns. Otherwise the last transactions before one may
    ///   be lost (never torn, and never after just a crash): the records are then older, which costs a repeat.
    /// - Parameter isPlanned: whether a plan is made from what is written, so that the records' generation ends.
    func write(
        isDurable: Bool, isPlanned: Bool = true, _ body: (Database, Session) throws -> Void
    ) throws {
        guard access == .writer else {
            throw StateProblem(.unexpected, path: path, detail: "the records were opened for reading")
        }
        try perform { database, session in
            try database.inTransaction(.immediate) {
                if isPlanned || !session.damagedRows.isEmpty { try Schema.beginGeneration(in: database) }
                try deleteDamagedRows(database, session)
                try body(database, session)
                return .commit
            }
            // SQLite itself syncs the log only before a checkpoint (`synchronous` is NORMAL): a sync per commit is what
            // makes small transactions slow, and a lost tail costs no more than a repeat.
            if isDurable, session.isLogged {
                let code = unsafe datamake_sqlite_sync_log(database.sqliteConnection)
                if code != SQLITE_OK { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
            }
        }
    }

    private func deleteDamagedRows(_ database: Database, _ session: Session) throws {
        for row in session.damagedRows {
            switch row.table {
            case .object, .raw, .action, .sweep:
                let delete = try SQLStatement(
                    database, "DELETE FROM \(row.table.name) WHERE place = ? AND name = ?")
                try delete.bind(1, row.place)
                try delete.bindText(2, row.name)
                try delete.run()
            case .failure, .run:
                let column = row.table == .run ? "id" : "target"
                let delete = try SQLStatement(database, "DELETE FROM \(row.table.name) WHERE \(column) = ?")
                try delete.bindText(1, row.name)
                try delete.run()
            case .event: break
            }
        }
        session.damagedRows = []
    }
}
