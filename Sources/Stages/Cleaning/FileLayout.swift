import Columns
import Graph
import Problems

/// Which field of a file's records is which column of the table.
struct FileLayout: Equatable {
    var hasHeader: Bool
    var fieldCount: Int
    /// For each column of the table the field that holds it; nil where the file lacks a nullable column.
    var fields: [Int?]

    /// Decides by the first record: it is a header when at least half of its fields are names the table knows.
    ///
    /// Names are compared without regard to case and spaces around them. What looks like a number or a date says nothing:
    /// data may begin with a date, and a header may name columns the table lacks.
    ///
    /// - Parameters:
    ///   - first: fields of the first record, nil where the file is empty; no fields where it cannot be split.
    ///   - file: for messages.
    init(first: [[UInt8]]?, table: Table, file: String) throws(CleanProblem) {
        let positional = FileLayout(
            hasHeader: false, fieldCount: table.columns.count, fields: table.columns.indices.map { $0 })
        guard table.header != .none else {
            self = positional
            return
        }
        guard let first else {
            guard table.header == .auto else { throw CleanProblem(.emptyFile, place: file) }
            self = positional
            return
        }

        let columns = Self.columnsByName(table)
        let names = first.map { Self.normalised(String(decoding: $0, as: UTF8.self)) }
        let known = names.filter { columns[$0] != nil }
        let isHeader: Bool
        switch table.header {
        case .required:
            isHeader = true
            guard !known.isEmpty else {
                throw CleanProblem(
                    .noHeader(found: display(Array(first.joined(separator: [0x2C])))), place: file)
            }
        case .auto, .none:
            isHeader = known.count * 2 >= names.count && !known.isEmpty
            // Where any column but text is expected, a header that is taken for data fails as data, loudly.
            if !isHeader, !known.isEmpty, table.columns.allSatisfy({ $0.type == .text || $0.type == nil }) {
                throw CleanProblem(.ambiguousHeader(matching: known), place: file)
            }
        }
        guard isHeader else {
            self = positional
            return
        }

        let unknown = names.indices.filter { columns[names[$0]] == nil }
        guard unknown.isEmpty else {
            let shown = unknown.map { String(decoding: first[$0], as: UTF8.self) }
            let candidates = table.columns.flatMap { [$0.name] + $0.aliases }
            throw CleanProblem(
                .unknownColumns(shown, nearest: suggestion(for: shown[0], among: candidates)), place: file)
        }
        hasHeader = true
        fieldCount = names.count
        fields = Array(repeating: nil, count: table.columns.count)
        for (index, name) in names.enumerated() {
            guard let column = columns[name] else { continue }
            guard fields[column] == nil else {
                throw CleanProblem(.duplicateColumn(table.columns[column].name), place: file)
            }
            fields[column] = index
        }
        let missing = table.columns.indices.filter {
            fields[$0] == nil && table.columns[$0].type != nil && !table.columns[$0].isNullable
        }
        guard missing.isEmpty else {
            throw CleanProblem(.missingColumns(missing.map { table.columns[$0].name }), place: file)
        }
    }

    private init(hasHeader: Bool, fieldCount: Int, fields: [Int?]) {
        self.hasHeader = hasHeader
        self.fieldCount = fieldCount
        self.fields = fields
    }

    /// A column's own name wins over another's alias.
    private static func columnsByName(_ table: Table) -> [String: Int] {
        var columns: [String: Int] = [:]
        for (index, column) in table.columns.enumerated() {
            for alias in column.aliases where columns[normalised(alias)] == nil {
                columns[normalised(alias)] = index
            }
        }
        for (index, column) in table.columns.enumerated() { columns[normalised(column.name)] = index }
        return columns
    }

    private static func normalised(_ name: String) -> String {
        let bytes = name.lowercased().utf8
        let space = UInt8(ascii: " ")
        guard let first = bytes.firstIndex(where: { $0 != space }),
            let last = bytes.lastIndex(where: { $0 != space })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
