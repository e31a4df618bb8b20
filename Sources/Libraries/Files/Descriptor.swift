import CLinux
import Glibc

/// An open file, closed with the value. Every system call on a descriptor or a path that this module makes is here or
/// has a wrapper of its own beside its only user.
struct Descriptor: ~Copyable {
    let number: Int32

    /// - Parameter flags: `O_CLOEXEC` is always added.
    init(
        opening path: String, _ flags: Int32, permissions: mode_t = 0, for operation: FileProblem.Operation
    ) throws(FileProblem) {
        try refuseZeroByte(in: path, operation)
        let opened = retryingInterrupted { unsafe open(path, flags | O_CLOEXEC, permissions) }
        if opened < 0 { throw FileProblem(operation, path: path, errorNumber: errno) }
        number = opened
    }

    /// Takes over an open descriptor.
    init(owning number: Int32) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// Gives the open descriptor away.
    consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Closes with the result checked: network file systems report failed writes here.
    ///
    /// On Linux the descriptor is gone even when close is interrupted, so that counts as closed.
    consuming func close(path: String) throws(FileProblem) {
        let number = number
        discard self
        if Glibc.close(number) != 0, errno != EINTR {
            throw FileProblem(.close, path: path, errorNumber: errno)
        }
    }

    /// What the system knows of the open file.
    borrowing func status(path: String) throws(FileProblem) -> FileStatus {
        var buffer = stat()
        guard unsafe fstat(number, &buffer) == 0 else {
            throw FileProblem(.inspect, path: path, errorNumber: errno)
        }
        return FileStatus(buffer)
    }

    /// Writes all of `bytes`, however many calls that takes.
    borrowing func write(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileProblem) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let written = unsafe Glibc.write(number, rest.baseAddress, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw FileProblem(.write, path: path, errorNumber: errno)
            }
            // A write of nothing would loop for ever; no regular file answers so.
            if written == 0 { throw FileProblem(.write, path: path, errorNumber: EIO) }
            // SAFETY: the system wrote at most rest.count bytes.
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Writes all of `first` and then of `second`, in one call where the system takes it all.
    borrowing func write(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, path: String
    ) throws(FileProblem) {
        // The system reads through these pointers and writes through none.
        var parts = unsafe (
            iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
        )
        let written = unsafe withUnsafeBytes(of: &parts) { parts in
            unsafe writev(number, parts.assumingMemoryBound(to: iovec.self).baseAddress, 2)
        }
        if written < 0, errno != EINTR { throw FileProblem(.write, path: path, errorNumber: errno) }
        let done = max(0, written)
        // SAFETY: the system wrote at most the bytes of both.
        unsafe try write(UnsafeRawBufferPointer(rebasing: first.dropFirst(done)), path: path)
        unsafe try write(
            UnsafeRawBufferPointer(rebasing: second.dropFirst(max(0, done - first.count))), path: path)
    }

    /// Reads up to `buffer.count` bytes; fewer only at the end of the file.
    ///
    /// - Parameter offset: where to read, or nil for the current position, which then moves.
    borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int? = nil, path: String
    ) throws(FileProblem) -> Int {
        var filled = 0
        while filled < buffer.count {
            // SAFETY: filled < buffer.count, and the call is told what room is left.
            let target = unsafe buffer.baseAddress! + filled
            let count =
                if let offset {
                    unsafe pread(number, target, buffer.count - filled, off_t(offset + filled))
                } else { unsafe Glibc.read(number, target, buffer.count - filled) }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileProblem(.read, path: path, errorNumber: errno)
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Starts writing a range to the disk, and waits for nothing. What goes wrong is what `sync` reports later.
    borrowing func startWriting(_ range: Range<Int>) {
        _ = start_writing(number, range.lowerBound, range.count)
    }

    /// Waits until the file's bytes are on the disk. Never call it again after it failed: Linux reports a lost page
    /// once, marks it clean, and answers the next call with success.
    borrowing func sync(path: String) throws(FileProblem) {
        let result = retryingInterrupted { fsync(number) }
        if result != 0 { throw FileProblem(.sync, path: path, errorNumber: errno) }
    }
}

/// The part of `struct stat` that this module looks at.
struct FileStatus {
    var stamp: Stamp
    var device: UInt64
    private var mode: mode_t
    /// `S_IFMT`, `S_IFREG`, `S_IFDIR` and `S_IFLNK` of inode(7). As the system's module has them each is a call.
    private static let kinds: mode_t = 0o170000
    private static let regularFile: mode_t = 0o100000
    private static let directory: mode_t = 0o040000
    private static let symbolicLink: mode_t = 0o120000

    // Inlined: the 144 bytes of a `stat` would be copied for the call.
    @inline(__always)
    init(_ status: stat) {
        stamp = Stamp(
            byteCount: Int64(status.st_size), modified: nanoseconds(status.st_mtim),
            changed: nanoseconds(status.st_ctim), inode: UInt64(status.st_ino))
        device = UInt64(status.st_dev)
        mode = status.st_mode
    }

    var isRegularFile: Bool { mode & Self.kinds == Self.regularFile }
    var isDirectory: Bool { mode & Self.kinds == Self.directory }
    var isSymbolicLink: Bool { mode & Self.kinds == Self.symbolicLink }

    func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && stamp.inode == other.stamp.inode
    }
}

/// Saturates: some file systems hold years that 64 bits of nanoseconds do not reach.
private func nanoseconds(_ time: timespec) -> Int64 {
    let (product, tooLarge) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow) = product.addingReportingOverflow(Int64(time.tv_nsec))
    return tooLarge || overflow ? (time.tv_sec < 0 ? .min : .max) : sum
}

/// Status of a path, or nil when there is nothing.
func fileStatus(
    ofPath path: String, followingLinks: Bool, for operation: FileProblem.Operation = .inspect
) throws(FileProblem) -> FileStatus? {
    try refuseZeroByte(in: path, operation)
    var buffer = stat()
    let result = unsafe followingLinks ? stat(path, &buffer) : lstat(path, &buffer)
    if result == 0 { return FileStatus(buffer) }
    let number = errno
    if number == ENOENT || number == ENOTDIR { return nil }
    throw FileProblem(operation, path: path, errorNumber: number)
}

/// C would take the path to end at a zero byte and touch another file than the one that was named.
func refuseZeroByte(in path: String, _ operation: FileProblem.Operation) throws(FileProblem) {
    if path.utf8.contains(0) { throw FileProblem(operation, path: path, cause: .zeroByteInPath) }
}

/// Calls again while a signal interrupts.
func retryingInterrupted(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
