package import Bytes
import Glibc

/// Reads a regular file once from end to end and gives its digests, its length, and its stamp.
///
/// The file's status is taken before and after on the same open file; a difference is a problem, so that digests and
/// stamp belong to the same bytes. Holds at most 1 MiB whatever the size.
package func identity(ofFile path: String) throws(FileProblem) -> (content: ContentIdentity, stamp: Stamp) {
    let file = try identity(ofFile: path, keepingUpTo: 0)
    return (file.content, file.stamp)
}

/// As `identity(ofFile:)`, and gives the bytes, too, of a file that has at most `keptByteCount`: they are those of the digests.
package func identity(
    ofFile path: String, keepingUpTo keptByteCount: Int
) throws(FileProblem) -> (content: ContentIdentity, stamp: Stamp, bytes: HeldBytes?) {
    // Without O_NONBLOCK a pipe at this path would wait for a writer for ever. Regular files ignore it.
    let file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK, for: .read)
    let before = try file.status(path: path)
    guard before.isRegularFile else { throw FileProblem(.read, path: path, cause: .notRegularFile) }

    var hasher = IdentityHasher()
    // One byte more than a small file has, so that its end is seen in one call.
    let capacity = Int(min(before.stamp.byteCount + 1, 1 << 20))
    var bytes: HeldBytes?
    if before.stamp.byteCount <= min(keptByteCount, (1 << 20) - 1) {
        let kept = try unsafe HeldBytes(capacity: capacity) { (buffer) throws(FileProblem) in
            try unsafe file.read(into: buffer, path: path)
        }
        unsafe hasher.update(kept.bytes)
        bytes = kept
    } else {
        _ = posix_fadvise(file.number, 0, 0, POSIX_FADV_SEQUENTIAL)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
        defer { unsafe buffer.deallocate() }
        while true {
            let count = unsafe try file.read(into: buffer, path: path)
            // SAFETY: read fills at most the buffer.
            unsafe hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if count < capacity { break }
        }
    }

    let content = hasher.finish()
    let after = try file.status(path: path)
    guard after.stamp == before.stamp, content.byteCount == before.stamp.byteCount else {
        throw FileProblem(.read, path: path, cause: .changedWhileRead)
    }
    return (content, after.stamp, bytes)
}
