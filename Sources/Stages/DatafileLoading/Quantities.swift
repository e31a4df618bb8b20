import Problems

/// A number and the unit after it: `100 MB/s` is 100 and `MB/s`. Nil where no plain number stands first.
private func splitQuantity(_ text: String) -> (number: Double, unit: String)? {
    let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    guard digits.first != ".", digits.last != ".", let number = Double(digits), number.isFinite else {
        return nil
    }
    return (number, String(text.dropFirst(digits.count).drop { $0 == " " }))
}

/// Bytes of `8 GB`; nil for anything else, nothing, and more than fits.
package func byteCount(_ text: String) -> Int? {
    let units: [String: Double] = [
        "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1024, "MiB": 1_048_576,
        "GiB": 1_073_741_824, "TiB": 1_099_511_627_776,
    ]
    guard let (number, unit) = splitQuantity(text), let factor = units[unit] else { return nil }
    let bytes = (number * factor).rounded()
    return bytes >= 1 && bytes < 1e15 ? Int(bytes) : nil
}

/// Bytes a second of `100 MB/s`; nil for anything else, nothing, and more than fits.
func bytesPerSecond(_ text: String) -> Int? {
    guard text.hasSuffix("/s"), !text.hasSuffix("TB/s"), !text.hasSuffix("TiB/s") else { return nil }
    return byteCount(String(text.dropLast(2)))
}

/// Requests a second of `50/s` or `30/min`; nil for anything else.
func requestsPerSecond(_ text: String) -> Double? {
    guard let (number, unit) = splitQuantity(text), number > 0, number <= 1e6 else { return nil }
    switch unit {
    case "/s": return number
    case "/min": return number / 60
    default: return nil
    }
}

/// Whether `text` is an interval such as `1m`: a number from 1 and one of `ms s m h d w mo`.
func isInterval(_ text: String) -> Bool {
    let digits = text.prefix { ("0"..."9").contains($0) }
    guard let count = Int32(digits), count >= 1, digits.first != "0" else { return false }
    return ["ms", "s", "m", "h", "d", "w", "mo"].contains(text.dropFirst(digits.count))
}

/// What keeps `text` from being the URL of a host or a bucket, or nil when nothing does.
func urlFault(_ text: String) -> (message: String, hint: String?)? {
    guard let mark = text.firstRange(of: "://") else {
        return ("'\(text.escapedForDisplay)' is no URL", "write https://host/bucket")
    }
    let scheme = text[..<mark.lowerBound].lowercased()
    guard scheme == "https" || scheme == "http" else {
        return ("the URL's scheme is '\(scheme.escapedForDisplay)', not https or http", nil)
    }
    guard
        text.unicodeScalars.allSatisfy({
            $0.value > 0x20 && $0.value < 0x7F && !"\\\"<>^`{|}".unicodeScalars.contains($0)
        })
    else { return ("the URL holds a character that must not stand in one", "percent-encode it") }
    if text.contains("?") || text.contains("#") {
        return ("the URL has a query or a fragment", "leave out what follows the path")
    }
    let rest = text[mark.upperBound...]
    let authority = rest.prefix { $0 != "/" }
    if authority.contains("@") {
        return ("the URL holds a user name or a password", "only anonymous access is supported")
    }
    let (host, port) = splitAuthority(authority)
    guard isHost(host) else { return ("'\(host.escapedForDisplay)' is no host name", nil) }
    if let port {
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
            (1...65535).contains(number)
        else {
            return ("the port must be 1 to 65535", nil)
        }
    }
    let path = rest.dropFirst(authority.count)
    let names = path.split(separator: "/")
    if names.contains("..") || names.contains(".") || path.contains("//") {
        return ("the URL's path has an empty segment, '.' or '..'", nil)
    }
    return nil
}

private func splitAuthority(_ authority: Substring) -> (host: String, port: String?) {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
        let rest = authority[authority.index(after: end)...]
        return (
            String(authority[...end]),
            rest.hasPrefix(":") ? String(rest.dropFirst()) : rest.isEmpty ? nil : String(rest)
        )
    }
    guard let colon = authority.firstIndex(of: ":") else { return (String(authority), nil) }
    return (String(authority[..<colon]), String(authority[authority.index(after: colon)...]))
}

private func isHost(_ host: String) -> Bool {
    if host.hasPrefix("[") {
        return host.hasSuffix("]") && host.count > 3
            && host.dropFirst().dropLast().allSatisfy {
                $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".")
            }
    }
    guard !host.isEmpty, host.utf8.count <= 253, !host.hasPrefix("."), !host.contains("..") else {
        return false
    }
    return host.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }
}
