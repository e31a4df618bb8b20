import CSQLite
import Files
import Foundation
import GRDB
import Problems

/// How `state.db` is opened, created, and set aside when it cannot be used.
struct StateOpening {
    let directory: String
    /// Nil: what suits the file system.
    var journal: StateStore.Journal?
    /// As `makeDatabase()` makes it; nil: it is made when there is a need.
    var newDatabase: [UInt8]?
    var path: String { directory + "/state.db" }

    private enum Finding {
        case absent, usable
        case unusable(String)
    }

    func open(_ access: StateStore.Access) throws -> (store: StateStore, note: String?) {
        switch access {
        case .reader: try openForReading()
        case .writer: try openForWriting()
        }
    }

    // MARK: Writing

    private func openForWriting() throws -> (store: StateStore, note: String?) {
        if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw failure("cannot create \(directory)", errno)
        }
        var note: String?
        switch try inspect() {
        case .usable: break
        case .absent: try create()
        case .unusable(let why):
            note = try setAside(why)
            try create()
        }
        do {
            return (try connectForWriting(), note)
        } catch let error as DatabaseError {
            let problem = StateProblem(error, path: path)
            guard problem.kind == .damaged else { throw problem }
            note = try setAside(problem.detail)
            try create()
        }
        do {
            return (try connectForWriting(), note)
        } catch let error as DatabaseError {
            throw StateProblem(error, path: path)
        }
    }

    /// What suits the file system, where nobody says.
    private var wantedJournal: StateStore.Journal {
        journal ?? (isOnNetworkFileSystem(directory) ? .rollback : .log)
    }

    /// Makes a database without records where there is none.
    ///
    /// It is made in memory and published whole: a crash leaves it or nothing, and the disk is waited for once here (and once for
    /// the name, with that of the log, when it is opened), while SQLite waits eight times when it makes the tables in the file and
    /// then goes over to a log.
    private func create() throws {
        // What a database that is gone left behind would be played into this one.
        for suffix in ["-wal", "-shm", "-journal"] where unsafe unlink(path + suffix) != 0 {
            if errno != ENOENT, errno != ENOTDIR { throw failure("cannot be made", errno) }
        }
        do {
            var image = try newDatabase ?? Self.makeDatabase()
            if wantedJournal == .log { Schema.Header.useLog(in: &image) }
            try writeFileAtomically(path, image, durable: .bytes)
        } catch let error as DatabaseError {
            throw StateProblem(error, path: path)
        } catch let error as FileProblem {
            throw StateProblem(.disk, path: path, detail: error.summary)
        }
    }

    /// The bytes of a database without records, which no other is like.
    static func makeDatabase() throws -> [UInt8] {
        try DatabaseQueue().inDatabase { database in
            try database.execute(sql: "PRAGMA page_size = \(Schema.pageByteCount)")
            try Schema.create(in: database)
            return try serialized(database)
        }
    }

    /// The bytes that a file with this database would have.
    private static func serialized(_ database: Database) throws -> [UInt8] {
        var byteCount: sqlite3_int64 = 0
        guard let bytes = unsafe sqlite3_serialize(database.sqliteConnection, "main", &byteCount, 0) else {
            throw DatabaseError(resultCode: .SQLITE_NOMEM, message: "no memory for a new database")
        }
        defer { unsafe sqlite3_free(bytes) }
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(byteCount)))
    }

    private func connectForWriting() throws -> StateStore {
        let queue = try connect(access: .writer)
        do {
            let isLogged = try queue.inDatabase { database in
                let wanted = wantedJournal == .log ? "WAL" : "DELETE"
                let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = \(wanted)")
                // Checkpoints are due at close; in a long run also when the log has 64 MiB, between two commits.
                try database.execute(sql: "PRAGMA wal_autocheckpoint = \((64 << 20) / Schema.pageByteCount)")
                // The log is synced where it matters (`StateStore.write`); a rollback journal has to be at every commit.
                try database.execute(sql: "PRAGMA synchronous = \(mode == "wal" ? "NORMAL" : "FULL")")
                guard try Schema.isWhole(in: database) else {
                    throw DatabaseError(
                        resultCode: .SQLITE_CORRUPT, message: "the tables are not those of this format")
                }
                try Schema.migrate(database)
                return mode == "wal"
            }
            // The names of the database and of its log, which exists since the first read.
            syncDirectory()
            return StateStore(
                path: path, access: .writer, session: StateStore.Session(queue: queue, isLogged: isLogged))
        } catch {
            try? queue.close()
            throw error
        }
    }

    // MARK: Reading

    private func openForReading() throws -> (store: StateStore, note: String?) {
        switch try inspect() {
        case .absent: return (try emptyStore(), nil)
        case .unusable(let why):
            return (try emptyStore(), "\(path) is not used: \(why); the next build sets it aside")
        case .usable: break
        }
        do {
            let queue = try connect(access: .reader)
            do {
                guard try queue.inDatabase({ try Schema.isWhole(in: $0) }) else {
                    throw DatabaseError(
                        resultCode: .SQLITE_CORRUPT, message: "the tables are not those of this format")
                }
                return (
                    StateStore(
                        path: path, access: .reader,
                        session: StateStore.Session(queue: queue, isLogged: false)), nil
                )
            } catch {
                try? queue.close()
                throw error
            }
        } catch let error as DatabaseError {
            let problem = StateProblem(error, path: path)
            guard problem.kind == .damaged else { throw problem }
            return (try emptyStore(), "\(path) is not used: \(problem.detail); the next build sets it aside")
        }
    }

    private func emptyStore() throws -> StateStore {
        do {
            let queue = try DatabaseQueue()
            try queue.inDatabase { try Schema.create(in: $0) }
            return StateStore(
                path: path, access: .reader, session: StateStore.Session(queue: queue, isLogged: false))
        } catch let error as DatabaseError {
            throw StateProblem(error, path: path)
        }
    }

    // MARK: The file

    private func connect(access: StateStore.Access) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            // Closing must not checkpoint: a reader never may, and the writer does it on purpose.
            unsafe datamake_sqlite_keep_wal_on_close(database.sqliteConnection, 1)
            try database.execute(sql: "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
            try database.execute(sql: "PRAGMA cache_size = -16384")
            if access == .reader {
                // Not opened read-only: after a crash on a network file system the first to read must roll back.
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON")
            }
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// What the file is, judged by its first bytes: SQLite does not open, lock or recover a file that is not for us.
    private func inspect() throws -> Finding {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return .absent }
            throw failure("cannot be examined", errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StateProblem(.disk, path: path, detail: "not a regular file")
        }
        let header = try Schema.Header(firstBytes())
        switch header {
        case .empty: return .absent
        case .version(let version) where version > Schema.version:
            throw StateProblem(.newerFormat(found: version, known: Schema.version), path: path, detail: "")
        case .version(let version) where version < 1:
            return .unusable("format \(version) is too old")
        case .notADatabase: return .unusable("it is damaged (no database of this program)")
        case .version:
            if unsafe access(path + Self.marker, F_OK) == 0 {
                return .unusable("it was found damaged before")
            }
            return .usable
        }
    }

    private func firstBytes() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            // SAFETY: writes at most the buffer's count.
            unsafe datamake_sqlite_first_bytes(path, buffer.baseAddress, Int32(buffer.count))
        }
        guard count >= 0 else {
            throw StateProblem(DatabaseError(resultCode: ResultCode(rawValue: -1 - count)), path: path)
        }
        return Array(bytes.prefix(Int(count)))
    }

    /// Moves the database and its journals to the next free `state.db.corrupt-N`.
    ///
    /// Journals go first: SQLite would play one back into the fresh database that takes the old one's place.
    private func setAside(_ why: String) throws -> String {
        var number = 1
        var status = stat()
        while unsafe lstat("\(path).corrupt-\(number)", &status) == 0 { number += 1 }
        let target = "\(path).corrupt-\(number)"
        for suffix in ["-wal", "-shm", "-journal", ""] where unsafe lstat(path + suffix, &status) == 0 {
            if unsafe rename(path + suffix, target + suffix) != 0 {
                throw failure("cannot be set aside", errno)
            }
        }
        unsafe unlink(path + Self.marker)
        return "\(path) cannot be used: \(why); set aside as \(target), the records start afresh"
    }

    private static let marker = ".damaged"

    /// Leaves a mark beside a database whose damage showed after it was opened: the next writer sets it aside.
    static func markDamaged(_ path: String) {
        let file = unsafe Foundation.open(path + marker, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        // Where no mark can be made nothing is lost but time: the damage shows again.
        if file >= 0 { Foundation.close(file) }
    }

    private func syncDirectory() {
        let file = unsafe Foundation.open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard file >= 0 else { return }
        // Some file systems cannot sync a directory; they have to keep names by themselves.
        fsync(file)
        Foundation.close(file)
    }

    private func failure(_ what: String, _ code: Int32) -> StateProblem {
        StateProblem(.disk, path: path, detail: "\(what): \(unsafe String(cString: strerror(code)))")
    }
}
