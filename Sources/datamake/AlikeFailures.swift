import Building
import Problems

/// Which failures of a build are shown one by one: the first of each reason. The others are counted.
///
/// Ten thousand targets that fail for one reason would push everything else off the screen.
struct AlikeFailures {
    private struct Group {
        /// As the first one said it.
        let reason: String
        var count = 0
    }

    /// Failures of one reason that are shown.
    private static let shownCount = 10
    /// Reasons by what they have in common, and where each is in `groups`.
    private var places: [String: Int] = [:]
    private var groups: [Group] = []
    private var abandonedCount = 0

    /// Counts a failure.
    ///
    /// - Parameters:
    ///   - message: with the hint on lines of its own.
    /// - Returns: whether it is one of the first of its reason.
    mutating func isShown(target: String, category: ProblemCategory, message: String) -> Bool {
        let reason = Self.withoutPlace(message, target: target)
        let key = category.rawValue + " " + Self.withoutNames(reason)
        let place = places[key, default: groups.count]
        if place == groups.count {
            places[key] = place
            groups.append(Group(reason: reason))
        }
        groups[place].count += 1
        return groups[place].count <= Self.shownCount
    }

    /// Counts a target that was not built because of another's failure; whether it is one of the first.
    mutating func isShownAbandoned() -> Bool {
        abandonedCount += 1
        return abandonedCount <= Self.shownCount
    }

    /// A line for each reason that was not shown each time; empty where everything was shown.
    var lines: [String] {
        var lines = groups.compactMap { group -> String? in
            guard group.count > Self.shownCount else { return nil }
            let first = group.reason.split(separator: "\n").first.map(String.init) ?? group.reason
            return "\(grouped(group.count - Self.shownCount)) more alike: \(first)"
        }
        if abandonedCount > Self.shownCount {
            lines.append(
                "\(grouped(abandonedCount - Self.shownCount)) more: not built, because what they need failed")
        }
        return lines
    }

    /// What follows the place in a message: the target, or a file with line and byte.
    private static func withoutPlace(_ message: String, target: String) -> String {
        var rest = Substring(message)
        if rest.hasPrefix(target) { rest = rest.dropFirst(target.count) }
        guard let line = rest.split(separator: "\n", omittingEmptySubsequences: false).first,
            let colon = line.indices.first(where: { line[$0...].hasPrefix(": ") })
        else { return message }
        return String(rest[line.index(colon, offsetBy: 2)...])
    }

    /// The same without the paths, keys and digests in it, which differ from target to target.
    private static func withoutNames(_ reason: String) -> String {
        reason.split(whereSeparator: \.isWhitespace).map { word in
            let isDigest = word.utf8.count >= 32 && word.prefix(32).allSatisfy(\.isHexDigit)
            return word.contains("/") || isDigest ? "…" : word
        }.joined(separator: " ")
    }
}
