/// YAML as this module sees it: texts, lists and mappings with places, aliases resolved.
struct SyntaxNode {
    struct Entry {
        var key: String
        var keyPlace: Place
        var value: SyntaxNode
    }

    indirect enum Content {
        /// `isPlain`: without quotes.
        case text(String, isPlain: Bool)
        case list([SyntaxNode])
        /// `isFlow`: in braces.
        case mapping([Entry], isFlow: Bool)
    }

    var place: Place
    var content: Content

    /// Whether nothing was written: `key:`, `~` or `null`.
    var isNothing: Bool {
        guard case .text(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }

    /// What it is, for messages.
    var noun: String {
        switch content {
        case .text: isNothing ? "nothing" : "a text"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The text, where it is one.
    var text: String? {
        guard case .text(let text, _) = content, !isNothing else { return nil }
        return text
    }
}
