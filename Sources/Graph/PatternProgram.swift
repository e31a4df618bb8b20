import Bytes

/// A pattern's pieces made ready for matching many texts: literals as bytes, names as slots.
///
/// Texts are matched byte by byte from left to right. A text wildcard takes as few characters as possible and a number
/// as many digits as possible; what follows may make them take more or fewer. Places from which the rest is known
/// not to match are remembered once a text has proved hard, so matching takes O(wildcards x bytes) steps. Only names that
/// stand more than once can need more: then `stepLimit` bounds the work, and a text that reaches it does not match.
struct PatternProgram: Sendable {
    enum Step: Sendable {
        /// These bytes of `literals`.
        case literal(Range<Int>)
        case text(slot: Int)
        case int(slot: Int)
        case date(slot: Int, byteCount: Int)
        /// The text of a slot again.
        case same(slot: Int)
        /// A date of a name that has one: the shorter is the beginning of the longer.
        case dateAgain(slot: Int, byteCount: Int, as: Int)
    }

    static let stepLimit = 1 << 17
    /// Steps after which failures are remembered: few texts ever need as many.
    static let easyStepLimit = 2048

    private(set) var steps: [Step] = []
    private(set) var literals: [UInt8] = []
    private(set) var slotCount = 0
    /// Names and the slots that hold their values, in order of first appearance.
    private(set) var names: [(name: String, slot: Int)] = []
    /// For each step, whether it and all that follow use only slots that they fill themselves.
    fileprivate private(set) var isClosed: [Bool] = []

    init(_ pieces: [Pattern.Piece]) {
        var first: [String: (slot: Int, kind: WildcardKind)] = [:]
        /// For each step, the earliest step whose slot it reads.
        var reads: [Int] = []
        var filledBy: [Int] = []
        for piece in pieces {
            guard let name = piece.name, let kind = piece.kind else {
                guard !piece.text.isEmpty else { continue }
                let start = literals.count
                literals += Array(piece.text.utf8)
                steps.append(.literal(start..<literals.count))
                reads.append(.max)
                continue
            }
            if let known = first[name], known.kind == kind {
                steps.append(.same(slot: known.slot))
                reads.append(filledBy[known.slot])
                continue
            }
            let slot = slotCount
            slotCount += 1
            filledBy.append(steps.count)
            guard let byteCount = kind.dateByteCount else {
                steps.append(kind == .int ? .int(slot: slot) : .text(slot: slot))
                reads.append(.max)
                first[name] = (slot, kind)
                names.append((name, slot))
                continue
            }
            if let known = first[name] {
                steps.append(.dateAgain(slot: slot, byteCount: byteCount, as: known.slot))
                reads.append(filledBy[known.slot])
                if kind.isFiner(than: known.kind) {
                    first[name] = (slot, kind)
                    if let index = names.firstIndex(where: { $0.name == name }) { names[index].slot = slot }
                }
            } else {
                steps.append(.date(slot: slot, byteCount: byteCount))
                reads.append(.max)
                first[name] = (slot, kind)
                names.append((name, slot))
            }
        }
        isClosed = Array(repeating: true, count: steps.count)
        var earliest = Int.max
        for index in steps.indices.reversed() {
            earliest = min(earliest, reads[index])
            isClosed[index] = earliest >= index
        }
    }

    /// Matches all of `text` and hands its bytes and each slot's place in them to `body`; nil where it does not match.
    func match<Result>(_ text: String, _ body: (_ bytes: Span<UInt8>, _ slots: [Range<Int>]) -> Result)
        -> Result?
    {
        var text = text
        return text.withUTF8 { buffer in
            // SAFETY: the span is used within this closure only.
            let bytes = unsafe buffer.span
            var run = PatternRun(program: self)
            guard run.match(all: bytes) else { return nil }
            return body(bytes, run.slots)
        }
    }
}

/// One match under way; used again for text after text, so that only the first allocates.
struct PatternRun: Sendable {
    let program: PatternProgram
    private(set) var slots: [Range<Int>]
    private var stepCount = 0
    /// Bit `step * (byte count + 1) + position`; empty while the text is easy.
    private var failures: [UInt64] = []

    init(program: PatternProgram) {
        self.program = program
        slots = Array(repeating: 0..<0, count: program.slotCount)
    }

    /// Whether all of `bytes` matches; `slots` then say where each name's value stands.
    mutating func match(all bytes: Span<UInt8>) -> Bool {
        stepCount = 0
        if !failures.isEmpty { failures = [] }
        return match(bytes, step: 0, position: 0)
    }

