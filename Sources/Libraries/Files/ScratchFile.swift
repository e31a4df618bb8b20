import Glibc
import Synchronization

/// A file without a name, for what memory cannot hold for a while: gone with the value, and with the process however it ends.
package struct ScratchFile: ~Copyable {
    private let file: Descriptor
    /// Of the directory; a file without a name is spoken of by it.
    private let path: String
    /// Size of the file.
    package private(set) var byteCount = 0

    /// - Parameter directory: made if it is missing; its file system gives the space.
    package init(inDirectory directory: String) throws(FileProblem) {
        try makeDirectories(directory)
        file = try Self.open(directory)
        path = directory
    }

    /// `O_TMPFILE`, which Swift's Glibc module leaves out: on Linux the same everywhere but on Alpha, PA-RISC and SPARC.
    private static let temporaryFlag: Int32 = 0o20_000_000 | O_DIRECTORY
    private static let count = Atomic<Int>(0)

    private static func open(_ directory: String) throws(FileProblem) -> Descriptor {
        do throws(FileProblem) {
            return try Descriptor(
                opening: directory, temporaryFlag | O_RDWR, permissions: 0o600, for: .create)
        } catch {
            // What network and old file systems say that know no files without names.
            guard [ENOTSUP, EOPNOTSUPP, EISDIR, EINVAL, ENOENT].contains(error.errorNumber) else {
                throw error
            }
        }
        let number = count.add(1, ordering: .relaxed).newValue
        let path = "\(directory)/scratch-\(getpid())-\(number)\(TemporaryFile.suffix)"
        let file = try Descriptor(
            opening: path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, permissions: 0o600, for: .create)
        try removeFile(path)
        return file
    }

    /// Writes behind what there is.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileProblem) {
        unsafe try file.write(bytes, path: path)
        byteCount += bytes.count
    }

    /// Fills the whole buffer with the bytes from `offset` on, which were written.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int)
        throws(FileProblem)
    {
        let count = unsafe try file.read(into: buffer, at: offset, path: path)
        // Only a file that somebody else has cut ends early.
        guard count == buffer.count else { throw FileProblem(.read, path: path, errorNumber: EIO) }
    }
}
