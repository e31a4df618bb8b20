import Compression
import Testing

/// Names of members, and what is in them.
extension ZipCases {
    static let names: [ZipCase] =
        refusedNames.map { name, bytes, flags, text in
            ZipCase(name, .refused("name refused: \(text)")) {
                $0.entries[0].both {
                    $0.name = bytes
                    $0.flags = flags
                }
            }
        }
        + acceptedNames.map { name, bytes, flags in
            ZipCase(name, .accepted) {
                $0.entries[0].both {
                    $0.name = bytes
                    $0.flags = flags
                }
            }
        } + [
            ZipCase("Unicode path, another name", .refused("Unicode path is another name")) {
                $0.entries[0].directory.extra = unicodePath("evil.csv", crcOf: "x.csv")
            },
            ZipCase("Unicode path, the same name", .accepted) {
                $0.entries[0].both { $0.extra = unicodePath("x.csv", crcOf: "x.csv") }
            },
            ZipCase("Unicode path, twice", .refused("second Unicode path")) {
                $0.entries[0].directory.extra =
                    unicodePath("x.csv", crcOf: "x.csv") + unicodePath("x.csv", crcOf: "x.csv")
            },
            ZipCase("Unicode path of another name's checksum", .accepted) {
                $0.entries[0].directory.extra = unicodePath("evil.csv", crcOf: "y.csv")
            },
            ZipCase("Unicode path, version 2", .accepted) {
                $0.entries[0].directory.extra = unicodePath("evil.csv", crcOf: "x.csv", version: 2)
            },
        ]

    private static let refusedNames: [(String, [UInt8], UInt16, String)] = [
        ("empty", [], 0, "it is empty"),
        ("slash", Array("/".utf8), 0, "it starts with a slash"),
        ("absolute", Array("/tmp/evil.csv".utf8), 0, "it starts with a slash"),
        ("parent", Array("../../evil.csv".utf8), 0, "it has a '..'"),
        ("parent in the middle", Array("a/../evil.csv".utf8), 0, "it has a '..'"),
        ("backslash", Array("..\\evil.csv".utf8), 0, "it has a backslash"),
        ("drive", Array("C:\\x.csv".utf8), 0, "it has a backslash"),
        ("NUL", Array("a\0.csv".utf8), 0, "it has a control character"),
        ("newline", Array("a\n.csv".utf8), 0, "it has a control character"),
        ("escape", Array("\u{1B}[2J.csv".utf8), 0, "it has a control character"),
        ("not UTF-8 though flagged", [0x61, 0xFF, 0x2E], 1 << 11, "it is said to be UTF-8"),
    ]

    private static let acceptedNames: [(String, [UInt8], UInt16)] = [
        ("65,535 letters", [UInt8](repeating: 0x61, count: 65_535), 0),
        ("CON", Array("CON.csv".utf8), 0), ("dot segment", Array("a/./b.csv".utf8), 0),
        ("double slash", Array("a//b.csv".utf8), 0), ("trailing dot", Array("a.".utf8), 0),
        ("two dots inside", Array("a..b.csv".utf8), 0), ("UTF-8", Array("é币.csv".utf8), 1 << 11),
        ("CP437", [0x82, 0xE1, 0x2E, 0x63, 0x73, 0x76], 0),
        ("override", Array("a\u{202E}b.csv".utf8), 1 << 11),
    ]

    static let data: [ZipCase] = [
        ZipCase("CRC wrong in both headers", .refusedOnRead("CRC-32 is 0a97077b, expected 0a97077a")) {
            $0.entries[0].both { $0.crc ^= 1 }
        },
        ZipCase("stored CRC wrong", .refusedOnRead("CRC-32 is")) {
            $0.entries[0] = RawZip.Entry("x.csv", data: Array("abc".utf8), crc: 1, byteCount: 3)
            $0.entries[0].both { $0.method = 0 }
        },
        ZipCase("stored", .accepted) {
            $0.entries[0] = RawZip.Entry("x.csv", data: Array("abc".utf8), crc: 0x3524_41C2, byteCount: 3)
            $0.entries[0].both { $0.method = 0 }
        },
        ZipCase("longer than said", .refusedOnRead("more than the expected 3 bytes")) {
            $0.entries[0].both { $0.byteCount = 3 }
        },
        ZipCase("longer than nothing", .refusedOnRead("more than the expected 0 bytes")) {
            $0.entries[0].both {
                $0.byteCount = 0
                $0.crc = 0
            }
        },
        ZipCase("shorter than said", .refusedOnRead("8 bytes, expected 9")) {
            $0.entries[0].both { $0.byteCount = 9 }
        },
        ZipCase(
            "bytes after the stream", .refusedOnRead("10 bytes follow the compressed data"),
            bytes: member(RawZip.payloadA.data + [UInt8](repeating: 0, count: 10))),
        ZipCase(
            "one byte after the stream", .refusedOnRead("1 bytes follow the compressed data"),
            bytes: member(RawZip.payloadA.data + [0])),
        ZipCase(
            "stream without its last byte", .refusedOnRead("ends early"),
            bytes: member(Array(RawZip.payloadA.data.dropLast()))),
        ZipCase("stream of no bytes", .refusedOnRead("ends early"), bytes: member([])),
        ZipCase(
            "no final block", .refusedOnRead("ends early"),
            bytes: member([0, 0, 0, 0xFF, 0xFF], crc: 0, byteCount: 0)),
        ZipCase("block type 3", .refusedOnRead("deflate block is damaged"), bytes: member([7, 0, 0, 0])),
        ZipCase(
            "stored length not confirmed", .refusedOnRead("deflate block is damaged"),
            bytes: member([1, 5, 0, 0, 0, 1, 2, 3, 4, 5])),
        ZipCase("distance before the start", .refusedOnRead("before the start"), bytes: member([3, 2, 0])),
        ZipCase(
            "100,000 empty blocks", .accepted,
            bytes: member(
                Array(repeatElement([0, 0, 0, 0xFF, 0xFF] as [UInt8], count: 100_000).joined()) + [3, 0],
                crc: 0,
                byteCount: 0)),
        ZipCase(
            "200,000,000 zeros said to be eight", .refusedOnRead("more than the expected 8 bytes"),
            bytes: member(rawDeflate([UInt8](repeating: 0, count: 20_000_000), level: 9))),
    ]

    /// The first member's data hold, as a stored block, the second's header and data; both are listed.
    static let quotedOverlap: [UInt8] = {
        let inner = RawZip([RawZip.payloadB])
        let innerBytes = Array(inner.bytes[..<(30 + 5 + 10)])
        var data: [UInt8] = [1]
        data.put(UInt16(innerBytes.count))
        data.put(~UInt16(innerBytes.count))
        var zip = RawZip([
            RawZip.Entry(
                "x.csv", data: data + innerBytes, crc: CRC32(of: innerBytes).value,
                byteCount: UInt32(innerBytes.count)),
            RawZip.payloadB,
        ])
        zip.entries[1].isPresent = false
        zip.entries[1].headerOffset = 30 + 5 + 5
        return zip.bytes
    }()

    /// Two members whose directory names the second first.
    static let reversedDirectory: [UInt8] = {
        var zip = RawZip([RawZip.payloadB, RawZip.payloadA])
        let swapped = RawZip([RawZip.payloadA, RawZip.payloadB]).bytes
        zip.entries[0].headerOffset = 45
        zip.entries[1].headerOffset = 0
        return Array(swapped[..<90]) + Array(zip.bytes[90...])
    }()
}
