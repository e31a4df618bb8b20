import Building
import Graph
import Planning

extension SelectionOptions {
    /// The request these words make; a malformed `--where` is refused here.
    func request(in workspace: Workspace) throws -> SelectionRequest {
        var constraints = [String: Constraint]()
        for word in narrowing {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                throw BuildProblem.badFlag(
                    "--where \(word): not name=glob or name=range", hint: "for instance --where symbol='BTC*'"
                )
            }
            constraints[parts[0]] = try constraint(parts[1], word: word)
        }
        return SelectionRequest(
            patterns: patterns.map(workspace.pattern), excluded: excluded.map(workspace.pattern),
            narrowing: constraints)
    }

    /// A range when the text has `..`, else globs separated by commas, `!` for excludes.
    private func constraint(_ text: String, word: String) throws -> Constraint {
        if let range = text.firstRange(of: "..") {
            let ends = [String(text[..<range.lowerBound]), String(text[range.upperBound...])]
            let integers = ends.map { Int64($0) }
            let days = ends.map { DayRange(text: $0) }
            if zip(ends, days).allSatisfy({ $0.isEmpty || $1 != nil }), ends.contains(where: { !$0.isEmpty })
            {
                return .days(start: days[0]?.start, end: days[1]?.end)
            }
            if zip(ends, integers).allSatisfy({ $0.isEmpty || $1 != nil }),
                ends.contains(where: { !$0.isEmpty })
            {
                return .integers(lower: integers[0], upper: integers[1])
            }
            throw BuildProblem.badFlag(
                "--where \(word): not a range of dates or integers",
                hint: "for instance date=2024-01..2024-03")
        }
        let words = text.split(separator: ",").map(String.init)
        return .globs(
            includes: words.filter { !$0.hasPrefix("!") },
            excludes: words.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) })
    }
}

extension Workspace {
    /// A pattern as the project knows it: what a shell completes to, `./lake/x` or an absolute path, is a target too.
    func pattern(_ word: String) -> String {
        if word.hasPrefix(root + "/") { return String(word.dropFirst(root.count + 1)) }
        var word = word[...]
        while word.hasPrefix("./") { word = word.dropFirst(2) }
        return String(word)
    }
}
