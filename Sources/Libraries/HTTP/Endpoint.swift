import CCurl

/// Scheme, host and port: what connections are counted by and redirects must not leave.
struct Endpoint: Hashable, Sendable {
    var scheme: String
    /// Lower case.
    var host: String
    /// The scheme's own where the URL names none.
    var port: String

    /// The absolute form of `text`, which may be relative to `base`, and where it leads.
    ///
    /// libcurl's own parser, so that what is checked here is what is asked there. Refuses user and password,
    /// schemes other than http and https, and bytes that could end a request line.
    static func parse(_ text: String, base: String? = nil) throws(HTTPProblem) -> (
        url: String, endpoint: Endpoint
    ) {
        func refuse(_ reason: String) -> HTTPProblem { HTTPProblem(.badURL(reason: reason), url: text) }
        guard !text.isEmpty else { throw refuse("it is empty") }
        guard text.utf8.count <= 16 << 10 else { throw refuse("it is longer than 16 KiB") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw refuse("a byte in it must be percent-encoded")
        }
        guard let parts = URLParts(library: try CurlLibrary.loaded(for: text)) else {
            throw refuse("out of memory")
        }
        if let base {
            guard parts.set(base) else { throw refuse("unusable base") }
        }
        guard parts.set(text) else { throw refuse("wrong form, or it carries a user or password") }
        guard let url = parts.url, let scheme = parts.scheme?.lowercased(),
            let host = parts.host?.lowercased(),
            let port = parts.port, !host.isEmpty
        else { throw refuse("no host") }
        guard scheme == "http" || scheme == "https" else {
            throw refuse("scheme '\(scheme)' is not http or https")
        }
        return (url, Endpoint(scheme: scheme, host: host, port: port))
    }
}

/// libcurl's URL handle.
@safe private struct URLParts: ~Copyable {
    private let curl: UnsafePointer<curl_functions>
    private let handle: OpaquePointer

    init?(library: CurlLibrary) {
        unsafe curl = library.functions
        guard let handle = unsafe curl.pointee.url_new() else { return nil }
        unsafe self.handle = handle
    }

    deinit { unsafe curl.pointee.url_cleanup(handle) }

    borrowing func set(_ text: String) -> Bool {
        let flags = UInt32(CURLU_PATH_AS_IS | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME)
        return unsafe curl.pointee.url_set(handle, CURLUPART_URL, text, flags) == CURLUE_OK
    }

    var url: String? { part(CURLUPART_URL) }
    var scheme: String? { part(CURLUPART_SCHEME) }
    var host: String? { part(CURLUPART_HOST) }
    var port: String? { part(CURLUPART_PORT) }

    private borrowing func part(_ which: CURLUPart) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let flags = UInt32(which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0)
        guard unsafe curl.pointee.url_get(handle, which, &text, flags) == CURLUE_OK, let text = unsafe text
        else {
            return nil
        }
        defer { unsafe curl.pointee.free(text) }
        return unsafe String(cString: text)
    }
}

/// Redirects are followed here and not by libcurl, so that every step is looked at.
enum Redirect {
    static let limit = 5

    /// Where the answer sends us, or nil when it is no redirect. Other hosts, ports and schemes are refused.
    static func target(of head: HTTPHead, from url: String) throws(HTTPProblem) -> String? {
        guard [301, 302, 303, 307, 308].contains(head.status), let location = head.value(of: "location")
        else {
            return nil
        }
        let (_, here) = try Endpoint.parse(url)
        let refused = HTTPProblem(.redirectRefused(to: String(location.prefix(200))), url: url)
        guard let (target, there) = try? Endpoint.parse(location, base: url), there == here else {
            throw refused
        }
        return target
    }
}

extension String {
    /// RFC 3986 percent-encoding of every byte that is not unreserved.
    ///
    /// - Parameter keepingSlashes: leave `/` as it is: for paths, not for query values.
    package func percentEncoded(keepingSlashes: Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(utf8.count)
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: result.append(byte)
            case 0x2F where keepingSlashes: result.append(byte)
            default: result += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
