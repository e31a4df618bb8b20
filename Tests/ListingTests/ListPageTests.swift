import Foundation
import Graph
import Listing
import TestSupport
import Testing

private let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

private func document(_ inner: String) -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult \(namespace)>\(inner)</ListBucketResult>"
}

private func contents(_ key: String, size: String = "1") -> String {
    "<Contents><Key>\(key)</Key><LastModified>2026-09-02T07:40:48.000Z</LastModified>"
        + "<ETag>&quot;ab&quot;</ETag><Size>\(size)</Size><StorageClass>STANDARD</StorageClass></Contents>"
}

private let ended = "<IsTruncated>false</IsTruncated>"

private func parse(_ text: String) throws -> ListPage { try ListPage(parsing: Array(text.utf8)) }

@Suite("ListPage")
struct ListPageTests {
    @Test("reads objects, prefixes and the token")
    func reads() throws {
        let page = try parse(
            document(
                "<Name>b</Name><Prefix>d/</Prefix><KeyCount>99</KeyCount><IsTruncated>true</IsTruncated>"
                    + "<NextContinuationToken>1/a+b=</NextContinuationToken>"
                    + contents("d/a&amp;b.zip", size: "26293521")
                    + "<CommonPrefixes><Prefix>d/x/</Prefix></CommonPrefixes>" + contents("d/c.zip")
                    + "<CommonPrefixes><Prefix>d/y/</Prefix></CommonPrefixes>"))
        #expect(page.objects.map(\.key) == ["d/a&b.zip", "d/c.zip"])
        #expect(page.objects[0].byteCount == 26_293_521)
        #expect(page.objects[0].etag == "ab")
        #expect(page.objects[0].lastModified == "2026-09-02T07:40:48.000Z")
        #expect(page.prefixes == ["d/x/", "d/y/"])
        #expect(page.nextToken == "1/a+b=")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        /// Nil: refused.
        var keys: [String]?
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ keys: [String]?) {
            self.name = name
            self.text = text
            self.keys = keys
        }
    }

    static let cases: [Case] = [
        Case("empty listing", document(ended), []),
        Case("empty text", "", nil),
        Case("no namespace", "<ListBucketResult>\(ended)</ListBucketResult>", []),
        Case("byte order mark", "\u{FEFF}" + document(ended), []),
        Case("prefixed root", "<s:ListBucketResult xmlns:s=\"x\">\(ended)</s:ListBucketResult>", nil),
        Case("error with status 200", "<Error><Code>InternalError</Code></Error>", nil),
        Case("web page", "<html><body>login</body></html>", nil),
        Case("versions", "<ListVersionsResult>\(ended)</ListVersionsResult>", nil),
        Case("two roots", document(ended) + "<a/>", nil),
        Case("text after the root", document(ended) + "x", nil),
        Case("DOCTYPE", "<!DOCTYPE x>" + document(ended), nil),
        Case(
            "entities",
            "<!DOCTYPE x [<!ENTITY a \"b\">]><ListBucketResult>\(contents("&a;"))\(ended)</ListBucketResult>",
            nil),
        Case(
            "external entity",
            "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><ListBucketResult>\(contents("&a;"))\(ended)</ListBucketResult>",
            nil),
        Case("unknown entity", document(contents("&bogus;") + ended), nil),
        Case("ampersand alone", document(contents("a&b") + ended), nil),
        Case("character 0", document(contents("&#0;") + ended), nil),
        Case("character 1", document(contents("&#1;") + ended), nil),
        Case("surrogate", document(contents("&#xD800;") + ended), nil),
        Case("character beyond Unicode", document(contents("&#x110000;") + ended), nil),
        Case(
            "other encoding",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><ListBucketResult>\(ended)</ListBucketResult>",
            nil),
        Case("CDATA in a key", document(contents("<![CDATA[a<b]]>") + ended), ["a<b"]),
        Case("comment in a key", document(contents("a<!-- x -->b") + ended), ["ab"]),
        Case("element in a key", document(contents("a<b/>c") + ended), nil),
        Case("CDATA end in text", document(contents("a]]>") + ended), nil),
        Case(
            "key of 4,096 bytes", document(contents(String(repeating: "k", count: 4096)) + ended),
            [String(repeating: "k", count: 4096)]),
        Case("key of 4,097 bytes", document(contents(String(repeating: "k", count: 4097)) + ended), nil),
        Case("empty key", document(contents("") + ended), nil),
        Case("no key", document("<Contents><Size>1</Size></Contents>" + ended), nil),
        Case("no size", document("<Contents><Key>a</Key></Contents>" + ended), nil),
        Case(
            "key twice", document("<Contents><Key>a</Key><Key>b</Key><Size>1</Size></Contents>" + ended), nil),
        Case("negative size", document(contents("a", size: "-1") + ended), nil),
        Case("size with a sign", document(contents("a", size: "+5") + ended), nil),
        Case("size with an exponent", document(contents("a", size: "1e3") + ended), nil),
        Case("size of 64 bits", document(contents("a", size: "18446744073709551616") + ended), nil),
        Case("size of 63 bits", document(contents("a", size: "9223372036854775807") + ended), ["a"]),
        Case("empty size", document(contents("a", size: "") + ended), nil),
        Case("no IsTruncated", document(contents("a")), nil),
        Case("IsTruncated in capitals", document("<IsTruncated>TRUE</IsTruncated>"), nil),
        Case("IsTruncated as number", document("<IsTruncated>1</IsTruncated>"), nil),
        Case("IsTruncated twice", document(ended + ended), nil),
        Case("truncated without token", document("<IsTruncated>true</IsTruncated>"), nil),
        Case(
            "truncated with empty token", document("<IsTruncated>true</IsTruncated><NextContinuationToken/>"),
            nil),
        Case("ended with token", document(ended + "<NextContinuationToken>x</NextContinuationToken>"), nil),
        Case(
            "token with a line end",
            document(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>a&#13;&#10;b</NextContinuationToken>"),
            nil),
        Case(
            "token of 1 MiB",
            document(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>\(String(repeating: "t", count: 1 << 20))</NextContinuationToken>"
            ),
            nil),
        Case("not encoded: percent and plus stay", document(contents("a%20b+c") + ended), ["a%20b+c"]),
        Case(
            "encoded",
            document("<EncodingType>url</EncodingType>" + contents("d/a%20b+c%2Bd%E5%B8%81") + ended),
            ["d/a b c+d币"]),
        Case(
            "encoded, said after the keys",
            document(contents("%41") + ended + "<EncodingType>url</EncodingType>"), ["A"]),
        Case("broken encoding", document("<EncodingType>url</EncodingType>" + contents("a%zz") + ended), nil),
        Case("cut encoding", document("<EncodingType>url</EncodingType>" + contents("a%4") + ended), nil),
        Case(
            "encoded bytes that are no text",
            document("<EncodingType>url</EncodingType>" + contents("%C0%AF") + ended), nil),
        Case("unknown encoding type", document("<EncodingType>x</EncodingType>" + ended), nil),
        Case(
            "17 levels",
            document(String(repeating: "<a>", count: 16) + String(repeating: "</a>", count: 16) + ended), nil),
        Case(
            "16 levels",
            document(String(repeating: "<a>", count: 15) + String(repeating: "</a>", count: 15) + ended), []),
        Case("Key outside Contents", document("<Key>x</Key><Owner><Key>y</Key></Owner>" + ended), []),
        Case("prefix without Prefix", document("<CommonPrefixes></CommonPrefixes>" + ended), nil),
    ]

    @Test("accepts or refuses", arguments: cases)
    func table(_ c: Case) throws {
        #expect((try? parse(c.text))?.objects.map(\.key) == c.keys)
    }

    @Test("invalid UTF-8, NUL and UTF-16 are refused")
    func bytes() throws {
        let good = Array(document(contents("KEY") + ended).utf8)
        let place = try #require(good.firstRange(of: Array("KEY".utf8))).lowerBound
        for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE5, 0xB8], [0]] {
            var bytes = good
            bytes.replaceSubrange(place..<place + 3, with: bad)
            #expect(throws: ListPage.Refusal.self) { try ListPage(parsing: bytes) }
        }
        let wide = try #require(document(ended).data(using: .utf16))
        #expect(throws: ListPage.Refusal.self) { try ListPage(parsing: Array(wide)) }
    }

    @Test("a page cut at any byte is refused")
    func truncation() throws {
        let whole = Array(
            document(
                contents("a&amp;b") + ended + contents("c")
                    + "<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"
            ).utf8)
        _ = try ListPage(parsing: whole)
        for count in 0..<whole.count {
            #expect(throws: ListPage.Refusal.self, "\(count) bytes") {
                try ListPage(parsing: Array(whole[..<count]))
            }
        }
    }

    @Test("random damage never traps", arguments: 0..<8)
    func damage(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let whole = Array(
            document("<EncodingType>url</EncodingType>" + contents("a%20b") + ended + contents("c")).utf8)
        for _ in 0..<500 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = try? ListPage(parsing: bytes)
        }
    }

    @Test("200,000 nested elements and a page above the limit are refused quickly")
    func large() {
        let nested = "<ListBucketResult>" + String(repeating: "<a>", count: 200_000)
        #expect(throws: ListPage.Refusal.self) { try parse(nested) }
        #expect(throws: ListPage.Refusal.self) {
            try ListPage(parsing: [UInt8](repeating: 0x20, count: ListPage.byteLimit + 1))
        }
    }

    @Test(
        "answers of the first version of the call read alike, where they can",
        .enabled(if: Peer.samples != nil))
    func samples() throws {
        let folder = try #require(Peer.samples).appending(path: "excerpts/listing")
        func page(_ name: String) throws -> ListPage {
            try ListPage(parsing: Array(Data(contentsOf: folder.appending(path: name + ".xml"))))
        }
        let keys = try page("v1-keys-trades-2026-09")
        #expect(keys.objects.map(\.byteCount) == [26_293_521, 96, 5_974_453])
        #expect(try page("v1-prefixes-double-slash").prefixes.count == 3)
        // Without a continuation token nobody can go on: refused, not taken for the end.
        #expect(throws: ListPage.Refusal.self) { try page("v1-keys-truncated-no-nextmarker") }
        #expect(throws: ListPage.Refusal.self) { try page("v1-prefixes-truncated-nextmarker") }
    }
}
