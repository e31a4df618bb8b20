import Graph
import Problems

/// Reads a rule's `where:`.
struct ConstraintReader {
    let diagnostics: Diagnostics

    /// Nil where it cannot be read at all; entries that are wrong are reported and left out.
    ///
    /// - Parameter bound: what the inputs bind; nil where they are wrong, then only the form is looked at.
    func read(_ fields: Fields, bound: BoundNames?) -> [String: Constraint]? {
        guard let node = fields.node("where") else { return [:] }
        guard case .mapping(let entries, _) = node.content else {
            diagnostics.report(
                node.place, "'where' must be a mapping of wildcards to what they may be, not \(node.noun)",
                hint: "write symbol: [BTCUSDT, \"ETH*\"]")
            return nil
        }
        guard let bound else { return nil }
        var result: [String: Constraint] = [:]
        for entry in entries {
            guard let kind = bound.finestKinds[entry.key] else {
                diagnostics.report(
                    entry.keyPlace,
                    "'where' limits '\(entry.key.escapedForDisplay)', which 'from' does not bind",
                    hint: suggestion(for: entry.key, among: bound.names).map { "did you mean '\($0)'?" }
                        ?? (bound.names.isEmpty ? nil : "'from' binds \(bound.names.joined(separator: ", "))")
                )
                continue
            }
            switch kind {
            case .day, .month, .year: result[entry.key] = readDays(entry)
            case .int: result[entry.key] = readIntegers(entry)
            case .text: result[entry.key] = readGlobs(entry)
            }
        }
        return result
    }

    private func readDays(_ entry: SyntaxNode.Entry) -> Constraint? {
        let form = "write 2024-01.., ..2024-05-07 or 2024-01-05..2024-02"
        guard let text = entry.value.text else {
            diagnostics.report(
                entry.value.place,
                "'\(entry.key)' is a date: it takes one date or range, not \(entry.value.noun)", hint: form)
            return nil
        }
        guard let ends = ends(text, entry) else { return nil }
        var days: [DayRange?] = []
        for end in ends {
            guard let end else {
                days.append(nil)
                continue
            }
            guard let range = DayRange(text: end.text) else {
                let looksRight = end.text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2D }
                diagnostics.report(
                    diagnostics.place(in: entry.value, offset: end.offset),
                    "'\(end.text.escapedForDisplay)' is no date",
                    hint: looksRight && [4, 7, 10].contains(end.text.utf8.count)
                        ? nil : "\(form): dates are YYYY, YYYY-MM or YYYY-MM-DD")
                return nil
            }
            days.append(range)
        }
        let (first, last) = (days[0], days[days.count - 1])
        if let first, let last, last.end <= first.start {
            diagnostics.report(entry.value.place, "the range ends before it starts")
            return nil
        }
        return .days(start: first?.start, end: last?.end)
    }

    private func readIntegers(_ entry: SyntaxNode.Entry) -> Constraint? {
        if case .list = entry.value.content { return readGlobs(entry) }
        let form = "write 1..5, 3.. or ..9"
        guard let text = entry.value.text else {
            diagnostics.report(
                entry.value.place,
                "'\(entry.key)' is a number: it takes one number or range, not \(entry.value.noun)",
                hint: form)
            return nil
        }
        guard let ends = ends(text, entry) else { return nil }
        var numbers: [Int64?] = []
        for end in ends {
            guard let end else {
                numbers.append(nil)
                continue
            }
            guard let number = Int64(end.text), end.text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else {
                diagnostics.report(
                    diagnostics.place(in: entry.value, offset: end.offset),
                    "'\(end.text.escapedForDisplay)' is no whole number", hint: form)
                return nil
            }
            numbers.append(number)
        }
        let (first, last) = (numbers[0], numbers[numbers.count - 1])
        if let first, let last, last < first {
            diagnostics.report(entry.value.place, "the range ends before it starts")
            return nil
        }
        return .integers(lower: first, upper: last)
    }

    /// `a..b` as its two ends, nil for an open one; a text without `..` as itself alone.
    private func ends(_ text: String, _ entry: SyntaxNode.Entry) -> [(text: String, offset: Int)?]? {
        guard let dots = text.firstRange(of: "..") else { return [(text, 0)] }
        let (left, right) = (text[..<dots.lowerBound], text[dots.upperBound...])
        guard !left.isEmpty || !right.isEmpty else {
            diagnostics.report(entry.value.place, "a range needs at least one end")
            return nil
        }
        let offset = left.unicodeScalars.count + 2
        return [left.isEmpty ? nil : (String(left), 0), right.isEmpty ? nil : (String(right), offset)]
    }

    private func readGlobs(_ entry: SyntaxNode.Entry) -> Constraint? {
        var items = [entry.value]
        if case .list(let all) = entry.value.content { items = all }
        guard !items.isEmpty else {
            diagnostics.report(
                entry.value.place, "an empty list lets nothing through",
                hint: "take it out, or name what is wanted")
            return nil
        }
        var includes: [String] = []
        var excludes: [String] = []
        for item in items {
            guard let text = item.text else {
                diagnostics.report(
                    item.isNothing ? entry.keyPlace : item.place,
                    "'\(entry.key)' takes names and globs, not \(item.noun)",
                    hint: "write [BTCUSDT, \"ETH*\", \"!*DOWNUSDT\"]")
                return nil
            }
            let isExclude = text.hasPrefix("!")
            let glob = isExclude ? String(text.dropFirst()) : text
            if glob.isEmpty {
                diagnostics.report(item.place, "an empty name matches nothing")
                return nil
            }
            if glob.contains("/") {
                diagnostics.report(
                    item.place, "'\(glob.escapedForDisplay)' holds '/', which no wildcard matches")
                return nil
            }
            if let dots = glob.firstRange(of: ".."),
                DayRange(text: String(glob[..<dots.lowerBound])) != nil
                    || DayRange(text: String(glob[dots.upperBound...])) != nil
            {
                diagnostics.report(
                    item.place, "'\(glob)' is a range of dates, and '\(entry.key)' is text",
                    hint: "write {\(entry.key):day}, {\(entry.key):month} or {\(entry.key):year} in 'from'")
                return nil
            }
            if isExclude { excludes.append(glob) } else { includes.append(glob) }
        }
        return .globs(includes: includes, excludes: excludes)
    }
}
