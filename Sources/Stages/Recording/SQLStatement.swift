import CSQLite
import GRDB

/// A compiled statement, stepped by hand: per row, GRDB's cursors cost several times what SQLite itself does.
///
/// Valid within the database access that made it. Parameters and columns count as SQLite does: from 1 and from 0.
@safe struct SQLStatement: ~Copyable {
    private let statement: Statement
    private let pointer: OpaquePointer

    /// Compiles `sql`, or takes the compiled statement from the connection's cache.
    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        unsafe pointer = statement.sqliteStatement
    }

    deinit {
        // The statement goes back to the cache: no lock and no bound value may stay with it.
        unsafe sqlite3_reset(pointer)
        unsafe sqlite3_clear_bindings(pointer)
    }

    func bind(_ index: Int32, _ value: Int64) throws {
        try check(unsafe sqlite3_bind_int64(pointer, index, value))
    }

    func bind(_ index: Int32, _ value: some StringProtocol) throws {
        let code = unsafe withUTF8(of: value) { bytes in
            // SAFETY: SQLite copies `bytes.count` bytes before it returns. A null pointer would bind NULL.
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe characters.baseAddress.map {
                    unsafe datamake_sqlite_bind_text_copy(pointer, index, $0, UInt64(characters.count))
                } ?? datamake_sqlite_bind_text_copy(pointer, index, "", 0)
            }
        }
        try check(code)
    }

    /// Binds bytes as a text, also those that are no UTF-8.
    func bindText(_ index: Int32, _ value: [UInt8]) throws {
        let code = unsafe value.withUnsafeBytes { bytes in
            // SAFETY: SQLite copies `bytes.count` bytes before it returns.
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe characters.baseAddress.map {
                    unsafe datamake_sqlite_bind_text_copy(pointer, index, $0, UInt64(characters.count))
                } ?? datamake_sqlite_bind_text_copy(pointer, index, "", 0)
            }
        }
        try check(code)
    }

    /// Binds a blob.
    func bind(_ index: Int32, _ value: [UInt8]) throws {
        let code = unsafe value.withUnsafeBytes { bytes in
            // SAFETY: SQLite copies `bytes.count` bytes before it returns.
            if let base = bytes.baseAddress, bytes.count > 0 {
                unsafe datamake_sqlite_bind_blob_copy(pointer, index, base, UInt64(bytes.count))
            } else {
                unsafe sqlite3_bind_zeroblob(pointer, index, 0)
            }
        }
        try check(code)
    }

    /// Goes to the next row; false at the end.
    func step() throws -> Bool {
        switch unsafe sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw error(code)
        }
    }

    /// Runs it to its end and makes it ready for the next values.
    func run() throws {
        while try step() {}
        unsafe sqlite3_reset(pointer)
    }

    /// Makes it ready to run again.
    func rewind() { unsafe sqlite3_reset(pointer) }

    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(pointer, column) }

    /// Text from the database; what is no UTF-8 is repaired.
    func text(_ column: Int32) -> String { unsafe String(decoding: bytes(column), as: UTF8.self) }

    /// The bytes of a text or a blob as they are stored, valid until the next step.
    @unsafe func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // SAFETY: asked for in this order, the count is that of the very bytes the pointer leads to.
        let base = unsafe sqlite3_column_blob(pointer, column)
        return unsafe UnsafeRawBufferPointer(
            start: base, count: base == nil ? 0 : Int(sqlite3_column_bytes(pointer, column)))
    }

    private func check(_ code: Int32) throws {
        if code != SQLITE_OK { throw error(code) }
    }

    private func error(_ code: Int32) -> DatabaseError {
        let message = unsafe String(cString: sqlite3_errmsg(sqlite3_db_handle(pointer)))
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
}
