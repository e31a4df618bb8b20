import Bytes
import Dispatch
import Graph
import Synchronization

/// The names of one part of a list that a pattern took, and what they make.
struct MatchedNames: Sendable {
    /// Places in the list.
    var places: [UInt32] = []
    /// Of each, in the same order: the output it makes, its series, and its days.
    var outputs = NameList()
    /// Nil where nobody asks for it.
    var series: NameList?
    var days: [DayRange?] = []

    /// Whether actions and their inputs stand in the graph as they do here.
    private(set) var isInOrder = true

    /// Whether an entry stands in the graph after one of this or an earlier part: outputs are in byte order there, and inputs of one
    /// in the order of days.
    fileprivate func isInOrder(_ index: Int, after last: Int, of other: MatchedNames) -> Bool {
        let order = other.outputs.compare(last, with: outputs[bytes: index])
        guard order == 0 else { return order < 0 }
        let (before, after) = (other.days[last] ?? .beforeAll, days[index] ?? .beforeAll)
        return (before.start, before.end) <= (after.start, after.end)
    }

    fileprivate mutating func findOrder() {
        isInOrder = (1..<max(1, places.count)).allSatisfy { isInOrder($0, after: $0 - 1, of: self) }
    }
}

/// Whether actions and their inputs stand in the graph as they do in these parts, of which none is empty.
func areInOrder(_ parts: [MatchedNames]) -> Bool {
    parts.allSatisfy(\.isInOrder)
        && zip(parts, parts.dropFirst()).allSatisfy { $1.isInOrder(0, after: $0.places.count - 1, of: $0) }
}

extension DayRange {
    /// What has no days is read before what has.
    static let beforeAll = DayRange(start: .min, end: .min)
}

/// Matches a run of names, by all processors at once where there are many.
///
/// - Returns: parts that follow each other.
///
/// - Parameter isUsable: whether a name may be an input, whatever the pattern says.
func matched(
    _ names: NameList, _ range: Range<Int>, by reader: InputReader, needsSeries: Bool,
    isUsable: @Sendable (Span<UInt8>) -> Bool
) -> [MatchedNames] {
    inParts(of: range) { part in
        var reader = reader
        var found = MatchedNames()
        found.places.reserveCapacity(part.count)
        found.days.reserveCapacity(part.count)
        if needsSeries { found.series = NameList() }
        for place in part
        where isUsable(names[bytes: place])
            && reader.read(
                names[bytes: place], output: &found.outputs, series: &found.series, days: &found.days)
        { found.places.append(UInt32(place)) }
        // Of several patterns nobody asks.
        if !needsSeries { found.findOrder() }
        return found
    }
}

/// Cuts a range into parts and works on all of them, several at a time; the results are in the order of the parts.
///
/// Blocks the calling thread, and borrows others from the system for as long: for work that computes or asks the disk.
func inParts<Result: Sendable>(
    of range: Range<Int>, partCount: Int = 8_192, _ body: @Sendable (Range<Int>) -> Result
) -> [Result] {
    let parts = stride(from: range.lowerBound, to: range.upperBound, by: partCount).map {
        $0..<min($0 + partCount, range.upperBound)
    }
    guard parts.count > 1 else { return parts.map(body) }
    let results = Mutex([Result?](repeating: nil, count: parts.count))
    DispatchQueue.concurrentPerform(iterations: parts.count) { index in
        let result = body(parts[index])
        results.withLock { $0[index] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
}
