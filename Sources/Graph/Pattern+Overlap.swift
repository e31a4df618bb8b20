/// A pattern with what its wildcards are limited to: stands for a set of paths.
package struct PathSet: Sendable {
    package let pattern: Pattern
    package let constraints: [String: Constraint]
    private let segments: [Segment]

    private struct Segment: Sendable {
        var pattern: Pattern
        /// The only text, where there is no wildcard.
        var literal: String?
        /// UTF-8 of the text before the first wildcard, and after the last one backwards.
        var prefix: [UInt8]
        var reversedSuffix: [UInt8]
    }

    package init(_ pattern: Pattern, constraints: [String: Constraint] = [:]) {
        self.pattern = pattern
        self.constraints = constraints
        segments = pattern.segments.map {
            Segment(
                pattern: $0, literal: $0.literalText, prefix: Array($0.literalPrefix.utf8),
                reversedSuffix: $0.literalSuffix.utf8.reversed())
        }
    }

    package var segmentCount: Int { segments.count }

    /// Whether some path may lie in both sets.
    ///
    /// False is certain. True may be wrong where only a name that stands twice or an exclude keeps the sets apart.
    package func overlaps(_ other: PathSet) -> Bool {
        segments.count == other.segments.count && overlaps(other, firstSegments: segments.count)
    }

    /// Whether some path of `other` may lie inside a directory that this set names.
    package func holdsDirectory(of other: PathSet) -> Bool {
        segments.count < other.segments.count && overlaps(other, firstSegments: segments.count)
    }

    /// Whether the set holds `path`.
    package func contains(_ path: String) -> Bool {
        guard let bindings = pattern.match(path) else { return false }
        return accepts(bindings, in: pattern)
    }

    private func overlaps(_ other: PathSet, firstSegments count: Int) -> Bool {
        // What is cheap first: with many rules nearly all pairs end here.
        for index in 0..<count where !Self.mayOverlap(segments[index], other.segments[index]) { return false }
        for index in 0..<count {
            let (mine, its) = (segments[index], other.segments[index])
            if hasDisjointDays(mine.pattern, its.pattern, other) { return false }
            if let text = mine.literal {
                guard text == its.literal || other.contains(text, in: its.pattern) else { return false }
            } else if let text = its.literal {
                guard contains(text, in: mine.pattern) else { return false }
            } else if !program(of: mine.pattern).intersects(other.program(of: its.pattern)) {
                return false
            }
        }
        return true
    }

    private static func mayOverlap(_ a: Segment, _ b: Segment) -> Bool {
        haveCommonStart(a.prefix, b.prefix) && haveCommonStart(a.reversedSuffix, b.reversedSuffix)
    }

    private static func haveCommonStart(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        for index in 0..<min(a.count, b.count) where a[index] != b[index] { return false }
        return true
    }

    private func contains(_ text: String, in segment: Pattern) -> Bool {
        guard let bindings = segment.match(text) else { return false }
        return accepts(bindings, in: segment)
    }

    private func accepts(_ bindings: Bindings, in pattern: Pattern) -> Bool {
        bindings.allSatisfy { name, text in
            constraints[name]?.accepts(text, kind: pattern.kind(of: name) ?? .text) ?? true
        }
    }

    /// Whether the segments are built alike and some date in them is limited to other days in one than in the other.
    private func hasDisjointDays(_ mine: Pattern, _ its: Pattern, _ other: PathSet) -> Bool {
        guard mine.pieces.count == its.pieces.count else { return false }
        // A date with wildcards of free length on both sides need not stand in one place of the text.
        let free = mine.pieces.indices.filter {
            mine.pieces[$0].kind == .text || mine.pieces[$0].kind == .int
        }
        var isDisjoint = false
        for (index, (a, b)) in zip(mine.pieces, its.pieces).enumerated() {
            guard a.kind == b.kind, a.kind != nil || a == b else { return false }
            guard let kind = a.kind, kind.isDate, free.first ?? .max > index || free.last ?? .min < index
            else {
                continue
            }
            if let x = days(of: a, kind: kind), let y = other.days(of: b, kind: kind) {
                isDisjoint = isDisjoint || x.end <= y.start || y.end <= x.start
            }
        }
        return isDisjoint
    }

    /// The days that the dates of a piece may cover: the constraint's, widened to whole dates of its kind.
    private func days(of piece: Pattern.Piece, kind: WildcardKind) -> (start: Int32, end: Int32)? {
        guard let name = piece.name, case .days(let start, let end)? = constraints[name] else { return nil }
        return (
            start.map { DayRange(containing: $0, kind: kind).start } ?? .min,
            end.map { DayRange(containing: $0 &- 1, kind: kind).end } ?? .max
        )
    }

    private func program(of segment: Pattern) -> GlobProgram {
        GlobProgram(
            sequence: segment.pieces.map { piece in
                guard let name = piece.name, let kind = piece.kind else {
                    return GlobProgram(alternatives: [piece.text.unicodeScalars.map { .scalar($0) }])
                }
                switch kind {
                case .text:
                    if case .globs(let includes, _)? = constraints[name], !includes.isEmpty {
                        return GlobProgram(
                            alternatives: includes.map { include in
                                GlobProgram(glob: include).instructions.dropLast().map {
                                    $0 == .any ? .anyButSlash : $0
                                }
                            })
                    }
                    return GlobProgram(alternatives: [[.anyButSlash, .split(2, 4), .anyButSlash, .jump(1)]])
                case .int: return GlobProgram(alternatives: [[.digit, .split(2, 4), .digit, .jump(1)]])
                case .day, .month, .year:
                    let shape = "dddd-dd-dd".unicodeScalars.prefix(kind.dateByteCount ?? 0)
                    return GlobProgram(alternatives: [shape.map { $0 == "-" ? .scalar("-") : .digit }])
                }
            })
    }
}
