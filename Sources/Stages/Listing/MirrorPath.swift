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
    var refusal: KeyRefusal.Reason?
    if key.isEmpty { refusal = .empty }
    // The longest key of S3.
    if key.utf8.count > 1024 { refusal = .tooLong }
    for scalar in key.unicodeScalars where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
        refusal = .controlByte
    }
    if refusal == nil {
        for segment in key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if segment.isEmpty { refusal = .emptySegment }
            if segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8) { refusal = .dotSegment }
            // Room for the ending of temporary files in the 255 bytes of most file systems.
            if segment.count > 240 { refusal = .segmentTooLong }
            if segment.suffix(8).elementsEqual(".partial".utf8) { refusal = .reservedEnding }
        }
    }
    if let refusal { throw KeyRefusal(key: key, reason: refusal) }
    return key
}
