import CSQLite
import GRDB

/// The tables of `state.db`, and how to tell that a file has them.
///
/// Names are split at their last `/`: the part before is interned (`text`), since directories hold thousands of files; the
/// part after stands in the row. A row's other values are one blob that ends in a checksum (`RowWriter`). The tables with
/// such a pair as their key have no rowid, so that key and values are one B-tree.
///
/// History of `user_version`.
/// - 1: the first.
/// - 2: with `generation`. The first writer adds it to a file of format 1; readers do without. Rows of `event` have two
///   layouts, which tell themselves apart (`RowCoder+Event`).
enum Schema {
    static let version = 2
    /// "dmkS", in the file's header: tells our file from other people's.
    static let applicationID: Int32 = 0x646D_6B53

    /// A row of a table without rowid may fill a quarter of a page before the rest moves to a page of its own. With SQLite's
    /// usual 4096 every month made from 30 daily files (some 1,000 bytes) took a whole extra page.
    static let pageByteCount = 8_192

    static let tables: [String] = firstTables + [generationTable]

    /// One row: a value that no earlier state of the records had.
    private static let generationTable =
        "CREATE TABLE generation(id INTEGER PRIMARY KEY CHECK(id = 1), value BLOB NOT NULL)"

    /// Those of format 1.
    private static let firstTables: [String] = [
        "CREATE TABLE text(id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE, mark INTEGER NOT NULL)",
        "CREATE TABLE recipe(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, fields TEXT NOT NULL)",
        pairTable("object"),
        pairTable("raw"),
        pairTable("action"),
        pairTable("sweep"),
        "CREATE TABLE failure(target TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
        "CREATE TABLE run(id TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
        "CREATE TABLE event(run INTEGER NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, "
            + "name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY(run, number)) WITHOUT ROWID",
    ]

    private static func pairTable(_ name: String) -> String {
        "CREATE TABLE \(name)(place INTEGER NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, "
            + "PRIMARY KEY(place, name)) WITHOUT ROWID"
    }

    /// Makes the tables in an empty database.
    static func create(in database: Database) throws {
        try database.inTransaction(.immediate) {
            for table in tables { try database.execute(sql: table) }
            try beginGeneration(in: database)
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// Brings a database of an older format to this one.
    static func migrate(_ database: Database) throws {
        guard try Int.fetchOne(database, sql: "PRAGMA user_version") == 1 else { return }
        try database.inTransaction(.immediate) {
            try database.execute(sql: generationTable)
            try beginGeneration(in: database)
            try database.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// Marks the records as other than they ever were; part of every transaction that changes what a plan is made from.
    static func beginGeneration(in database: Database) throws {
        let statement = try SQLStatement(
            database, "INSERT OR REPLACE INTO generation(id, value) VALUES (1, randomblob(16))")
        try statement.run()
    }

    /// Whether the database has exactly these tables, or those of an older format that is still read, word for word.
    static func isWhole(in database: Database) throws -> Bool {
        let found = try String.fetchAll(
            database,
            sql: "SELECT ifnull(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY sql")
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version")
        return version == Self.version
            ? found == tables.sorted() : version == 1 && found == firstTables.sorted()
    }

    /// What the first bytes of a database file say, without SQLite opening (and locking, or recovering) it.
    enum Header: Equatable {
        /// No bytes at all: as good as absent.
        case empty
        case notADatabase
        /// SQLite's, with this format of ours.
        case version(Int)

        /// - Parameter bytes: the first 100 of the file, or as many as there are.
        ///
        /// Format: "Database File Format", section 1.3.
        init(_ bytes: [UInt8]) {
            if bytes.isEmpty {
                self = .empty
            } else if bytes.count < 100 || !bytes.starts(with: "SQLite format 3\0".utf8)
                || Self.integer(bytes, at: 68) != UInt32(bitPattern: Schema.applicationID)
            {
                self = .notADatabase
            } else {
                self = .version(Int(Self.integer(bytes, at: 60)))
            }
        }

        /// Says in the first bytes of a database that its journal is a write-ahead log: the versions of the format that one must know
        /// to write and to read it.
        static func useLog(in database: inout [UInt8]) {
            database[18] = 2
            database[19] = 2
        }

        private static func integer(_ bytes: [UInt8], at offset: Int) -> UInt32 {
            bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }
}
