/// The two bytes that shape a CSV file; records end in LF or CRLF (RFC 4180).
package struct FieldSyntax: Hashable, Sendable {
    /// Between fields.
    package var delimiter: UInt8
    /// Around fields that hold delimiters, newlines or quotes; doubled inside.
    package var quote: UInt8

    package init(delimiter: UInt8 = UInt8(ascii: ","), quote: UInt8 = UInt8(ascii: "\"")) {
        self.delimiter = delimiter
        self.quote = quote
    }

    /// Whether the two bytes can do their job: different from each other, from CR, LF and NUL, and ASCII.
    package var isUsable: Bool {
        let reserved: [UInt8] = [0, Self.lineFeed, Self.carriageReturn]
        return delimiter != quote && !reserved.contains(delimiter) && !reserved.contains(quote)
            && delimiter < 0x80 && quote < 0x80
    }

    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
}

/// Why one field is not a value of its column. The raw values are what kernels write into status bytes.
package enum FieldStatus: UInt8, Hashable, Sendable {
    case ok = 0
    /// No bytes.
    case empty = 1
    /// Not spelled as the type is spelled.
    case malformed = 2
    /// Spelled well, and more than the type or the allowed range holds.
    case outOfRange = 3
    /// Has digits that the type would have to round away.
    case inexact = 4
    /// A timestamp of another form or unit than the file began with.
    case mixedForm = 5
}

/// Why a record cannot be split into fields.
package enum Malformation: UInt8, Hashable, Sendable {
    /// `a"b`: a quote inside a field that did not begin with one.
    case quoteInField
    /// `"a"b`: text between a closing quote and the delimiter.
    case textAfterQuote
    /// A CR that no LF follows, outside quotes.
    case strayCarriageReturn
    /// A zero byte: what holes in a damaged file read as, and every other byte of UTF-16.
    case zeroByte
    /// The file ends before the quote is closed.
    case unclosedQuote
}
