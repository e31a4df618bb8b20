import GRDB
package import Problems

/// What can go wrong between the build and its records.
package struct StateProblem: Problem, Equatable {
    package enum Kind: Hashable, Sendable {
        /// Written by a later version; not touched.
        case newerFormat(found: Int, known: Int)
        /// Pages or rows are not what was written. The next open for writing puts the file aside.
        case damaged
        /// Another process holds the database longer than we wait.
        case busy
        /// The file system refuses: no room, no permission, a failed read or write.
        case disk
        /// A value that cannot be recorded.
        case unrecordable
        /// Any other answer of SQLite: a defect of this program.
        case unexpected
    }

    package var kind: Kind
    package var path: String
    /// In SQLite's or our words.
    package var detail: String

    package init(_ kind: Kind, path: String, detail: String) {
        self.kind = kind
        self.path = path
        self.detail = detail
    }

    package var summary: String {
        let place = path.escapedForDisplay
        let detail = detail.escapedForDisplay
        return switch kind {
        case .newerFormat(let found, let known):
            "\(place): written in format \(found); this version reads formats up to \(known)"
        case .damaged: "\(place): the records are damaged (\(detail))"
        case .busy: "\(place): another process is writing (\(detail))"
        case .disk: "\(place): cannot be read or written (\(detail))"
        case .unrecordable, .unexpected: "\(place): \(detail)"
        }
    }

    package var hint: String? {
        switch kind {
        case .newerFormat: "use the newer datamake, or delete the file to start with no records"
        case .damaged: "run `datamake build` again: it sets the file aside and records afresh"
        case .busy: "wait for the other process to end"
        case .disk: "check free space and permissions of the directory"
        case .unrecordable, .unexpected: nil
        }
    }

    package var category: ProblemCategory {
        switch kind {
        case .newerFormat, .unrecordable, .unexpected: .internal
        case .damaged, .busy, .disk: .disk
        }
    }
}

extension StateProblem {
    /// Our words for an answer of SQLite about the database at `path`.
    init(_ error: DatabaseError, path: String) {
        let kind: Kind =
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: .damaged
            // Constraints hold for what we write: one that fails met a row or an index that is not ours.
            case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG: .damaged
            case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
            case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM,
                .SQLITE_PROTOCOL,
                .SQLITE_NOMEM, .SQLITE_NOLFS, .SQLITE_AUTH:
                .disk
            default: .unexpected
            }
        self.init(kind, path: path, detail: error.message ?? error.resultCode.description)
    }
}
