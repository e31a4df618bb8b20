import Foundation

/// One client: requests come in, answers go out, one after another, until it closes.
final class Connection {
    private let descriptor: CInt
    private var buffer: [UInt8] = []

    /// A request's head may be this long.
    private static let headByteLimit = 64 << 10

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        var one: CInt = 1
        // Answers go out in two pieces, head and file: without this the second would wait for the client's delayed ACK.
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { close(descriptor) }

    func serve(_ bucket: Bucket) {
        while let head = readHead() {
            guard let request = HTTPRequest(head: head) else {
                _ = send(
                    HTTPAnswer.error(400, "InvalidRequest", "Not a request this server understands."), nil)
                return
            }
            let answer = bucket.answer(request)
            guard send(answer, request), request.keepsAlive else { return }
        }
    }

    /// The bytes up to the empty line; nil when the client is gone or sends no end.
    private func readHead() -> [UInt8]? {
        var searched = 0
        while true {
            let end: [UInt8] = [13, 10, 13, 10]
            while searched + 4 <= buffer.count {
                if buffer[searched] == 13, buffer[searched..<(searched + 4)].elementsEqual(end) {
                    let head = Array(buffer[..<searched])
                    buffer.removeFirst(searched + 4)
                    return head
                }
                searched += 1
            }
            guard buffer.count < Self.headByteLimit else { return nil }
            var piece = [UInt8](repeating: 0, count: 8192)
            let count = unsafe piece.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer += piece[..<count]
        }
    }

    /// Whether all of it was sent.
    private func send(_ answer: HTTPAnswer, _ request: HTTPRequest?) -> Bool {
        var bytes = answer.head(keepsAlive: request?.keepsAlive ?? false)
        if request?.method == "HEAD" { return send(bytes, flags: 0) }
        switch answer.body {
        case .none: return send(bytes, flags: 0)
        case .bytes(let body):
            bytes += body
            return send(bytes, flags: 0)
        case .file(let file, let range):
            guard send(bytes, flags: range.isEmpty ? 0 : Int32(MSG_MORE)) else { return false }
            return file.send(range, to: descriptor)
        }
    }

    private func send(_ bytes: [UInt8], flags: Int32) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                // SAFETY: `done < buffer.count`, so address and length are within the buffer.
                let count = unsafe Foundation.send(
                    descriptor, buffer.baseAddress! + done, buffer.count - done, flags)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }
}
