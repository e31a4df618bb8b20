/// A text with `*`, `**`, `?` and `{a,b}`, as on the command line and in a rule's `where`.
///
/// `*` stands for any characters but `/`, `?` for one such character, `**` for any characters at all, `**/` for any
/// number of whole directories, also none, and `{a,b}` for one of its parts. All else stands for itself, also a brace
/// without its partner. Matching takes O(text x glob) steps, whatever both are.
package struct Glob: Hashable, Sendable {
    package let text: String
    private let program: GlobProgram?
    /// The program as a table, where it is small enough, as nearly all are.
    private let table: GlobTable?

    package init(_ text: String) {
        self.text = text
        program = Self.isLiteral(text) ? nil : GlobProgram(glob: text)
        table = program.flatMap { GlobTable($0) }
    }

    /// Whether `text` stands for itself alone.
    package static func isLiteral(_ text: String) -> Bool {
        !text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "{") }
    }

    /// What every text begins with that matches.
    package var literalPrefix: String {
        let special = Set("*?{".utf8)
        return String(decoding: text.utf8.prefix { !special.contains($0) }, as: UTF8.self)
    }

    /// Whether the glob matches all of `text`.
    package func matches(_ text: String) -> Bool {
        table?.matches(text) ?? program?.matches(text) ?? (text == self.text)
    }

    package static func == (a: Glob, b: Glob) -> Bool { a.text == b.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// A nondeterministic automaton over Unicode scalars that goes from instruction to instruction.
///
/// All ways through it are followed at once (K. Thompson, "Regular Expression Search Algorithm", 1968), so no input is slow.
struct GlobProgram: Sendable {
    enum Instruction: Sendable, Hashable {
        case scalar(Unicode.Scalar)
        case digit
        case anyButSlash
        case any
        case jump(Int)
        case split(Int, Int)
        case accept
    }

    private(set) var instructions: [Instruction] = []

    init(glob: String) {
        var compiler = GlobCompiler(scalars: Array(glob.unicodeScalars))
        compiler.compileAll()
        instructions = compiler.instructions
    }

    /// Any of the `parts`, each a run of instructions of its own that ends in nothing.
    init(alternatives parts: [[Instruction]]) {
        var exits: [Int] = []
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            let split = instructions.count
            if !isLast { instructions.append(.accept) }
            append(part)
            if !isLast {
                exits.append(instructions.count)
                instructions.append(.accept)
                instructions[split] = .split(split + 1, instructions.count)
            }
        }
        for exit in exits { instructions[exit] = .jump(instructions.count) }
        instructions.append(.accept)
    }

    /// One part after the other.
    init(sequence parts: [GlobProgram]) {
        for part in parts {
            // The part's `accept` stands last and is what the next part replaces.
            append(part.instructions.dropLast().map { $0 })
        }
        instructions.append(.accept)
    }

    private mutating func append(_ part: [Instruction]) {
        let base = instructions.count
        for instruction in part {
            switch instruction {
            case .jump(let target): instructions.append(.jump(base + target))
            case .split(let a, let b): instructions.append(.split(base + a, base + b))
            default: instructions.append(instruction)
            }
        }
    }

    func matches(_ text: String) -> Bool {
        var current = InstructionSet(count: instructions.count)
        var next = InstructionSet(count: instructions.count)
        add(0, to: &current)
        for scalar in text.unicodeScalars {
            next.removeAll()
            for index in current.members {
                let isTaken =
                    switch instructions[index] {
                    case .scalar(let expected): expected == scalar
                    case .digit: scalar >= "0" && scalar <= "9"
                    case .anyButSlash: scalar != "/"
                    case .any: true
                    case .jump, .split, .accept: false
                    }
                if isTaken { add(index + 1, to: &next) }
            }
            swap(&current, &next)
            if current.members.isEmpty { return false }
        }
        return current.contains(instructions.count - 1)
    }

    /// Adds `start` and all that is reached from it without reading.
    func add(_ start: Int, to set: inout InstructionSet) {
        var pending = [start]
        while let index = pending.popLast() {
            guard set.insert(index) else { continue }
            switch instructions[index] {
            case .jump(let target): pending.append(target)
            case .split(let a, let b): pending += [b, a]
            default: break
            }
        }
    }

    /// Whether some text is matched by both.
    func intersects(_ other: GlobProgram) -> Bool {
        let width = other.instructions.count
        var seen = InstructionSet(count: instructions.count * width)
        var pending = [(0, 0)]
        while let (a, b) = pending.popLast() {
            guard seen.insert(a * width + b) else { continue }
            switch (instructions[a], other.instructions[b]) {
            case (.jump(let target), _): pending.append((target, b))
            case (.split(let x, let y), _): pending += [(x, b), (y, b)]
            case (_, .jump(let target)): pending.append((a, target))
            case (_, .split(let x, let y)): pending += [(a, x), (a, y)]
            case (.accept, .accept): return true
            case (.accept, _), (_, .accept): break
            case (let x, let y): if x.overlaps(y) { pending.append((a + 1, b + 1)) }
            }
        }
        return false
    }
}

