import Bytes
import Graph

/// Applies a rule's preference list: within a series an input stays only if it covers a day that no more preferred one does.
///
/// The result is in reading order: by days, then preference, then name.
func preferred(_ candidates: [Candidate]) -> [Candidate] {
    var byPreference = [Int: [Candidate]]()
    for candidate in candidates { byPreference[candidate.input.preference, default: []].append(candidate) }
    var covered = [String: Coverage]()
    var kept = [Candidate]()
    for preference in byPreference.keys.sorted() {
        let level = byPreference[preference]!.filter { covered[$0.series]?.contains($0.input.days) != true }
        for (series, candidates) in Dictionary(grouping: level, by: \.series) {
            covered[series, default: Coverage()].add(candidates.map(\.input.days))
        }
        kept += level
    }
    return kept.sorted { a, b in
        let aDays = a.input.days ?? DayRange(start: .min, end: .min)
        let bDays = b.input.days ?? DayRange(start: .min, end: .min)
        if aDays != bDays { return (aDays.start, aDays.end) < (bDays.start, bDays.end) }
        if a.input.preference != b.input.preference { return a.input.preference < b.input.preference }
        return a.input.name.precedesInBytes(b.input.name)
    }
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
