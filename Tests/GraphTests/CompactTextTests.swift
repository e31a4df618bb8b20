import Bytes
import Graph
import TestSupport
import Testing

/// Etags and times come back byte for byte, in few bytes where they have the usual shapes.
@Suite struct CompactTextTests {
    private static let md5 = "d41d8cd98f00b204e9800998ecf8427e"

    private func compact(etag text: String) -> [UInt8] {
        // Something stands before, as in a list.
        var bytes: [UInt8] = [9]
        CompactText.append(etag: text, to: &bytes)
        #expect(bytes.first == 9)
        return Array(bytes.dropFirst())
    }

    private func compact(time text: String) -> [UInt8] {
        var bytes: [UInt8] = [9]
        CompactText.append(time: text, to: &bytes)
        #expect(bytes.first == 9)
        return Array(bytes.dropFirst())
    }

    @Test(
        "etags",
        arguments: [
            ("empty", "", 1), ("short", "abc", 4), ("MD5", md5, 17),
            ("capitals", md5.uppercased(), 33), ("one digit short", String(md5.dropLast()), 32),
            ("no digit", "g" + md5.dropFirst(), 33), ("no digit in the end", md5.dropLast() + "g", 33),
            ("parts", md5 + "-1", 18), ("many parts", md5 + "-4294967295", 22),
            ("too many parts", md5 + "-4294967296", 44), ("a zero before", md5 + "-01", 36),
            ("a sign", md5 + "-+1", 36), ("no number", md5 + "-", 34), ("more", md5 + "0", 34),
            ("not ASCII", "\u{E9}" + md5, 35),
        ])
    func etags(name: String, text: String, byteCount: Int) {
        let bytes = compact(etag: text)
        #expect(bytes.count == byteCount, "\(name)")
        #expect(CompactText.etag(bytes.span).utf8.elementsEqual(text.utf8), "\(name)")
    }

    @Test(
        "times",
        arguments: [
            ("empty", "", 1), ("seconds", "2024-02-29T23:59:59Z", 6),
            ("zero milliseconds", "2024-02-29T23:59:59.000Z", 6),
            ("milliseconds", "2024-02-29T23:59:59.001Z", 7),
            ("microseconds", "2024-02-29T23:59:59.000001Z", 9), ("the first", "1970-01-01T00:00:00Z", 2),
            ("before the first", "1969-12-31T23:59:59Z", 21), ("the last", "9999-12-31T23:59:59.999Z", 8),
            ("a day there is not", "2023-02-29T23:59:59Z", 21), ("a leap second", "2016-12-31T23:59:60Z", 21),
            ("another zone", "2024-02-29T23:59:59+01:00", 26), ("two digits", "2024-02-29T23:59:59.00Z", 24),
            ("a small letter", "2024-02-29t23:59:59Z", 21),
        ])
    func times(name: String, text: String, byteCount: Int) {
        let bytes = compact(time: text)
        #expect(bytes.count == byteCount, "\(name)")
        #expect(CompactText.time(bytes.span).utf8.elementsEqual(text.utf8), "\(name)")
    }

    @Test("texts a byte away from the usual shapes, the same bytes only for the same text")
    func changed() {
        var random = SeededGenerator(seed: 11)
        let shapes = [
            Self.md5, Self.md5 + "-12", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.123Z",
            "2024-02-29T23:59:59.123456Z",
        ]
        var seen: [[UInt8]: String] = [:]
        for _ in 0..<20_000 {
            var text = Array(shapes.randomElement(using: &random)!.utf8)
            let place = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: text.remove(at: place)
            case 1: text.insert(UInt8(ascii: "0"), at: place)
            default: text[place] = Array("0123456789abcdefF-.:TZ".utf8).randomElement(using: &random)!
            }
            let string = String(decoding: text, as: UTF8.self)
            #expect(CompactText.time(compact(time: string).span) == string)
            let bytes = compact(etag: string)
            #expect(CompactText.etag(bytes.span) == string)
            #expect(seen[bytes] == nil || seen[bytes] == string)
            seen[bytes] = string
        }
    }

    @Test("an object list knows which objects changed")
    func list() {
        let changes: [(name: String, change: (inout RemoteObject) -> Void)] = [
            ("nothing", { _ in }), ("etag", { $0.etag += "0" }), ("size", { $0.byteCount += 1 }),
            ("time", { $0.lastModified = "2024-01-01T00:00:00.001Z" }),
        ]
        let objects = ["", Self.md5, Self.md5 + "-3", "odd"].enumerated().map { index, etag in
            RemoteObject(
                key: "\(index)", etag: etag, byteCount: index, lastModified: "2024-01-01T00:00:00.000Z")
        }
        let list = ObjectList(objects)
        #expect(Array(list) == objects)
        var scratch: [UInt8] = []
        for place in objects.indices {
            for (name, change) in changes {
                var changed = objects
                change(&changed[place])
                let isSame = list.isSame(place, as: changed[place], scratch: &scratch)
                // The time counts only where there is no etag.
                let counts = name != "nothing" && (name != "time" || objects[place].etag.isEmpty)
                #expect(isSame == !counts, "\(name) of \(place)")
            }
        }
    }
}
