package import Bytes
import CSV
import Compression
import Zip

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The uncompressed bytes of one input, hashed as they go by.
///
/// The digest is that of the whole payload once `read` has returned 0; only then are the bytes vouched for, too.
final class PayloadStream {
    private let archive: ZipArchive?
    private var member: ZipMemberStream?
    private var gzip: GzipFile?
    private var plain: PlainFile?
    private var hasher = XXH3Hasher()
    private(set) var byteCount = 0

    /// - Parameters:
    ///   - contents: the file's bytes, if they were read before.
    ///   - isHashed: whether `fileIdentity` will be asked for; not where there are contents.
    init(path: String, name: String, contents: HeldBytes? = nil, isHashed: Bool = false) throws {
        let lowercased = path.lowercased()
        if lowercased.hasSuffix(".zip") {
            let archive =
                try contents.map { try ZipArchive(path: path, contents: $0) }
                ?? ZipArchive(path: path, isHashed: isHashed)
            let csv = try Self.csvMember(of: archive, name: name)
            self.archive = archive
            shortMember = archive.isShort(csv) ? csv : nil
            if shortMember == nil { member = try archive.open(csv) }
            announcedByteCount = csv.byteCount
            expectedByteCount = csv.byteCount
        } else {
            archive = nil
            shortMember = nil
            announcedByteCount = nil
            let file = try PlainFile(path: path, name: name, isHashed: isHashed)
            expectedByteCount = file.byteCount
            if lowercased.hasSuffix(".gz") { gzip = GzipFile(file, name: name) } else { plain = file }
        }
    }

    var digest: XXH3Digest { hasher.digest() }

    /// What the file holds, zipped or not, if it was to be hashed: to be asked for once, after `read` has returned 0.
    func fileIdentity() throws -> ContentIdentity? {
        try archive?.identity() ?? gzip?.file.takeIdentity() ?? plain?.takeIdentity()
    }

    /// Bytes there will be in all, where a zip says; else nil.
    let announcedByteCount: Int?
    /// What is read, if it is so short that `readTogether` may have it.
    private let shortMember: ZipMember?
    /// The whole payload, where it was read together with others: its first `byteCount` bytes. Then there is nothing for `read`.
    private(set) var whole: RecordBlock?

    /// Bytes there will be in all, as far as can be told; of gzip files what they take on the disk.
    let expectedByteCount: Int

    /// Fills the front of the buffer, which is not empty; 0 at the end.
    @unsafe func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var count = 0
        if whole != nil { return 0 }
        if member == nil, let shortMember { member = try archive?.open(shortMember) }
        if member != nil {
            count = try unsafe member!.read(into: buffer)
        } else if let gzip {
            count = try unsafe gzip.read(buffer)
        } else if let plain {
            count = try unsafe plain.read(buffer)
        }
        unsafe hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        byteCount += count
        return count
    }

    /// Whether this is a stream for `readTogether`.
    var isShort: Bool { shortMember != nil }

    /// Reads short payloads whole, of which nothing was read so far; those that are not sound stay as they are, for `read` to say why.
    ///
    /// - Parameter blocks: at least as many, which nobody else uses as long as the streams are in use.
    static func readTogether(_ streams: [PayloadStream], into blocks: [RecordBlock]) {
        var members: [ShortMember] = []
        for (stream, block) in zip(streams, blocks) {
            guard let archive = stream.archive, let member = stream.shortMember else { preconditionFailure() }
            // The reader wants a byte to spare.
            if block.capacity <= member.byteCount { block.grow(to: member.byteCount + 1, keeping: 0) }
            // SAFETY: the blocks outlive the call, and this one has just been made large enough.
            unsafe members.append(
                ShortMember(
                    member, of: archive,
                    output: UnsafeMutableRawBufferPointer(rebasing: block.bytes[..<member.byteCount])))
        }
        for (index, isWhole) in ZipArchive.readTogether(members).enumerated() where isWhole {
            let (stream, block) = (streams[index], blocks[index])
            stream.byteCount = members[index].byteCount
            unsafe stream.hasher.update(UnsafeRawBufferPointer(rebasing: block.bytes[..<stream.byteCount]))
            stream.whole = block
        }
    }

    /// The member named `.csv`, or the only one.
    private static func csvMember(of archive: ZipArchive, name: String) throws(CleanProblem) -> ZipMember {
        let files = archive.members.filter { !$0.isDirectory }
        let tables = files.filter { $0.name.lowercased().hasSuffix(".csv") }
        if tables.count == 1 { return tables[0] }
        if tables.isEmpty, files.count == 1 { return files[0] }
        throw CleanProblem(.members(files.map(\.name)), place: name)
    }
}

/// Only inflates and hashes: tells whether a file that was made again still holds the same payload.
///
/// - Parameter name: for messages.
package func payloadDigest(ofFile path: String, name: String) throws -> (digest: XXH3Digest, byteCount: Int) {
    let stream = try PayloadStream(path: path, name: name)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 10, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while try unsafe stream.read(buffer) > 0 {}
    return (stream.digest, stream.byteCount)
}

/// A file read from front to end.
private final class PlainFile {
    private let descriptor: Int32
    private let name: String
    private var hasher: IdentityHasher?

    init(path: String, name: String, isHashed: Bool) throws(CleanProblem) {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        self.name = name
        hasher = isHashed ? IdentityHasher() : nil
        guard descriptor >= 0 else { throw Self.problem(name) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// As the system says; 0 where it does not.
    var byteCount: Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return 0 }
        return Int(status.st_size)
    }

    @unsafe func read(_ buffer: UnsafeMutableRawBufferPointer) throws(CleanProblem) -> Int {
        while true {
            // SAFETY: reads at most the buffer's count.
            let count = unsafe systemRead(descriptor, buffer.baseAddress!, buffer.count)
            if count >= 0 {
                unsafe hasher?.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return count
            }
            if errno != EINTR { throw Self.problem(name) }
        }
    }

    /// Of all that was read; nil where it was not to be hashed.
    func takeIdentity() -> ContentIdentity? { hasher.take()?.finish() }

    private static func problem(_ name: String) -> CleanProblem {
        CleanProblem(.unreadable(unsafe String(cString: strerror(errno))), place: name)
    }
}

@unsafe private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    unsafe read(descriptor, buffer, count)
}

/// The payload of a gzip file, its members one after the other.
private final class GzipFile {
    let file: PlainFile
    private let name: String
    private var inflater = GzipInflater()
    private let input = Input()
    private var isFinished = false

    @safe private final class Input {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        var pending = 0..<0
        var isAtEnd = false
        deinit { unsafe buffer.deallocate() }
    }

    init(_ file: PlainFile, name: String) {
        self.file = file
        self.name = name
    }

    @unsafe func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            if input.pending.isEmpty, !input.isAtEnd {
                let count = try unsafe file.read(input.buffer)
                input.pending = 0..<count
                input.isAtEnd = count == 0
            }
            if input.isAtEnd, isFinished { return 0 }
            let step: InflateStep
            do {
                step = try unsafe inflater.inflate(
                    from: UnsafeRawBufferPointer(rebasing: input.buffer[input.pending]), into: buffer)
            } catch {
                throw CleanProblem(.damagedGzip("\(error.summary)"), place: name)
            }
            input.pending = (input.pending.lowerBound + step.readByteCount)..<input.pending.upperBound
            isFinished = step.isFinished
            if step.writtenByteCount > 0 { return step.writtenByteCount }
            if input.isAtEnd, !isFinished, step.readByteCount == 0 {
                throw CleanProblem(.damagedGzip("it ends too early"), place: name)
            }
        }
    }
}
