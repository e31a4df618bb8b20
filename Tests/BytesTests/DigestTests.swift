import Bytes
import Foundation
import TestSupport
import Testing

@Suite struct DigestTests {
    /// Published values: xxHash's own test vector for no bytes, FIPS 180-4's for "abc".
    @Test func knownValues() {
        #expect(XXH3Digest(of: []).description == "99aa06d3014798d86001c324468d497f")
        #expect(
            ContentIdentity(of: Array("abc".utf8)).sha256.description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test("text and bytes round trip", arguments: [UInt64](1...20)) func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fast = XXH3Digest(high: random.next(), low: random.next())
        let strong = SHA256Digest(words: (random.next(), random.next(), random.next(), random.next()))
        #expect(XXH3Digest(fast.description) == fast)
        #expect(XXH3Digest(fast.description.uppercased()) == fast)
        #expect(XXH3Digest(bytes: fast.bytes) == fast)
        #expect(SHA256Digest(strong.description) == strong)
        #expect(SHA256Digest(bytes: strong.bytes) == strong)
        let identity = ContentIdentity(byteCount: Int(seed), xxh3: fast, sha256: strong)
        let json = try JSONEncoder().encode(identity)
        #expect(try JSONDecoder().decode(ContentIdentity.self, from: json) == identity)
    }

    @Test(
        "other text is no digest",
        arguments: ["", "99aa", "99aa06d3014798d86001c324468d497g", "99aa06d3014798d86001c324468d497f0"])
    func refuses(_ text: String) {
        #expect(XXH3Digest(text) == nil)
        #expect(SHA256Digest(text) == nil)
    }

    /// Lengths around a block's and the padding's, and files of very different lengths side by side.
    @Test("together as one by one", arguments: [UInt64](1...30)) func together(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let lengths = [0, 1, 55, 56, 63, 64, 65, 119, 127, 128, 129, 1_000, 5_000, 20_000]
        let files = (0..<Int.random(in: 0...9, using: &random)).map { _ in
            (0..<lengths.randomElement(using: &random)!).map { _ in UInt8.random(in: 0...255, using: &random)
            }
        }
        let held = files.map { HeldBytes($0) }
        let expected = files.map { ContentIdentity(of: $0) }
        #expect(ContentIdentity.identities(of: held) == expected)
        #expect(ContentIdentity.identities(of: held, usesKernel: false) == expected)
    }

    /// However the bytes are cut into pieces, the digests are those of the whole.
    @Test("pieces", arguments: [UInt64](1...20)) func pieces(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = (0..<Int.random(in: 0...5000, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        var hasher = IdentityHasher()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 0...700, using: &random)))
            rest = rest.dropFirst(piece.count)
            unsafe piece.withUnsafeBytes { unsafe hasher.update($0) }
        }
        #expect(hasher.finish() == ContentIdentity(of: bytes))
    }
}
