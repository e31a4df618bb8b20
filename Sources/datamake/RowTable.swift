import ArgumentParser
import Building
import Problems

extension List {
    /// Shows the first rows of each partition, as a table or as JSON lines. Exit 1 where one cannot be read.
    func showRows(_ count: Int, in workspace: Workspace) async throws {
        guard count > 0 else {
            throw BuildProblem.badFlag("--rows \(count): not a number of rows", hint: "choose 1 or more")
        }
        var shownCount = 0
        var isComplete = true
        let request = try selection.request(in: workspace)
        try await sampleRows(count, of: request, in: workspace, observer: Notes()) { result in
            switch result {
            case .failure(let problem):
                printProblem(problem)
                isComplete = false
            case .success(let sample):
                if json {
                    for line in sample.lines { try printJSON(line) }
                } else {
                    printResult((shownCount > 0 ? "\n" : "") + sample.table)
                }
                shownCount += 1
            }
        }
        if !isComplete { throw ExitCode(1) }
    }
}

/// One row of `ls --rows --json`.
private struct RowLine: Encodable {
    var target: String
    /// Counted from 0.
    var row: Int
    var values: [String: RowSample.Cell]
}

extension RowSample {
    private var shownRowCount: Int { columns.first?.cells.count ?? 0 }

    fileprivate var lines: [RowLine] {
        (0..<shownRowCount).map { row in
            RowLine(
                target: target, row: row,
                values: Dictionary(
                    columns.map { ($0.name, $0.cells[row]) }, uniquingKeysWith: { first, _ in first })
            )
        }
    }

    /// The target and its number of rows, the columns' names, and the rows; numbers at the right.
    fileprivate var table: String {
        let texts = columns.map { [$0.name.escapedForDisplay] + $0.cells.map(\.text.escapedForDisplay) }
        let widths = texts.map { $0.map(\.count).max() ?? 0 }
        var lines = ["\(target.escapedForDisplay)  (\(grouped(rowCount)) rows)"]
        for row in 0...shownRowCount {
            let cells = columns.indices.map { column in
                padded(texts[column][row], to: widths[column], atStart: columns[column].isNumber)
            }
            let line = cells.joined(separator: "  ")
            lines.append(String(line.reversed().drop { $0 == " " }.reversed()))
        }
        return lines.joined(separator: "\n")
    }
}
