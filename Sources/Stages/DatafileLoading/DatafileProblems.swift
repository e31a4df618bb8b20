package import Problems

/// One thing that is wrong with a Datafile.
package struct DatafileDiagnostic: Hashable, Sendable {
    package var file: String
    /// From 1; 0 where the file as a whole is meant.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    package var message: String
    package var hint: String?
    /// The source line with a caret under the place, two lines; empty where there is none.
    package var excerpt: String

    package init(
        file: String, line: Int, column: Int, message: String, hint: String? = nil, excerpt: String = ""
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        self.excerpt = excerpt
    }

    /// As a person reads it: place and message, the line with a caret, the hint.
    package var text: String {
        var lines = [line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)"]
        if !excerpt.isEmpty { lines.append(excerpt) }
        if let hint { lines.append("  hint: \(hint)") }
        return lines.joined(separator: "\n")
    }
}

/// Everything that is wrong with a Datafile, in the order of the text.
package struct DatafileProblems: Problem, Hashable {
    /// Most diagnostics that `summary` shows.
    package static let shownLimit = 20

    /// All of them; never empty.
    package var diagnostics: [DatafileDiagnostic]

    package init(_ diagnostics: [DatafileDiagnostic]) { self.diagnostics = diagnostics }

    /// The whole text to print: every diagnostic with its line, at most `shownLimit` of them.
    package var summary: String {
        var parts = diagnostics.prefix(Self.shownLimit).map(\.text)
        let rest = diagnostics.count - parts.count
        if rest > 0 { parts.append("and \(rest) more") }
        return parts.joined(separator: "\n")
    }

    package var category: ProblemCategory { .recipe }
}
