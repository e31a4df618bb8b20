/// One JSON object on one line, its keys in the order they are added: the same values give the same bytes.
struct JSONText {
    private var text = "{"

    /// The finished object.
    var object: String { text + "}" }

    mutating func add(_ key: String, _ value: String?) { add(key, json: value.map(Self.quoted) ?? "null") }
    mutating func add(_ key: String, _ value: Int?) { add(key, json: value.map(String.init) ?? "null") }

    /// Adds a value that is JSON already.
    mutating func add(_ key: String, json: String) {
        if text.utf8.count > 1 { text += ", " }
        text += Self.quoted(key) + ": " + json
    }

    /// RFC 8259, section 7. DEL and the line separators of JavaScript are escaped too, so a line stays one everywhere.
    static func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar.value {
            case 0x22: result += "\\\""
            case 0x5C: result += "\\\\"
            case 0x0A: result += "\\n"
            case 0x0D: result += "\\r"
            case 0x09: result += "\\t"
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
