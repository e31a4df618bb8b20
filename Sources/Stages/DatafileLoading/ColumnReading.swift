import Columns
import Graph
import Problems

/// Reads a table's `columns:`.
struct ColumnReader {
    /// What other programs call the types.
    static let synonyms = [
        "string": "text", "str": "text", "varchar": "text", "utf8": "text", "char": "text", "int": "int64",
        "integer": "int64",
        "long": "int64", "bigint": "int64", "float": "float64", "double": "float64", "real": "float32",
        "number": "float64",
        "boolean": "bool", "datetime": "timestamp", "time": "timestamp", "numeric": "decimal(18,8)",
        "decimal": "decimal(18,8)", "ignore": "skip", "drop": "skip",
    ]
    static let typeNames = [
        "int32", "int64", "float32", "float64", "decimal(18,8)", "bool", "text", "date", "timestamp", "skip",
    ]

    let diagnostics: Diagnostics

    /// Nil, and reported, where something is wrong.
    func read(_ node: SyntaxNode, subject: String) -> [TableColumn]? {
        guard case .mapping(let entries, _) = node.content else {
            diagnostics.report(
                node.place, "'columns' must be a mapping of names to types, not \(node.noun)",
                hint: "write open_time: timestamp")
            return nil
        }
        var columns: [TableColumn] = []
        var isComplete = true
        /// Every name a header may use, and the column that it is for.
        var owners: [String: String] = [:]
        for entry in entries {
            guard let column = read(entry) else {
                isComplete = false
                continue
            }
            for name in [column.name] + column.aliases {
                if let owner = owners[name] {
                    diagnostics.report(
                        entry.keyPlace,
                        "'\(name.escapedForDisplay)' names two columns, '\(owner.escapedForDisplay)' and '\(column.name.escapedForDisplay)'"
                    )
                    isComplete = false
                }
                owners[name] = column.name
            }
            columns.append(column)
        }
        if isComplete, !columns.contains(where: { $0.type != nil }) {
            diagnostics.report(node.place, "\(subject) keeps no column")
            return nil
        }
        return isComplete ? columns : nil
    }

    private func read(_ entry: SyntaxNode.Entry) -> TableColumn? {
        let subject = "column '\(entry.key.escapedForDisplay)'"
        guard !entry.key.isEmpty,
            entry.key.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            diagnostics.report(
                entry.keyPlace, "a column needs a name without control characters",
                hint: "give it one, and where the header has none, aliases: [\"\"]")
            return nil
        }
        guard case .mapping = entry.value.content else {
            guard let text = entry.value.text else {
                diagnostics.report(
                    entry.value.isNothing ? entry.keyPlace : entry.value.place,
                    "\(subject) must have a type or a mapping, not \(entry.value.noun)",
                    hint: "write \(entry.key): float64")
                return nil
            }
            return type(text, entry.value, subject).map { TableColumn(name: entry.key, type: $0) }
        }
        guard
            let fields = Fields(
                entry.value, subject: subject, keys: ["type", "aliases", "null"], diagnostics: diagnostics,
                place: entry.keyPlace),
            let node = fields.required("type"), let text = fields.text(node, "type"),
            let type = type(text, node, subject),
            let aliases = fields.texts("aliases")
        else { return nil }
        let isNullable = fields.boolean("null") ?? false
        if type == nil, let place = fields.keyPlace("null") {
            diagnostics.report(place, "'null' has no meaning for a skipped column")
            return nil
        }
        var names: [String] = []
        for (alias, node) in aliases {
            guard alias != entry.key, !names.contains(alias) else {
                diagnostics.report(node.place, "\(subject) has the name '\(alias.escapedForDisplay)' twice")
                return nil
            }
            names.append(alias)
        }
        return TableColumn(name: entry.key, type: type, aliases: names, isNullable: isNullable)
    }

    /// The type, `.some(nil)` for `skip`; nil, and reported, for none.
    private func type(_ text: String, _ node: SyntaxNode, _ subject: String) -> ColumnType?? {
        if text == "skip" { return .some(nil) }
        if let type = ColumnType(text) { return type }
        let shown = text.escapedForDisplay
        if text.hasPrefix("decimal(") {
            diagnostics.report(
                node.place, "'\(shown)' is no decimal type",
                hint: "write decimal(precision,scale): 1 to 38 digits, scale of them after the point")
        } else if text.hasSuffix("?"), ColumnType(String(text.dropLast())) != nil {
            diagnostics.report(
                node.place, "no type '\(shown)'", hint: "write {type: \(text.dropLast()), null: true}")
        } else {
            let meant = Self.synonyms[text.lowercased()] ?? suggestion(for: text, among: Self.typeNames)
            diagnostics.report(
                node.place, "no type '\(shown)'",
                hint: meant.map { "did you mean '\($0)'?" }
                    ?? "the types are \(Self.typeNames.joined(separator: ", "))")
        }
        return nil
    }
}
