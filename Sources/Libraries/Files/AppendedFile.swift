import Glibc

/// A file that only grows, by whole records: each goes to its end with one system call, so a kill cannot tear one.
package struct AppendedFile: ~Copyable {
    private let file: Descriptor
    private let path: String
    /// Size of the file, as far as it was written here.
    package private(set) var byteCount: Int

    /// Opens the file or makes an empty one, with its directories. A link in its place is a problem.
    package init(path: String) throws(FileProblem) {
        try makeDirectories(parentDirectory(of: path))
        let file = try Descriptor(
            opening: path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, permissions: 0o666,
            for: .write)
        let status = try file.status(path: path)
        guard status.isRegularFile else { throw FileProblem(.write, path: path, cause: .notRegularFile) }
        self.file = file
        self.path = path
        byteCount = Int(status.stamp.byteCount)
    }

    package mutating func append(_ record: [UInt8]) throws(FileProblem) {
        var problem: FileProblem?
        unsafe record.withUnsafeBytes { buffer in
            do throws(FileProblem) { unsafe try file.write(buffer, path: path) } catch { problem = error }
        }
        if let problem {
            // Half a record would run into the next one.
            _ = ftruncate(file.number, off_t(byteCount))
            throw problem
        }
        byteCount += record.count
    }

    /// Back to no bytes.
    package mutating func truncate() throws(FileProblem) {
        let number = file.number
        guard retryingInterrupted({ ftruncate(number, 0) }) == 0 else {
            throw FileProblem(.write, path: path, errorNumber: errno)
        }
        byteCount = 0
    }

    /// Cuts what stands after the last line end: of a file of lines, half a line that a crash has left.
    package mutating func cutHalfLine() throws(FileProblem) {
        var end = byteCount
        var block = [UInt8](repeating: 0, count: 4_096)
        while end > 0 {
            let start = max(0, end - block.count)
            let number = file.number
            // SAFETY: reads at most the block's count, as end - start is no more.
            let count = unsafe block.withUnsafeMutableBytes { buffer in
                unsafe pread(number, buffer.baseAddress, end - start, off_t(start))
            }
            guard count == end - start else { throw FileProblem(.read, path: path, errorNumber: errno) }
            if let last = block[..<count].lastIndex(of: UInt8(ascii: "\n")) {
                end = start + last + 1
                break
            }
            end = start
        }
        guard end < byteCount else { return }
        let number = file.number
        guard retryingInterrupted({ ftruncate(number, off_t(end)) }) == 0 else {
            throw FileProblem(.write, path: path, errorNumber: errno)
        }
        byteCount = end
    }

    /// Makes all records durable.
    package func sync() throws(FileProblem) {
        let number = file.number
        guard retryingInterrupted({ fsync(number) }) == 0 else {
            throw FileProblem(.sync, path: path, errorNumber: errno)
        }
    }
}
