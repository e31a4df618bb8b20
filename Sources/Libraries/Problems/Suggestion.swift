/// The candidate a reader most likely meant by `word`, or nil when none is near.
///
/// Near is a Damerau-Levenshtein distance (swaps of neighbours count one) of at most a third of the
/// longer word, and at least one edit is always allowed. Ties go to the first candidate.
package func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    var best: (text: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(Array(word.lowercased().utf8), Array(candidate.lowercased().utf8))
        let limit = max(1, max(word.utf8.count, candidate.utf8.count) / 3)
        if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.text
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast = [Int]()
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
            row.append(cost)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
