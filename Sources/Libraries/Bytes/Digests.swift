/// An XXH3-128 of some bytes: finds accidents fast; not proof against an adversary.
///
/// Its text is 32 lower-case hex digits, high half first, as `xxhsum -H2` prints it.
public struct XXH3Digest: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// A SHA-256 of some bytes, as four big-endian words. Decides wherever somebody outside could have written the bytes.
public struct SHA256Digest: Hashable, Sendable {
    public var words: (UInt64, UInt64, UInt64, UInt64)

    public init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    public static func == (a: Self, b: Self) -> Bool { a.words == b.words }
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// The two digests every file is known by, and its length, all taken in one pass over its bytes.
public struct ContentIdentity: Hashable, Sendable, Codable {
    public var byteCount: Int
    public var xxh3: XXH3Digest
    public var sha256: SHA256Digest

    public init(byteCount: Int, xxh3: XXH3Digest, sha256: SHA256Digest) {
        self.byteCount = byteCount
        self.xxh3 = xxh3
        self.sha256 = sha256
    }
}

/// A digest that is written as fixed-length lower-case hex, also in JSON, and kept as big-endian bytes in databases.
public protocol HexDigest: LosslessStringConvertible, Codable {
    static var byteCount: Int { get }
    /// Big-endian bytes, `byteCount` of them.
    var bytes: [UInt8] { get }
    /// Nil unless there are exactly `byteCount` bytes.
    init?(bytes: some Collection<UInt8>)
}

extension HexDigest {
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text = [UInt8]()
        text.reserveCapacity(2 * Self.byteCount)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads hex of either case; nil for any other length or character.
    public init?(_ text: String) {
        guard text.utf8.count == 2 * Self.byteCount else { return nil }
        var bytes = [UInt8]()
        var high: UInt8?
        for character in text.utf8 {
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 0x30
            case 0x61...0x66: digit = character - 0x61 + 10
            case 0x41...0x46: digit = character - 0x41 + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        self.init(bytes: bytes)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected \(2 * Self.byteCount) hex digits")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

private func bigEndianBytes(_ words: [UInt64]) -> [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
}

private func bigEndianWords(_ bytes: some Collection<UInt8>) -> [UInt64] {
    var words = [UInt64]()
    for (offset, byte) in bytes.enumerated() {
        if offset % 8 == 0 { words.append(0) }
        words[offset / 8] = words[offset / 8] << 8 | UInt64(byte)
    }
    return words
}

extension XXH3Digest: HexDigest {
    public static var byteCount: Int { 16 }
    public var bytes: [UInt8] { bigEndianBytes([high, low]) }
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let words = bigEndianWords(bytes)
        self.init(high: words[0], low: words[1])
    }
}

extension SHA256Digest: HexDigest {
    public static var byteCount: Int { 32 }
    public var bytes: [UInt8] { bigEndianBytes([words.0, words.1, words.2, words.3]) }
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        let words = bigEndianWords(bytes)
        self.init(words: (words[0], words[1], words[2], words[3]))
    }
}
