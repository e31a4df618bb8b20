import Graph
import Problems

/// A rule as far as it could be read, and where its parts stand.
struct DeclaredRule {
    var name: String
    var place: Place
    /// All inputs; empty where one of them is wrong.
    var inputs: [(input: InputPattern, place: Place)]
    var constraints: [String: Constraint]
    var output: (pattern: Pattern, place: Place)?
    var recipe: Recipe?
}

/// Reads one entry of `rules:`.
struct RuleReader {
    static let keys = ["from", "where", "to", "table", "run"]

    let diagnostics: Diagnostics
    /// Every source that is declared, also wrongly.
    let sourceNames: [String]
    /// Every table that is declared; nil for those that are wrong.
    let tables: [String: Table?]
    /// Directories no rule may write into, and whose they are.
    let closedDirectories: [(path: String, owner: String)]
    /// Project-relative paths of the Datafile and what it includes.
    let datafilePaths: [String]

    /// Nil, and reported, where nothing of it can be read.
    func read(name: String, _ node: SyntaxNode, place: Place) -> DeclaredRule? {
        guard
            let fields = Fields(
                node, subject: "rule '\(name)'", keys: Self.keys, diagnostics: diagnostics, place: place)
        else { return nil }
        let inputs = readInputs(fields)
        let bound = inputs.map { BoundNames(patterns: $0.map(\.input.pattern)) }
        if let inputs, let bound { reportConflicts(inputs, bound) }
        let constraints = ConstraintReader(diagnostics: diagnostics).read(fields, bound: bound)
        let output = readOutput(fields, bound: bound)
        let recipe = readRecipe(fields, output: output?.pattern)
        return DeclaredRule(
            name: name, place: place, inputs: (inputs ?? []).map { ($0.input, $0.node.place) },
            constraints: constraints ?? [:], output: output, recipe: recipe)
    }

    // MARK: from

    private func readInputs(_ fields: Fields) -> [(input: InputPattern, node: SyntaxNode)]? {
        guard let node = fields.required("from", hint: "say what the rule reads: source:pattern or a path"),
            let texts = fields.texts("from")
        else { return nil }
        guard !texts.isEmpty else {
            diagnostics.report(node.place, "'from' is an empty list")
            return nil
        }
        let inputs = texts.map { readInput($0.text, $0.node) }
        guard inputs.allSatisfy({ $0 != nil }) else { return nil }
        return zip(inputs, texts).compactMap { input, text in input.map { ($0, text.node) } }
    }

    private func readInput(_ text: String, _ node: SyntaxNode) -> InputPattern? {
        var source: String?
        var path = text
        if let colon = text.firstIndex(where: { ":/{".contains($0) }), text[colon] == ":" {
            let name = String(text[..<colon])
            path = String(text[text.index(after: colon)...])
            if path.hasPrefix("//") {
                diagnostics.report(
                    node.place, "'from' cannot be a URL",
                    hint: "declare a source for it, and write source:key")
                return nil
            }
            guard sourceNames.contains(name) else {
                diagnostics.report(
                    node.place, "no source '\(name.escapedForDisplay)'",
                    hint: suggestion(for: name, among: sourceNames).map { "did you mean '\($0)'?" }
                        ?? (sourceNames.isEmpty
                            ? "declare it under 'sources:'"
                            : "the sources are \(sourceNames.joined(separator: ", "))"))
                return nil
            }
            source = name
        }
        let offset = text.unicodeScalars.count - path.unicodeScalars.count
        guard let pattern = readPattern(path, node, offset: offset, kinds: [:]) else { return nil }
        return InputPattern(source: source, pattern: pattern)
    }

    /// Reads a pattern that begins `offset` characters into a node's text.
    private func readPattern(_ text: String, _ node: SyntaxNode, offset: Int, kinds: [String: WildcardKind])
        -> Pattern?
    {
        do {
            let pattern = try Pattern(parsing: text, kinds: kinds)
            if let star = text.unicodeScalars.firstIndex(of: "*") {
                let position = text.unicodeScalars.distance(from: text.unicodeScalars.startIndex, to: star)
                diagnostics.report(
                    diagnostics.place(in: node, offset: offset + position),
                    "'*' stands for itself in a pattern",
                    hint: "write a wildcard with a name: {name}")
                return nil
            }
            if let fault = projectPathFault(text) {
                diagnostics.report(
                    diagnostics.place(in: node, offset: offset), fault.message, hint: fault.hint)
                return nil
            }
            return pattern
        } catch {
            diagnostics.report(
                diagnostics.place(in: node, offset: offset + error.offset), error.message, hint: error.hint)
            return nil
        }
    }

