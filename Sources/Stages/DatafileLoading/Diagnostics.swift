/// Where something stands: which file of those read, and where in it.
struct Place: Hashable, Comparable {
    var file: Int
    /// From 1; 0 for the file as a whole.
    var line: Int
    var column: Int

    static func < (a: Place, b: Place) -> Bool { (a.file, a.line, a.column) < (b.file, b.line, b.column) }
}

/// Collects what is wrong, so that all of it can be told at once.
final class Diagnostics {
    private struct Finding: Hashable {
        var place: Place
        var message: String
        var hint: String?
    }

    /// Texts within a line are only looked for up to this column: finding one takes time in proportion.
    static let columnLimit = 4096

    private(set) var files: [DatafileText] = []
    private var found: [Finding] = []
    private var seen: Set<Finding> = []

    var isEmpty: Bool { found.isEmpty }
    var count: Int { found.count }

    /// Everything reported, by place; with the line for as many as are shown.
    var all: [DatafileDiagnostic] {
        let sorted = found.enumerated().sorted { a, b in
            (a.element.place, a.offset) < (b.element.place, b.offset)
        }
        return sorted.enumerated().map { index, finding in
            let place = finding.element.place
            let file = files[place.file]
            let isShown = place.line > 0 && index < DatafileProblems.shownLimit
            return DatafileDiagnostic(
                file: file.name, line: place.line, column: place.column, message: finding.element.message,
                hint: finding.element.hint,
                excerpt: isShown ? file.excerpt(line: place.line, column: place.column) : "")
        }
    }

    /// Makes a file known; places name it by the number returned.
    func add(_ file: DatafileText) -> Int {
        files.append(file)
        return files.count - 1
    }

    func report(_ place: Place, _ message: String, hint: String? = nil) {
        let finding = Finding(place: place, message: message, hint: hint)
        if seen.insert(finding).inserted { found.append(finding) }
    }

    /// `Datafile:3:5`, for messages about two places.
    func name(of place: Place) -> String { "\(files[place.file].name):\(place.line):\(place.column)" }

    /// The place of a character of a node's text: inside it where the text stands in the file as it is, on one line.
    func place(in node: SyntaxNode, offset: Int) -> Place {
        guard case .text(let text, _) = node.content, node.place.column < Self.columnLimit else {
            return node.place
        }
        let rest = files[node.place.file].rest(ofLine: node.place.line, from: node.place.column)
        var place = node.place
        if rest.hasPrefix(text) {
            place.column += offset
        } else if let quote = rest.first, quote == "\"" || quote == "'", rest.dropFirst().hasPrefix(text) {
            place.column += 1 + offset
        }
        return place
    }
}
