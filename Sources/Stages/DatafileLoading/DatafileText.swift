import Problems

/// One file's text, for pointing at places in it.
struct DatafileText {
    let name: String
    let text: String
    /// Where each line starts, and after the last the end of the text.
    private let lineStarts: [String.UnicodeScalarView.Index]

    init(name: String, text: String) {
        self.name = name
        self.text = text
        var starts = [text.unicodeScalars.startIndex]
        var index = text.unicodeScalars.startIndex
        let end = text.unicodeScalars.endIndex
        while index < end {
            let scalar = text.unicodeScalars[index]
            index = text.unicodeScalars.index(after: index)
            if scalar == "\r", index < end, text.unicodeScalars[index] == "\n" {
                index = text.unicodeScalars.index(after: index)
            }
            if Self.breaksLine(scalar) { starts.append(index) }
        }
        lineStarts = starts + [end]
    }

    /// The line breaks of YAML 1.1, which libyaml counts by.
    static func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Without its line break; empty for lines there are not.
    func line(_ number: Int) -> Substring.UnicodeScalarView {
        guard number >= 1, number < lineStarts.count else { return Substring.UnicodeScalarView() }
        var line = text.unicodeScalars[lineStarts[number - 1]..<lineStarts[number]]
        while let last = line.last, Self.breaksLine(last) { line.removeLast() }
        return line
    }

    /// The text from a place to the end of its line.
    func rest(ofLine number: Int, from column: Int) -> Substring {
        Substring(line(number).dropFirst(max(0, column - 1)))
    }

    /// Line and column, from 1, of a byte.
    func place(ofByte offset: Int) -> (line: Int, column: Int) {
        let index =
            text.utf8.index(text.startIndex, offsetBy: offset, limitedBy: text.endIndex) ?? text.endIndex
        let line = lineStarts.dropLast().lastIndex { $0 <= index } ?? 0
        return (line + 1, text.unicodeScalars.distance(from: lineStarts[line], to: index) + 1)
    }

    /// The index of a place, or nil where the text has none.
    func index(line: Int, column: Int) -> String.UnicodeScalarView.Index? {
        guard line >= 1, line < lineStarts.count else { return nil }
        return text.unicodeScalars.index(
            lineStarts[line - 1], offsetBy: column - 1, limitedBy: lineStarts[line])
    }

    /// The line with its number, and below it a caret under `column`. Long lines are cut to the part around it.
    func excerpt(line number: Int, column: Int) -> String {
        let scalars = Array(line(number))
        guard number >= 1, number < lineStarts.count else { return "" }
        let width = 96
        let caret = min(max(0, column - 1), scalars.count)
        let start = caret > width - 16 ? caret - width / 2 : 0
        let end = min(scalars.count, start + width)
        func shown(_ range: Range<Int>) -> String {
            var part = ""
            part.unicodeScalars.append(contentsOf: scalars[range].lazy.map { $0 == "\t" ? " " : $0 })
            return part.escapedForDisplay
        }
        let before = (start > 0 ? "..." : "") + shown(start..<caret)
        let after = shown(caret..<end) + (end < scalars.count ? "..." : "")
        let label = String(repeating: " ", count: max(0, 4 - String(number).count)) + String(number)
        let margin = String(repeating: " ", count: label.count)
        let indent = String(repeating: " ", count: before.unicodeScalars.count)
        return "\(label) | \(before)\(after)\n\(margin) | \(indent)^"
    }
}
