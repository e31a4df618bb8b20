import Glibc

/// Stamps of very many files: a directory is opened once for all neighbours, so the system need not walk each path.
///
/// Meant for paths in sorted order; any order gives the same answers.
package struct DirectoryStamps: ~Copyable {
    /// The open directory's path as C has it, with the slash and a zero at the end; empty before the first file.
    private var directory: [CChar] = []
    /// Of `directory`; negative when it could not be opened, for the reason in `openError`.
    private var descriptor: Int32 = -1
    private var openError: Int32 = 0
    /// A path that came as bytes, with a zero at its end.
    private var pathBytes: [CChar] = []

    package init() {}

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    /// As ``Stamp/of(path:)``.
    package mutating func stamp(of path: String) throws(FileProblem) -> Stamp? {
        var status: FileStatus?
        let errorNumber = unsafe path.withCString { text -> Int32? in
            // A zero byte inside would name another file.
            guard unsafe strlen(text) == path.utf8.count else { return nil }
            return unsafe look(at: text, &status)
        }
        switch errorNumber {
        case nil: throw FileProblem(.inspect, path: path, cause: .zeroByteInPath)
        case ENOENT, ENOTDIR: return nil
        case 0:
            guard let status, status.isRegularFile else {
                throw FileProblem(.inspect, path: path, cause: .notRegularFile)
            }
            return status.stamp
        case let number?: throw FileProblem(.inspect, path: path, errorNumber: number)
        }
    }

    /// The stamp of a regular file; nil where there is none, or the system does not say.
    package mutating func stampIfThere(_ path: Span<UInt8>) -> Stamp? {
        pathBytes.removeAll(keepingCapacity: true)
        for index in 0..<path.count {
            // A zero byte inside would name another file.
            if path[index] == 0 { return nil }
            pathBytes.append(CChar(bitPattern: path[index]))
        }
        pathBytes.append(0)
        var status: FileStatus?
        let errorNumber = unsafe pathBytes.withUnsafeBufferPointer { text in
            // SAFETY: a zero ends the text, so the buffer has a base address.
            unsafe look(at: text.baseAddress!, &status)
        }
        guard errorNumber == 0, let status, status.isRegularFile else { return nil }
        return status.stamp
    }

    /// What the system says of a path; its error number, or 0.
    private mutating func look(at text: UnsafePointer<CChar>, _ status: inout FileStatus?) -> Int32 {
        // SAFETY: the name starts within the text, or at the zero that ends it.
        let slash = unsafe strrchr(text, Int32(UInt8(ascii: "/")))
        let nameOffset = unsafe slash.map { unsafe UnsafePointer($0) - text + 1 } ?? 0
        if unsafe !isOpen(text, nameOffset) { unsafe open(text, nameOffset) }
        if descriptor < 0 { return openError }
        var buffer = stat()
        guard unsafe fstatat(descriptor, text + nameOffset, &buffer, 0) == 0 else { return errno }
        status = FileStatus(buffer)
        return 0
    }

    /// Whether `directory` is the first `byteCount` bytes of a path.
    private func isOpen(_ path: UnsafePointer<CChar>, _ byteCount: Int) -> Bool {
        guard directory.count == byteCount + 1 else { return false }
        // SAFETY: both have byteCount bytes.
        return unsafe directory.withUnsafeBufferPointer { unsafe memcmp($0.baseAddress!, path, byteCount) }
            == 0
    }

    private mutating func open(_ path: UnsafePointer<CChar>, _ byteCount: Int) {
        if descriptor >= 0 { _ = close(descriptor) }
        // SAFETY: the path has at least byteCount bytes.
        unsafe directory = Array(UnsafeBufferPointer(start: path, count: byteCount)) + [0]
        descriptor = unsafe Glibc.open(
            byteCount == 0 ? [0x2E, 0] : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        openError = descriptor < 0 ? errno : 0
    }
}
