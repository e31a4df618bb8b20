package import Problems

/// A file that cannot be read as CSV at all. What is wrong with single records is counted, not thrown.
package enum CSVProblem: Problem, Equatable {
    /// Where it was found: line from 1, byte from 0.
    package struct Place: Hashable, Sendable {
        package var line: Int
        package var byte: Int
        package init(line: Int, byte: Int) {
            self.line = line
            self.byte = byte
        }
    }

    case utf16(file: String)
    case zeroByte(file: String, Place)
    case unclosedQuote(file: String, Place)
    /// A record of more than `limit` bytes. `inQuotes` when that is because a quote is open.
    case recordTooLong(file: String, Place, limit: Int, inQuotes: Bool)

    package var summary: String {
        switch self {
        case .utf16(let file):
            "\(file.escapedForDisplay):1 (byte 0): this is UTF-16, not UTF-8"
        case .zeroByte(let file, let place):
            "\(file.escapedForDisplay):\(place.line) (byte \(place.byte)): there is a zero byte, which no CSV holds"
        case .unclosedQuote(let file, let place):
            "\(file.escapedForDisplay):\(place.line) (byte \(place.byte)): a quote is opened here and never closed"
        case .recordTooLong(let file, let place, let limit, let inQuotes):
            "\(file.escapedForDisplay):\(place.line) (byte \(place.byte)): the record that begins here has more than "
                + "\(limit) bytes" + (inQuotes ? "; a quote in it is still open" : "")
        }
    }

    package var hint: String? {
        switch self {
        case .utf16: "convert the file to UTF-8 first"
        case .zeroByte: "holes in a damaged file read as zero bytes; compare it with the publisher's copy"
        case .unclosedQuote: "check the table's 'quote', or the file itself"
        case .recordTooLong: "check the table's 'delimiter' and 'quote', or whether this is a CSV at all"
        }
    }

    package var category: ProblemCategory { .data }
}
