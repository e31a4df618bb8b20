import TestSupport

/// Random texts for the tests of this module.
struct SeededRandom {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func text(of alphabet: [Character], count: ClosedRange<Int>) -> String {
        let length = Int.random(in: count, using: &generator)
        return String(
            (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
    }

    mutating func number(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
}
