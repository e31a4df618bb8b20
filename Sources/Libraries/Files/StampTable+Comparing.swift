package import Bytes
import Dispatch
import Glibc
import Synchronization

/// What `StampTableWriter` wrote, compared with the disk: whether every file has the stamp it had.
///
/// The files of a directory are asked for by their bare names, by all threads at once.
package struct StampTable: Sendable {
    private let bytes: [UInt8]
    /// Where each block's contents start, and where the last ends.
    private let blocks: [Range<Int>]
    package let key: XXH3Digest
    package let note: Int

    /// Nil where these are not the bytes of a whole table.
    package init?(_ bytes: [UInt8]) {
        typealias Writer = StampTableWriter
        let end = bytes.count - Writer.trailerByteCount
        guard end >= Writer.headerByteCount, bytes.starts(with: Writer.magic),
            let key = XXH3Digest(bytes: bytes[8..<24])
        else { return nil }
        var hasher = XXH3Hasher()
        unsafe bytes.withUnsafeBytes { unsafe hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
        guard hasher.digest().bytes.elementsEqual(bytes[end...]) else { return nil }

        var blocks = [Range<Int>]()
        var position = Writer.headerByteCount
        while position < end {
            guard end - position >= 4 else { return nil }
            let byteCount = Self.integer(bytes, at: position)
            guard byteCount >= 8, byteCount <= end - position - 4 else { return nil }
            blocks.append(position + 4..<position + 4 + byteCount)
            position += 4 + byteCount
        }
        self.bytes = bytes
        self.blocks = blocks
        self.key = key
        note = Self.integer(bytes, at: 24) | Self.integer(bytes, at: 28) << 32
    }

    /// A writer that holds all files of this table but some. Nil for a block that lies about its lengths.
    ///
    /// - Parameter paths: as bytes, since texts that Swift calls equal may name different files.
    package func writer(without paths: Set<[UInt8]>) -> StampTableWriter? {
        let directories = Set(
            paths.map { path in
                path[..<(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)]
            })
        var writer = StampTableWriter()
        for block in blocks {
            let directory = block.lowerBound + 8
            let byteCount = Self.integer(bytes, at: block.lowerBound + 4)
            guard byteCount <= block.upperBound - directory else { return nil }
            let place = bytes[directory..<directory + byteCount]
            guard directories.contains(place) else {
                writer.append(block: bytes[block.lowerBound - 4..<block.upperBound])
                continue
            }
            var path = Array(place)
            var position = directory + byteCount
            for _ in 0..<Self.integer(bytes, at: block.lowerBound) {
                guard let (shared, added, hash) = entry(at: &position, end: block.upperBound),
                    byteCount + shared <= path.count
                else { return nil }
                path.replaceSubrange((byteCount + shared)..., with: added)
                guard !paths.contains(path) else { continue }
                unsafe path.withUnsafeBufferPointer { unsafe writer.append($0, hash: hash) }
            }
        }
        return writer
    }

    /// One file of a block: bytes shared with the name before, bytes that follow them, hash.
    private func entry(
        at position: inout Int, end: Int
    ) -> (shared: Int, added: ArraySlice<UInt8>, hash: UInt64)? {
        func varint() -> Int? {
            var value = 0
            for shift in [0, 7, 14] where position < end {
                let byte = bytes[position]
                position += 1
                value |= Int(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        guard let shared = varint(), let count = varint(), count <= end - position - 8 else { return nil }
        let added = bytes[position..<position + count]
        position += count
        let hash = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
        position += 8
        return (shared, added, hash)
    }

    /// Whether every file has the stamp it had. Stops at the first that has not.
    ///
    /// - Parameters:
    ///   - root: where relative paths begin.
    ///   - workerCount: threads that ask at once.
    package func matchesDisk(under root: String, workerCount: Int) -> Bool {
        let descriptor = unsafe Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return blocks.isEmpty }
        defer { close(descriptor) }
        let next = Atomic(0)
        let hasDifference = Atomic(false)
        DispatchQueue.concurrentPerform(iterations: max(1, workerCount)) { _ in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                var look = unsafe BlockLook(bytes: bytes, root: descriptor)
                while !hasDifference.load(ordering: .relaxed) {
                    let start = next.add(Self.stride, ordering: .relaxed).oldValue
                    guard start < blocks.count else { return }
                    for block in blocks[start..<min(start + Self.stride, blocks.count)] {
                        if look.isSame(block) { continue }
                        hasDifference.store(true, ordering: .relaxed)
                        return
                    }
                }
            }
        }
        return !hasDifference.load(ordering: .relaxed)
    }

    /// Blocks that a worker takes at a time.
    private static let stride = 4

    private static func integer(_ bytes: [UInt8], at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}

/// One worker's walk over blocks.
@safe private struct BlockLook {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let root: Int32
    /// The path that is asked for, with a zero at its end.
    private var path = [CChar](repeating: 0, count: StampTableWriter.pathByteLimit + 1)
    /// From so many files on, opening their directory pays.
    private static let openingCount = 4

    /// - Parameter root: a directory that stays open.
    init(bytes: UnsafeBufferPointer<UInt8>, root: Int32) {
        unsafe self.bytes = bytes
        self.root = root
    }

    /// Whether all files of a block have their stamps; false also for a block that lies about its lengths.
    mutating func isSame(_ block: Range<Int>) -> Bool {
        let fileCount = integer(at: block.lowerBound)
        let directoryByteCount = integer(at: block.lowerBound + 4)
        var position = block.lowerBound + 8
        guard directoryByteCount <= block.upperBound - position, directoryByteCount < path.count else {
            return false
        }
        // SAFETY: the bytes are within the block, and the path has room for them and a zero.
        for index in 0..<directoryByteCount {
            path[index] = unsafe CChar(bitPattern: bytes[position + index])
        }
        path[directoryByteCount] = 0
        position += directoryByteCount

        var nameStart = directoryByteCount
        var parent = root
        if fileCount >= Self.openingCount, directoryByteCount > 0 {
            let descriptor = unsafe openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            // A directory that cannot be opened may still be passed through.
            if descriptor >= 0 {
                parent = descriptor
                nameStart = 0
            }
        }
        defer { if parent != root { close(parent) } }

        let end = block.upperBound
        var nameByteCount = 0
        for _ in 0..<fileCount {
            guard let shared = varint(&position, end), let added = varint(&position, end),
                shared <= nameByteCount, added <= end - position - 8,
                nameStart + shared + added < path.count
            else { return false }
            // SAFETY: `added` bytes are left in the block, and the path has room for them and a zero, by the guard.
            for index in 0..<added {
                path[nameStart + shared + index] = unsafe CChar(bitPattern: bytes[position + index])
            }
            nameByteCount = shared + added
            path[nameStart + nameByteCount] = 0
            position += added
            var expected: UInt64 = 0
            // SAFETY: eight bytes are left in the block after `added`, by the guard.
            for index in 0..<8 { unsafe expected |= UInt64(bytes[position + index]) << UInt64(8 * index) }
            position += 8

            if nameByteCount == 1, path[nameStart] == CChar(UInt8(ascii: ".")) {
                guard DirectoryNames(at: parent, path)?.hash == expected else { return false }
                continue
            }
            var status = stat()
            let isThere = unsafe fstatat(parent, path, &status, 0) == 0
            let found = FileStatus(status)
            guard stampHash(isThere && found.isRegularFile ? found.stamp : nil) == expected else {
                return false
            }
        }
        return position == end
    }

    private func integer(at offset: Int) -> Int {
        // SAFETY: every block has eight bytes, and only its first two integers are read.
        (0..<4).reduce(0) { unsafe $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    private func varint(_ position: inout Int, _ end: Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, through: 14, by: 7) {
            guard position < end else { return nil }
            // SAFETY: position < end <= bytes.count.
            let byte = unsafe bytes[position]
            position += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
