import Glibc

/// A new file beside the place it is meant for, removed with the value unless it was moved there.
struct TemporaryFile: ~Copyable {
    let path: String
    let destination: String
    /// Directories in which the names of directories made for this file stand.
    let changedDirectories: [String]
    /// Of the open file; tells it from others that come to stand at `path`.
    let identity: FileStatus
    /// Negative once closed.
    private var descriptor: Int32
    private var isOurs = true

    static let suffix = ".partial"

    /// - Parameter changedDirectories: some that are known already.
    init(for destination: String, changedDirectories: [String] = []) throws(FileProblem) {
        let path = destination + Self.suffix
        let made = try makeDirectories(parentDirectory(of: destination))
        let file = try Self.create(path)
        identity = try file.status(path: path)
        descriptor = file.release()
        self.changedDirectories = changedDirectories + made.map(parentDirectory(of:))
        self.path = path
        self.destination = destination
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        if isOurs { removeTemporaryFile(path, identity: identity) }
    }

    /// Creates the file; one that a dead run left there is removed first, if it is a regular file.
    private static func create(_ path: String) throws(FileProblem) -> Descriptor {
        let flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR
        do throws(FileProblem) {
            return try Descriptor(opening: path, flags, permissions: 0o666, for: .create)
        } catch {
            guard error.errorNumber == EEXIST else { throw error }
            if let leftover = try fileStatus(ofPath: path, followingLinks: false) {
                guard leftover.isRegularFile else {
                    throw FileProblem(.create, path: path, cause: .notRegularFile)
                }
                try removeFile(path)
            }
            return try Descriptor(opening: path, flags, permissions: 0o666, for: .create)
        }
    }

    /// Lends the open file. A precondition: not closed yet.
    private borrowing func withFile<R>(
        _ body: (borrowing Descriptor) throws(FileProblem) -> R
    ) throws(FileProblem) -> R {
        precondition(descriptor >= 0)
        let file = Descriptor(owning: descriptor)
        do throws(FileProblem) {
            let result = try body(file)
            _ = file.release()
            return result
        } catch {
            _ = file.release()
            throw error
        }
    }

    borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(FileProblem) {
        try withFile { file throws(FileProblem) in unsafe try file.write(bytes, path: path) }
    }

    borrowing func write(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(FileProblem) {
        try withFile { file throws(FileProblem) in unsafe try file.write(first, second, path: path) }
    }

    borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileProblem) -> Int
    {
        try withFile { file throws(FileProblem) in unsafe try file.read(into: buffer, at: offset, path: path)
        }
    }

    /// As `Descriptor.startWriting`.
    borrowing func startWriting(_ range: Range<Int>) {
        precondition(descriptor >= 0)
        let file = Descriptor(owning: descriptor)
        file.startWriting(range)
        _ = file.release()
    }

    /// Fills the whole buffer.
    borrowing func readAll(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileProblem) {
        let count = unsafe try read(into: buffer, at: offset)
        // Only a file that somebody else has cut ends early.
        guard count == buffer.count else { throw FileProblem(.read, path: path, errorNumber: EIO) }
    }

    /// An empty file in the place of this one, which stays open without a name.
    borrowing func successor() throws(FileProblem) -> TemporaryFile {
        try TemporaryFile(for: destination, changedDirectories: changedDirectories)
    }

    borrowing func sync() throws(FileProblem) {
        try withFile { file throws(FileProblem) in try file.sync(path: path) }
    }

    mutating func close() throws(FileProblem) {
        let file = Descriptor(owning: descriptor)
        descriptor = -1
        try file.close(path: path)
    }

    /// The caller answers for the file at `path` from now on.
    mutating func handOver() { isOurs = false }

    /// Closes the file and moves it to its destination.
    mutating func publish(durable: Durability) throws(FileProblem) -> Stamp {
        // A failed sync is final: the value goes with its error, and so does the file.
        if durable != .nothing { try sync() }
        try close()
        let stamp = try rename()
        if durable == .bytesAndName {
            try syncDirectory(parentDirectory(of: destination))
            // New directories are names in their parents.
            for directory in changedDirectories { try syncDirectory(directory) }
        }
        return stamp
    }

    /// Moves the closed file to its destination.
    mutating func rename() throws(FileProblem) -> Stamp {
        let stamp = try moveIntoPlace(path, to: destination, identity: identity)
        isOurs = false
        return stamp
    }
}

/// Removes a temporary file that will not be published. Nobody could do anything about a failure.
func removeTemporaryFile(_ path: String, identity: FileStatus) {
    // Somebody may have put another file there since; that one is not ours to remove.
    if let found = try? fileStatus(ofPath: path, followingLinks: false), found.isSameFile(as: identity) {
        _ = try? removeFile(path)
    }
}

/// Renames a temporary file and gives the stamp of what then stands there.
///
/// The name is checked to be that of the file which was written, before: a writer that removed it as a leftover must
/// not get its half-written file published; and after, because a rename moves the change time, so the stamp is only
/// known then.
func moveIntoPlace(_ path: String, to destination: String, identity: FileStatus) throws(FileProblem) -> Stamp
{
    guard let found = try fileStatus(ofPath: path, followingLinks: false, for: .rename),
        found.isSameFile(as: identity)
    else { throw FileProblem(.rename, path: path, cause: .replacedWhileWritten) }
    guard unsafe Glibc.rename(path, destination) == 0 else {
        throw FileProblem(.rename, path: destination, errorNumber: errno)
    }
    guard let published = try fileStatus(ofPath: destination, followingLinks: false),
        published.isSameFile(as: identity)
    else { throw FileProblem(.rename, path: destination, cause: .replacedWhileWritten) }
    return published.stamp
}
