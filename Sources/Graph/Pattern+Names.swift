extension Pattern.Piece {
    /// The wildcard's name; nil for a literal.
    package var name: String? {
        switch self {
        case .literal: nil
        case .wildcard(let name, _), .coarser(let name, _): name
        }
    }

    /// The wildcard's kind; nil for a literal.
    package var kind: WildcardKind? {
        switch self {
        case .literal: nil
        case .wildcard(_, let kind), .coarser(_, let kind): kind
        }
    }

    /// As it is written in a pattern.
    package var text: String {
        switch self {
        case .literal(let text): text
        case .wildcard(let name, .text): "{\(name)}"
        case .wildcard(let name, let kind): "{\(name):\(kind.rawValue)}"
        case .coarser(let name, let kind): "{\(name).\(kind.rawValue)}"
        }
    }
}

extension Pattern {
    /// Names of the wildcards, in order, without repeats.
    package var wildcardNames: [String] {
        var names: [String] = []
        for case let name? in pieces.map(\.name) where !names.contains(name) { names.append(name) }
        return names
    }

    /// What `name` matches; nil when it does not stand here. Where it is only written coarser, the finest of those.
    package func kind(of name: String) -> WildcardKind? {
        var finest: WildcardKind?
        for piece in pieces where piece.name == name {
            guard let kind = piece.kind else { continue }
            if finest == nil || kind.isFiner(than: finest ?? kind) { finest = kind }
        }
        return finest
    }

    /// The text before the first wildcard.
    package var literalPrefix: String {
        if case .literal(let text)? = pieces.first { text } else { "" }
    }

    /// The text after the last wildcard; all of it where there is none.
    package var literalSuffix: String {
        if case .literal(let text)? = pieces.last { text } else { "" }
    }

    /// The whole text when there is no wildcard.
    package var literalText: String? {
        switch pieces.count {
        case 0: ""
        case 1: if case .literal(let text) = pieces[0] { text } else { nil }
        default: nil
        }
    }

    /// The pattern split at "/", each part a pattern of its own: for walking a bucket with `delimiter=/`.
    ///
    /// A name that stands in several segments must still match the same text in all of them; whoever walks checks
    /// that, or matches the whole key at the end.
    package var segments: [Pattern] {
        var segments: [Pattern] = []
        var pending: [Piece] = []
        func finish() {
            segments.append(Pattern(text: pending.map(\.text).joined(), pieces: pending))
            pending = []
        }
        for piece in pieces {
            guard case .literal(let text) = piece else {
                pending.append(piece)
                continue
            }
            for (index, part) in text.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
                if index > 0 { finish() }
                if !part.isEmpty { pending.append(.literal(String(part))) }
            }
        }
        finish()
        return segments
    }

    /// The text with every wildcard replaced by its value; dates are cut to the form the pattern asks for.
    ///
    /// A name without a value stays as it is written: a Datafile in which that could happen does not load.
    package func expand(_ bindings: Bindings) -> String {
        var result = ""
        for piece in pieces {
            guard let name = piece.name, let kind = piece.kind else {
                result += piece.text
                continue
            }
            guard let value = bindings[name] else {
                result += piece.text
                continue
            }
            result += kind.dateByteCount.map { String(value.prefix($0)) } ?? value
        }
        return result
    }

    /// The days that the finest date wildcard stands for under `bindings`, or nil where there is none.
    ///
    /// In an output pattern `{date.month}` stands for the whole month, whatever day `date` is bound to.
    package func days(of bindings: Bindings) -> DayRange? {
        var finest: (name: String, kind: WildcardKind)?
        for piece in pieces {
            guard let name = piece.name, let kind = piece.kind, kind.isDate else { continue }
            if let known = finest, !kind.isFiner(than: known.kind) { continue }
            finest = (name, kind)
        }
        guard let (name, kind) = finest, let value = bindings[name], let byteCount = kind.dateByteCount else {
            return nil
        }
        return DayRange(text: String(value.prefix(byteCount)), kind: kind)
    }
}
