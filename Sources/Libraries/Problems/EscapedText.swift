extension String {
    /// This text with everything that could steer a terminal or break a log line made visible.
    ///
    /// Control characters, DEL, C1 controls and bidirectional overrides become `\u{…}`; `\n`, `\r` and `\t` their
    /// usual escapes. Foreign text (keys, member names, server phrases, CSV bytes) passes through here
    /// before it reaches a message.
    package var escapedForDisplay: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0x0A: result += "\\n"
            case 0x0D: result += "\\r"
            case 0x09: result += "\\t"
            case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
