package import Problems

/// Why a partition cannot be made from its inputs.
package struct CleanProblem: Problem, Hashable {
    package enum Kind: Hashable, Sendable {
        /// A row that `bad-rows: fail` does not let pass. `byte` counts from 0, in the uncompressed file.
        case badRow(line: Int, byte: Int, column: String?, reason: String)
        case emptyFile
        /// The header names columns the table does not know; with the nearest known name.
        case unknownColumns([String], nearest: String?)
        case missingColumns([String])
        case duplicateColumn(String)
        case noHeader(found: String)
        /// Some of the first record's fields are column names, and the table has no type that could tell it from data.
        case ambiguousHeader(matching: [String])
        /// The archive does not hold exactly one CSV.
        case members([String])
        case unreadable(String)
        /// The gzip stream is damaged or cut.
        case damagedGzip(String)
        /// The table asks for something that cannot be.
        case recipe(String)
    }

    package var kind: Kind
    /// The input's name, or the table's for `recipe`.
    package var place: String

    package init(_ kind: Kind, place: String) {
        self.kind = kind
        self.place = place
    }

    package var summary: String {
        let place = place.escapedForDisplay
        switch kind {
        case .badRow(let line, let byte, let column, let reason):
            let column = column.map { "column '\($0.escapedForDisplay)': " } ?? ""
            return "\(place):\(line) (byte \(byte)): \(column)\(reason)"
        case .emptyFile:
            return "\(place): the file is empty, expected a header"
        case .unknownColumns(let names, _):
            return "\(place):1 (byte 0): the table has no column \(quoted(names))"
        case .missingColumns(let names):
            return "\(place):1 (byte 0): the header lacks column \(quoted(names))"
        case .duplicateColumn(let name):
            return "\(place):1 (byte 0): two fields of the header mean column '\(name.escapedForDisplay)'"
        case .noHeader(let found):
            return "\(place):1 (byte 0): expected a header, found '\(found.escapedForDisplay)'"
        case .ambiguousHeader(let names):
            return
                "\(place):1 (byte 0): cannot tell whether this is a header: it has \(quoted(names)) and no other column's name"
        case .members(let names):
            let shown = names.prefix(10).map(\.escapedForDisplay).joined(separator: ", ")
            return "\(place): expected one CSV in the archive, found "
                + (names.isEmpty
                    ? "no file" : shown + (names.count > 10 ? ", … (\(names.count) in all)" : ""))
        case .unreadable(let reason): return "\(place): cannot be read: \(reason)"
        case .damagedGzip(let reason): return "\(place): the gzip data are damaged: \(reason)"
        case .recipe(let reason): return "table '\(place)': \(reason)"
        }
    }

    package var hint: String? {
        switch kind {
        case .badRow(_, _, .some, let reason) where reason == emptyFieldReason:
            "declare the column 'nullable: true', or set 'bad-rows: quarantine'"
        case .badRow(1, _, _, _):
            "if this line is a header, its names are not the table's: add them under 'columns' or 'aliases'"
        case .badRow: "correct the table's columns, or set 'bad-rows: quarantine' to keep such rows aside"
        case .unknownColumns(_, let nearest?):
            "did you mean '\(nearest)'? 'aliases' lists other names of a column"
        case .unknownColumns: "add the column to the table; type 'skip' keeps it out of the output"
        case .missingColumns: "add the name under 'aliases', or declare the column 'nullable: true'"
        case .noHeader, .emptyFile: "set 'header: auto' or 'header: none' if such files are right"
        case .ambiguousHeader: "set 'header: required' or 'header: none'"
        default: nil
        }
    }

    package var category: ProblemCategory {
        switch kind {
        case .recipe: .recipe
        case .unreadable: .disk
        default: .data
        }
    }

    private func quoted(_ names: [String]) -> String {
        let shown = names.prefix(10).map { "'\($0.escapedForDisplay)'" }.joined(separator: ", ")
        return names.count > 10 ? "\(shown), … (\(names.count) in all)" : shown
    }
}

let emptyFieldReason = "the field is empty"

/// Foreign bytes for a message: escaped, and cut where they are long.
func display(_ bytes: [UInt8]) -> String {
    let limit = 80
    let text = String(decoding: bytes.prefix(limit), as: UTF8.self).escapedForDisplay
    return bytes.count > limit ? "\(text)…" : text
}
