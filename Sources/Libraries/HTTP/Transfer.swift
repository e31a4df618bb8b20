import Synchronization

/// One request on its way: what to do with the answer, and how far it is.
///
/// Unchecked because everything without a word on its owner belongs to the client's thread.
final class Transfer: @unchecked Sendable {
    static let keptBodyByteCount = 64 << 10

    let request: HTTPRequest
    let accept: @Sendable (HTTPHead) throws -> Void
    let receive: @Sendable (Span<UInt8>) throws -> Void
    let isCancelled = Atomic<Bool>(false)
    /// Guarded by the lock of the loop's inbox.
    var isSubmitted = false
    /// Set once, before the transfer is handed to the client's thread.
    var continuation: CheckedContinuation<HTTPResponse, any Error>?

    private(set) var url: String
    private(set) var endpoint: Endpoint
    private(set) var reader = HeadReader()
    /// What the caller's own code threw, or what was wrong with the head: stronger than libcurl's "write error".
    private(set) var failure: (any Error)?
    private var body: [UInt8] = []
    private var byteCount = 0
    private var redirectCount = 0

    init(
        request: HTTPRequest, accept: @escaping @Sendable (HTTPHead) throws -> Void,
        receive: @escaping @Sendable (Span<UInt8>) throws -> Void
    ) throws(HTTPProblem) {
        self.request = request
        self.accept = accept
        self.receive = receive
        (url, endpoint) = try Endpoint.parse(request.url)
        for field in request.fields {
            let isToken = field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
            guard isToken, !field.name.isEmpty, field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                throw HTTPProblem(.badField(name: field.name), url: request.url)
            }
        }
    }

    /// Takes one header line. False ends the transfer.
    func readHeader(_ line: Span<UInt8>) -> Bool {
        do {
            guard let head = try reader.read(Array(line)) else { return true }
            if head.isSuccess {
                if let encoding = head.value(of: "content-encoding"), !encoding.isEmpty,
                    encoding.lowercased() != "identity"
                {
                    throw HTTPProblem(.contentEncoding(encoding), url: url)
                }
                try accept(head)
            }
            return true
        } catch let refusal as HeadReader.Refusal {
            failure = HTTPProblem(.malformedAnswer(reason: refusal.reason), url: url)
        } catch {
            failure = error
        }
        return false
    }

    /// Takes one piece of the body. False ends the transfer.
    func readBody(_ bytes: Span<UInt8>) -> Bool {
        byteCount += bytes.count
        guard let head = reader.head else {
            failure = HTTPProblem(.malformedAnswer(reason: "body without header"), url: url)
            return false
        }
        guard head.isSuccess else {
            let room = Self.keptBodyByteCount - body.count
            for index in 0..<min(room, bytes.count) { body.append(bytes[index]) }
            return true
        }
        do {
            try receive(bytes)
            return true
        } catch {
            failure = error
            return false
        }
    }

    /// The redirect to follow now, if the answer is one; the transfer is ready for it.
    func redirect() throws(HTTPProblem) -> Bool {
        guard let head = reader.head, let target = try Redirect.target(of: head, from: url) else {
            return false
        }
        guard redirectCount < Redirect.limit else { throw HTTPProblem(.tooManyRedirects, url: request.url) }
        redirectCount += 1
        url = target
        reader = HeadReader()
        body = []
        byteCount = 0
        return true
    }

    /// The answer, once libcurl calls the transfer done.
    func response() throws(HTTPProblem) -> HTTPResponse {
        guard let head = reader.head else {
            throw HTTPProblem(.malformedAnswer(reason: "no header"), url: url)
        }
        return HTTPResponse(head: head, body: body, byteCount: byteCount, url: url)
    }

    /// Wakes the caller. Only the first call counts.
    func finish(_ result: Result<HTTPResponse, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }

    var isFinished: Bool { continuation == nil }
}

extension Array where Element == UInt8 {
    init(_ bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
}
