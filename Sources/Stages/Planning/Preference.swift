import Bytes
import Graph

/// Applies a rule's preference list to the candidates of one output: within a series an input stays only if it covers a day
/// that no more preferred one does.
///
/// The result is in reading order: by days, then preference, then name.
func choosePreferred(_ candidates: inout [Candidate], comesBeforeByName: (Candidate, Candidate) -> Bool) {
    if candidates.count == 1 { return }
    if let first = candidates.first, candidates.contains(where: { $0.preference != first.preference }) {
        dropCovered(&candidates)
    }
    func comesBefore(_ a: Candidate, _ b: Candidate) -> Bool {
        let aDays = a.days ?? .beforeAll
        let bDays = b.days ?? .beforeAll
        if aDays != bDays { return (aDays.start, aDays.end) < (bDays.start, bDays.end) }
        if a.preference != b.preference { return a.preference < b.preference }
        return comesBeforeByName(a, b)
    }
    let isSorted = zip(candidates, candidates.dropFirst()).allSatisfy { comesBefore($0, $1) }
    if !isSorted { candidates.sort(by: comesBefore) }
}

/// Takes out what more preferred candidates of the same series cover, level by level.
private func dropCovered(_ candidates: inout [Candidate]) {
    var covered = [UInt32: Coverage]()
    var kept = [Candidate]()
    for preference in Set(candidates.map(\.preference)).sorted() {
        let level = candidates.filter { candidate in
            candidate.preference == preference && covered[candidate.series]?.contains(candidate.days) != true
        }
        for (series, members) in Dictionary(grouping: level, by: \.series) {
            covered[series, default: Coverage()].add(members.map(\.days))
        }
        kept += level
    }
    candidates = kept
}

/// Days that some inputs cover, as sorted ranges that do not touch.
private struct Coverage {
    private var ranges = [DayRange]()
    /// An input without a date stands for all time.
    private var isEverything = false

    mutating func add(_ days: [DayRange?]) {
        if days.contains(nil) { isEverything = true }
        var merged = [DayRange]()
        for range in (ranges + days.compactMap(\.self)).sorted(by: { $0.start < $1.start }) {
            if let last = merged.last, range.start <= last.end {
                merged[merged.count - 1].end = max(last.end, range.end)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
    }

    /// Whether every one of `days` is covered; nil asks for all time.
    func contains(_ days: DayRange?) -> Bool {
        if isEverything { return true }
        guard let days else { return false }
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].end < days.end { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(days)
    }
}
