package import Problems

/// A pattern that cannot be read.
package struct PatternProblem: Problem, Hashable {
    /// The pattern's text.
    package var text: String
    /// Where in the text, in Unicode scalars from 0.
    package var offset: Int
    package var message: String
    package var hint: String?

    package init(text: String, offset: Int, message: String, hint: String? = nil) {
        self.text = text
        self.offset = offset
        self.message = message
        self.hint = hint
    }

    package var summary: String { "pattern '\(text.escapedForDisplay)', character \(offset + 1): \(message)" }
    package var category: ProblemCategory { .recipe }
}

extension Pattern {
    /// Most wildcards one pattern may hold.
    package static let wildcardLimit = 32
    /// Longest pattern, in Unicode scalars: the longest key of S3.
    package static let scalarLimit = 1024

    /// Reads `lake/{symbol}/{date:month}.parquet`.
    ///
    /// A name that stands more than once may carry its kind in one place only.
    ///
    /// - Parameter kinds: kinds of names that are known from elsewhere; what the text says itself goes first.
    package init(parsing text: String, kinds: [String: WildcardKind] = [:]) throws(PatternProblem) {
        var parser = PatternParser(text: text, knownKinds: kinds)
        self.init(text: text, pieces: try parser.parse())
    }

    /// Whether `name` can name a wildcard: a letter or `_`, then letters, digits, `_` or `-`, all ASCII.
    package static func isWildcardName(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, first.isNameStart else { return false }
        return name.utf8.allSatisfy {
            $0.isNameStart || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-")
        }
    }
}

