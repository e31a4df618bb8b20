import Problems
import Yams

/// Reads one file's YAML into nodes with places; reports what is wrong and returns nil where nothing can be made of it.
///
/// Keys that stand twice are reported each; the first stays.
func composeYAML(file: Int, diagnostics: Diagnostics) -> SyntaxNode? {
    var composer = YAMLComposer(file: file, diagnostics: diagnostics)
    return composer.compose()
}

/// A place as Yams gives it: both from 1, columns in Unicode scalars.
private struct MarkKey: Hashable {
    var line: Int
    var column: Int

    init(_ mark: Mark) { (line, column) = (mark.line, mark.column) }
}

private struct YAMLComposer {
    /// Most nodes a file may hold once its aliases are resolved.
    static let nodeLimit = 1_000_000
    /// Most keys that stand twice for which the rest of the file is still looked at.
    static let duplicateLimit = 20

    let file: Int
    let diagnostics: Diagnostics
    let source: DatafileText
    /// Keys that were overwritten so that Yams sees no duplicates, and what they are.
    var overwritten: [MarkKey: String] = [:]
    var nodeCount = 0

    init(file: Int, diagnostics: Diagnostics) {
        self.file = file
        self.diagnostics = diagnostics
        source = diagnostics.files[file]
    }

    func place(_ line: Int, _ column: Int) -> Place {
        Place(file: file, line: max(1, line), column: max(1, column))
    }
    func place(_ mark: Mark?) -> Place { place(mark?.line ?? 1, mark?.column ?? 1) }

    mutating func compose() -> SyntaxNode? {
        guard !refusesCollectionKeys() else { return nil }
        // Yams keeps a pointer to the text, which is only sound for texts too long to lie inside the String value.
        var text = source.text + String(repeating: "\n", count: 16)
        while true {
            do {
                let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else { return nil }
                return convert(root)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // Yams stops at the first mapping with such a key. Its first place gets another name for the time
                // being, so that the rest can be read too; `convert` finds and reports the pair.
                let mark = MarkKey(context.mark)
                guard overwritten.count < Self.duplicateLimit, overwritten[mark] == nil,
                    let other = overwriting(mark, in: text)
                else {
                    let name = keys.first.map { "'\($0.escapedForDisplay)' " } ?? ""
                    diagnostics.report(place(context.mark), "the key \(name)stands more than once here")
                    return nil
                }
                overwritten[mark] = keys.first ?? ""
                text = other
            } catch {
                report(error)
                return nil
            }
        }
    }

    /// The text with the first character of the key at `mark` replaced by one nobody writes.
    private func overwriting(_ mark: MarkKey, in text: String) -> String? {
        let current = DatafileText(name: "", text: text)
        guard var index = current.index(line: mark.line, column: mark.column) else { return nil }
        let scalars = text.unicodeScalars
        if index < scalars.endIndex, scalars[index] == "\"" || scalars[index] == "'" {
            index = scalars.index(after: index)
        }
        guard index < scalars.endIndex, !"\"'&*!:\n\\".unicodeScalars.contains(scalars[index]),
            let replacement = Unicode.Scalar(0xE000 + UInt32(overwritten.count))
        else { return nil }
        var result = String(scalars[..<index])
        result.unicodeScalars.append(replacement)
        result.unicodeScalars.append(contentsOf: scalars[scalars.index(after: index)...])
        return result
    }