extension GlobProgram.Instruction {
    /// Whether both can read one and the same scalar.
    fileprivate func overlaps(_ other: Self) -> Bool {
        switch (self, other) {
        case (.scalar(let a), .scalar(let b)): a == b
        case (.scalar(let a), .digit), (.digit, .scalar(let a)): a >= "0" && a <= "9"
        case (.scalar(let a), .anyButSlash), (.anyButSlash, .scalar(let a)): a != "/"
        default: true
        }
    }
}

/// Some of the instructions of a program, in the order in which they came.
struct InstructionSet {
    private(set) var members: [Int] = []
    private var bits: [UInt64]

    init(count: Int) { bits = Array(repeating: 0, count: count / 64 + 1) }

    func contains(_ index: Int) -> Bool { bits[index / 64] >> UInt64(index % 64) & 1 == 1 }

    /// False when it was there already.
    mutating func insert(_ index: Int) -> Bool {
        guard !contains(index) else { return false }
        bits[index / 64] |= 1 << UInt64(index % 64)
        members.append(index)
        return true
    }

    mutating func removeAll() {
        for index in members { bits[index / 64] = 0 }
        members.removeAll(keepingCapacity: true)
    }
}

private struct GlobCompiler {
    /// Braces deeper than this stand for themselves.
    static let depthLimit = 32

    let scalars: [Unicode.Scalar]
    /// For each opening brace, its partner and the commas between its parts.
    var braces: [Int: (end: Int, commas: [Int])] = [:]
    var instructions: [GlobProgram.Instruction] = []

    init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
        var open: [(start: Int, commas: [Int])] = []
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "{": open.append((index, []))
            case ",": if !open.isEmpty { open[open.count - 1].commas.append(index) }
            case "}":
                if let (start, commas) = open.popLast() { braces[start] = (index, commas) }
            default: break
            }
        }
    }

    mutating func compileAll() {
        compile(0..<scalars.count, depth: 0)
        instructions.append(.accept)
    }

    mutating func compile(_ range: Range<Int>, depth: Int) {
        var index = range.lowerBound
        while index < range.upperBound {
            switch scalars[index] {
            case "*":
                var end = index
                while end < range.upperBound, scalars[end] == "*" { end += 1 }
                let isWide = end - index > 1
                let startsSegment = index == 0 || scalars[index - 1] == "/"
                if isWide, startsSegment, end < range.upperBound, scalars[end] == "/" {
                    // Any number of directories, each with its slash: (.* "/")?
                    let split = instructions.count
                    instructions.append(.accept)
                    repeatAny(.any)
                    instructions.append(.scalar("/"))
                    instructions[split] = .split(split + 1, instructions.count)
                    index = end + 1
                } else {
                    repeatAny(isWide ? .any : .anyButSlash)
                    index = end
                }
            case "?":
                instructions.append(.anyButSlash)
                index += 1
            case "{":
                if depth < Self.depthLimit, let (end, commas) = braces[index] {
                    compileAlternatives(index + 1..<end, commas: commas, depth: depth + 1)
                    index = end + 1
                } else {
                    instructions.append(.scalar("{"))
                    index += 1
                }
            case let scalar:
                instructions.append(.scalar(scalar))
                index += 1
            }
        }
    }

    private mutating func repeatAny(_ instruction: GlobProgram.Instruction) {
        let start = instructions.count
        instructions += [.split(start + 1, start + 3), instruction, .jump(start)]
    }

    private mutating func compileAlternatives(_ range: Range<Int>, commas: [Int], depth: Int) {
        var exits: [Int] = []
        var start = range.lowerBound
        for comma in commas {
            let split = instructions.count
            instructions.append(.accept)
            compile(start..<comma, depth: depth)
            exits.append(instructions.count)
            instructions.append(.accept)
            instructions[split] = .split(split + 1, instructions.count)
            start = comma + 1
        }
        compile(start..<range.upperBound, depth: depth)
        for exit in exits { instructions[exit] = .jump(instructions.count) }
    }
}
