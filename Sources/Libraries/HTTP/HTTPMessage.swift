/// One header field.
package struct HTTPField: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A GET.
package struct HTTPRequest: Hashable, Sendable {
    /// Absolute, `http` or `https`, percent-encoded, without user or password.
    package var url: String
    package var fields: [HTTPField]
    /// Transfers at once to this request's host; nil means the client's default. Read when the request's turn comes.
    package var connections: Int?
    /// Limit on this one transfer, or nil.
    package var bytesPerSecond: Int?
    /// From the first byte sent to the last received, or nil. Waiting for a free connection does not count.
    package var timeLimit: Duration?

    package init(
        url: String, fields: [HTTPField] = [], connections: Int? = nil, bytesPerSecond: Int? = nil,
        timeLimit: Duration? = nil
    ) {
        self.url = url
        self.fields = fields
        self.connections = connections
        self.bytesPerSecond = bytesPerSecond
        self.timeLimit = timeLimit
    }
}

/// Status and header fields of an answer.
package struct HTTPHead: Hashable, Sendable {
    package var status: Int
    /// In the order of the answer.
    package var fields: [HTTPField]
    /// Nil where the answer has none, or has a Transfer-Encoding, which rules over it.
    package var contentLength: Int?

    package init(status: Int, fields: [HTTPField] = [], contentLength: Int? = nil) {
        self.status = status
        self.fields = fields
        self.contentLength = contentLength
    }

    package var isSuccess: Bool { (200..<300).contains(status) }

    /// The first field of that name, in any letter case.
    package func value(of name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }

    /// The entity tag without its quotes and without a weakness mark; nil where there is none.
    package var etag: String? {
        value(of: "etag").map { text in
            var tag = text[...]
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            if tag.count >= 2, tag.first == "\"", tag.last == "\"" { tag = tag.dropFirst().dropLast() }
            return String(tag)
        }
    }
}

/// A complete answer.
package struct HTTPResponse: Hashable, Sendable {
    package var head: HTTPHead
    /// The first 64 KiB of the body of an answer other than 2xx, for messages; empty for 2xx.
    package var body: [UInt8]
    /// Bytes of the body that arrived.
    package var byteCount: Int
    /// Where the answer came from, redirects followed.
    package var url: String

    package init(head: HTTPHead, body: [UInt8], byteCount: Int, url: String) {
        self.head = head
        self.body = body
        self.byteCount = byteCount
        self.url = url
    }

    package var status: Int { head.status }
}

extension HTTPResponse {
    /// The text of the first `<Code>` in the body of an error answer, as object stores send it; for messages only.
    package var xmlErrorCode: String? {
        guard let start = body.firstRange(of: Array("<Code>".utf8))?.upperBound,
            let end = body[start...].firstIndex(of: UInt8(ascii: "<")), end - start <= 100
        else { return nil }
        return String(decoding: body[start..<end], as: UTF8.self)
    }
}
