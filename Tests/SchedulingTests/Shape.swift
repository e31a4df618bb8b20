import TestSupport
import Testing

/// How the jobs of a test depend on each other.
enum Shape: String, CaseIterable, CustomTestStringConvertible {
    case chain, fanOut, fanIn, diamonds, layers, grid, forest, random

    var testDescription: String { rawValue }

    /// For each job those it waits for, all of lower number. 40 to 120 jobs.
    func dependencies(seed: UInt64) -> [[Int]] {
        var random = SeededGenerator(seed: seed)
        switch self {
        case .chain: return (0..<40).map { $0 == 0 ? [] : [$0 - 1] }
        case .fanOut: return (0..<60).map { $0 == 0 ? [] : [0] }
        case .fanIn: return (0..<60).map { $0 < 59 ? [] : Array(0..<59) }
        case .diamonds:
            // One, eight that wait for it, one that waits for all eight, and so on.
            return (0..<90).map { index in
                index % 9 > 0 ? [index - index % 9] : index == 0 ? [] : Array(index - 8..<index)
            }
        case .layers:
            return (0..<80).map { index in
                index < 10
                    ? []
                    : ((index / 10 - 1) * 10..<index / 10 * 10).filter { _ in random.next() % 3 == 0 }
            }
        case .grid:
            return (0..<100).map { ($0 % 10 > 0 ? [$0 - 1] : []) + ($0 >= 10 ? [$0 - 10] : []) }
        case .forest: return (0..<100).map { $0 < 4 ? [] : [Int(random.next() % UInt64($0))] }
        case .random:
            return (0..<120).map { index in (0..<index).filter { _ in random.next() % 40 == 0 } }
        }
    }
}
