package import Bytes
import Problems

/// A published checksum file: lines of `sha256sum`.
package enum ChecksumFile {
    /// Longest file in bytes that is read.
    package static let byteLimit = 64 << 10

    package struct Refusal: Error, Hashable {
        package var reason: String
    }

    /// The SHA-256 that the file gives for `name`.
    ///
    /// Every line must be 64 hex digits, two spaces or ` *`, and a name without `/`; line ends may be CRLF and the last may lack
    /// one. Lines for other names are passed over; none for `name`, or two that disagree, is refused.
    package static func digest(for name: String, in bytes: [UInt8]) throws(Refusal) -> SHA256Digest {
        guard !bytes.isEmpty else { throw Refusal(reason: "it is empty") }
        guard bytes.count <= byteLimit else { throw Refusal(reason: "it is longer than \(byteLimit) bytes") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal(reason: "it is not UTF-8")
        }
        var lines = Array(text.utf8).split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var found: SHA256Digest?
        for (index, line) in lines.enumerated() {
            guard let (digest, itsName) = parse(line.last == 0x0D ? line.dropLast() : line) else {
                let start = String(decoding: line.prefix(60), as: UTF8.self).escapedForDisplay
                throw Refusal(reason: "line \(index + 1) is not '<sha256>  <name>': '\(start)'")
            }
            guard itsName.utf8.elementsEqual(name.utf8) else { continue }
            if let found, found != digest { throw Refusal(reason: "it gives two digests for the name") }
            found = digest
        }
        guard let found else { throw Refusal(reason: "it does not name '\(name.escapedForDisplay)'") }
        return found
    }

    private static func parse(_ line: ArraySlice<UInt8>) -> (SHA256Digest, String)? {
        let hex = line.prefix(64)
        let mark = line.dropFirst(64).prefix(2)
        let name = line.dropFirst(66)
        guard mark.elementsEqual("  ".utf8) || mark.elementsEqual(" *".utf8), !name.isEmpty,
            name.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }),
            let digest = SHA256Digest(String(decoding: hex, as: UTF8.self))
        else { return nil }
        return (digest, String(decoding: name, as: UTF8.self))
    }
}
