package import HTTP
package import Problems

/// Something a listing met. Most leave it incomplete; see `leavesGaps`.
package struct ListingProblem: Problem, Hashable {
    package enum Kind: Hashable, Sendable {
        /// No answer.
        case transport(HTTPProblem)
        /// An answer that is no listing, with the S3 error code where the answer has one.
        case status(Int, code: String?)
        /// A page that cannot be trusted; pages count from 1.
        case page(Int, byteOffset: Int, reason: String)
        case keysOutOfOrder(page: Int)
        case tokenRepeated(page: Int)
        /// Page after page with nothing in it, or more pages than any listing has.
        case endless(page: Int)
        /// The server answered with keys that do not begin with the prefix; they were left out.
        case outsidePrefix(count: Int)
        /// This key is left out.
        case key(KeyRefusal)
        /// A directory that cannot be read.
        case directory(reason: String)
    }

    package var kind: Kind
    package var source: String
    package var prefix: String

    package init(_ kind: Kind, source: String, prefix: String) {
        self.kind = kind
        self.source = source
        self.prefix = prefix
    }

    /// Whether keys may exist that the listing does not show because of this.
    package var leavesGaps: Bool {
        switch kind {
        case .outsidePrefix, .key: false
        default: true
        }
    }

    package var summary: String {
        let place = "\(source):\(prefix)".escapedForDisplay
        return switch kind {
        case .transport(let problem): "\(place): \(problem.summary)"
        case .status(let status, let code):
            "\(place): the server answered \(status)\(code.map { " \($0.escapedForDisplay)" } ?? "") to the listing"
        case .page(let page, let byteOffset, let reason):
            "\(place): page \(page), byte \(byteOffset): \(reason.escapedForDisplay)"
        case .keysOutOfOrder(let page): "\(place): page \(page): keys are not in the order of their bytes"
        case .tokenRepeated(let page): "\(place): page \(page): the server repeats a continuation token"
        case .endless(let page): "\(place): page \(page): the listing does not end"
        case .outsidePrefix(let count): "\(place): \(count) keys do not begin with the prefix; left out"
        case .key(let refusal): "\(source.escapedForDisplay): \(refusal.summary)"
        case .directory(let reason): "\(place): \(reason)"
        }
    }

    package var hint: String? {
        switch kind {
        case .transport(let problem): problem.hint
        case .status(_, "PermanentRedirect"?), .status(_, "AuthorizationHeaderMalformed"?), .status(301, _):
            "the bucket lives in another region: name that region's host in the source's 's3' URL"
        case .status(_, "AccessDenied"?), .status(403, _), .status(401, _):
            "the bucket does not let anonymous users list it"
        case .status(404, _): "check the bucket's name in the source's 's3' URL"
        case .page(1, _, _): "check that the source's 's3' URL is that of an S3 listing, bucket included"
        case .key(let refusal): refusal.hint
        default: nil
        }
    }

    package var category: ProblemCategory {
        switch kind {
        case .transport(let problem): problem.category
        case .directory: .disk
        default: .upstream
        }
    }
}
