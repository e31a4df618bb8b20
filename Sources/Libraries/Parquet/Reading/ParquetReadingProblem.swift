public import Problems

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a Parquet file cannot be read, or is not what it says of itself, and where in the file that shows.
public struct ParquetReadingProblem: Error, Hashable, Sendable {
    /// What is wrong. Texts name the thing as messages do: "the footer", "num_values".
    public enum Kind: Hashable, Sendable {
        /// The file does not begin and end as Parquet files do.
        case notParquet
        /// Something has fewer bytes than it needs.
        case cutShort(String, byteCount: Int, expected: Int)
        /// A number that cannot be what it stands for.
        case outOfRange(String, value: Int, allowed: ClosedRange<Int>)
        /// Two places contradict each other, or a place contradicts the values.
        case disagrees(String, found: String, expected: String)
        /// A field that the format requires is not there.
        case missing(String)
        /// Bytes that no writer writes; the text says what they are.
        case malformed(String)
        /// The CRC-32 of a page is not the one in its header.
        case checksum(found: UInt32, expected: UInt32)
        /// A codec refused a page's bytes; the text is the codec's.
        case decompression(String)
        /// Sound, as far as can be told, but made of something this reader does not read.
        case unsupported(String)
        /// Decoding would take more memory than the limit allows.
        case tooLarge(String, byteCount: Int, limit: Int)
        /// The system refused.
        case system(operation: String, errorNumber: Int32)
    }

    /// What is wrong.
    public var kind: Kind
    /// The file's path or name.
    public var file: String
    /// Byte of the file at which the fault shows, or where the page begins that has it.
    public var offset: Int
    /// The thing at `offset`, such as "data page"; nil where the offset says it all.
    public var part: String?
    /// Byte within the part's decoded payload, where that tells more than `offset`.
    public var innerOffset: Int?
    /// The row group, counted from 0, where the fault is in one.
    public var rowGroup: Int?
    /// Name of the column.
    public var column: String?

    /// A fault and its place, as the properties describe them.
    public init(
        _ kind: Kind, file: String, offset: Int, part: String? = nil, innerOffset: Int? = nil,
        rowGroup: Int? = nil, column: String? = nil
    ) {
        self.kind = kind
        self.file = file
        self.offset = offset
        self.part = part
        self.innerOffset = innerOffset
        self.rowGroup = rowGroup
        self.column = column
    }

    /// Whether the file's bytes are at fault, and not the reader or the system.
    public var isDamage: Bool {
        switch kind {
        case .unsupported, .tooLarge, .system: false
        default: true
        }
    }

    /// Where and what, without the name of the file: `byte 120 (column 'open', row group 0, data page): …`.
    public var placeAndFault: String { "byte \(offset)\(place): \(kind.text)" }

    private var place: String {
        var words = [String]()
        if let column { words.append("column '\(column.escapedForDisplay)'") }
        if let rowGroup { words.append("row group \(rowGroup)") }
        if let part { words.append(innerOffset.map { "byte \($0) of the \(part)'s values" } ?? part) }
        return words.isEmpty ? "" : " (\(words.joined(separator: ", ")))"
    }
}

extension ParquetReadingProblem.Kind {
    /// The fault in words, without its place.
    fileprivate var text: String {
        switch self {
        case .notParquet: "not a Parquet file: it does not begin and end with 'PAR1'"
        case .cutShort(let what, let byteCount, let expected):
            "\(what): \(byteCount) bytes, expected \(expected)"
        case .outOfRange(let what, let value, let allowed):
            "\(what) is \(value), expected "
                + (allowed.lowerBound == allowed.upperBound
                    ? "\(allowed.lowerBound)"
                    : allowed.upperBound == .max
                        ? "at least \(allowed.lowerBound)" : "\(allowed.lowerBound)...\(allowed.upperBound)")
        case .disagrees(let what, let found, let expected):
            "\(what) is \(found.escapedForDisplay), expected \(expected.escapedForDisplay)"
        case .missing(let what): "\(what) is missing"
        case .malformed(let what): what.escapedForDisplay
        case .checksum(let found, let expected):
            "the page's CRC-32 is \(hexadecimal(found)), its header says \(hexadecimal(expected))"
        case .decompression(let text): "the page cannot be decompressed: \(text)"
        case .unsupported(let what): "\(what.escapedForDisplay) is not supported"
        case .tooLarge(let what, let byteCount, let limit):
            "\(what) takes \(byteCount) bytes of memory, the limit is \(limit)"
        case .system(let operation, let number): "cannot \(operation): \(systemErrorText(number))"
        }
    }
}

extension ParquetReadingProblem: Problem {
    package var summary: String { "\(file.escapedForDisplay): \(placeAndFault)" }

    package var hint: String? {
        switch kind {
        case .notParquet: "is it another format, or was it cut short?"
        case .unsupported: "write the file again without it"
        case .tooLarge: "raise the reader's limit if the file is to be trusted"
        case .system: nil
        default: "the file is damaged: make it again from its source"
        }
    }

    public var description: String { hint.map { "\(summary)\n  hint: \($0)" } ?? summary }

    package var category: ProblemCategory {
        switch kind {
        case .checksum: .checksum
        case .system: .disk
        default: .data
        }
    }
}

private func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

/// The C library's text for an `errno`.
private func systemErrorText(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text)
}

/// What is wrong with some bytes, and which of them: what decoders throw, who do not know where in the file they are.
struct Fault: Error {
    var kind: ParquetReadingProblem.Kind
    /// Byte within what was decoded.
    var offset: Int

    init(_ kind: ParquetReadingProblem.Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}
