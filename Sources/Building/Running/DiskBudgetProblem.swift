import Problems

/// A target for which the disk has too little room left.
struct DiskBudgetProblem: Problem, Hashable {
    var target: String
    var neededByteCount: Int
    var leftByteCount: Int
    /// Whether flag, environment or Datafile set a limit.
    var isLimited: Bool

    var summary: String {
        "\(target.escapedForDisplay): needs \(megabytes(neededByteCount)) of disk, and "
            + "\(megabytes(leftByteCount)) may still be used; not begun"
    }
    var hint: String? {
        isLimited
            ? "free some space, or allow more with --disk or 'disk:' in the Datafile's 'build:'"
            : "free some space on the project's file system and build again"
    }
    var category: ProblemCategory { .disk }

    private func megabytes(_ byteCount: Int) -> String {
        let tenths = (Double(byteCount) / 1e5).rounded(.up)
        return "\(tenths / 10) MB"
    }
}
