import Bytes

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system's text for an errno value.
func errorText(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}

/// An open archive file, read at offsets.
///
/// Never mapped: a file cut short by somebody else would end the process, where `pread` returns less. The last 64 KiB are
/// kept, and a small archive whole, so that it is read with one call.
@safe final class ZipFile: Sendable {
    let path: String
    let byteCount: Int
    /// Both nil for a file that was read before.
    private let descriptor: CInt?
    private let stamp: FileStamp?
    private let tail: HeldBytes
    private let tailOffset: Int
    /// Where the whole file is hashed as it is read.
    private let passing: PassingIdentity?

    /// Enough for an end record with the longest comment.
    static let tailByteCount = ZipFormat.endRecordByteCount + 0xFFFF
    /// Archives up to this size are kept whole.
    private static let smallByteCount = 256 << 10

    init(path: String, isHashed: Bool) throws(ZipProblem) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ZipProblem(.cannotRead(operation: "open", code: errno), path: path)
        }
        do throws(ZipProblem) {
            let stamp = try FileStamp(of: descriptor, path: path)
            guard stamp.isRegularFile else {
                throw ZipProblem(.cannotRead(operation: "read a special file", code: EINVAL), path: path)
            }
            let tailByteCount =
                stamp.byteCount <= Self.smallByteCount ? stamp.byteCount : Self.tailByteCount
            let tailOffset = stamp.byteCount - tailByteCount
            self.tail = try unsafe HeldBytes(capacity: tailByteCount) { (buffer) throws(ZipProblem) in
                try unsafe readFully(into: buffer, at: tailOffset, from: descriptor, path: path)
                return tailByteCount
            }
            self.tailOffset = tailOffset
            self.stamp = stamp
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        self.byteCount = tailOffset + tail.count
        passing = isHashed ? PassingIdentity() : nil
    }

    /// A file whose bytes the caller has read already.
    init(path: String, contents: HeldBytes) {
        self.path = path
        descriptor = nil
        stamp = nil
        tail = contents
        tailOffset = 0
        byteCount = contents.count
        passing = nil
    }

    deinit { if let descriptor { close(descriptor) } }

    /// The bytes of a range, if they are in memory anyway, where they lie as long as this object is there.
    @unsafe func bytesInMemory(_ range: Range<Int>) -> UnsafeRawBufferPointer? {
        guard range.lowerBound >= tailOffset, range.upperBound <= byteCount else { return nil }
        // SAFETY: the tail holds all from its offset to the file's end.
        return unsafe UnsafeRawBufferPointer(
            rebasing: tail.bytes[(range.lowerBound - tailOffset)..<(range.upperBound - tailOffset)])
    }

    /// Where in the file's last `tailByteCount` bytes a signature stands, in ascending order.
    func placesInTail(of signature: UInt32) -> [Int] {
        let start = max(0, byteCount - Self.tailByteCount)
        let first = Int32(signature & 0xFF)
        guard let bytes = unsafe bytesInMemory(start..<byteCount), let base = bytes.baseAddress else {
            return []
        }
        var places: [Int] = []
        var place = 0
        // By `memchr`: a loop over the 64 KiB took a quarter as long as inflating a small archive.
        // SAFETY: searches from `place`, and reads four bytes from there, inside the buffer.
        while place + 4 <= bytes.count,
            let found = unsafe memchr(base + place, first, bytes.count - place)
        {
            place = unsafe UnsafeRawPointer(found) - base
            guard place + 4 <= bytes.count else { break }
            if unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
                == signature
            {
                places.append(start + place)
            }
            place += 1
        }
        return places
    }

    /// Exactly these bytes. A range that is not in the file means that the file has changed: callers check against
    /// `byteCount` first.
    func bytes(at offset: Int, count: Int) throws(ZipProblem) -> [UInt8] {
        if offset >= tailOffset, count <= byteCount - offset {
            return tail[(offset - tailOffset)..<(offset - tailOffset + count)]
        }
        guard let descriptor else { throw ZipProblem(.changedWhileRead, path: path, offset: offset) }
        return try readBytes(count, at: offset, from: descriptor, path: path)
    }

    /// Fills the whole buffer from `offset` on.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ZipProblem) {
        if let bytes = unsafe bytesInMemory(offset..<(offset + buffer.count)) {
            return unsafe buffer.copyMemory(from: bytes)
        }
        guard let descriptor else { throw ZipProblem(.changedWhileRead, path: path, offset: offset) }
        try unsafe readFully(into: buffer, at: offset, from: descriptor, path: path)
        try unsafe passing?.note(UnsafeRawBufferPointer(buffer), at: offset) {
            (gap, offset) throws(ZipProblem) in
            try unsafe readFully(into: gap, at: offset, from: descriptor, path: path)
        }
    }

    /// What the whole file holds, where it is hashed. To be called once, when it is read.
    func identity() throws(ZipProblem) -> ContentIdentity? {
        guard let passing, let descriptor else { return nil }
        let identity = unsafe try passing.finish(byteCount: byteCount) {
            (buffer, offset) throws(ZipProblem) in
            try unsafe readFully(into: buffer, at: offset, from: descriptor, path: path)
        }
        try checkUnchanged()
        return identity
    }

    /// Throws unless the file is still the one that was opened: length, times and inode. Bytes that were handed in do not change.
    func checkUnchanged() throws(ZipProblem) {
        guard let descriptor, let stamp else { return }
        guard try FileStamp(of: descriptor, path: path) == stamp else {
            throw ZipProblem(.changedWhileRead, path: path)
        }
    }
}

/// What `fstat` says that changes when a file does.
private struct FileStamp: Hashable, Sendable {
    var byteCount: Int
    var isRegularFile: Bool
    var modifiedSeconds: Int
    var modifiedNanoseconds: Int
    var changedSeconds: Int
    var changedNanoseconds: Int
    var inode: UInt64

    init(of descriptor: CInt, path: String) throws(ZipProblem) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw ZipProblem(.cannotRead(operation: "stat", code: errno), path: path)
        }
        byteCount = Int(status.st_size)
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        #if canImport(Glibc)
            let (modified, changed) = (status.st_mtim, status.st_ctim)
        #else
            let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #endif
        modifiedSeconds = Int(modified.tv_sec)
        modifiedNanoseconds = Int(modified.tv_nsec)
        changedSeconds = Int(changed.tv_sec)
        changedNanoseconds = Int(changed.tv_nsec)
        inode = UInt64(status.st_ino)
    }
}

private func readBytes(
    _ count: Int, at offset: Int, from descriptor: CInt, path: String
) throws(ZipProblem) -> [UInt8] {
    var failure: ZipProblem?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        do throws(ZipProblem) {
            try unsafe readFully(
                into: UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]), at: offset,
                from: descriptor, path: path)
            filled = count
        } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
}

private func readFully(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int, from descriptor: CInt, path: String
) throws(ZipProblem) {
    var done = 0
    while done < buffer.count {
        // SAFETY: `done < buffer.count`, so the address and the length are within the buffer.
        let count = unsafe pread(
            descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
        if count < 0 {
            if errno == EINTR { continue }
            throw ZipProblem(
                .cannotRead(operation: "read", code: errno), path: path, offset: offset + done)
        }
        // Everything asked for was in the file when it was opened.
        if count == 0 { throw ZipProblem(.changedWhileRead, path: path, offset: offset + done) }
        done += count
    }
}
