#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a file, wherever they are: what `ParquetFile` reads from.
public protocol ByteSource: Sendable {
    /// What messages call the file: its path, or any other name.
    var name: String { get }
    /// Length of the file. It must not change.
    var byteCount: Int { get }

    /// Fills the whole buffer with the bytes from `offset` on.
    ///
    /// Called with ranges within the file alone, by one thread or several at once.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws
}

/// A regular file on disk, open for as long as the value lives.
///
/// Never mapped: a file cut short by somebody else would end the process, where `pread` returns less.
public final class FileSource: ByteSource {
    /// The path the file was opened by.
    public let name: String
    public let byteCount: Int
    private let descriptor: CInt

    /// Opens a file.
    ///
    /// - Throws: `ParquetReadingProblem` of kind `.system` where it cannot be, or is no regular file.
    public init(path: String) throws(ParquetReadingProblem) {
        func problem(_ operation: String, _ code: CInt) -> ParquetReadingProblem {
            ParquetReadingProblem(.system(operation: operation, errorNumber: code), file: path, offset: 0)
        }
        // C would take the path to end at a zero byte. O_NONBLOCK: a pipe would wait for a writer for ever.
        guard !path.utf8.contains(0) else { throw problem("open", ENOENT) }
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else { throw problem("open", errno) }
        var status = stat()
        guard unsafe fstat(opened, &status) == 0 else {
            let code = errno
            close(opened)
            throw problem("inspect", code)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(opened)
            throw problem("read", status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        name = path
        byteCount = Int(status.st_size)
        descriptor = opened
    }

    deinit { close(descriptor) }

    public func read(
        at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(ParquetReadingProblem) {
        var filled = 0
        while filled < buffer.count {
            // SAFETY: filled < buffer.count, and the call is told what room is left.
            let count = unsafe pread(
                descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset + filled))
            if count < 0 {
                if errno == EINTR { continue }
                throw ParquetReadingProblem(
                    .system(operation: "read", errorNumber: errno), file: name, offset: offset)
            }
            if count == 0 {
                throw ParquetReadingProblem(
                    .cutShort("the file", byteCount: offset + filled, expected: byteCount), file: name,
                    offset: offset + filled)
            }
            filled += count
        }
    }
}

/// A file that is in memory.
public struct MemorySource: ByteSource {
    public let name: String
    private let bytes: [UInt8]

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what messages call it.
    public init(_ bytes: [UInt8], name: String = "memory") {
        self.bytes = bytes
        self.name = name
    }

    public var byteCount: Int { bytes.count }

    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
        precondition(offset >= 0 && buffer.count <= bytes.count - offset)
        unsafe bytes.withUnsafeBytes { all in
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: all[offset..<offset + buffer.count]))
        }
    }
}
