package import Problems

/// Why a transfer has no answer. Answers that say no (404, 503) are no problems of this kind but responses.
package struct HTTPProblem: Problem, Hashable {
    package enum Kind: Hashable, Sendable {
        case badURL(reason: String)
        /// A field name or value that must not be sent.
        case badField(name: String)
        case nameNotResolved
        case notConnected
        /// No connection within the connect time-out.
        case connectTimedOut
        /// The transfer moved no byte for the stall time-out, or passed the request's time limit.
        case timedOut
        /// The connection ended before the answer did.
        case cutShort
        /// The certificate is not good for this host.
        case certificateRefused
        case tlsFailed
        case malformedAnswer(reason: String)
        case contentEncoding(String)
        case redirectRefused(to: String)
        case tooManyRedirects
        case shutDown
        /// libcurl cannot be loaded; the detail says why.
        case libraryMissing
        /// Anything else libcurl reports, by its number.
        case transport(code: Int)
    }

    package var kind: Kind
    /// Without its query.
    package var url: String
    /// What libcurl says of it, or empty.
    package var detail: String

    package init(_ kind: Kind, url: String, detail: String = "") {
        self.kind = kind
        self.url = String(url.prefix { $0 != "?" })
        self.detail = detail
    }

    /// Whether the same request may well succeed a little later.
    package var isTransient: Bool {
        switch kind {
        case .nameNotResolved, .notConnected, .connectTimedOut, .timedOut, .cutShort, .tlsFailed,
            .malformedAnswer,
            .transport:
            true
        case .badURL, .badField, .certificateRefused, .contentEncoding, .redirectRefused, .tooManyRedirects,
            .shutDown, .libraryMissing:
            false
        }
    }

    package var summary: String { "\(url.escapedForDisplay): \(what)" }

    private var what: String {
        let suffix = detail.isEmpty ? "" : " (\(detail.escapedForDisplay))"
        return switch kind {
        case .badURL(let reason): "not a usable URL: \(reason.escapedForDisplay)"
        case .badField(let name): "header field '\(name.escapedForDisplay)' cannot be sent"
        case .nameNotResolved: "host name not found\(suffix)"
        case .notConnected: "no connection\(suffix)"
        case .connectTimedOut: "no connection in time\(suffix)"
        case .timedOut: "too slow, given up\(suffix)"
        case .cutShort: "connection ended before the answer did\(suffix)"
        case .certificateRefused: "the server's certificate is not trusted\(suffix)"
        case .tlsFailed: "TLS failed\(suffix)"
        case .malformedAnswer(let reason): "not a proper HTTP answer: \(reason.escapedForDisplay)\(suffix)"
        case .contentEncoding(let name):
            "the server sent 'Content-Encoding: \(name.escapedForDisplay)', which nobody asked for"
        case .redirectRefused(let target): "redirect to \(target.escapedForDisplay) refused"
        case .tooManyRedirects: "more than \(Redirect.limit) redirects"
        case .shutDown: "the HTTP client has been shut down"
        case .libraryMissing: "not asked, as libcurl cannot be loaded\(suffix)"
        case .transport(let code): "transfer failed, libcurl error \(code)\(suffix)"
        }
    }

    package var hint: String? {
        switch kind {
        case .badURL, .badField: "correct the source's URL in the Datafile"
        case .nameNotResolved, .notConnected, .connectTimedOut: "check the network and the source's URL"
        case .certificateRefused:
            "check this machine's clock and CA certificates; there is no option to skip this check"
        case .redirectRefused: "if that is the right place, name it in the Datafile"
        case .contentEncoding: "a proxy or the server recompresses; ask another host"
        case .libraryMissing:
            "install libcurl 7.85 or newer; on Debian and Ubuntu that is the package libcurl4"
        default: nil
        }
    }

    package var category: ProblemCategory {
        switch kind {
        case .contentEncoding, .redirectRefused, .tooManyRedirects: .upstream
        case .shutDown: .internal
        default: .network
        }
    }
}
