/// A glob's program of at most 64 instructions with sets of instructions as words: no step allocates.
struct GlobTable: Sendable {
    /// For each ASCII character, and last for all others, the instructions that read it.
    private let readers: [UInt64]
    /// For each instruction, what is ready once it has read: the next one and all that is reached from there.
    private let successors: [UInt64]
    private let start: UInt64
    private let accept: UInt64

    /// Nil for a program that is too large, or that names a character beyond ASCII.
    init?(_ program: GlobProgram) {
        let instructions = program.instructions
        guard instructions.count <= 64 else { return nil }
        func closure(of index: Int) -> UInt64 {
            var set = InstructionSet(count: instructions.count)
            program.add(index, to: &set)
            return set.members.reduce(0) { $0 | 1 << UInt64($1) }
        }
        var readers = [UInt64](repeating: 0, count: 129)
        var successors = [UInt64](repeating: 0, count: instructions.count)
        for (index, instruction) in instructions.enumerated() {
            let bit: UInt64 = 1 << UInt64(index)
            switch instruction {
            case .scalar(let scalar):
                guard scalar.isASCII else { return nil }
                readers[Int(scalar.value)] |= bit
            case .digit: for byte in 0x30...0x39 { readers[byte] |= bit }
            case .anyButSlash: for byte in 0...128 where byte != 0x2F { readers[byte] |= bit }
            case .any: for byte in 0...128 { readers[byte] |= bit }
            case .jump, .split, .accept: continue
            }
            successors[index] = closure(of: index + 1)
        }
        self.readers = readers
        self.successors = successors
        start = closure(of: 0)
        accept = 1 << UInt64(instructions.count - 1)
    }

    func matches(_ text: String) -> Bool {
        var current = start
        for byte in text.utf8 where byte & 0xC0 != 0x80 {
            // One step a character: those beyond ASCII step at their first byte.
            var moving = current & readers[min(Int(byte), 128)]
            var next: UInt64 = 0
            while moving != 0 {
                next |= successors[moving.trailingZeroBitCount]
                moving &= moving &- 1
            }
            guard next != 0 else { return false }
            current = next
        }
        return current & accept != 0
    }
}