extension UInt8 {
    fileprivate var isNameStart: Bool {
        (self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z"))
            || (self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z"))
            || self == UInt8(ascii: "_")
    }
}

private struct PatternParser {
    let text: String
    let scalars: [Unicode.Scalar]
    let knownKinds: [String: WildcardKind]
    /// Where each piece begins.
    var offsets: [Int] = []
    var pieces: [Pattern.Piece] = []
    /// Kinds written out, with the place of the first.
    var kinds: [String: (kind: WildcardKind, offset: Int)] = [:]

    init(text: String, knownKinds: [String: WildcardKind]) {
        self.text = text
        self.scalars = Array(text.unicodeScalars)
        self.knownKinds = knownKinds
    }

    func problem(_ offset: Int, _ message: String, hint: String? = nil) -> PatternProblem {
        PatternProblem(text: text, offset: offset, message: message, hint: hint)
    }

    mutating func parse() throws(PatternProblem) -> [Pattern.Piece] {
        guard !scalars.isEmpty else { throw problem(0, "a pattern cannot be empty") }
        guard scalars.count <= Pattern.scalarLimit else {
            throw problem(Pattern.scalarLimit, "a pattern has at most \(Pattern.scalarLimit) characters")
        }
        var position = 0
        var literalStart = 0
        while position < scalars.count {
            let scalar = scalars[position]
            if scalar == "{" {
                addLiteral(literalStart..<position)
                position = try addWildcard(at: position)
                literalStart = position
            } else if scalar == "}" {
                throw problem(
                    position, "'}' closes nothing",
                    hint: "braces only hold wildcards: {name}, {name:month}, {name.month}")
            } else if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
                throw problem(position, "a control character cannot stand in a pattern")
            } else {
                position += 1
            }
        }
        addLiteral(literalStart..<scalars.count)
        guard pieces.lazy.filter({ $0.name != nil }).count <= Pattern.wildcardLimit else {
            throw problem(0, "a pattern has at most \(Pattern.wildcardLimit) wildcards")
        }
        try resolveKinds()
        try refuseNeighbours()
        return pieces
    }

    mutating func addLiteral(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        var literal = ""
        literal.unicodeScalars.append(contentsOf: scalars[range])
        pieces.append(.literal(literal))
        offsets.append(range.lowerBound)
    }

    /// Reads the wildcard whose brace is at `start`; returns the place after it.
    mutating func addWildcard(at start: Int) throws(PatternProblem) -> Int {
        guard let end = scalars[start...].firstIndex(of: "}") else {
            throw problem(start, "'{' is never closed", hint: "write {name}")
        }
        var inner = ""
        inner.unicodeScalars.append(contentsOf: scalars[start + 1..<end])
        if inner.hasPrefix("{") {
            throw problem(start + 1, "'{' inside a wildcard", hint: "one pair of braces is enough: {name}")
        }
        let mark = inner.firstIndex { $0 == ":" || $0 == "." }
        let name = String(inner[..<(mark ?? inner.endIndex)])
        guard !name.isEmpty else { throw problem(start, "a wildcard without a name", hint: "write {name}") }
        guard Pattern.isWildcardName(name) else {
            throw problem(
                start + 1, "'\(name.escapedForDisplay)' cannot name a wildcard",
                hint: "a name is a letter or _, then letters, digits, _ or -")
        }
        offsets.append(start)
        guard let mark else {
            pieces.append(.wildcard(name: name, kind: .text))
            return end + 1
        }
        let word = String(inner[inner.index(after: mark)...])
        let wordOffset = start + 1 + name.unicodeScalars.count + 1
        let isCoarser = inner[mark] == "."
        let allowed = WildcardKind.allCases.filter { !isCoarser || $0.isDate }
        guard let kind = WildcardKind(rawValue: word), allowed.contains(kind) else {
            let names = allowed.map(\.rawValue)
            throw problem(
                wordOffset, "no wildcard kind '\(word.escapedForDisplay)'",
                hint: suggestion(for: word, among: names).map { "did you mean '\($0)'?" }
                    ?? "the kinds are \(names.joined(separator: ", "))")
        }
        if isCoarser {
            pieces.append(.coarser(name: name, kind: kind))
        } else {
            if let known = kinds[name], known.kind != kind {
                throw problem(
                    start, "'\(name)' is '\(known.kind.rawValue)' before and '\(kind.rawValue)' here")
            }
            if kinds[name] == nil { kinds[name] = (kind, start) }
            pieces.append(.wildcard(name: name, kind: kind))
        }
        return end + 1
    }

    /// Gives `{date}` the kind that `{date:month}` states elsewhere in the pattern.
    mutating func resolveKinds() throws(PatternProblem) {
        for index in pieces.indices {
            switch pieces[index] {
            case .literal: break
            case .wildcard(let name, _):
                if let known = kinds[name]?.kind ?? knownKinds[name] {
                    pieces[index] = .wildcard(name: name, kind: known)
                }
            case .coarser(let name, let kind):
                let isNamedPlainly = pieces.contains {
                    if case .wildcard(name, _) = $0 { true } else { false }
                }
                guard isNamedPlainly else { continue }
                let known = kinds[name]?.kind ?? knownKinds[name] ?? .text
                guard known.isDate else {
                    throw problem(
                        offsets[index], "'\(name)' is no date here",
                        hint: "write {\(name):day}, {\(name):month} or {\(name):year}")
                }
                guard !kind.isFiner(than: known) else {
                    throw problem(
                        offsets[index], "'\(name)' is a \(known.rawValue), which has no \(kind.rawValue)")
                }
            }
        }
    }

    /// Two texts of free length side by side: nobody can say where one ends, and two pairs of values make one path.
    func refuseNeighbours() throws(PatternProblem) {
        var seen: Set<String> = []
        var before: (name: String, kind: WildcardKind)?
        for (index, piece) in pieces.enumerated() {
            guard case .wildcard(let name, let kind) = piece, !kind.isDate, seen.insert(name).inserted else {
                if let name = piece.name { seen.insert(name) }
                before = nil
                continue
            }
            if let before, before.kind == kind {
                throw problem(
                    offsets[index],
                    "nothing stands between {\(before.name)} and {\(name)}, so where one ends is a guess",
                    hint: "put some text between them")
            }
            before = (name, kind)
        }
    }
}
