import Bytes
import Foundation
import Synchronization

/// The regular files of a directory tree as objects with keys, read anew whenever they change.
///
/// A key leads nowhere but into the tree: each of its parts is opened in its turn, without following links, and parts that are
/// empty or start with a dot are no part of any key.
@safe final class ObjectStore: Sendable {
    private let root: CInt
    /// MD5 of contents, by stamp: a changed file has another.
    private let etags = Mutex<[FileStamp: String]>([:])
    /// What was in each directory, with the stamp it had.
    private let directories = Mutex<[String: (stamp: FileStamp, entries: [Entry])]>([:])

    struct Entry: Sendable {
        /// With a slash behind a directory's, so that entries sort as their keys do.
        var name: String
        var isDirectory: Bool
    }

    init(directory: String) throws {
        root = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw SystemFault("open directory '\(directory)'") }
    }

    /// The object of this key; nil where there is no regular file.
    func object(_ key: String) -> StoredObject? {
        guard let descriptor = openEntry(key, flags: 0) else { return nil }
        guard let stamp = FileStamp(of: descriptor), stamp.isRegularFile else {
            close(descriptor)
            return nil
        }
        let etag: String
        if let known = etags.withLock({ $0[stamp] }) {
            etag = known
        } else {
            guard let computed = md5(of: descriptor) else {
                close(descriptor)
                return nil
            }
            etag = computed
            if stamp.isSettled { etags.withLock { $0[stamp] = computed } }
        }
        return StoredObject(descriptor: descriptor, stamp: stamp, etag: etag)
    }

    /// What is in a directory, sorted by the bytes of its keys; nothing if it is none.
    ///
    /// - Parameter path: empty, or ending in a slash.
    func entries(of path: String) -> [Entry] {
        guard
            let descriptor = path.isEmpty
                ? duplicateOfRoot() : openEntry(String(path.dropLast()), flags: O_DIRECTORY)
        else { return [] }
        guard let stamp = FileStamp(of: descriptor) else {
            close(descriptor)
            return []
        }
        if let known = directories.withLock({ $0[path] }), known.stamp == stamp {
            close(descriptor)
            return known.entries
        }
        // From here on the stream owns the descriptor.
        guard let stream = unsafe fdopendir(descriptor) else {
            close(descriptor)
            return []
        }
        defer { unsafe closedir(stream) }
        unsafe rewinddir(stream)
        var entries: [Entry] = []
        while let record = unsafe readdir(stream) {
            // SAFETY: `d_name` is a C string inside the record, which stays until the next call.
            let name = unsafe withUnsafePointer(to: &record.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(validatingCString: $0)
                }
            }
            guard let name, !name.utf8.starts(with: [UInt8(ascii: ".")]) else { continue }
            switch unsafe Int(record.pointee.d_type) {
            case Int(DT_REG): entries.append(Entry(name: name, isDirectory: false))
            case Int(DT_DIR): entries.append(Entry(name: name + "/", isDirectory: true))
            case Int(DT_UNKNOWN):
                var status = stat()
                guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFREG {
                    entries.append(Entry(name: name, isDirectory: false))
                }
                if status.st_mode & S_IFMT == S_IFDIR {
                    entries.append(Entry(name: name + "/", isDirectory: true))
                }
            default: continue
            }
        }
        entries.sort { $0.name.precedesInBytes($1.name) }
        if stamp.isSettled {
            let kept = entries
            directories.withLock { $0[path] = (stamp, kept) }
        }
        return entries
    }

    private func duplicateOfRoot() -> CInt? {
        let descriptor = unsafe openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : nil
    }

    private func openEntry(_ key: String, flags: CInt) -> CInt? {
        let parts = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.first != UInt8(ascii: ".") && !$0.contains(0) }) else {
            return nil
        }
        var current = root
        for (i, part) in parts.enumerated() {
            let isLast = i == parts.count - 1
            // O_NONBLOCK: opening a pipe would wait for its writer.
            let next = unsafe openat(
                current, String(part)!,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (isLast ? flags : O_DIRECTORY))
            if current != root { close(current) }
            guard next >= 0 else { return nil }
            current = next
        }
        return current
    }
}

/// A file that is open for being sent.
final class StoredObject {
    let etag: String
    private let descriptor: CInt
    private let stamp: FileStamp

    init(descriptor: CInt, stamp: FileStamp, etag: String) {
        self.descriptor = descriptor
        self.stamp = stamp
        self.etag = etag
    }

    deinit { close(descriptor) }

    var byteCount: Int { stamp.byteCount }
    /// Seconds since 1970.
    var modifiedSeconds: Int { stamp.modifiedSeconds }

    /// Whether the whole range went to the socket.
    func send(_ range: Range<Int>, to socket: CInt) -> Bool {
        var offset = off_t(range.lowerBound)
        while Int(offset) < range.upperBound {
            let count = unsafe sendfile(socket, descriptor, &offset, range.upperBound - Int(offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
        }
        return true
    }
}

/// What `fstat` says that changes when a file or a directory does.
struct FileStamp: Hashable, Sendable {
    var byteCount: Int
    var isRegularFile: Bool
    var modifiedSeconds: Int
    var modifiedNanoseconds: Int
    var changedSeconds: Int
    var changedNanoseconds: Int
    var inode: UInt64

    init?(of descriptor: CInt) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return nil }
        byteCount = Int(status.st_size)
        isRegularFile = status.st_mode & S_IFMT == S_IFREG
        modifiedSeconds = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
        changedSeconds = status.st_ctim.tv_sec
        changedNanoseconds = status.st_ctim.tv_nsec
        inode = UInt64(status.st_ino)
    }

    /// Whether a change from now on would give another stamp: the last one is longer ago than a tick of the file system's clock.
    var isSettled: Bool {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let age = (now.tv_sec - changedSeconds) * 1_000_000_000 + now.tv_nsec - changedNanoseconds
        return age > 100_000_000
    }
}

/// The MD5 of a file's content in hex; nil if it cannot be read.
private func md5(of descriptor: CInt) -> String? {
    var hasher = MD5Hasher()
    var block = [UInt8](repeating: 0, count: 256 << 10)
    var offset: off_t = 0
    while true {
        let count = unsafe block.withUnsafeMutableBytes { buffer in
            // SAFETY: reads at most the block.
            unsafe pread(descriptor, buffer.baseAddress, buffer.count, offset)
        }
        if count < 0, errno == EINTR { continue }
        if count < 0 { return nil }
        if count == 0 { return hasher.finish() }
        // SAFETY: `count` bytes of the block were read.
        unsafe block.withUnsafeBytes { unsafe hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        offset += off_t(count)
    }
}