    /// A name is a date in all inputs, a number in all, or text in all.
    private func reportConflicts(_ inputs: [(input: InputPattern, node: SyntaxNode)], _ bound: BoundNames) {
        for name in bound.names {
            let kinds = bound.kinds(of: name)
            guard let first = kinds.firstIndex(where: { $0 != nil }), let expected = kinds[first] else {
                continue
            }
            for (index, kind) in kinds.enumerated().dropFirst(first + 1) {
                guard let kind, kind.isDate != expected.isDate || (kind == .int) != (expected == .int) else {
                    continue
                }
                diagnostics.report(
                    place(of: name, in: inputs[index].node),
                    "'\(name)' is '\(kind.rawValue)' here and '\(expected.rawValue)' in the pattern above",
                    hint: kind == .text ? "write {\(name):\(expected.rawValue)}" : nil)
            }
        }
    }

    /// Where `{name` stands in a pattern.
    private func place(of name: String, in node: SyntaxNode) -> Place {
        guard case .text(let text, _) = node.content else { return node.place }
        for end in ["}", ":", "."] {
            guard let range = text.firstRange(of: "{\(name)\(end)") else { continue }
            return diagnostics.place(
                in: node,
                offset: text.unicodeScalars.distance(
                    from: text.unicodeScalars.startIndex, to: range.lowerBound))
        }
        return node.place
    }

    // MARK: to

    private func readOutput(_ fields: Fields, bound: BoundNames?) -> (pattern: Pattern, place: Place)? {
        guard
            let node = fields.required(
                "to", hint: "say which files the rule makes: lake/{symbol}/{date.month}.parquet"),
            let text = fields.text(node, "to")
        else { return nil }
        let kinds = bound?.finestKinds ?? [:]
        guard let pattern = readPattern(text, node, offset: 0, kinds: kinds) else { return nil }
        guard let bound else { return nil }
        var isSound = true
        var reported: Set<String> = []
        for piece in pattern.pieces {
            guard let name = piece.name, let fault = fault(of: piece, name: name, bound: bound),
                reported.insert(name).inserted
            else { continue }
            diagnostics.report(place(of: name, in: node), fault.message, hint: fault.hint)
            isSound = false
        }
        guard isSound, isFree(pattern, node) else { return nil }
        return (pattern, node.place)
    }

    /// What is wrong with a wildcard of the output, or nil.
    private func fault(of piece: Pattern.Piece, name: String, bound: BoundNames) -> (
        message: String, hint: String?
    )? {
        if let fault = bound.unboundFault(name, in: "'to'") { return fault }
        for case let kind? in bound.kinds(of: name) {
            switch piece {
            case .literal: continue
            case .coarser(_, let coarse):
                guard kind.isDate else {
                    return (
                        "'\(name)' is no date in 'from'",
                        "write {\(name):day}, {\(name):month} or {\(name):year} there"
                    )
                }
                guard !coarse.isFiner(than: kind) else {
                    return (
                        "'to' asks for the \(coarse.rawValue) of '\(name)', which is a \(kind.rawValue) in 'from'",
                        "write {\(name).\(bound.coarsestKind(of: name).rawValue)}"
                    )
                }
            case .wildcard(_, let wanted):
                guard wanted != kind else { continue }
                guard wanted.isDate, kind.isDate else {
                    return ("'\(name)' is '\(wanted.rawValue)' here and '\(kind.rawValue)' in 'from'", nil)
                }
                return (
                    "'\(name)' is '\(wanted.rawValue)' here and '\(kind.rawValue)' in 'from'",
                    "write {\(name).\(bound.coarsestKind(of: name).rawValue)}"
                )
            }
        }
        return nil
    }

    /// Whether the output keeps out of what is not the rule's; reports where it does not.
    private func isFree(_ pattern: Pattern, _ node: SyntaxNode) -> Bool {
        // A wildcard that is a whole first segment could be anything: that is asked of each path when it is known.
        guard let first = pattern.segments.first, first.pieces.contains(where: { $0.name == nil }) else {
            return true
        }
        let paths = PathSet(pattern)
        for (path, owner) in closedDirectories {
            let directory = PathSet(Pattern(text: path, pieces: [.literal(path)]))
            guard directory.holdsDirectory(of: paths) || directory.overlaps(paths) else { continue }
            diagnostics.report(
                node.place, "the output lies in '\(path)', \(owner)", hint: "write it elsewhere")
            return false
        }
        for path in datafilePaths where paths.contains(path) {
            diagnostics.report(
                node.place, "the output would overwrite '\(path.escapedForDisplay)', a part of the Datafile")
            return false
        }
        return true
    }

    // MARK: table, run

    private func readRecipe(_ fields: Fields, output: Pattern?) -> Recipe? {
        switch (fields.has("table"), fields.has("run")) {
        case (true, true):
            diagnostics.report(
                fields.keyPlace("run") ?? fields.place, "\(fields.subject) has both 'table' and 'run'",
                hint: "make two rules of it, the second reading what the first makes")
            return nil
        case (false, false):
            _ = fields.required("table", hint: "say how the output is made: table: NAME, or run: COMMAND")
            return nil
        case (true, false):
            return readTable(fields, output: output)
        case (false, true):
            return readCommand(fields, output: output)
        }
    }

