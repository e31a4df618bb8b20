import CLinux
import Glibc

/// One thread's walk over the blocks of a `StampTable`: asks the system for every file.
@safe struct StampLook: ~Copyable {
    private let root: Int32
    /// Whether the thread has a working directory that no other shares.
    private let movesThread: Bool
    /// The path that is asked for, with a zero at its end: `pathByteLimit + 1` bytes.
    private let path = UnsafeMutablePointer<CChar>.allocate(capacity: StampTableWriter.pathByteLimit + 1)
    private var status = stat()
    /// From so many files on, opening their directory pays.
    private static let openingCount = 4

    /// - Parameters:
    ///   - root: a directory that stays open.
    ///   - movesThread: whether the working directory of the calling thread may be another one from now on. The thread must do
    ///     nothing else: it no longer follows where the process goes.
    init(root: Int32, movesThread: Bool) {
        self.root = root
        self.movesThread = movesThread && unshare_working_directory() == 0
    }

    deinit { unsafe path.deallocate() }

    /// Whether all files of these blocks have their stamps; false also for blocks that lie about their lengths.
    mutating func isSame(_ blocks: UnsafeRawBufferPointer) -> Bool {
        var rest = unsafe blocks
        while unsafe !rest.isEmpty {
            guard rest.count >= 4 else { return false }
            let byteCount = unsafe Int(UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self)))
            guard byteCount >= 8, byteCount <= rest.count - 4 else { return false }
            // SAFETY: 4 + byteCount <= rest.count, by the guard.
            let block = unsafe UnsafeRawBufferPointer(rebasing: rest[4..<4 + byteCount])
            guard unsafe isSame(block: block) else { return false }
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest[(4 + byteCount)...])
        }
        return true
    }

    /// - Parameter block: at least 8 bytes.
    private mutating func isSame(block: UnsafeRawBufferPointer) -> Bool {
        let fileCount = unsafe Int(UInt32(littleEndian: block.loadUnaligned(as: UInt32.self)))
        let directoryByteCount = unsafe Int(
            UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        guard directoryByteCount <= block.count - 8,
            directoryByteCount <= StampTableWriter.pathByteLimit
        else { return false }
        // SAFETY: the bytes are within the block, and the path has room for them and a zero.
        unsafe copy(block, 8..<8 + directoryByteCount, to: 0)
        unsafe path[directoryByteCount] = 0

        var parent = root
        var nameStart = directoryByteCount
        var opened: Int32 = -1
        if fileCount >= Self.openingCount, directoryByteCount > 0 {
            opened = unsafe openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        // A directory that cannot be opened may still be passed through.
        if opened >= 0 {
            nameStart = 0
            parent = movesThread && fchdir(opened) == 0 ? AT_FDCWD : opened
        }
        defer { if opened >= 0 { close(opened) } }

        var position = 8 + directoryByteCount
        var nameByteCount = 0
        for _ in 0..<fileCount {
            guard let shared = unsafe varint(block, &position), let added = unsafe varint(block, &position),
                shared <= nameByteCount, added <= block.count - position - 8,
                nameStart + shared + added <= StampTableWriter.pathByteLimit
            else { return false }
            // SAFETY: `added` bytes and eight more are left in the block, and the path has room for them and a zero, by the
            // guard.
            unsafe copy(block, position..<position + added, to: nameStart + shared)
            nameByteCount = shared + added
            unsafe path[nameStart + nameByteCount] = 0
            position += added
            let expected = unsafe UInt64(
                littleEndian: block.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
            guard hash(in: parent, nameStart, nameByteCount) == expected else { return false }
        }
        return position == block.count
    }

    /// The hash of what stands at the path now; nil where nobody can tell.
    @inline(__always)
    private mutating func hash(in parent: Int32, _ nameStart: Int, _ nameByteCount: Int) -> UInt64? {
        // SAFETY: the path ends with a zero, and its name begins within.
        if unsafe nameByteCount == 1 && path[nameStart] == CChar(UInt8(ascii: ".")) {
            return unsafe DirectoryNames(at: parent, path)?.hash
        }
        guard unsafe fstatat(parent, path, &status, 0) == 0 else { return stampHash(nil) }
        let found = FileStatus(status)
        return stampHash(found.isRegularFile ? found.stamp : nil)
    }

    /// - Parameters:
    ///   - range: within `block`.
    ///   - offset: with room for as many bytes in the path.
    @inline(__always)
    private func copy(_ block: UnsafeRawBufferPointer, _ range: Range<Int>, to offset: Int) {
        for index in range {
            // SAFETY: as the parameters say.
            unsafe path[offset + index - range.lowerBound] = CChar(bitPattern: block[index])
        }
    }

    @inline(__always)
    private func varint(_ block: UnsafeRawBufferPointer, _ position: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, through: 14, by: 7) {
            guard position < block.count else { return nil }
            // SAFETY: position < block.count.
            let byte = unsafe block[position]
            position += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
