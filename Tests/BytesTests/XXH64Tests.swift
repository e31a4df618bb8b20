import Bytes
import Testing

@Suite struct XXH64Tests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var hash: UInt64
        var testDescription: String { "'\(text)'" }
    }

    /// Published test vectors of seed 0.
    static let cases = [
        Case(text: "", hash: 0xEF46_DB37_51D8_E999),
        Case(text: "a", hash: 0xD24E_C4F1_A98C_6E5B),
        Case(text: "abc", hash: 0x44BC_2CF5_AD77_0999),
    ]

    @Test("known hashes", arguments: cases)
    func known(_ c: Case) { #expect(Self.hash(Array(c.text.utf8)) == c.hash) }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe XXH64.hash($0) }
    }

    @Test("one after the other as each on its own", arguments: [4, 8, 16])
    func widths(byteCount: Int) {
        let bytes = (0..<byteCount * 100).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 256) }
        var hashes = [UInt64](repeating: 0, count: 100)
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe hashes.withUnsafeMutableBufferPointer {
                unsafe XXH64.hash(bytes, each: byteCount, into: $0)
            }
        }
        #expect(
            hashes == (0..<100).map { Self.hash(Array(bytes[$0 * byteCount..<($0 + 1) * byteCount])) })
    }

    @Test("texts as each on its own, from any start")
    func texts() {
        let texts = ["skipped", "", "a", "", String(repeating: "z", count: 1000), "abc"]
        let bytes = Array(texts.joined().utf8)
        var ends: [UInt32] = []
        for text in texts { ends.append((ends.last ?? 0) + UInt32(text.utf8.count)) }
        var hashes = [UInt64](repeating: 0, count: texts.count - 1)
        unsafe ends.withUnsafeBufferPointer { ends in
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe hashes.withUnsafeMutableBufferPointer {
                    unsafe XXH64.hash(
                        ends: UnsafeBufferPointer(rebasing: ends[1...]), from: ends[0], bytes: bytes, into: $0
                    )
                }
            }
        }
        #expect(hashes == texts.dropFirst().map { Self.hash(Array($0.utf8)) })
    }

    @Test("texts without a byte between them")
    func noBytes() {
        var hashes: [UInt64] = [0, 0]
        unsafe [UInt32(0), 0].withUnsafeBufferPointer { ends in
            unsafe hashes.withUnsafeMutableBufferPointer {
                unsafe XXH64.hash(
                    ends: ends, from: 0, bytes: UnsafeRawBufferPointer(start: nil, count: 0), into: $0)
            }
        }
        #expect(hashes == [0xEF46_DB37_51D8_E999, 0xEF46_DB37_51D8_E999])
    }
}