    private func readTable(_ fields: Fields, output: Pattern?) -> Recipe? {
        guard let node = fields.required("table"), let name = fields.text(node, "table") else { return nil }
        guard let known = tables[name] else {
            let names = tables.keys.sorted()
            diagnostics.report(
                node.place, "no table '\(name.escapedForDisplay)'",
                hint: suggestion(for: name, among: names).map { "did you mean '\($0)'?" }
                    ?? (names.isEmpty
                        ? "declare it under 'tables:'"
                        : "the tables are \(names.prefix(20).joined(separator: ", "))"))
            return nil
        }
        guard let table = known else { return nil }
        if let every = table.every, every.hasPrefix("{"), let output {
            let wildcard = String(every.dropFirst().dropLast())
            guard output.kind(of: wildcard) == .text else {
                diagnostics.report(
                    node.place,
                    "table '\(name)' counts gaps by 'every: \"\(every)\"', and 'to' has no text wildcard {\(wildcard)}",
                    hint: "put {\(wildcard)} into 'to', or use a table with a fixed interval")
                return nil
            }
        }
        return .clean(table)
    }

    private func readCommand(_ fields: Fields, output: Pattern?) -> Recipe? {
        guard let node = fields.required("run"), let text = fields.text(node, "run") else { return nil }
        let words: CommandWords
        do {
            words = try CommandWords(text)
        } catch {
            diagnostics.report(
                diagnostics.place(in: node, offset: error.offset), error.message, hint: error.hint)
            return nil
        }
        guard let program = words.words.first, !program.isEmpty else {
            diagnostics.report(node.place, "'run' names no program")
            return nil
        }
        let names = output?.wildcardNames ?? []
        var isSound = true
        var writesOutput = false
        for (word, offset) in zip(words.words, words.offsets) {
            for name in CommandWords.placeholders(in: word) {
                let place = diagnostics.place(in: node, offset: offset)
                switch name {
                case "output": writesOutput = true
                case "input":
                    guard word != "{input}" else { continue }
                    diagnostics.report(
                        place, "{input} must be a word of its own: it stands for one word for each input")
                    isSound = false
                case _ where output == nil || names.contains(name): continue
                default:
                    diagnostics.report(
                        place, "'run' uses {\(name)}, which 'to' does not have",
                        hint: suggestion(for: name, among: ["input", "output"] + names).map {
                            "did you mean {\($0)}?"
                        }
                            ?? "it may use {\((["input", "output"] + names).joined(separator: "}, {"))}")
                    isSound = false
                }
            }
        }
        guard writesOutput || !isSound else {
            diagnostics.report(node.place, "'run' never says {output}, the path it must write")
            return nil
        }
        return isSound ? .run(Command(text: text, arguments: words.words)) : nil
    }
}

/// Which names the inputs of a rule bind, and to what.
struct BoundNames {
    private let patterns: [Pattern]
    /// Of all inputs, in order of first appearance.
    let names: [String]

    init(patterns: [Pattern]) {
        self.patterns = patterns
        var names: [String] = []
        for pattern in patterns {
            for name in pattern.wildcardNames where !names.contains(name) { names.append(name) }
        }
        self.names = names
    }

    /// For each input, the kind of `name`, nil where it does not stand there.
    func kinds(of name: String) -> [WildcardKind?] { patterns.map { $0.kind(of: name) } }

    /// The kind that every date of this name can be written as.
    func coarsestKind(of name: String) -> WildcardKind {
        kinds(of: name).reduce(.day) { coarsest, kind in
            guard let kind, kind.isDate, coarsest.isFiner(than: kind) else { return coarsest }
            return kind
        }
    }

    /// For each name the most telling kind any input gives it.
    var finestKinds: [String: WildcardKind] {
        var result: [String: WildcardKind] = [:]
        for name in names {
            for case let kind? in kinds(of: name)
            where result[name] == nil || kind.isFiner(than: result[name] ?? kind) {
                result[name] = kind
            }
        }
        return result
    }

    /// What is wrong when `name` is used and not every input binds it, or nil.
    func unboundFault(_ name: String, in user: String) -> (message: String, hint: String?)? {
        let kinds = kinds(of: name)
        guard let missing = kinds.firstIndex(where: { $0 == nil }) else { return nil }
        if kinds.allSatisfy({ $0 == nil }) {
            return (
                "\(user) uses {\(name)}, which 'from' does not bind",
                suggestion(for: name, among: names).map { "did you mean {\($0)}?" }
                    ?? (names.isEmpty ? nil : "'from' binds {\(names.joined(separator: "}, {"))}")
            )
        }
        return ("\(user) uses {\(name)}, which pattern \(missing + 1) of 'from' does not bind", nil)
    }
}
