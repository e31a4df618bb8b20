package import Bytes

/// Reads names by one `from` pattern of a rule: which names it takes, and which output each makes.
///
/// For very many names one after the other: nothing is allocated per name but for what its caller appends to.
package struct InputReader: Sendable {
    private var run: PatternRun
    private var conditions: [Condition]
    /// What makes its inputs compete, as it is being written.
    private var text: [UInt8] = []
    private let outputPieces: [OutputPiece]
    /// Of all output pieces.
    private let literals: [UInt8]
    /// Slots of wildcards that are no dates, in order of their names.
    private let seriesSlots: [Int]
    private let dateSlot: (slot: Int, kind: WildcardKind)?

    /// One piece of the output's name.
    private enum OutputPiece: Sendable {
        /// These bytes of `literals`.
        case literal(Range<Int>)
        /// The value of a slot, or its first bytes.
        case slot(Int, byteLimit: Int?)
    }

    /// What `where` asks of one wildcard. Neighbours mostly have the same value: the last answer is kept.
    private struct Condition: Sendable {
        let slot: Int
        let matcher: ConstraintMatcher
        var lastValue: [UInt8] = []
        var lastAnswer: Bool?

        mutating func accepts(_ value: Span<UInt8>) -> Bool {
            if let lastAnswer, value.count == lastValue.count,
                value.equals(at: 0, lastValue.span, at: 0, count: value.count)
            {
                return lastAnswer
            }
            lastValue.removeAll(keepingCapacity: true)
            for index in 0..<value.count { lastValue.append(value[index]) }
            let answer = matcher.accepts(String(decoding: lastValue, as: UTF8.self))
            lastAnswer = answer
            return answer
        }
    }

    package init(_ pattern: Pattern, of rule: Rule) {
        let program = pattern.program
        run = PatternRun(program: program)
        let slots = Dictionary(uniqueKeysWithValues: program.names.map { ($0.name, $0.slot) })
        func kind(_ name: String) -> WildcardKind { pattern.kind(of: name) ?? .text }
        conditions = rule.constraints.sorted { $0.key < $1.key }.compactMap { name, constraint in
            slots[name].map { slot in
                Condition(slot: slot, matcher: ConstraintMatcher(constraint, kind: kind(name)))
            }
        }
        var literals = [UInt8]()
        outputPieces = rule.output.pieces.map { piece in
            guard let name = piece.name, let outputKind = piece.kind, let slot = slots[name] else {
                let start = literals.count
                literals += piece.text.utf8
                return .literal(start..<literals.count)
            }
            return .slot(slot, byteLimit: outputKind.dateByteCount)
        }
        self.literals = literals
        seriesSlots = program.names.filter { !kind($0.name).isDate }.sorted { $0.name < $1.name }.map(\.slot)
        var finest: (slot: Int, kind: WildcardKind)?
        for (name, slot) in program.names where kind(name).isDate {
            if finest.map({ kind(name).isFiner(than: $0.kind) }) ?? true { finest = (slot, kind(name)) }
        }
        dateSlot = finest
    }

    /// Whether the pattern matches all of `name` and `where` lets it through.
    ///
    /// - Parameters:
    ///   - output: receives the name of the output that `name` is an input of.
    ///   - series: receives the values of all wildcards that are no dates, where asked for. Inputs that agree on them
    ///     compete for days.
    ///   - days: receives the days that `name` stands for, or nil.
    package mutating func read(
        _ name: Span<UInt8>, output: inout NameList, series: inout NameList?, days: inout [DayRange?]
    ) -> Bool {
        guard run.match(all: name) else { return false }
        for index in conditions.indices {
            let slot = run.slots[conditions[index].slot]
            if !conditions[index].accepts(name.extracting(slot)) { return false }
        }
        output.append { bytes in
            for index in outputPieces.indices {
                switch outputPieces[index] {
                case .literal(let range): literals.span.append(range, to: &bytes)
                case .slot(let slot, let byteLimit):
                    let range = run.slots[slot]
                    let count = min(range.count, byteLimit ?? range.count)
                    name.append(range.lowerBound..<range.lowerBound + count, to: &bytes)
                }
            }
        }
        days.append(self.days(of: name))
        if series != nil {
            text.removeAll(keepingCapacity: true)
            for slot in seriesSlots {
                name.append(run.slots[slot], to: &text)
                text.append(0)
            }
            series?.append(text.span)
        }
        return true
    }

    /// The days that the name stands for, or nil.
    private func days(of name: Span<UInt8>) -> DayRange? {
        guard let (slot, kind) = dateSlot, let byteCount = kind.dateByteCount,
            let date = CivilDate(name, at: run.slots[slot].lowerBound, byteCount: byteCount)
        else { return nil }
        return DayRange(containing: date.dayCount, kind: kind)
    }
}

extension Span<UInt8> {
    fileprivate func append(_ range: Range<Int>, to bytes: inout [UInt8]) {
        unsafe extracting(range).withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }
}
