import Foundation

/// The head of a request: GET and HEAD, without a body.
///
/// Format: RFC 9112, sections 2 to 5, of which a bucket needs little.
struct HTTPRequest {
    let method: String
    /// Decoded, without the leading slash.
    let path: String
    /// Decoded; where a name occurs twice, the first.
    let query: [String: String]
    private let headers: [String: String]
    let keepsAlive: Bool

    /// Nil for what cannot be understood or has a body.
    init?(head: [UInt8]) {
        guard let text = String(validating: head, as: UTF8.self) else { return nil }
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else { return nil }
        var headers: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        guard headers["transfer-encoding"] == nil, (headers["content-length"] ?? "0") == "0" else {
            return nil
        }
        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard target[0].hasPrefix("/"), let path = percentDecoded(target[0].dropFirst()) else { return nil }
        var query: [String: String] = [:]
        if target.count == 2 {
            for pair in target[1].split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard let name = percentDecoded(parts[0]),
                    let value = parts.count == 2 ? percentDecoded(parts[1], plusIsSpace: true) : ""
                else { return nil }
                if query[name] == nil { query[name] = value }
            }
        }
        method = String(words[0])
        self.path = path
        self.query = query
        self.headers = headers
        let connection = headers["connection"]?.lowercased() ?? ""
        keepsAlive = words[2] == "HTTP/1.1" ? connection != "close" : connection == "keep-alive"
    }

    /// The value of a header, by its name in lower case.
    subscript(header header: String) -> String? { headers[header] }
}

/// What goes back: a status, headers, and a body or a piece of a file.
struct HTTPAnswer {
    enum Body {
        /// Nothing at all, not even a length: 304.
        case none
        case bytes([UInt8])
        case file(StoredObject, Range<Int>)
    }

    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: Body = .none

    /// An answer with an XML body, as S3 gives for lists and errors.
    static func xml(_ status: Int, _ text: String) -> HTTPAnswer {
        HTTPAnswer(
            status: status, headers: [("Content-Type", "application/xml")], body: .bytes(Array(text.utf8)))
    }

    static func error(_ status: Int, _ code: String, _ message: String, key: String? = nil) -> HTTPAnswer {
        let keyElement = key.map { "<Key>\(xmlEscaped($0))</Key>" } ?? ""
        return xml(
            status,
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>\(code)</Code><Message>\(xmlEscaped(message))</Message>\(keyElement)\
            <RequestId>0000000000000000</RequestId></Error>
            """)
    }

    /// Status line and headers, up to and with the empty line.
    func head(keepsAlive: Bool) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.phrases[status] ?? "Unknown")\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        switch body {
        case .none: break
        case .bytes(let bytes): text += "Content-Length: \(bytes.count)\r\n"
        case .file(_, let range): text += "Content-Length: \(range.count)\r\n"
        }
        text += "Date: \(httpDate(seconds: Int(time(nil))))\r\nServer: sample-archive\r\n"
        if !keepsAlive { text += "Connection: close\r\n" }
        return Array((text + "\r\n").utf8)
    }

    private static let phrases = [
        200: "OK", 206: "Partial Content", 304: "Not Modified", 400: "Bad Request", 404: "Not Found",
        405: "Method Not Allowed", 412: "Precondition Failed", 416: "Requested Range Not Satisfiable",
        500: "Internal Server Error", 503: "Slow Down",
    ]
}

/// Percent escapes resolved; nil if one is broken or the result is not UTF-8.
private func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        switch byte {
        case UInt8(ascii: "%"):
            guard rest.count >= 2, let high = hexValue(rest.removeFirst()),
                let low = hexValue(rest.removeFirst())
            else { return nil }
            bytes.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
}

/// Everything but letters, digits, `-._~` and `/` as percent escapes: what S3 does under `encoding-type=url`.
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "/"):
            result.append(byte)
        default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}

func xmlEscaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "\u{0}"..<"\u{20}": result += "&#\(scalar.value);"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// `Wed, 01 Jan 2025 00:00:00 GMT`.
func httpDate(seconds: Int) -> String {
    let day = Day(number: seconds.flooredDivision(by: 86_400))
    let (year, month, dayOfMonth) = day.civil
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let weekday = weekdays[day.number - day.number.flooredDivision(by: 7) * 7]
    return "\(weekday), \(twoDigits(dayOfMonth)) \(months[month - 1]) \(year) \(clockText(seconds)) GMT"
}

/// `2025-01-01T00:00:00.000Z`.
func isoDate(seconds: Int) -> String {
    "\(Day(number: seconds.flooredDivision(by: 86_400)))T\(clockText(seconds)).000Z"
}

private func clockText(_ seconds: Int) -> String {
    let inDay = seconds - seconds.flooredDivision(by: 86_400) * 86_400
    return "\(twoDigits(inDay / 3600)):\(twoDigits(inDay / 60 % 60)):\(twoDigits(inDay % 60))"
}

extension Int {
    fileprivate func flooredDivision(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}
