#pragma once
#include <sqlite3.h>

// `sqlite3_db_config` is variadic, which Swift cannot call.

// Whether closing the last connection leaves the write-ahead log as it is (1) or moves it into the database (0).
static inline int datamake_sqlite_keep_wal_on_close(sqlite3 *connection, int keep) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, (int *)0);
}

// Binds a copy of the bytes; SQLITE_TRANSIENT is a cast that Swift does not import.
static inline int datamake_sqlite_bind_text_copy(
    sqlite3_stmt *statement, int index, const char *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, bytes, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline int datamake_sqlite_bind_blob_copy(
    sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// Reads the first bytes of a database file, as many as `capacity`; returns how many, or -1 minus a result code.
//
// Through SQLite's file layer and not with open(2): closing a descriptor of its own would take away the POSIX locks that
// other connections of this process hold on the file. No lock is taken, no journal looked at, nothing created.
static inline int datamake_sqlite_first_bytes(const char *path, void *buffer, int capacity) {
    sqlite3 *connection = 0;
    sqlite3_file *file = 0;
    sqlite3_int64 size = 0;
    int code = sqlite3_open_v2(path, &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, 0);
    if (code == SQLITE_OK) code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK && (!file || !file->pMethods)) code = SQLITE_CANTOPEN;
    if (code == SQLITE_OK) code = file->pMethods->xFileSize(file, &size);
    if (code == SQLITE_OK && size < capacity) capacity = (int)size;
    if (code == SQLITE_OK && capacity > 0) code = file->pMethods->xRead(file, buffer, capacity, 0);
    sqlite3_close(connection);
    return code == SQLITE_OK ? capacity : -1 - code;
}

// Makes what was committed to the write-ahead log survive a power failure.
static inline int datamake_sqlite_sync_log(sqlite3 *connection) {
    sqlite3_file *file = 0;
    int code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (code != SQLITE_OK || !file || !file->pMethods) return code;
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

#ifdef __linux__
#include <sys/vfs.h>
// The magic number of the file system that `path` is on, 0 where it cannot be asked. Swift's Glibc lacks statfs(2).
static inline unsigned long datamake_file_system_magic(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (unsigned long)status.f_type & 0xFFFFFFFFul : 0;
}
#endif