    /// Lists and mappings as keys, in a file with aliases, could make Yams hash a value that unfolds without end.
    private func refusesCollectionKeys() -> Bool {
        var hasAlias = false
        var keyPlace: Place?
        for (index, line) in source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let trimmed = line.drop { $0 == " " }
            guard !trimmed.hasPrefix("#") else { continue }
            var before: UInt8 = 0x20
            var beforeThat: UInt8 = 0x20
            for byte in line.utf8 {
                if before == UInt8(ascii: "*"), byte != 0x20, " [{,:-?\t".utf8.contains(beforeThat) {
                    hasAlias = true
                }
                if byte == UInt8(ascii: ":"), before == UInt8(ascii: "]") || before == UInt8(ascii: "}") {
                    keyPlace = keyPlace ?? place(index + 1, 1)
                }
                (beforeThat, before) = (before, byte)
            }
            if trimmed.hasPrefix("? ") || trimmed.hasPrefix("*") && trimmed.contains(" :") {
                keyPlace = keyPlace ?? place(index + 1, line.count - trimmed.count + 1)
            }
        }
        guard hasAlias, let keyPlace else { return false }
        diagnostics.report(keyPlace, "a list, a mapping or an alias cannot be a key")
        return true
    }

    // MARK: Nodes

    private mutating func convert(_ node: Node) -> SyntaxNode? {
        nodeCount += 1
        guard nodeCount <= Self.nodeLimit else {
            if nodeCount == Self.nodeLimit + 1 {
                diagnostics.report(
                    place(1, 1), "more than \(Self.nodeLimit) values, with what aliases repeat")
            }
            return nil
        }
        let place = place(node.mark)
        let tag = node.tag.rawValue
        guard tag.isEmpty || tag.hasPrefix("tag:yaml.org,2002:") else {
            diagnostics.report(
                place, "'\(tag.escapedForDisplay)' is a YAML tag, which means nothing here",
                hint: "quote a text that begins with '!'")
            return nil
        }
        switch node {
        case .scalar(let scalar):
            return SyntaxNode(place: place, content: .text(scalar.string, isPlain: scalar.style == .plain))
        case .sequence(let sequence):
            return SyntaxNode(place: place, content: .list(sequence.compactMap { convert($0) }))
        case .mapping(let mapping):
            var entries: [SyntaxNode.Entry] = []
            var places: [String: Place] = [:]
            for (keyNode, valueNode) in mapping {
                let keyPlace = self.place(keyNode.mark)
                let value = convert(valueNode)
                guard case .scalar(let scalar) = keyNode else {
                    diagnostics.report(keyPlace, "a list, a mapping or an alias cannot be a key")
                    continue
                }
                let key = keyNode.mark.flatMap { overwritten[MarkKey($0)] } ?? scalar.string
                if let first = places[key] {
                    diagnostics.report(
                        keyPlace, "the key '\(key.escapedForDisplay)' stands more than once here",
                        hint: "the first is at line \(first.line), column \(first.column)")
                    continue
                }
                places[key] = keyPlace
                if let value { entries.append(SyntaxNode.Entry(key: key, keyPlace: keyPlace, value: value)) }
            }
            // Yams takes the style from the event that ends the mapping, which has none.
            let isFlow =
                place.column >= Diagnostics.columnLimit
                || source.rest(ofLine: place.line, from: place.column).first == "{"
            return SyntaxNode(place: place, content: .mapping(entries, isFlow: isFlow))
        case .alias:
            // Yams resolves aliases itself.
            return nil
        }
    }

    // MARK: Errors

    private func report(_ error: any Error) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            report(problem, mark: mark, context: context)
        case YamlError.reader(let problem, let offset, let value, _):
            // The offset counts characters of the text.
            let index = offset.flatMap {
                source.text.index(source.text.startIndex, offsetBy: $0, limitedBy: source.text.endIndex)
            }
            let byte = index.map { source.text.utf8.distance(from: source.text.startIndex, to: $0) } ?? 0
            let (line, column) = source.place(ofByte: byte)
            let character = value > 0 ? " (U+\(String(value, radix: 16, uppercase: true)))" : ""
            diagnostics.report(place(line, column), "\(problem)\(character)")
        default:
            diagnostics.report(place(1, 1), "cannot be read as YAML")
        }
    }

    /// Says in the words of this file format what libyaml says in those of a parser.
    private func report(_ problem: String, mark: Mark, context: YamlError.Context?) {
        let lineCount = source.text.reduce(into: 1) { count, character in count += character.isNewline ? 1 : 0
        }
        let isAtEnd = mark.line >= lineCount && source.rest(ofLine: mark.line, from: mark.column).isEmpty
        // Nothing closed it: point at what opened it.
        let opener = isAtEnd && (context?.mark.line ?? 0) > 0 ? context?.mark : nil
        let place = place(opener ?? mark)
        let next = source.rest(ofLine: place.line, from: place.column).first
        switch (problem, next) {
        case ("found character that cannot start any token", "\t"?):
            diagnostics.report(place, "a tab cannot indent", hint: "indent with spaces")
        case ("found character that cannot start any token", let character?):
            diagnostics.report(
                place, "a text cannot begin with '\(character)'", hint: "put the text in quotes")
        case ("found undefined alias", _), ("did not find expected alphabetic or numeric character", _):
            diagnostics.report(
                place, "no anchor of this name is defined before",
                hint: "quote a text that begins with '*' or '&'")
        case ("mapping values are not allowed in this context", _):
            diagnostics.report(
                place, "a ':' where no key can stand",
                hint: "quote a text that holds ': ', and check the indentation")
        case ("found unexpected end of stream", _) where context?.text.contains("quoted scalar") ?? false:
            diagnostics.report(place, "the quote is never closed")
        case ("expected a single document in the stream", _), ("but found another document", _):
            diagnostics.report(
                place, "a second document begins here", hint: "a Datafile is one document: leave out '---'")
        case _ where opener != nil && (context?.text.hasPrefix("while parsing a flow") ?? false):
            diagnostics.report(place, "the bracket is never closed")
        default:
            let context = context.map { ", \($0.text)" } ?? ""
            diagnostics.report(
                place, "not YAML: \(problem)\(context)",
                hint: next == "{" || next == "}" ? "quote a text that begins with '{'" : nil)
        }
    }
}
