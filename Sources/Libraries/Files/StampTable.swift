package import Bytes
import Glibc
import Synchronization
import WorkStealing

/// What `StampTableWriter` wrote, compared with the disk: whether every file has the stamp it had.
///
/// The files of a directory are asked for by their bare names, by all threads at once. Each reads the part of the table that
/// it needs next, so the first file is asked for at once, and no more than a part a thread is in memory.
package final class StampTable: Sendable {
    private let file: Descriptor
    private let path: String
    private let segments: [Segment]
    package let key: XXH3Digest
    package let note: Int

    /// A run of whole blocks.
    private struct Segment {
        let bytes: Range<Int>
        let digest: XXH3Digest
    }

    /// Nil where there is no such file, or it is not a table as it was written. Only the index is read; a part that is damaged
    /// matches nothing.
    package init?(path: String) {
        typealias Writer = StampTableWriter
        guard let file = try? Descriptor(opening: path, O_RDONLY | O_NONBLOCK, for: .read),
            let status = try? file.status(path: path), status.isRegularFile,
            case let byteCount = Int(status.stamp.byteCount),
            byteCount >= Writer.headerByteCount + Writer.trailerByteCount,
            let header = file.bytes(0..<Writer.headerByteCount, path: path),
            header.starts(with: Writer.magic),
            let trailer = file.bytes(byteCount - Writer.trailerByteCount..<byteCount, path: path),
            case let indexByteCount = integer(trailer, at: 0) * Writer.indexEntryByteCount,
            case let indexStart = byteCount - Writer.trailerByteCount - indexByteCount,
            indexStart >= Writer.headerByteCount,
            let index = file.bytes(indexStart..<indexStart + indexByteCount, path: path),
            XXH3Digest(of: header + index + trailer[..<4]).bytes.elementsEqual(trailer[4...]),
            let key = XXH3Digest(bytes: header[8..<24])
        else { return nil }
        var segments = [Segment]()
        var start = Writer.headerByteCount
        for entry in stride(from: 0, to: indexByteCount, by: Writer.indexEntryByteCount) {
            let end = start + integer(index, at: entry)
            guard end <= indexStart,
                let digest = XXH3Digest(bytes: index[entry + 4..<entry + Writer.indexEntryByteCount])
            else { return nil }
            segments.append(Segment(bytes: start..<end, digest: digest))
            start = end
        }
        guard start == indexStart else { return nil }
        self.file = file
        self.path = path
        self.segments = segments
        self.key = key
        note = integer(header, at: 24) | integer(header, at: 28) << 32
    }

    /// A writer that holds all files of this table but some. Nil for a table that is damaged.
    ///
    /// - Parameter paths: as bytes, since texts that Swift calls equal may name different files.
    package func writer(without paths: Set<[UInt8]>) -> StampTableWriter? {
        let directories = Set(
            paths.map { path in
                path[..<(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)]
            })
        var writer = StampTableWriter()
        for segment in segments {
            guard let bytes = file.bytes(segment.bytes, path: path), XXH3Digest(of: bytes) == segment.digest,
                let blocks = Self.blocks(of: bytes)
            else { return nil }
            for block in blocks {
                guard Self.append(block, of: bytes, without: paths, in: directories, to: &writer) else {
                    return nil
                }
            }
        }
        return writer
    }

    /// Whether every file has the stamp it had. Stops at the first that has not, or where the table is damaged.
    ///
    /// - Parameters:
    ///   - root: where relative paths begin.
    ///   - workerCount: threads that ask at once.
    ///   - movingThreads: whether threads may make directories of files their working directories: a file is found a little
    ///     faster there than by the descriptor of its directory, which threads share the count of.
    package func matchesDisk(under root: String, workerCount: Int, movingThreads: Bool = true) -> Bool {
        let descriptor = unsafe Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return segments.isEmpty }
        defer { close(descriptor) }
        let look = Look(table: self, root: descriptor)
        let threads = (1..<max(1, min(workerCount, segments.count)) + 1).compactMap { _ in
            HelperThread { look.go(movesThread: movingThreads) }
        }
        // On a thread that does other things too when the system has no thread to give.
        if threads.isEmpty { look.go(movesThread: false) }
        for thread in threads { thread.join() }
        return !look.hasDifference.load(ordering: .acquiring)
    }

    /// What the threads of one comparison share.
    private final class Look: Sendable {
        let table: StampTable
        let root: Int32
        let next = Atomic(0)
        let hasDifference = Atomic(false)

        init(table: StampTable, root: Int32) {
            self.table = table
            self.root = root
        }

        /// Compares segments until none is left or one differs.
        func go(movesThread: Bool) {
            var look = StampLook(root: root, movesThread: movesThread)
            let roomByteCount = table.segments.map(\.bytes.count).max() ?? 0
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: roomByteCount, alignment: 16)
            defer { unsafe room.deallocate() }
            while !hasDifference.load(ordering: .relaxed) {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < table.segments.count else { return }
                let segment = table.segments[index]
                // SAFETY: the room is as large as the largest segment.
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<segment.bytes.count])
                var hasher = XXH3Hasher()
                let count = unsafe try? table.file.read(
                    into: part, at: segment.bytes.lowerBound, path: table.path)
                unsafe hasher.update(UnsafeRawBufferPointer(part))
                guard count == part.count, hasher.digest() == segment.digest,
                    unsafe look.isSame(UnsafeRawBufferPointer(part))
                else { return hasDifference.store(true, ordering: .releasing) }
            }
        }
    }

    /// Where the contents of each block are; nil where that cannot be.
    private static func blocks(of bytes: [UInt8]) -> [Range<Int>]? {
        var blocks = [Range<Int>]()
        var position = 0
        while position < bytes.count {
            guard bytes.count - position >= 4 else { return nil }
            let byteCount = integer(bytes, at: position)
            guard byteCount >= 8, byteCount <= bytes.count - position - 4 else { return nil }
            blocks.append(position + 4..<position + 4 + byteCount)
            position += 4 + byteCount
        }
        return blocks
    }

    /// Takes a block over into a writer, without some files; false for a block that lies about its lengths.
    private static func append(
        _ block: Range<Int>, of bytes: [UInt8], without paths: Set<[UInt8]>,
        in directories: Set<ArraySlice<UInt8>>, to writer: inout StampTableWriter
    ) -> Bool {
        let directory = block.lowerBound + 8
        let byteCount = integer(bytes, at: block.lowerBound + 4)
        guard byteCount <= block.upperBound - directory else { return false }
        let place = bytes[directory..<directory + byteCount]
        guard directories.contains(place) else {
            writer.append(block: bytes[block.lowerBound - 4..<block.upperBound])
            return true
        }
        var path = Array(place)
        var position = directory + byteCount
        for _ in 0..<integer(bytes, at: block.lowerBound) {
            guard let (shared, added, hash) = entry(of: bytes, at: &position, end: block.upperBound),
                byteCount + shared <= path.count
            else { return false }
            path.replaceSubrange((byteCount + shared)..., with: added)
            guard !paths.contains(path) else { continue }
            unsafe path.withUnsafeBufferPointer { unsafe writer.append($0, hash: hash) }
        }
        return true
    }

    /// One file of a block: bytes shared with the name before, bytes that follow them, hash.
    private static func entry(
        of bytes: [UInt8], at position: inout Int, end: Int
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
}

extension Descriptor {
    /// These bytes of the file; nil where it ends before, or cannot be read.
    fileprivate borrowing func bytes(_ range: Range<Int>, path: String) -> [UInt8]? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            count =
                (unsafe try? read(
                    into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound, path: path)) ?? 0
        }
        return bytes.count == range.count ? bytes : nil
    }
}
