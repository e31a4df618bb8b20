import Bytes
import Graph

/// One pattern's way from the top of a source to its files: which prefixes must be listed, segment by segment.
struct PatternWalk: Sendable {
    /// A place on the way.
    struct Node: Hashable, Sendable {
        /// Index of the segment that comes next.
        var segment: Int
        /// Empty, or ends with `/`.
        var prefix: String
        /// Of the segments passed.
        var bindings: Bindings
    }

    enum Step: Hashable, Sendable {
        /// List the prefixes that begin with `prefix`, then `children(of:among:)`.
        case descend(prefix: String, Node)
        /// List the objects that begin with `prefix`; none at or before `startAfter` can be wanted.
        case sweep(prefix: String, startAfter: String)
    }

    private let segments: [Pattern]
    private let pattern: Pattern
    private let constraints: [String: Constraint]

    init(_ entry: ListingRequest.Entry) {
        pattern = entry.pattern
        segments = entry.pattern.segments
        constraints = entry.constraints
    }

    var start: Node { Node(segment: 0, prefix: "", bindings: [:]) }

    /// What to ask for next: literal segments, and wildcards with nothing but exact names, need no listing.
    func steps(from node: Node) -> [Step] {
        var node = node
        while true {
            let segment = substitute(node.bindings, in: segments[node.segment])
            let isLast = node.segment == segments.count - 1
            if let name = segment.literalText {
                if isLast {
                    return Self.isName(name) ? [.sweep(prefix: node.prefix + name, startAfter: "")] : []
                }
                guard Self.isName(name) else { return [] }
                node.prefix += name + "/"
                node.segment += 1
                continue
            }
            if let (name, values) = exactValues(in: segment, node.bindings) {
                return values.flatMap { value in
                    var child = node
                    child.bindings[name] = value
                    return steps(from: child)
                }
            }
            let prefix = node.prefix + segment.literalPrefix
            if isLast {
                return [.sweep(prefix: prefix, startAfter: lowerBound(of: segment).map { prefix + $0 } ?? "")]
            }
            return [.descend(prefix: prefix, node)]
        }
    }

    /// Where the walk goes on among the prefixes found: only where segment and constraints say yes.
    func children(of node: Node, among prefixes: [String]) -> [Node] {
        let segment = substitute(node.bindings, in: segments[node.segment])
        let matchers = segment.wildcardNames.compactMap { name -> (String, ConstraintMatcher)? in
            guard let constraint = constraints[name], let kind = segment.kind(of: name) else { return nil }
            return (name, ConstraintMatcher(constraint, kind: kind))
        }
        // A date written coarser here comes in full further on: it is checked, not bound.
        let plainNames = segment.pieces.compactMap { piece -> String? in
            if case .wildcard(let name, _) = piece { name } else { nil }
        }
        return prefixes.compactMap { prefix in
            guard prefix.hasBytePrefix(node.prefix), prefix.utf8.last == UInt8(ascii: "/") else { return nil }
            let name = String(
                decoding: prefix.utf8.dropFirst(node.prefix.utf8.count).dropLast(), as: UTF8.self)
            guard Self.isName(name), let found = segment.match(name) else { return nil }
            for (wildcard, matcher) in matchers {
                guard let value = found[wildcard], matcher.accepts(value) else { return nil }
            }
            var bindings = node.bindings
            for plain in plainNames { bindings[plain] = found[plain] }
            return Node(segment: node.segment + 1, prefix: prefix, bindings: bindings)
        }
    }

    /// One name that can stand between slashes: nothing that would lead elsewhere in a directory.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && !text.utf8.contains(UInt8(ascii: "/"))
    }

    /// The segment with known wildcards written out and neighbouring literals joined.
    private func substitute(_ bindings: Bindings, in segment: Pattern) -> Pattern {
        var pieces: [Pattern.Piece] = []
        for piece in segment.pieces {
            let text: String?
            switch piece {
            case .literal(let literal): text = literal
            case .wildcard(let name, _): text = bindings[name]
            case .coarser(let name, let kind):
                text = bindings[name].map { String($0.prefix(kind.dateByteCount ?? 0)) }
            }
            guard let text else {
                pieces.append(piece)
                continue
            }
            if case .literal(let before)? = pieces.last {
                pieces[pieces.count - 1] = .literal(before + text)
            } else {
                pieces.append(.literal(text))
            }
        }
        return Pattern(text: segment.text, pieces: pieces)
    }

    /// The first free wildcard of the segment that has nothing but exact names to choose from.
    private func exactValues(in segment: Pattern, _ bindings: Bindings) -> (name: String, values: [String])? {
        for piece in segment.pieces {
            guard case .wildcard(let name, let kind) = piece, let constraint = constraints[name] else {
                continue
            }
            let matcher = ConstraintMatcher(constraint, kind: kind)
            guard let names = matcher.possibleNames else { continue }
            let single = Pattern(text: "", pieces: [piece])
            return (name, names.filter { matcher.accepts($0) && single.matches($0) })
        }
        return nil
    }

    /// A text that is below every wanted one and above what comes before, where a date range says so: keys sort by date.
    private func lowerBound(of segment: Pattern) -> String? {
        let first = segment.pieces.first { if case .literal = $0 { false } else { true } }
        guard let name = first?.name, let kind = first?.kind, kind.isDate,
            case .days(let start?, _)? = constraints[name]
        else { return nil }
        // Wanted is the date that holds the first day; the date before it is below all that begin with it.
        let (day, overflowed) = DayRange(containing: start, kind: kind).start.subtractingReportingOverflow(1)
        return overflowed ? nil : DayRange.text(ofDay: day, kind: kind)
    }
}
