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
}
