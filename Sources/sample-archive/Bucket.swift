import Foundation
import Synchronization

/// Answers requests as S3 does, for one bucket.
final class Bucket: Sendable {
    let name: String
    let store: ObjectStore
    private let mishap: Mishap
    private let requestCount = Mutex(0)

    init(name: String, store: ObjectStore, mishap: Mishap) {
        self.name = name
        self.store = store
        self.mishap = mishap
    }

    func answer(_ request: HTTPRequest) -> HTTPAnswer {
        let number = requestCount.withLock { count in
            count += 1
            return count
        }
        if mishap.latencyMilliseconds > 0 { usleep(UInt32(mishap.latencyMilliseconds) * 1000) }
        if mishap.fails(number) {
            return .error(503, "SlowDown", "Please reduce your request rate.")
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return .error(
                405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        }
        var key = request.path
        if key == name || key == name + "/" { key = "" }
        if key.hasPrefix(name + "/") { key = String(key.dropFirst(name.count + 1)) }
        if !key.isEmpty { return objectAnswer(key, request) }
        if request.method == "HEAD" { return .xml(200, "") }
        return ListRequest(request).map { listAnswer($0) }
            ?? .error(
                400, "InvalidArgument", "Only ListObjectsV2 (list-type=2), with sound parameters, is served.")
    }

    // MARK: Objects

    private func objectAnswer(_ key: String, _ request: HTTPRequest) -> HTTPAnswer {
        guard let object = store.object(key) else {
            return .error(404, "NoSuchKey", "The specified key does not exist.", key: key)
        }
        let headers = [
            ("Accept-Ranges", "bytes"), ("ETag", "\"\(object.etag)\""),
            ("Last-Modified", httpDate(seconds: object.modifiedSeconds)),
            ("Content-Type", "binary/octet-stream"),
        ]
        if let wanted = request[header: "if-match"], !matches(wanted, object.etag) {
            return .error(
                412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        }
        if let known = request[header: "if-none-match"], matches(known, object.etag) {
            return HTTPAnswer(status: 304, headers: headers)
        }
        switch requestedRange(request[header: "range"], byteCount: object.byteCount) {
        case .whole:
            return HTTPAnswer(status: 200, headers: headers, body: .file(object, 0..<object.byteCount))
        case .part(let range):
            let place = (
                "Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.byteCount)"
            )
            return HTTPAnswer(status: 206, headers: headers + [place], body: .file(object, range))
        case .outside:
            var answer = HTTPAnswer.error(416, "InvalidRange", "The requested range is not satisfiable")
            answer.headers.append(("Content-Range", "bytes */\(object.byteCount)"))
            return answer
        }
    }

    /// Whether a list of entity tags names this one. Format: RFC 9110, section 13.1.1.
    private func matches(_ list: String, _ etag: String) -> Bool {
        list.split(separator: ",").contains { item in
            let tag = item.trimmingCharacters(in: .whitespaces)
            return tag == "*" || tag == etag || tag == "\"\(etag)\""
        }
    }

    // MARK: Lists

    private func listAnswer(_ request: ListRequest) -> HTTPAnswer {
        var page = ListPage(request)
        var walk = KeyWalk(store, prefix: request.prefix, from: request.bound)
        walk.run { page.add($0) }
        return .xml(200, page.xml(bucket: name, store: store))
    }
}

enum RequestedRange: Equatable {
    case whole
    case part(Range<Int>)
    case outside
}

/// What a Range header asks for; a form that is not understood, or several ranges, mean the whole, as in S3.
///
/// Format: RFC 9110, section 14.
func requestedRange(_ header: String?, byteCount: Int) -> RequestedRange {
    guard let header, header.hasPrefix("bytes=") else { return .whole }
    let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
        return .whole
    }
    switch (Int(parts[0]), Int(parts[1])) {
    case (let first?, let last):
        guard last != nil || parts[1].isEmpty, last.map({ $0 >= first }) ?? true else { return .whole }
        guard first < byteCount else { return .outside }
        return .part(first..<min(last.map { $0 == .max ? $0 : $0 + 1 } ?? byteCount, byteCount))
    case (nil, let count?):
        guard parts[0].isEmpty else { return .whole }
        guard count > 0, byteCount > 0 else { return .outside }
        return .part(max(0, byteCount - count)..<byteCount)
    default: return .whole
    }
}
