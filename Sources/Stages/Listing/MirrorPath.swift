package import Problems

/// A key that no file may be named after.
package struct KeyRefusal: Problem, Hashable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case empty = "it is empty"
        case tooLong = "it is longer than 1024 bytes"
        case emptySegment = "it has an empty segment"
        case dotSegment = "it has a segment '.' or '..'"
        case controlByte = "it has a control character"
        case segmentTooLong = "it has a segment of more than 240 bytes"
        case reservedEnding = "it has a segment that ends in '.partial', which marks unfinished files"
        case alsoDirectory = "other keys lie under it as if it were a directory"
        case normalization = "another key differs from it in Unicode normalisation alone"
    }

    package var key: String
    package var reason: Reason

    package init(key: String, reason: Reason) {
        self.key = key
        self.reason = reason
    }

    package var summary: String {
        "key '\(String(key.prefix(200)).escapedForDisplay)' cannot be a file name: \(reason.rawValue)"
    }
    package var hint: String? { "exclude it with 'where', or narrow the pattern" }
    package var category: ProblemCategory { .upstream }
}

/// The path, below a source's mirror, of the local copy of `key`: the key itself, or a refusal.
///
/// Total and injective: no two keys give one path, none leads out of the mirror, none looks like an unfinished file.
package func mirrorPath(for key: String) throws(KeyRefusal) -> String {
    let bytes = Array(key.utf8)
    if let reason = refusal(ofKey: bytes.span) { throw KeyRefusal(key: key, reason: reason) }
    return key
}

/// Whether `mirrorPath` has a path for a key. Allocates nothing.
package func isMirrorable(_ key: Span<UInt8>) -> Bool { refusal(ofKey: key) == nil }

private func refusal(ofKey key: Span<UInt8>) -> KeyRefusal.Reason? {
    if key.isEmpty { return .empty }
    // The longest key of S3.
    if key.count > 1024 { return .tooLong }
    var refusal: KeyRefusal.Reason?
    var segmentStart = 0
    for start in stride(from: 0, to: key.count, by: 8) {
        var places = notablePlaces(in: key, at: start)
        while places != 0 {
            let index = start + places.trailingZeroBitCount / 8
            places &= places - 1
            let byte = key[index]
            if byte < 0x20 || byte == 0x7F { return .controlByte }
            // U+0080 to U+009F.
            if byte == 0xC2, index + 1 < key.count, (0x80..<0xA0).contains(key[index + 1]) {
                return .controlByte
            }
            if byte == UInt8(ascii: "/") {
                refusal = segmentRefusal(of: key, segmentStart..<index) ?? refusal
                segmentStart = index + 1
            }
        }
    }
    return segmentRefusal(of: key, segmentStart..<key.count) ?? refusal
}

/// Of up to eight bytes from `start` on, a bit for each that is looked at by itself: bit 7 of its byte. None is left out that is a
/// control character, the first byte of one, or a slash.
private func notablePlaces(in key: Span<UInt8>, at start: Int) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let signs = ones << 7
    guard start + 8 <= key.count else { return signs >> (8 * UInt64(start + 8 - key.count)) }
    // SAFETY: eight bytes from `start` on are there.
    let word = unsafe UInt64(
        littleEndian: key.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    func zeros(_ bytes: UInt64) -> UInt64 { (bytes &- ones) & ~bytes }
    let controls = (word &- 0x20 * ones) & ~word
    return signs
        & (controls | zeros(word ^ (0x7F * ones)) | zeros(word ^ (0xC2 * ones)) | zeros(word ^ (0x2F * ones)))
}

private func segmentRefusal(of key: Span<UInt8>, _ range: Range<Int>) -> KeyRefusal.Reason? {
    func isDot(_ index: Int) -> Bool { key[index] == UInt8(ascii: ".") }
    switch range.count {
    case 0: return .emptySegment
    case 1 where isDot(range.lowerBound): return .dotSegment
    case 2 where isDot(range.lowerBound) && isDot(range.lowerBound + 1): return .dotSegment
    // Room for the ending of temporary files in the 255 bytes of most file systems.
    case 241...: return .segmentTooLong
    default: break
    }
    let ending: StaticString = ".partial"
    guard range.count >= ending.utf8CodeUnitCount else { return nil }
    let start = range.upperBound - ending.utf8CodeUnitCount
    let isReserved = ending.withUTF8Buffer { text in
        // SAFETY: offset is below the text's count, and start + offset below the key's.
        text.indices.allSatisfy { unsafe text[$0] == key[start + $0] }
    }
    return isReserved ? .reservedEnding : nil
}
