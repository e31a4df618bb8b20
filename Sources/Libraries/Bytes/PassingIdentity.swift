import Locking

/// The identity of a file that somebody reads for a reason of their own: what goes by in the order of the file is hashed on the
/// way, and only the rest is read for the hash alone.
///
/// Any thread may read; one at a time is hashed.
package final class PassingIdentity: Sendable {
    /// Nil once it is finished.
    private let hasher = Lock(IdentityHasher?.some(IdentityHasher()))

    /// What lies between two reads is read for the hash if it is no longer than this. A zip's header takes up to 128 KiB.
    private static let gapByteCount = 256 << 10
    private static let blockByteCount = 1 << 20

    package init() {}

    /// Hashes bytes that were read, as far as they follow those that were hashed.
    ///
    /// - Parameter readFully: fills a buffer with the bytes from an offset on; asked for what lies before `bytes`.
    package func note<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, at offset: Int,
        readFully: (UnsafeMutableRawBufferPointer, Int) throws(Failure) -> Void
    ) throws(Failure) {
        try hasher.withLock { (hasher) throws(Failure) in
            guard let start = hasher?.byteCount, offset + bytes.count > start,
                offset - start <= Self.gapByteCount
            else { return }
            if offset > start { try unsafe Self.update(&hasher, to: offset, readFully) }
            // SAFETY: what was hashed ends at `offset` or later, before the last of `bytes`.
            unsafe hasher?.update(UnsafeRawBufferPointer(rebasing: bytes[(max(offset, start) - offset)...]))
        }
    }

    /// Hashes what did not go by, up to the file's end. To be called once.
    ///
    /// - Parameter readFully: as for `note`.
    package func finish<Failure: Error>(
        byteCount: Int, readFully: (UnsafeMutableRawBufferPointer, Int) throws(Failure) -> Void
    ) throws(Failure) -> ContentIdentity {
        try hasher.withLock { (hasher) throws(Failure) in
            try unsafe Self.update(&hasher, to: byteCount, readFully)
            guard let hasher = hasher.take() else { preconditionFailure("finished before") }
            return hasher.finish()
        }
    }

    private static func update<Failure: Error>(
        _ hasher: inout IdentityHasher?, to end: Int,
        _ readFully: (UnsafeMutableRawBufferPointer, Int) throws(Failure) -> Void
    ) throws(Failure) {
        guard let start = hasher?.byteCount, start < end else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(blockByteCount, end - start), alignment: 64)
        defer { unsafe buffer.deallocate() }
        var offset = start
        while offset < end {
            let piece = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<min(buffer.count, end - offset)])
            try unsafe readFully(piece, offset)
            unsafe hasher?.update(UnsafeRawBufferPointer(piece))
            offset += piece.count
        }
    }
}
