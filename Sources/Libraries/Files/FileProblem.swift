import Glibc
package import Problems

/// What went wrong with one path.
package struct FileProblem: Problem, Hashable {
    /// What was tried. The raw value completes "cannot …".
    package enum Operation: String, Hashable, Sendable {
        case open, create, read, write, sync, close, rename, remove, list, lock
        case inspect
        case makeDirectory = "make directory"
        case resolve
        case measureFreeSpace = "measure free space"
    }

    package enum Cause: Hashable, Sendable {
        /// The system said no, with this `errno`.
        case system(errorNumber: Int32)
        /// A directory, link, pipe, socket or device stands where a regular file belongs.
        case notRegularFile
        /// Somebody wrote to the file between the first byte read and the last.
        case changedWhileRead
        /// The temporary file is no longer the one that was written: somebody replaced or removed it.
        case replacedWhileWritten
        case tooLarge(byteLimit: Int)
        /// A directory holds a name that is not UTF-8; the text is what can be shown of it.
        case nameNotText(String)
        /// No file system takes a zero byte in a path.
        case zeroByteInPath
    }

    package var operation: Operation
    package var path: String
    package var cause: Cause

    package init(_ operation: Operation, path: String, cause: Cause) {
        self.operation = operation
        self.path = path
        self.cause = cause
    }

    /// A failed system call; `errorNumber` is its `errno`.
    package init(_ operation: Operation, path: String, errorNumber: Int32) {
        self.init(operation, path: path, cause: .system(errorNumber: errorNumber))
    }

    /// The `errno`, where the system is the cause.
    package var errorNumber: Int32? {
        if case .system(let number) = cause { number } else { nil }
    }

    package var category: ProblemCategory { .disk }

    package var summary: String {
        "\(path.escapedForDisplay): cannot \(operation.rawValue): \(reason)"
    }

    private var reason: String {
        switch cause {
        case .system(let number): systemErrorText(number)
        case .notRegularFile: "not a regular file"
        case .changedWhileRead: "changed while it was read"
        case .replacedWhileWritten: "replaced by something else while it was written"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        case .nameNotText(let name): "the name '\(name.escapedForDisplay)' in it is not UTF-8"
        case .zeroByteInPath: "the path holds a zero byte"
        }
    }

    package var hint: String? {
        switch cause {
        case .system(let number):
            switch number {
            case ENOSPC: "free some space (or inodes: 'df -i') on that file system and run again"
            case EDQUOT: "the disk quota is used up; free some space and run again"
            case EACCES, EPERM: "check who owns the path and its directories, and their permissions"
            case EROFS: "the file system is mounted read-only"
            case EMFILE: "too many open files in this process; raise 'ulimit -n' or use fewer connections"
            case ENFILE: "too many open files on this machine; see 'sysctl fs.file-max'"
            case ENAMETOOLONG: "shorten the path: a name has at most 255 bytes, and temporary files add 8"
            case ENOTDIR: "something on the way to it is a file, not a directory"
            case EIO: "the disk reported an error; see 'dmesg'"
            case ENOLCK, ENOTSUP: "this file system cannot lock files; keep .datamake on a local disk"
            default: nil
            }
        case .notRegularFile: "move it out of the way"
        case .changedWhileRead: "run again once nobody writes to it"
        case .replacedWhileWritten: "make sure that no other program writes there"
        case .nameNotText: "rename the file"
        case .tooLarge, .zeroByteInPath: nil
        }
    }
}

/// The C library's text for an `errno`.
private func systemErrorText(_ number: Int32) -> String {
    var text = [CChar](repeating: 0, count: 256)
    guard unsafe strerror_r(number, &text, text.count) == 0 else { return "error \(number)" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
