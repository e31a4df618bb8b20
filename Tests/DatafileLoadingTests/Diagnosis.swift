import DatafileLoading

/// What is wrong with a text, one line for each: `line:column message | hint`.
func diagnosis(of text: String) -> [String] {
    do {
        _ = try loadDatafile(text: text)
        return []
    } catch {
        return error.diagnostics.map {
            "\($0.line):\($0.column) \($0.message)" + ($0.hint.map { " | \($0)" } ?? "")
        }
    }
}

/// A wrong Datafile and all that is to be said about it.
struct BadCase: Sendable, CustomStringConvertible {
    var name: String
    var text: String
    var expected: [String]

    var description: String { name }

    init(_ name: String, _ text: String, _ expected: String...) {
        self.name = name
        self.text = text
        self.expected = expected
    }

    /// A rule `r` over two sources and a table, with `lines` as its keys; they begin at line 3, column 5.
    static func rule(_ name: String, _ lines: String, _ expected: String...) -> BadCase {
        let indented = lines.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
            .joined(separator: "\n")
        var result = BadCase(name, "rules:\n  r:\n\(indented)\n" + surroundings)
        result.expected = expected
        return result
    }

    /// A table `t` with `lines` as its keys; they begin at line 4, column 5.
    static func table(_ name: String, _ lines: String, _ expected: String...) -> BadCase {
        let indented = lines.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
            .joined(separator: "\n")
        var result = BadCase(name, "version: 1\ntables:\n  t:\n\(indented)\n")
        result.expected = expected
        return result
    }

    /// A bucket `s` with `lines` as its further keys; they begin at line 5, column 5.
    static func source(_ name: String, _ lines: String, _ expected: String...) -> BadCase {
        let indented = lines.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
            .joined(separator: "\n")
        var result = BadCase(name, "version: 1\nsources:\n  s:\n    s3: https://h/b\n\(indented)\n")
        result.expected = expected
        return result
    }

    static let surroundings = """
        sources:
          s: {s3: https://h/b, mirror: mirror/s}
          d: {dir: /d}
        tables:
          t: {columns: {time: timestamp, a: int64}, sort: time, every: 1m}
          w: {columns: {time: timestamp, a: int64}, sort: time, every: "{interval}"}
        version: 1

        """
}