    /// Whether the steps from `step` on match the bytes from `position` on. Recurses once a wildcard of free length.
    private mutating func match(_ bytes: Span<UInt8>, step firstStep: Int, position firstPosition: Int)
        -> Bool
    {
        var position = firstPosition
        for step in firstStep..<program.steps.count {
            switch program.steps[step] {
            case .literal(let range):
                guard bytes.count - position >= range.count else { return false }
                guard
                    bytes.equals(
                        at: position, program.literals.span, at: range.lowerBound, count: range.count)
                else { return false }
                position += range.count
            case .date(let slot, let byteCount):
                guard Self.isDate(bytes, position: position, byteCount: byteCount) else { return false }
                slots[slot] = position..<position + byteCount
                position += byteCount
            case .dateAgain(let slot, let byteCount, let other):
                let known = slots[other]
                guard Self.isDate(bytes, position: position, byteCount: byteCount),
                    bytes.equals(
                        at: position, bytes, at: known.lowerBound, count: min(byteCount, known.count))
                else { return false }
                slots[slot] = position..<position + byteCount
                position += byteCount
            case .same(let slot):
                let known = slots[slot]
                guard bytes.count - position >= known.count,
                    bytes.equals(at: position, bytes, at: known.lowerBound, count: known.count)
                else { return false }
                position += known.count
            case .text(let slot): return matchText(bytes, step: step, slot: slot, start: position)
            case .int(let slot): return matchInteger(bytes, step: step, slot: slot, start: position)
            }
        }
        return position == bytes.count
    }

    private mutating func matchText(_ bytes: Span<UInt8>, step: Int, slot: Int, start: Int) -> Bool {
        guard !isKnownFailure(bytes, step: step, position: start) else { return false }
        let isLast = step + 1 == program.steps.count
        /// The byte that must follow, or nil where anything may.
        var next: UInt8?
        if !isLast, case .literal(let range) = program.steps[step + 1] {
            next = program.literals[range.lowerBound]
        }
        var stop = start
        while stop < bytes.count, bytes[stop] != UInt8(ascii: "/") {
            stop += 1
            if isLast { continue }
            guard stop < bytes.count else { break }
            if let next {
                guard bytes[stop] == next else { continue }
            } else if bytes[stop] & 0xC0 == 0x80 {
                continue  // Inside a character.
            }
            slots[slot] = start..<stop
            if match(bytes, step: step + 1, position: stop) { return true }
            guard takeStep() else { return false }
        }
        if isLast, stop == bytes.count, stop > start {
            slots[slot] = start..<stop
            return true
        }
        remember(bytes, step: step, position: start)
        return false
    }

    private mutating func matchInteger(_ bytes: Span<UInt8>, step: Int, slot: Int, start: Int) -> Bool {
        guard !isKnownFailure(bytes, step: step, position: start) else { return false }
        var stop = start
        while stop < bytes.count, bytes[stop].isDigit { stop += 1 }
        while stop > start {
            slots[slot] = start..<stop
            if match(bytes, step: step + 1, position: stop) { return true }
            guard takeStep() else { return false }
            stop -= 1
        }
        remember(bytes, step: step, position: start)
        return false
    }

    private static func isDate(_ bytes: Span<UInt8>, position: Int, byteCount: Int) -> Bool {
        bytes.count - position >= byteCount && CivilDate(bytes, at: position, byteCount: byteCount) != nil
    }

    /// Counts a way that led nowhere; false when there were too many.
    private mutating func takeStep() -> Bool {
        stepCount += 1
        return stepCount < PatternProgram.stepLimit
    }

    private func isKnownFailure(_ bytes: Span<UInt8>, step: Int, position: Int) -> Bool {
        guard !failures.isEmpty else { return false }
        let bit = step * (bytes.count + 1) + position
        return failures[bit / 64] >> UInt64(bit % 64) & 1 == 1
    }

    private mutating func remember(_ bytes: Span<UInt8>, step: Int, position: Int) {
        guard stepCount >= PatternProgram.easyStepLimit, stepCount < PatternProgram.stepLimit,
            program.isClosed[step]
        else { return }
        if failures.isEmpty {
            failures = Array(repeating: 0, count: program.steps.count * (bytes.count + 1) / 64 + 1)
        }
        let bit = step * (bytes.count + 1) + position
        failures[bit / 64] |= 1 << UInt64(bit % 64)
    }
}

extension UInt8 {
    /// An ASCII digit.
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
}

extension Pattern {
    /// What the wildcards stand for when all of `text` matches; nil when it does not.
    package func match(_ text: String) -> Bindings? {
        program.match(text) { bytes, slots in
            var bindings = Bindings(minimumCapacity: program.names.count)
            for (name, slot) in program.names {
                bindings[name] = unsafe bytes.extracting(slots[slot]).withUnsafeBufferPointer { bytes in
                    // SAFETY: read before the closure returns.
                    unsafe String(decoding: bytes, as: UTF8.self)
                }
            }
            return bindings
        }
    }

    /// Whether all of `text` matches. Cheaper than `match`, as no text is copied.
    package func matches(_ text: String) -> Bool { program.match(text) { _, _ in true } ?? false }
}
