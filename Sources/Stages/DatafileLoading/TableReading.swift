import Columns
import Graph
import Problems

/// Reads one entry of `tables:`.
struct TableReader {
    static let keys = [
        "header", "delimiter", "quote", "columns", "sort", "unique", "every", "checks", "bad-rows", "parquet",
    ]

    let diagnostics: Diagnostics

    /// Nil, and reported, where something is wrong.
    func read(name: String, _ node: SyntaxNode, place: Place) -> Table? {
        let subject = "table '\(name)'"
        guard
            let fields = Fields(
                node, subject: subject, keys: Self.keys, diagnostics: diagnostics, place: place)
        else {
            return nil
        }
        let header = fields.choice("header", Table.Header.self) ?? .auto
        let badRows = fields.choice("bad-rows", Table.BadRows.self) ?? .fail
        let dialect = readDialect(fields)
        let columns = fields.required(
            "columns", hint: "list the columns of the file in order, each with its type"
        ).flatMap { ColumnReader(diagnostics: diagnostics).read($0, subject: subject) }
        let parquet = readParquet(fields, columns)
        guard let columns else { return nil }
        let sort = readColumnList("sort", fields, columns)
        let unique = readColumnList("unique", fields, columns)
        let every = readEvery(fields, columns, sort: sort)
        let checks = readChecks(fields, columns)
        return Table(
            name: name, header: header, dialect: dialect, columns: columns, sort: sort ?? [],
            unique: unique ?? [],
            every: every, checks: checks, badRows: badRows, parquet: parquet)
    }

    private func readDialect(_ fields: Fields) -> Dialect {
        var dialect = Dialect()
        if let delimiter = character("delimiter", fields) { dialect.delimiter = delimiter }
        if let quote = character("quote", fields) { dialect.quote = quote }
        if dialect.delimiter == dialect.quote {
            diagnostics.report(
                fields.node("quote")?.place ?? fields.node("delimiter")?.place ?? fields.place,
                "the delimiter and the quote are the same character")
        }
        return dialect
    }

    private func character(_ key: String, _ fields: Fields) -> UInt8? {
        guard let node = fields.node(key), let text = fields.text(node, key) else { return nil }
        if key == "delimiter", text == "tab" || text == "\t" { return 0x09 }
        let bytes = Array(text.utf8)
        let isFit =
            bytes.count == 1 && bytes[0] > 0x20 && bytes[0] < 0x7F
            && !text.allSatisfy { $0.isLetter || $0.isNumber }
        guard isFit, let byte = bytes.first else {
            diagnostics.report(
                node.place, "'\(key)' must be one ASCII character that is no letter, digit or space",
                hint: key == "delimiter" ? "write ',', ';', '|' or tab" : nil)
            return nil
        }
        return byte
    }

    /// - Parameter columns: nil where something is wrong with them, which is reported already.
    private func readParquet(_ fields: Fields, _ columns: [TableColumn]?) -> ParquetSettings {
        var settings = ParquetSettings()
        guard let node = fields.node("parquet"),
            let inner = Fields(
                node, subject: "'parquet'",
                keys: ["compression", "level", "row-group-rows", "encodings", "bloom-filter"],
                diagnostics: diagnostics)
        else { return settings }
        settings.compression =
            inner.choice("compression", ParquetSettings.Compression.self) ?? settings.compression
        settings.rowGroupRows = inner.integer("row-group-rows", in: 1...(1 << 27)) ?? settings.rowGroupRows
        settings.encodings = inner.choice("encodings", ParquetSettings.Encodings.self) ?? settings.encodings
        if let columns { settings.bloomFilter = readBloomFilter(inner, columns) }
        switch settings.compression {
        case .zstd: settings.level = inner.integer("level", in: 1...22) ?? settings.level
        case .gzip: settings.level = inner.integer("level", in: 1...9) ?? 6
        case .none:
            if let place = inner.keyPlace("level") {
                diagnostics.report(place, "'level' has no meaning without compression")
            }
        }
        return settings
    }

