import Bytes
import Files
import Graph
import HTTP
import Problems

/// Where the bytes of one try go: first into memory, and from there in large pieces into the staged file.
///
/// A small object is hashed and written wholly by the task that fetches it, after the transfer, so that the client's
/// one thread is free for moving bytes.
///
/// Unchecked because it has one user at a time: the client's thread from the answer's head to its end, the fetching task
/// before and after.
final class BodySink: @unchecked Sendable {
    /// 256 KiB: larger than most objects of an archive of small files.
    static let bufferByteCount = 256 << 10

    /// Why the client was told to stop.
    struct Refusal: Error {
        var failure: AttemptFailure
    }

    private let object: RemoteObject
    private let destination: String
    private let hashesAlways: Bool
    private let onBytes: (@Sendable (Int) -> Void)?
    private var buffer: [UInt8] = []
    private var staged: StagedFile?
    private var md5: MD5Hasher?
    private(set) var byteCount = 0
    private(set) var head: HTTPHead?

    /// - Parameter hashesAlways: take the MD5 even when the answer has the listed ETag.
    init(
        object: RemoteObject, destination: String, hashesAlways: Bool, onBytes: (@Sendable (Int) -> Void)?
    ) {
        self.object = object
        self.destination = destination
        self.hashesAlways = hashesAlways
        self.onBytes = onBytes
    }

    /// Looks at the head before any byte is taken.
    func accept(_ head: HTTPHead) throws(Refusal) {
        self.head = head
        guard head.status == 200 else {
            var failure = AttemptFailure(.upstream, "the server answered \(head.status) where 200 was due")
            failure.status = head.status
            throw Refusal(failure: failure)
        }
        if let length = head.contentLength, length != object.byteCount {
            throw Refusal(failure: wrongSize("\(length)"))
        }
        if object.etag.isMD5Text, hashesAlways || head.etag != object.etag { md5 = MD5Hasher() }
        buffer.reserveCapacity(min(object.byteCount, Self.bufferByteCount))
    }

    func receive(_ bytes: Span<UInt8>) throws {
        byteCount += bytes.count
        onBytes?(bytes.count)
        guard byteCount <= object.byteCount else { throw Refusal(failure: wrongSize("more")) }
        if buffer.count + bytes.count > Self.bufferByteCount { try flush() }
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
    }

    /// Ends the file, once the transfer has ended well. Call once.
    func finish() throws -> Download {
        if byteCount < object.byteCount {
            // A connection that closes early looks like an end where the answer names no length.
            var failure = AttemptFailure(.network, "only \(byteCount) of \(object.byteCount) bytes arrived")
            failure.status = 200
            failure.isTransient = true
            throw Refusal(failure: failure)
        }
        try flush()
        let digest: String? = if let hasher = md5.take() { hasher.finish() } else { nil }
        guard let file = staged.take(), let head else {
            throw Refusal(failure: AttemptFailure(.internal, "an answer without a head"))
        }
        return Download(file: try file.finish(), head: head, md5: digest)
    }

    private func flush() throws {
        if staged == nil { staged = try StagedFile(for: destination) }
        if buffer.isEmpty { return }
        try staged?.write(buffer.span)
        unsafe buffer.withUnsafeBytes { unsafe md5?.update($0) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func wrongSize(_ found: String) -> AttemptFailure {
        let type = head?.value(of: "content-type").map { " of \($0.escapedForDisplay)" } ?? ""
        var failure = AttemptFailure(
            .upstream, "the server sent \(found) bytes\(type), the listing says \(object.byteCount)",
            hint: "it may have been replaced since it was listed: build again")
        failure.status = 200
        return failure
    }
}

/// All bytes of an object under a temporary name, and what the server said of them.
struct Download: ~Copyable {
    var file: FinishedFile
    var head: HTTPHead
    /// Where it was worth taking.
    var md5: String?
}

extension String {
    /// Whether an ETag has the form of an MD5: what S3 gives objects that came in one part and are not encrypted.
    var isMD5Text: Bool {
        utf8.count == 32 && utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
