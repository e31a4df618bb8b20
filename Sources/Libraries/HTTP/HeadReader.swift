/// Turns header lines, as libcurl hands them over, into the head of the final answer.
///
/// Bounds what a server can make us keep: 64 KiB and 100 lines over all heads and trailers of one transfer, and 5
/// interim (1xx) answers. RFC 9112 sections 4 and 5; two lengths that disagree are refused as section 6.3 asks.
struct HeadReader {
    static let byteLimit = 64 << 10
    static let lineLimit = 100
    static let interimLimit = 5

    struct Refusal: Error, Hashable {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private var byteCount = 0
    private var lineCount = 0
    private var interimCount = 0
    private var status: Int?
    private var fields: [HTTPField] = []
    private(set) var head: HTTPHead?

    /// Takes one line with its line end. Returns the head when this line was its last; trailers only count.
    mutating func read(_ line: [UInt8]) throws(Refusal) -> HTTPHead? {
        byteCount += line.count
        lineCount += 1
        if byteCount > Self.byteLimit { throw Refusal("more than \(Self.byteLimit) bytes of header") }
        if lineCount > Self.lineLimit { throw Refusal("more than \(Self.lineLimit) header lines") }
        if head != nil { return nil }
        var text = line[...]
        if text.last == UInt8(ascii: "\n") { text = text.dropLast() }
        if text.last == UInt8(ascii: "\r") { text = text.dropLast() }
        guard let status else {
            self.status = try Self.status(text)
            return nil
        }
        if !text.isEmpty {
            fields.append(try Self.field(text))
            return nil
        }
        if status < 200 {
            interimCount += 1
            if interimCount > Self.interimLimit {
                throw Refusal("more than \(Self.interimLimit) interim answers")
            }
            self.status = nil
            fields = []
            return nil
        }
        let complete = HTTPHead(status: status, fields: fields, contentLength: try Self.contentLength(fields))
        head = complete
        return complete
    }

    private static func status(_ line: ArraySlice<UInt8>) throws(Refusal) -> Int {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard line.starts(with: "HTTP/1.".utf8), parts.count >= 2, parts[1].count == 3,
            let status = decimal(parts[1]), status >= 100
        else { throw Refusal("status line '\(String(decoding: line.prefix(60), as: UTF8.self))'") }
        return status
    }

    private static func field(_ line: ArraySlice<UInt8>) throws(Refusal) -> HTTPField {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw Refusal("header line '\(String(decoding: line.prefix(60), as: UTF8.self))'") }
        var value = line[(colon + 1)...]
        while let first = value.first, first == 0x20 || first == 0x09 { value = value.dropFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value = value.dropLast() }
        guard value.allSatisfy({ ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }) else {
            throw Refusal("control byte in header '\(String(decoding: line[..<colon], as: UTF8.self))'")
        }
        return HTTPField(
            String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    private static func contentLength(_ fields: [HTTPField]) throws(Refusal) -> Int? {
        var length: Int?
        var isChunked = false
        for field in fields {
            switch field.name.lowercased() {
            case "transfer-encoding": isChunked = true
            case "content-length":
                guard let value = decimal(Array(field.value.utf8)[...]) else {
                    throw Refusal("Content-Length '\(field.value)'")
                }
                if let length, length != value { throw Refusal("Content-Length \(length) and \(value)") }
                length = value
            default: break
            }
        }
        return isChunked ? nil : length
    }

    /// Digits only, and no overflow.
    private static func decimal(_ text: ArraySlice<UInt8>) -> Int? {
        guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: text, as: UTF8.self))
    }
}
