/// What a rule does, as plain data: it can be digested, printed, compared, sent to another machine.
package enum Recipe: Hashable, Sendable, Codable {
    /// Records of the inputs become one Parquet file.
    case clean(Table)
    /// A command makes the output.
    case run(Command)
}

/// A command and its arguments; no shell sees it. `{input}` alone stands for all inputs as separate words,
/// `{output}` for the path to write, `{name}` for a wildcard's value.
package struct Command: Hashable, Sendable, Codable {
    /// As written in the Datafile.
    package var text: String
    package var arguments: [String]

    package init(text: String, arguments: [String]) {
        self.text = text
        self.arguments = arguments
    }
}
