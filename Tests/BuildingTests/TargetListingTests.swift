import Building
import Foundation
import TestSupport
import Testing

/// The line of `ls --json` that is put together by hand is the one that the encoder makes.
@Suite struct TargetListingTests {
    static let names = [
        "lake/klines/symbol=BTCUSDT/2024-01.parquet", "", "a \"quoted\" name", "back\\slash", "tab\there",
        "line\nbreak",
        "nul\u{0}", "del\u{7F}", "bell\u{7}", "c1\u{85}", "币安/文件", "e\u{301}", "\u{2028}\u{2029}", "🗜.zip",
        "</script>",
    ]

    @Test("as the encoder writes it", arguments: names) func twin(_ name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for rule in [nil, "klines", name] {
            for count in [nil, 0, -1, Int.max] {
                let text = """
                    {"target": \(String(decoding: try encoder.encode(name), as: UTF8.self)), "kind": "raw", "state": "fresh"}
                    """
                var listing = try JSONDecoder().decode(TargetListing.self, from: Data(text.utf8))
                listing.rule = rule
                listing.bytes = count
                listing.rows = count.map { $0 / 2 }
                listing.sha256 = rule.map { _ in String(repeating: "0f", count: 32) }
                #expect(listing.json == String(decoding: try encoder.encode(listing), as: UTF8.self))
            }
        }
    }
}
