import Listing
import TestSupport
import Testing

@Suite("mirrorPath")
struct MirrorPathTests {
    static let cases: [(String, KeyRefusal.Reason?)] = [
        ("data/spot/x.zip", nil), ("x", nil), ("币安人生USDT/a b.zip", nil), ("-rf", nil), ("~", nil),
        ("$(id)", nil),
        ("a|b;c`d`", nil), ("con", nil), ("%2e%2e%2f", nil), ("..%2F", nil), ("...", nil), (".hidden", nil),
        ("a.", nil),
        ("Datafile", nil), (String(repeating: "a", count: 240), nil),
        ("", .empty), ("/abs.zip", .emptySegment), ("a//b", .emptySegment), ("a/", .emptySegment),
        ("/", .emptySegment),
        ("../../x.zip", .dotSegment), ("a/../../b", .dotSegment), ("a/./b", .dotSegment), ("..", .dotSegment),
        (".", .dotSegment), ("a\u{0}b", .controlByte), ("a\u{1}b", .controlByte), ("a\nb", .controlByte),
        ("a\r\nb", .controlByte), ("a\tb", .controlByte), ("a\u{7F}", .controlByte),
        ("a\u{9B}", .controlByte),
        (String(repeating: "a", count: 241), .segmentTooLong),
        (String(repeating: "a/", count: 600) + "b", .tooLong),
        ("x.zip.partial", .reservedEnding), ("x.partial/y", .reservedEnding), (".partial", .reservedEnding),
    ]

    @Test("takes or refuses", arguments: cases)
    func table(_ key: String, _ reason: KeyRefusal.Reason?) {
        do throws(KeyRefusal) {
            #expect(try mirrorPath(for: key) == key)
            #expect(reason == nil)
        } catch { #expect(error.reason == reason) }
    }

    @Test("random keys never lead out, and no two give one path", arguments: 0..<4)
    func random(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array(".a/\\\u{0}\u{301}e币 %-~\n".unicodeScalars)
        for _ in 0..<20_000 {
            var key = ""
            for _ in 0..<Int.random(in: 0...8, using: &generator) {
                key.unicodeScalars.append(alphabet.randomElement(using: &generator)!)
            }
            guard let path = try? mirrorPath(for: key) else { continue }
            let segments = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
            #expect(Array(path.utf8) == Array(key.utf8), "seed \(seed)")
            #expect(
                segments.allSatisfy { !$0.isEmpty && Array($0) != [0x2E] && Array($0) != [0x2E, 0x2E] },
                "seed \(seed)")
        }
    }

    @Test("keys of any length are judged as byte for byte", arguments: 0..<4)
    func wordForByte(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let common = Array("abcXYZ019-_=.".utf8)
        let rare: [UInt8] = [
            0, 0x1F, 0x20, 0x21, 0x2E, 0x2F, 0x30, 0x7E, 0x7F, 0x80, 0x9F, 0xA0, 0xC1, 0xC2, 0xC3, 0xFF,
        ]
        for _ in 0..<20_000 {
            let key = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                (Int.random(in: 0..<8, using: &generator) == 0 ? rare : common).randomElement(
                    using: &generator)!
            }
            #expect(isMirrorable(key.span) == Self.isMirrorableByBytes(key), "seed \(seed): \(key)")
        }
    }

    private static func isMirrorableByBytes(_ key: [UInt8]) -> Bool {
        for (index, byte) in key.enumerated() {
            if byte < 0x20 || byte == 0x7F { return false }
            if byte == 0xC2, index + 1 < key.count, 0x80 <= key[index + 1], key[index + 1] < 0xA0 {
                return false
            }
        }
        return key.split(separator: 0x2F, omittingEmptySubsequences: false).allSatisfy { segment in
            let text = Array(segment)
            return !text.isEmpty && text != [0x2E] && text != [0x2E, 0x2E] && text.count <= 240
                && text.suffix(8) != Array(".partial".utf8)[...]
        }
    }
}