    private func readBloomFilter(_ fields: Fields, _ columns: [TableColumn]) -> [String] {
        for (name, node) in fields.texts("bloom-filter") ?? []
        where columns.contains(where: { $0.name == name && $0.type == .bool }) {
            diagnostics.report(
                node.place,
                "'bloom-filter' names the column '\(name.escapedForDisplay)', which holds booleans",
                hint: "leave it out: there are only two values to look for")
        }
        return readColumnList("bloom-filter", fields, columns) ?? []
    }

    private func readColumnList(_ key: String, _ fields: Fields, _ columns: [TableColumn]) -> [String]? {
        guard let texts = fields.texts(key) else { return nil }
        var names: [String] = []
        for (name, node) in texts {
            guard let column = columns.first(where: { $0.name == name }) else {
                reportUnknownColumn(name, node.place, "'\(key)'", columns)
                continue
            }
            if column.type == nil {
                diagnostics.report(
                    node.place, "'\(key)' names the column '\(name.escapedForDisplay)', which is skipped")
            } else if names.contains(name) {
                diagnostics.report(node.place, "'\(key)' names the column '\(name.escapedForDisplay)' twice")
            } else {
                names.append(name)
            }
        }
        return names
    }

    private func reportUnknownColumn(_ name: String, _ place: Place, _ what: String, _ columns: [TableColumn])
    {
        let kept = columns.filter { $0.type != nil }.map(\.name)
        diagnostics.report(
            place, "\(what) names the column '\(name.escapedForDisplay)', which the table does not have",
            hint: suggestion(for: name, among: kept).map { "did you mean '\($0)'?" })
    }

    private func readEvery(_ fields: Fields, _ columns: [TableColumn], sort: [String]?) -> String? {
        guard let node = fields.node("every"), let text = fields.text(node, "every") else { return nil }
        let isWildcard =
            text.hasPrefix("{") && text.hasSuffix("}") && Pattern.isWildcardName(text.dropFirst().dropLast())
        guard isWildcard || isInterval(text) else {
            diagnostics.report(
                node.place, "'every' must be an interval or one wildcard, not '\(text.escapedForDisplay)'",
                hint: "write it as in 1m, 8h, 1d or \"{interval}\"; the units are ms, s, m, h, d, w and mo")
            return nil
        }
        guard let sort else { return nil }
        guard let first = sort.first else {
            diagnostics.report(
                node.place, "'every' needs 'sort': steps are between values of its first column")
            return nil
        }
        let type = columns.first { $0.name == first }?.type
        guard type == .timestamp || type == .date else {
            diagnostics.report(
                node.place,
                "'every' needs a timestamp or a date first in 'sort', and '\(first)' is \(type?.description ?? "skipped")"
            )
            return nil
        }
        return text
    }

    private func readChecks(_ fields: Fields, _ columns: [TableColumn]) -> [Check] {
        guard let texts = fields.texts("checks") else { return [] }
        var checks: [Check] = []
        for (text, node) in texts {
            do {
                let expression = try Expression(parsing: text)
                let fault = CheckTyping(columns: columns).fault(in: expression)
                if case .unknownColumn(let name)? = fault {
                    let offset = text.firstRange(of: name).map {
                        text.unicodeScalars.distance(from: text.startIndex, to: $0.lowerBound)
                    }
                    reportUnknownColumn(
                        name, diagnostics.place(in: node, offset: offset ?? 0), "the check", columns)
                } else if case .senseless(let message)? = fault {
                    diagnostics.report(node.place, message)
                } else {
                    checks.append(Check(text: text, condition: expression))
                }
            } catch {
                diagnostics.report(
                    diagnostics.place(in: node, offset: error.offset), error.message, hint: error.hint)
            }
        }
        return checks
    }
}
