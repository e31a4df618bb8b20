import Problems

extension DependencyGraph {
    /// The graph in Graphviz' language, from left to right; colours show states.
    ///
    /// Grammar: graphviz.org/doc/info/lang.html. Names are in labels alone, so that no name can be taken for a keyword.
    package var dot: String {
        var text = """
            digraph datamake {
                rankdir=LR;
                node [shape=box, style=filled, fillcolor="#ffffff", fontname="sans-serif"];
                edge [fontname="sans-serif"];

            """
        var numbers = [String: Int]()
        for (number, node) in nodes.enumerated() {
            numbers[node.id] = number
            let label = node.lines.map(escapedForDOT).joined(separator: "\\n")
            var attributes = "label=\"\(label)\", shape=\(node.kind.dotShape)"
            if let colour = node.colour { attributes += ", fillcolor=\"\(colour)\"" }
            text += "    n\(number) [\(attributes)];\n"
        }
        for edge in edges {
            guard let from = numbers[edge.from], let to = numbers[edge.to] else { continue }
            let label = edge.label.map { " [label=\"\(escapedForDOT($0))\"]" } ?? ""
            text += "    n\(from) -> n\(to)\(label);\n"
        }
        return text + "}\n"
    }

    /// The graph as a Mermaid flowchart, from left to right; states are classes.
    ///
    /// Syntax: mermaid.js.org/syntax/flowchart.html.
    package var mermaid: String {
        var text = "flowchart LR\n"
        var numbers = [String: Int]()
        var states = Set<String>()
        for (number, node) in nodes.enumerated() {
            numbers[node.id] = number
            let label = node.lines.map(escapedForMermaid).joined(separator: "<br/>")
            let (open, close) = node.kind.mermaidShape
            text += "    n\(number)\(open)\"\(label)\"\(close)"
            if let state = node.state, Self.colours[state] != nil {
                text += ":::\(state)"
                states.insert(state)
            }
            text += "\n"
        }
        for edge in edges {
            guard let from = numbers[edge.from], let to = numbers[edge.to] else { continue }
            let label = edge.label.map { "|\"\(escapedForMermaid($0))\"|" } ?? ""
            text += "    n\(from) -->\(label) n\(to)\n"
        }
        for state in states.sorted() {
            text += "    classDef \(state) fill:\(Self.colours[state]!),color:#000000\n"
        }
        return text
    }

    fileprivate static let colours = [
        "fresh": "#c8e6c9", "stale": "#fff59d", "missing": "#e0e0e0", "failed": "#ef9a9a",
        "quarantined": "#ce93d8",
    ]
}

extension DependencyGraph.Node {
    /// What stands in its box.
    fileprivate var lines: [String] {
        var lines = [name]
        if let detail { lines.append(detail) }
        let kindText = rule.map { "\(kind.rawValue) of \($0)" } ?? kind.rawValue
        if let state { lines.append("\(kindText), \(state)") }
        return lines
    }

    fileprivate var colour: String? { state.flatMap { DependencyGraph.colours[$0] } }
}

extension DependencyGraph.Kind {
    fileprivate var dotShape: String {
        switch self {
        case .source: "cylinder"
        case .files: "folder"
        case .rule: "box"
        case .output, .partition: "note"
        case .raw, .remote: "box"
        case .rest: "plaintext"
        }
    }

    fileprivate var mermaidShape: (open: String, close: String) {
        switch self {
        case .source: ("[(", ")]")
        case .rule, .raw, .remote: ("[", "]")
        case .files, .output, .partition: ("([", "])")
        case .rest: ("[/", "/]")
        }
    }
}

/// For a quoted string of DOT that is a label: a backslash begins an escape there, and `&` an HTML entity.
private func escapedForDOT(_ text: String) -> String {
    var result = ""
    for character in text.escapedForDisplay.unicodeScalars {
        switch character {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "&": result += "&amp;"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

/// For a quoted text of Mermaid, where a character by its number is `#` number `;`.
///
/// All punctuation that could mean something is written so, there or in one of the passes before: comments and directives (`%`),
/// entities, HTML, formulas, styles (`:`), and lists, which a label is taken for that begins as one.
private func escapedForMermaid(_ text: String) -> String {
    let plain = Set("/_=.,-+*{}()!? ".unicodeScalars)
    let scalars = Array(text.escapedForDisplay.unicodeScalars)
    var result = ""
    for (index, scalar) in scalars.enumerated() {
        let isLetter = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar.value > 0x7F
        let beginsList =
            index + 1 < scalars.count && scalars[index + 1] == " " && ".-+*)".unicodeScalars.contains(scalar)
        if isLetter || plain.contains(scalar) && !beginsList {
            result.unicodeScalars.append(scalar)
        } else {
            result += "#\(scalar.value);"
        }
    }
    return result
}
