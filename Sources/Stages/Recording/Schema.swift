import CSQLite
import GRDB

/// The tables of `state.db`, and how to tell that a file has them.
///
/// Names are split at their last `/`: the part before is interned (`text`), since directories hold thousands of files; the
/// part after stands in the row. A row's other values are one blob that ends in a checksum (`RowWriter`). The tables with
/// such a pair as their key have no rowid, so that key and values are one B-tree.
///
/// History of `user_version`. An older file is set aside and the records start afresh: they are a cache.
/// - 1: the first.
enum Schema {
    static let version = 1
    /// "dmkS", in the file's header: tells our file from other people's.
    static let applicationID: Int32 = 0x646D_6B53

    /// A row of a table without rowid may fill a quarter of a page before the rest moves to a page of its own. With SQLite's
    /// usual 4096 every month made from 30 daily files (some 1,000 bytes) took a whole extra page.
    static let pageByteCount = 8_192

    static let tables: [String] = [
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
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// Whether the database has exactly these tables, word for word.
    static func isWhole(in database: Database) throws -> Bool {
        let found = try String.fetchAll(
            database,
            sql: "SELECT ifnull(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY sql")
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version")
        return found == tables.sorted() && version == Self.version
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

        private static func integer(_ bytes: [UInt8], at offset: Int) -> UInt32 {
            bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }
}
