/// What a column holds. The text forms are those of the Datafile.
public enum ColumnType: Hashable, Sendable {
    case int32, int64, float32, float64
    /// An exact decimal: an integer of at most `precision` digits, divided by 10^`scale`. `1...38`, `0...precision`.
    case decimal(precision: Int, scale: Int)
    case bool
    /// UTF-8 text.
    case text
    /// Days since 1970-01-01.
    case date
    /// Microseconds since 1970-01-01 00:00 UTC.
    case timestamp
}

/// How the values of a column lie in memory: one fixed-width slot a row, or, for text, end offsets and bytes.
public enum Layout: Hashable, Sendable {
    /// `Int32`: int32, date.
    case int32
    /// `Int64`: int64, timestamp, and decimals of up to 18 digits.
    case int64
    /// `Int128`: decimals of 19 to 38 digits.
    case int128
    case float32, float64
    /// `UInt8`, 0 or 1.
    case bool
    /// `UInt32` end offsets into a byte buffer.
    case text

    /// Bytes a row takes in the slot buffer.
    public var slotByteCount: Int {
        switch self {
        case .int32, .float32, .text: 4
        case .int64, .float64: 8
        case .int128: 16
        case .bool: 1
        }
    }
}

extension ColumnType {
    public var layout: Layout {
        switch self {
        case .int32, .date: .int32
        case .int64, .timestamp: .int64
        case .decimal(let precision, _): precision <= 18 ? .int64 : .int128
        case .float32: .float32
        case .float64: .float64
        case .bool: .bool
        case .text: .text
        }
    }
}

extension ColumnType: LosslessStringConvertible, Codable {
    public var description: String {
        switch self {
        case .int32: "int32"
        case .int64: "int64"
        case .float32: "float32"
        case .float64: "float64"
        case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
        case .bool: "bool"
        case .text: "text"
        case .date: "date"
        case .timestamp: "timestamp"
        }
    }

    /// Reads a Datafile's spelling, such as `decimal(18,8)`; nil for anything else or a precision out of range.
    public init?(_ text: String) {
        switch text {
        case "int32": self = .int32
        case "int64": self = .int64
        case "float32": self = .float32
        case "float64": self = .float64
        case "bool": self = .bool
        case "text": self = .text
        case "date": self = .date
        case "timestamp": self = .timestamp
        default:
            guard text.hasPrefix("decimal("), text.hasSuffix(")") else { return nil }
            let numbers = text.dropFirst("decimal(".count).dropLast().split(
                separator: ",", omittingEmptySubsequences: false)
            let trimmed = numbers.map { $0.drop { $0 == " " } }
            guard trimmed.count == 2, let precision = Int(trimmed[0]), let scale = Int(trimmed[1]),
                (1...38).contains(precision), (0...precision).contains(scale)
            else { return nil }
            self = .decimal(precision: precision, scale: scale)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let type = ColumnType(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no column type '\(text)'")
        }
        self = type
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A column's name and type in a table.
public struct Field: Hashable, Sendable, Codable {
    public var name: String
    public var type: ColumnType
    /// Whether rows may have no value here.
    public var isNullable: Bool

    public init(name: String, type: ColumnType, isNullable: Bool) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}
