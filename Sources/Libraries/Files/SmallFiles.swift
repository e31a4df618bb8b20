import Glibc

/// All bytes of a regular file; nil when there is none. A file of more than `limit` bytes is a problem.
package func readSmallFile(_ path: String, limit: Int) throws(FileProblem) -> [UInt8]? {
    do throws(FileProblem) {
        return try readSmallFile(
            try Descriptor(opening: path, O_RDONLY | O_NONBLOCK, for: .read), path, limit: limit)
    } catch {
        let isAbsent =
            error.operation == .read && (error.errorNumber == ENOENT || error.errorNumber == ENOTDIR)
        if isAbsent { return nil }
        throw error
    }
}

private func readSmallFile(
    _ file: borrowing Descriptor, _ path: String, limit: Int
) throws(FileProblem) -> [UInt8] {
    let status = try file.status(path: path)
    guard status.isRegularFile else { throw FileProblem(.read, path: path, cause: .notRegularFile) }
    guard status.stamp.byteCount <= limit else {
        throw FileProblem(.read, path: path, cause: .tooLarge(byteLimit: limit))
    }
    // One byte more shows a file that grew past what it said. Files in /proc say 0 and hold more.
    let capacity = (status.stamp.byteCount == 0 ? min(limit, 4096) : Int(status.stamp.byteCount)) + 1
    var problem: FileProblem?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        do throws(FileProblem) {
            count = unsafe try file.read(into: UnsafeMutableRawBufferPointer(buffer), path: path)
        } catch { problem = error }
    }
    if let problem { throw problem }
    if bytes.count == capacity { throw FileProblem(.read, path: path, cause: .changedWhileRead) }
    return bytes
}

/// What of a file that was written is sure to be there after a power cut.
package enum Durability: Hashable, Sendable {
    /// Neither: an empty or short file may stand under the name.
    case nothing
    /// The file is whole or, until its directory is synced, not there.
    case bytes
    /// The file.
    case bytesAndName
}

/// Makes or replaces a file so that a reader sees the old bytes or the new ones whole.
package func writeFileAtomically(
    _ path: String, _ bytes: [UInt8], durable: Durability = .bytesAndName
) throws(FileProblem) {
    var file = try TemporaryFile(for: path)
    var problem: FileProblem?
    unsafe bytes.withUnsafeBytes { buffer in
        do throws(FileProblem) { unsafe try file.write(buffer) } catch { problem = error }
    }
    if let problem { throw problem }
    _ = try file.publish(durable: durable)
}

/// Whether a regular file stands at the path itself: links are not followed.
package func isRegularFile(_ path: String) throws(FileProblem) -> Bool {
    try fileStatus(ofPath: path, followingLinks: false)?.isRegularFile ?? false
}

/// Removes a file or a symbolic link.
///
/// - Returns: whether there was one.
@discardableResult
package func removeFile(_ path: String) throws(FileProblem) -> Bool {
    try refuseZeroByte(in: path, .remove)
    if unsafe unlink(path) == 0 { return true }
    let number = errno
    if number == ENOENT || number == ENOTDIR { return false }
    throw FileProblem(.remove, path: path, errorNumber: number)
}
