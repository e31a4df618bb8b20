/// A command split the way a shell would, without a shell: spaces part words, quotes keep them together.
///
/// Single quotes take everything as it is; in double quotes `\"` and `\\` stand for the second character; outside
/// quotes a backslash takes the next character as it is, and before a line break both vanish.
struct CommandWords {
    struct Fault: Error, Equatable {
        /// In Unicode scalars from 0.
        var offset: Int
        var message: String
        var hint: String?
    }

    private(set) var words: [String] = []
    /// Where each word begins, in Unicode scalars.
    private(set) var offsets: [Int] = []

    init(_ text: String) throws(Fault) {
        var word: String?
        let scalars = Array(text.unicodeScalars)
        var index = 0
        let end = scalars.lastIndex { !" \t\r\n".unicodeScalars.contains($0) }.map { $0 + 1 } ?? 0
        func begin() {
            guard word == nil else { return }
            word = ""
            offsets.append(index)
        }
        while index < end {
            let scalar = scalars[index]
            switch scalar {
            case " ", "\t", "\r":
                if let done = word { words.append(done) }
                word = nil
            case "\n":
                guard word == nil, words.isEmpty else {
                    throw Fault(
                        offset: index, message: "a command is one line",
                        hint: "end the line with '\\', write 'run: >', or put more into a script")
                }
            case "\\":
                index += 1
                guard index < end else {
                    throw Fault(offset: index - 1, message: "nothing follows the last '\\'")
                }
                if scalars[index] != "\n" {
                    index -= 1
                    begin()
                    index += 1
                    word?.unicodeScalars.append(scalars[index])
                }
            case "'", "\"":
                begin()
                let start = index
                index += 1
                while index < end, scalars[index] != scalar {
                    if scalar == "\"", scalars[index] == "\\", index + 1 < end,
                        scalars[index + 1] == "\"" || scalars[index + 1] == "\\"
                    {
                        index += 1
                    }
                    word?.unicodeScalars.append(scalars[index])
                    index += 1
                }
                guard index < end else {
                    throw Fault(offset: start, message: "the quote \(scalar) is never closed")
                }
            case "|", "&", ";", "<", ">", "`", "$":
                throw Fault(
                    offset: index, message: "'\(scalar)' has no meaning here: no shell runs the command",
                    hint: "quote it, or run a shell: sh -c '...'")
            default:
                guard scalar.value >= 0x20, scalar.value != 0x7F else {
                    throw Fault(offset: index, message: "a control character cannot stand in a command")
                }
                begin()
                word?.unicodeScalars.append(scalar)
            }
            index += 1
        }
        if let word { words.append(word) }
    }

    /// Names in braces in a word: `{input}`. Braces around anything else are plain text.
    static func placeholders(in word: String) -> [String] {
        var names: [String] = []
        var rest = word[...]
        while let open = rest.firstIndex(of: "{") {
            rest = rest[rest.index(after: open)...]
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.:".contains($0)) }
            if rest.dropFirst(name.count).first == "}", let first = name.first, first.isLetter || first == "_"
            {
                names.append(String(name))
            }
        }
        return names
    }
}
