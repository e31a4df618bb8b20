package import Bytes
import Glibc

/// Reads a regular file once from end to end and gives its digests, its length, and its stamp.
///
/// The file's status is taken before and after on the same open file; a difference is a problem, so that digests and
/// stamp belong to the same bytes. Holds at most 1 MiB whatever the size.
package func identity(ofFile path: String) throws(FileProblem) -> (content: ContentIdentity, stamp: Stamp) {
    let file = try Descriptor(forReading: path)
    let before = try file.stamp(ofRegularFile: path)
    _ = posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    var hasher = IdentityHasher()
    // One byte more than a small file has, so that its end is seen in one call.
    let capacity = Int(min(before.byteCount + 1, 1 << 20))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while true {
        let count = unsafe try file.read(into: buffer, path: path)
        // SAFETY: read fills at most the buffer.
        unsafe hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        if count < capacity { break }
    }
    let content = hasher.finish()
    return (content, try file.stamp(after: content.byteCount, before: before, path: path))
}

/// Reads a regular file of at most `limit` bytes whole; nil, nothing being read, where it has more.
///
/// Bytes and stamp belong to each other as with `identity(ofFile:)`.
package func contents(
    ofFile path: String, upTo limit: Int
) throws(FileProblem) -> (bytes: HeldBytes, stamp: Stamp)? {
    let file = try Descriptor(forReading: path)
    let before = try file.stamp(ofRegularFile: path)
    guard before.byteCount <= limit else { return nil }
    let bytes = try unsafe HeldBytes(capacity: Int(before.byteCount) + 1) { (buffer) throws(FileProblem) in
        try unsafe file.read(into: buffer, path: path)
    }
    return (bytes, try file.stamp(after: bytes.count, before: before, path: path))
}

extension Descriptor {
    fileprivate init(forReading path: String) throws(FileProblem) {
        // Without O_NONBLOCK a pipe at this path would wait for a writer for ever. Regular files ignore it.
        try self.init(opening: path, O_RDONLY | O_NONBLOCK, for: .read)
    }

    fileprivate borrowing func stamp(ofRegularFile path: String) throws(FileProblem) -> Stamp {
        let status = try status(path: path)
        guard status.isRegularFile else { throw FileProblem(.read, path: path, cause: .notRegularFile) }
        return status.stamp
    }

    /// The stamp after `byteCount` bytes were read to the end, if it is what it was before.
    fileprivate borrowing func stamp(
        after byteCount: Int, before: Stamp, path: String
    ) throws(FileProblem) -> Stamp {
        let after = try status(path: path).stamp
        guard after == before, byteCount == before.byteCount else {
            throw FileProblem(.read, path: path, cause: .changedWhileRead)
        }
        return after
    }
}
