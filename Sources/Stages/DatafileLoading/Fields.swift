import Problems

/// The keys of one mapping, read one by one; wrong types and unknown keys are reported with their places.
struct Fields {
    /// What the mapping describes, for messages: `rule 'klines'`.
    let subject: String
    let place: Place
    let diagnostics: Diagnostics
    private var entries: [String: SyntaxNode.Entry] = [:]
    /// Known keys for which a misspelt one was found: those are not missed as well.
    private var misspelt: Set<String> = []

    /// Nil, and reported, when `node` is no mapping.
    ///
    /// - Parameters:
    ///   - place: where what the mapping describes is named; the mapping itself where nil.
    ///   - allowsExtensions: whether keys that begin with `x-` may hold anything.
    init?(
        _ node: SyntaxNode, subject: String, keys: [String], diagnostics: Diagnostics, place: Place? = nil,
        allowsExtensions: Bool = false
    ) {
        self.subject = subject
        self.place = place ?? node.place
        self.diagnostics = diagnostics
        guard case .mapping(let all, _) = node.content else {
            diagnostics.report(
                node.place, "\(subject) must be a mapping, not \(node.noun)",
                hint: "its keys are \(keys.joined(separator: ", "))")
            return nil
        }
        for entry in all {
            if keys.contains(entry.key) {
                entries[entry.key] = entry
                continue
            }
            if allowsExtensions, entry.key.hasPrefix("x-") { continue }
            let meant = suggestion(for: entry.key, among: keys)
            if let meant { misspelt.insert(meant) }
            diagnostics.report(
                entry.keyPlace, "unknown key '\(entry.key.escapedForDisplay)' in \(subject)",
                hint: entry.key == "<<"
                    ? "merge keys are not supported; aliases of whole values are"
                    : meant.map { "did you mean '\($0)'?" }
                        ?? "the keys here are \(keys.joined(separator: ", "))")
        }
    }

    /// The value of `key`, nil where it is not there or nothing follows it.
    func node(_ key: String) -> SyntaxNode? {
        guard let entry = entries[key], !entry.value.isNothing else { return nil }
        return entry.value
    }

    func keyPlace(_ key: String) -> Place? { entries[key]?.keyPlace }

    func has(_ key: String) -> Bool { entries[key] != nil }

    /// The value of a key that must be there; reports it missing.
    func required(_ key: String, hint: String? = nil) -> SyntaxNode? {
        if let node = node(key) { return node }
        if let place = keyPlace(key) {
            diagnostics.report(place, "nothing follows '\(key)' in \(subject)", hint: hint)
        } else if !misspelt.contains(key) {
            diagnostics.report(place, "\(subject) has no '\(key)'", hint: hint)
        }
        return nil
    }

    /// The text of a node that must be one.
    func text(_ node: SyntaxNode, _ key: String) -> String? {
        if let text = node.text { return text }
        var hint: String?
        if case .mapping(_, isFlow: true) = node.content { hint = "quote a text that begins with '{'" }
        diagnostics.report(node.place, "'\(key)' must be a text, not \(node.noun)", hint: hint)
        return nil
    }

    func text(_ key: String) -> String? { node(key).flatMap { text($0, key) } }

    /// One text or a list of texts; empty where the key is not there, nil where something is wrong.
    func texts(_ key: String) -> [(text: String, node: SyntaxNode)]? {
        guard let node = node(key) else { return [] }
        guard case .list(let items) = node.content else {
            guard case .text = node.content else {
                reportTexts(node, key)
                return nil
            }
            return text(node, key).map { [($0, node)] }
        }
        var result: [(String, SyntaxNode)] = []
        var isComplete = true
        for item in items {
            if let text = item.text {
                result.append((text, item))
            } else {
                isComplete = false
                reportTexts(item, key)
            }
        }
        return isComplete ? result : nil
    }

    private func reportTexts(_ node: SyntaxNode, _ key: String) {
        var hint: String?
        if case .mapping(_, isFlow: true) = node.content { hint = "quote a text that begins with '{'" }
        diagnostics.report(
            node.place, "'\(key)' must be a text or a list of texts, not \(node.noun)", hint: hint)
    }

    /// A whole number in `range`.
    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        guard case .text(let text, isPlain: true) = node.content, let value = Int(text),
            text.utf8.first != UInt8(ascii: "+")
        else {
            diagnostics.report(
                node.place, "'\(key)' must be a whole number, \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        guard range.contains(value) else {
            diagnostics.report(
                node.place, "'\(key)' must be \(range.lowerBound) to \(range.upperBound), not \(value)")
            return nil
        }
        return value
    }

    /// A number with a unit, as `read` understands it.
    func quantity<Value>(_ key: String, _ read: (String) -> Value?, example: String) -> Value? {
        guard let node = node(key), let text = text(node, key) else { return nil }
        if let value = read(text) { return value }
        diagnostics.report(
            node.place, "'\(key)' cannot be '\(text.escapedForDisplay)'", hint: "write it as in \(example)")
        return nil
    }

    func boolean(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        switch node.content {
        case .text("true", isPlain: true): return true
        case .text("false", isPlain: true): return false
        default:
            diagnostics.report(node.place, "'\(key)' must be true or false")
            return nil
        }
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, _: Choice.Type) -> Choice? {
        guard let node = node(key), let text = text(node, key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        diagnostics.report(
            node.place, "'\(key)' must be \(listed(words)), not '\(text.escapedForDisplay)'",
            hint: suggestion(for: text, among: words).map { "did you mean '\($0)'?" })
        return nil
    }
}

/// `a, b or c`.
func listed(_ words: [String], _ conjunction: String = "or") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
}

/// Whether `name` may name a source, a rule or a table: a letter or digit, then also `_`, `-` and `.`.
func isDeclarationName(_ name: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 100 else { return false }
    return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2D || $0 == 0x2E }
}

/// What keeps `path` from being a path inside the project, or nil when nothing does.
func projectPathFault(_ path: String) -> (message: String, hint: String?)? {
    if path.isEmpty { return ("the path is empty", nil) }
    if path.hasPrefix("/") {
        return ("the path is absolute", "write it relative to the Datafile's directory")
    }
    if path.hasPrefix("~") {
        return ("'~' does not stand for a home directory here", "write a path inside the project")
    }
    if path.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) }) {
        return ("the path holds a control character", nil)
    }
    for segment in path.split(separator: "/", omittingEmptySubsequences: false) {
        switch segment {
        case "": return ("the path has an empty segment", "take out the extra '/'")
        case ".": return ("'.' is no name", "leave out './'")
        case "..": return ("'..' leads out of the project", "write a path inside the project")
        default: break
        }
    }
    return nil
}
