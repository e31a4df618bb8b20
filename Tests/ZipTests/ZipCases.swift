import Compression
import Testing

/// An archive and what a reader must say to it.
struct ZipCase: CustomTestStringConvertible, Sendable {
    enum Verdict: Sendable {
        /// Opens, and every member reads.
        case accepted
        /// Does not open, with this in the message.
        case refused(String)
        /// Opens, but reading the first member fails with this in the message.
        case refusedOnRead(String)
    }

    var testDescription: String
    var bytes: [UInt8]
    var verdict: Verdict

    init(_ name: String, _ verdict: Verdict, bytes: [UInt8]) {
        testDescription = name
        self.bytes = bytes
        self.verdict = verdict
    }

    /// The plain archive with one member, changed.
    init(_ name: String, _ verdict: Verdict, _ change: (inout RawZip) -> Void) {
        var zip = RawZip()
        change(&zip)
        self.init(name, verdict, bytes: zip.bytes)
    }

    /// The plain archive with two members, changed.
    init(two name: String, _ verdict: Verdict, _ change: (inout RawZip) -> Void) {
        var zip = RawZip([RawZip.payloadA, RawZip.payloadB])
        change(&zip)
        self.init(name, verdict, bytes: zip.bytes)
    }
}

private let sentinel: UInt32 = 0xFFFF_FFFF
private let garbage = Array("GARBAGE".utf8)

/// A CRC, compressed and uncompressed size, as a data descriptor has them.
func descriptor(
    signature: Bool = true, crc: UInt32 = 0x0A97_077B, compressed: UInt64 = 10, size: UInt64 = 8,
    isWide: Bool = false
) -> [UInt8] {
    var bytes: [UInt8] = []
    if signature { bytes.put(0x0807_4B50 as UInt32) }
    bytes.put(crc)
    for value in [compressed, size] {
        if isWide { bytes.put(value) } else { bytes.put(UInt32(value)) }
    }
    return bytes
}

/// Makes the only member a streamed one.
func stream(_ zip: inout RawZip, _ descriptor: [UInt8]) {
    zip.entries[0].both { $0.flags = 8 }
    zip.entries[0].local.crc = 0
    zip.entries[0].local.compressedByteCount = 0
    zip.entries[0].local.byteCount = 0
    zip.entries[0].descriptor = descriptor
}

func member(_ data: [UInt8], crc: UInt32 = 0x0A97_077B, byteCount: UInt32 = 8) -> [UInt8] {
    RawZip([RawZip.Entry("x.csv", data: data, crc: crc, byteCount: byteCount)]).bytes
}

func unicodePath(_ name: String, crcOf other: String, version: UInt8 = 1) -> [UInt8] {
    var payload: [UInt8] = [version]
    payload.put(CRC32(of: Array(other.utf8)).value)
    return .extra(0x7075, payload + Array(name.utf8))
}

enum ZipCases {
    static let file: [ZipCase] = [
        ZipCase("plain", .accepted) { _ in },
        ZipCase(two: "two members", .accepted) { _ in },
        ZipCase("no members", .accepted, bytes: RawZip([]).bytes),
        ZipCase("trailing bytes", .refused("7 bytes follow the end")) { $0.after = garbage },
        ZipCase("bytes before, offsets adjusted", .refused("20 bytes before the first member")) {
            $0.before = [UInt8](repeating: 0x4D, count: 20)
        },
        ZipCase(
            "bytes before, offsets not adjusted", .refused("(byte "),
            bytes: [UInt8](repeating: 0x4D, count: 20) + RawZip().bytes),
        ZipCase("an archive in the comment", .refused("ambiguous end record")) {
            $0.comment = RawZip([RawZip.payloadB]).bytes
        },
        ZipCase("an end record in the comment that does not fit", .refused("ambiguous end record")) {
            $0.comment = [0x50, 0x4B, 5, 6] + [UInt8](repeating: 9, count: 40)
        },
        ZipCase("the longest comment", .accepted) { $0.comment = [UInt8](repeating: 0x50, count: 65_535) },
        ZipCase(
            "HTML", .refused("not a zip (starts with 3c 68"),
            bytes: Array("<html><body>404</body></html>".utf8)),
        ZipCase(
            "gzip", .refused("not a zip (starts with 1f 8b"), bytes: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]),
        ZipCase("nothing", .refused("not a zip (empty)"), bytes: []),
        ZipCase("four bytes", .refused("no end record"), bytes: [0x50, 0x4B, 3, 4]),
        ZipCase("span marker", .refused("split archive")) { $0.before = [0x50, 0x4B, 7, 8] },
        ZipCase("temporary span marker", .refused("split archive")) { $0.before = [0x50, 0x4B, 0x30, 0x30] },
    ]

    static let endRecord: [ZipCase] = [
        ZipCase("counts no member", .refused("counts 0 members")) { $0.count = 0 },
        ZipCase("counts two members", .refused("counts 2 members")) { $0.count = 2 },
        ZipCase("counts differ", .refused("split archive")) {
            $0.countHere = 2
            $0.count = 1
        },
        ZipCase("directory longer", .refused("does not end where")) {
            $0.directoryByteCount = UInt32(46 + 5 + 1)
        },
        ZipCase("directory shorter", .refused("unknown record")) {
            $0.directoryByteCount = UInt32(46 + 5 - 1)
        },
        ZipCase("directory later", .refused("does not end where")) { $0.directoryOffset = 46 },
        ZipCase("directory earlier", .refused("unknown record")) { $0.directoryOffset = 44 },
        ZipCase("disk 1", .refused("split archive")) { $0.disk = 1 },
        ZipCase("directory on disk 1", .refused("split archive")) { $0.directoryDisk = 1 },
        ZipCase("signature record after the directory", .refused("unknown record 50 4b 05 05")) {
            $0.afterDirectory = [0x50, 0x4B, 5, 5, 2, 0, 1, 1]
        },
        ZipCase("65,535 members", .refused("more than the limit of 10000")) { $0.count = 0xFFFF },
        ZipCase("more members than allowed", .refused("more than the limit of 10000")) { zip in
            zip.entries = (0..<10_001).map { i in
                RawZip.Entry("\(i)", data: [3, 0], crc: 0, byteCount: 0)
            }
        },
        ZipCase("as many members as allowed", .accepted) { zip in
            zip.entries = (0..<10_000).map { i in
                RawZip.Entry("\(i)", data: [3, 0], crc: 0, byteCount: 0)
            }
        },
        ZipCase("zip64 record, plain fields true", .accepted) { $0.end64 = RawZip.End64() },
        ZipCase("zip64 record, plain fields sentinels", .accepted) {
            $0.end64 = RawZip.End64()
            ($0.count, $0.directoryByteCount, $0.directoryOffset) = (0xFFFF, sentinel, sentinel)
        },
        ZipCase("zip64 record of another size", .refused("zip64 end record of version 1")) {
            $0.end64 = RawZip.End64(recordByteCount: 45)
        },
        ZipCase("zip64 record without signature", .refused("zip64 end record of version 1")) {
            $0.end64 = RawZip.End64(signature: 0x0606_4B51)
        },
        ZipCase("locator one too far", .refused("zip64 end record does not end")) {
            $0.end64 = RawZip.End64(locatorShift: 1)
        },
        ZipCase("locator one too near", .refused("zip64 end record does not end")) {
            $0.end64 = RawZip.End64(locatorShift: -1)
        },
        ZipCase("locator of two disks", .refused("split archive")) {
            $0.end64 = RawZip.End64(locatorDiskCount: 2)
        },
        ZipCase("zip64 record on disk 1", .refused("split archive")) { $0.end64 = RawZip.End64(disk: 1) },
        ZipCase("locator without record", .refused("zip64 end record")) {
            $0.end64 = RawZip.End64(hasRecord: false)
        },
        ZipCase("record without locator", .refused("unknown record 50 4b 06 06")) {
            $0.end64 = RawZip.End64(hasLocator: false)
        },
        ZipCase("sentinel size without zip64 record", .refused("refers to a zip64")) {
            $0.directoryByteCount = sentinel
        },
        ZipCase("sentinel offset without zip64 record", .refused("refers to a zip64")) {
            $0.directoryOffset = sentinel
        },
        ZipCase("the two end records disagree", .refused("disagree")) {
            $0.end64 = RawZip.End64(directoryOffset: 44)
        },
        ZipCase("zip64 directory at 2^63", .refused("does not end where")) {
            $0.end64 = RawZip.End64(directoryOffset: 1 << 63)
            $0.directoryOffset = sentinel
        },
        ZipCase("zip64 directory that overflows", .refused("does not end where")) {
            $0.end64 = RawZip.End64(directoryByteCount: .max, directoryOffset: .max)
            ($0.directoryByteCount, $0.directoryOffset) = (sentinel, sentinel)
        },
        ZipCase("2^32 members", .refused("more than the limit")) {
            $0.end64 = RawZip.End64(count: 1 << 32)
            $0.count = 0xFFFF
        },
    ]

    static let headers: [ZipCase] =
        [
            ZipCase("names differ", .refused("name is x.csv in the directory and z.csv")) {
                $0.entries[0].local.name = Array("z.csv".utf8)
            },
            ZipCase("name lengths differ", .refused("name is")) {
                $0.entries[0].local.name = Array("x.cs".utf8)
            },
            ZipCase("CRC differs", .refused("CRC-32 is")) { $0.entries[0].directory.crc ^= 1 },
            ZipCase("compressed size differs", .refused("compressed size is")) {
                $0.entries[0].directory.compressedByteCount -= 1
            },
            ZipCase("size differs", .refused("size is 9 in the directory and 8")) {
                $0.entries[0].directory.byteCount += 1
            },
            ZipCase("method differs", .refused("method is")) {
                $0.entries[0].directory.method = 0
                $0.entries[0].directory.byteCount = 10
            },
            ZipCase("flags differ", .refused("flags is")) { $0.entries[0].directory.flags = 2 },
            ZipCase("a hidden member between two", .refused("belong to no member")) { zip in
                zip.entries = [RawZip.payloadA, RawZip.payloadB, RawZip.payloadA]
                zip.entries[1].isListed = false
                zip.entries[2].both { $0.name = Array("z.csv".utf8) }
            },
            ZipCase(two: "a hidden member at the start", .refused("before the first member")) {
                $0.entries[0].isListed = false
            },
            ZipCase(two: "a hidden member at the end", .refused("belong to no member")) {
                $0.entries[1].isListed = false
            },
            ZipCase("offset beyond the file", .refused("not where the entry says")) {
                $0.entries[0].headerOffset = 1 << 20
            },
            ZipCase("offset in the directory", .refused("not where the entry says")) {
                $0.entries[0].headerOffset = 45
            },
            ZipCase("offset 1", .refused("before the first member")) { $0.entries[0].headerOffset = 1 },
            ZipCase(two: "offset in another member's data", .refused("overlaps")) {
                $0.entries[1].headerOffset = 36
            },
            ZipCase(two: "two names for one header", .refused("overlaps")) {
                $0.entries[1].isPresent = false
                $0.entries[1].headerOffset = 0
            },
            ZipCase("quoted overlap", .refused("overlaps"), bytes: quotedOverlap),
            ZipCase("duplicate name", .refused("a second member of this name")) {
                $0.entries = [RawZip.payloadA, RawZip.payloadA]
            },
            ZipCase("names that differ in case", .accepted) { zip in
                zip.entries = [RawZip.payloadA, RawZip.payloadB]
                zip.entries[1].both { $0.name = Array("X.CSV".utf8) }
            },
            ZipCase("directory in another order", .accepted, bytes: reversedDirectory),
            ZipCase("no header at offset", .refused("no local header")) {
                $0.before = [UInt8](repeating: 0, count: 4)
                $0.entries[0].headerOffset = 0
            },
            ZipCase("extra field of three bytes", .refused("extra field: it runs past")) {
                $0.entries[0].directory.extra = [1, 2, 3]
            },
            ZipCase("extra field past its end", .refused("extra field: it runs past")) {
                $0.entries[0].local.extra = [0x55, 0x54, 9, 0, 1]
            },
            ZipCase("extra fields that say nothing here", .accepted) {
                $0.entries[0].directory.extra = .extra(0x5455, [1, 2, 3, 4, 5])
                $0.entries[0].local.extra = .extra(0x5455, [1, 2, 3, 4, 5, 6, 7, 8, 9])
            },
            ZipCase("comment past the directory", .refused("runs past the directory's end")) {
                $0.entries[0].commentLength = 9
            },
            ZipCase("name past the directory", .refused("runs past the directory's end")) {
                $0.entries[0].directory.nameLength = 60_000
            },
            ZipCase("local name past the file", .refused("overlaps what follows")) {
                $0.entries[0].local.nameLength = 60_000
            },
            ZipCase("disk 1", .refused("split archive")) { $0.entries[0].disk = 1 },
            ZipCase("version 6.4", .refused("needs version 6.4")) { $0.entries[0].both { $0.version = 64 } },
            ZipCase("dates of nonsense", .accepted) {
                $0.entries[0].both { ($0.time, $0.date) = (0xFFFF, 0xFFFF) }
            },
            ZipCase("date zero", .accepted) { $0.entries[0].both { ($0.time, $0.date) = (0, 0) } },
            ZipCase("encrypted", .refused("encrypted")) { $0.entries[0].both { $0.flags = 1 } },
            ZipCase("strong encryption", .refused("encrypted")) { $0.entries[0].both { $0.flags = 0x41 } },
            ZipCase("AES", .refused("encrypted")) {
                $0.entries[0].both {
                    $0.method = 99
                    $0.extra = .extra(0x9901, [1, 0, 0x41, 0x45, 3, 8, 0])
                }
            },
            ZipCase("AES field alone", .refused("encrypted")) {
                $0.entries[0].both { $0.extra = .extra(0x9901, [1, 0, 0x41, 0x45, 3, 8, 0]) }
            },
            ZipCase("patched data", .refused("flags 0x20")) { $0.entries[0].both { $0.flags = 0x20 } },
            ZipCase("stored with two sizes", .refused("two sizes")) { $0.entries[0].both { $0.method = 0 } },
            ZipCase("symbolic link", .refused("not a regular file")) {
                $0.entries[0].madeBy = 0x0314
                $0.entries[0].externalAttributes = 0o120777 << 16
            },
            ZipCase("device", .refused("not a regular file")) {
                $0.entries[0].madeBy = 0x0314
                $0.entries[0].externalAttributes = 0o060666 << 16
            },
            ZipCase("pipe", .refused("not a regular file")) {
                $0.entries[0].madeBy = 0x0314
                $0.entries[0].externalAttributes = 0o010666 << 16
            },
            ZipCase("directory with bytes", .refused("not a regular file")) {
                $0.entries[0].externalAttributes = 0x10
            },
            ZipCase("setuid", .accepted) {
                $0.entries[0].madeBy = 0x0314
                $0.entries[0].externalAttributes = 0o104777 << 16
            },
            ZipCase("a directory", .accepted) { zip in
                zip.entries.insert(RawZip.Entry("d/", data: [], crc: 0, byteCount: 0), at: 0)
                zip.entries[0].both { $0.method = 0 }
            },
            ZipCase("ratio", .refused("inflate to 1073741825")) {
                $0.entries[0].both { $0.byteCount = 1 << 30 | 1 }
            },
        ]
        + [1, 6, 9, 12, 14, 93, 95, 98, 0xFFFF].map { method in
            ZipCase("method \(method)", .refused("method \(method) not supported")) {
                $0.entries[0].both { $0.method = UInt16(method) }
            }
        }

    static let zip64: [ZipCase] =
        [
            ZipCase("all three values", .accepted) {
                $0.entries[0].both { ($0.byteCount, $0.compressedByteCount) = (sentinel, sentinel) }
                $0.entries[0].local.extra = .zip64(8, 10)
                $0.entries[0].directory.extra = .zip64(8, 10, 0)
                $0.entries[0].headerOffset = sentinel
            },
            ZipCase("local only", .accepted) {
                ($0.entries[0].local.byteCount, $0.entries[0].local.compressedByteCount) = (
                    sentinel, sentinel
                )
                $0.entries[0].local.extra = .zip64(8, 10)
            },
            ZipCase("offset only", .accepted) {
                $0.entries[0].directory.extra = .zip64(0)
                $0.entries[0].headerOffset = sentinel
            },
            ZipCase("all and the disk", .accepted) {
                $0.entries[0].directory.byteCount = sentinel
                $0.entries[0].directory.compressedByteCount = sentinel
                $0.entries[0].directory.extra = .extra(
                    1, Array([UInt8].zip64(8, 10, 0)[4...]) + [0, 0, 0, 0])
                $0.entries[0].headerOffset = sentinel
                $0.entries[0].disk = 0xFFFF
            },
            ZipCase("disk 1 in the field", .refused("split archive")) {
                $0.entries[0].directory.extra = .extra(1, [1, 0, 0, 0])
                $0.entries[0].disk = 0xFFFF
            },
            ZipCase("size wrong in the field", .refused("size is 9")) {
                $0.entries[0].directory.byteCount = sentinel
                $0.entries[0].directory.extra = .zip64(9)
            },
            ZipCase("size of 2^64 - 1", .refused("beyond all bounds")) {
                $0.entries[0].directory.byteCount = sentinel
                $0.entries[0].directory.extra = .zip64(.max)
            },
            ZipCase("compressed size of 2^64 - 1", .refused("not where the entry says")) {
                $0.entries[0].directory.compressedByteCount = sentinel
                $0.entries[0].directory.extra = .zip64(.max)
            },
            ZipCase("offset of 2^64 - 1", .refused("not where the entry says")) {
                $0.entries[0].headerOffset = sentinel
                $0.entries[0].directory.extra = .zip64(.max)
            },
            ZipCase("sentinel without field", .refused("no zip64 field")) {
                $0.entries[0].directory.byteCount = sentinel
            },
            ZipCase("two fields", .refused("second zip64 field")) {
                $0.entries[0].directory.byteCount = sentinel
                $0.entries[0].directory.extra = .zip64(8) + .zip64(8)
            },
            ZipCase("a field of no bytes and no sentinel", .accepted) {
                $0.entries[0].directory.extra = .zip64()
            },
        ]
        + [0, 7, 16, 24, 28, 32].map { count in
            ZipCase("one sentinel, \(count) bytes", .refused("zip64 field of \(count) bytes, expected 8")) {
                $0.entries[0].directory.byteCount = sentinel
                $0.entries[0].directory.extra = .extra(1, [UInt8](repeating: 0, count: count))
            }
        }
        + [8, 16, 24, 28].map { count in
            ZipCase("no sentinel, \(count) bytes", .refused("zip64 field of \(count) bytes, expected 0")) {
                $0.entries[0].directory.extra = .extra(1, [UInt8](repeating: 0, count: count))
            }
        }

    static let descriptors: [ZipCase] = [
        ZipCase("with signature", .accepted) { stream(&$0, descriptor()) },
        ZipCase("without signature", .accepted) { stream(&$0, descriptor(signature: false)) },
        ZipCase("wide with signature", .accepted) { stream(&$0, descriptor(isWide: true)) },
        ZipCase("wide without signature", .accepted) {
            stream(&$0, descriptor(signature: false, isWide: true))
        },
        ZipCase("values known beforehand", .accepted) {
            $0.entries[0].both { $0.flags = 8 }
            $0.entries[0].descriptor = descriptor()
        },
        ZipCase("wrong CRC", .refused("descriptor and the directory disagree")) {
            stream(&$0, descriptor(crc: 1))
        },
        ZipCase("wrong compressed size", .refused("descriptor and the directory disagree")) {
            stream(&$0, descriptor(compressed: 11))
        },
        ZipCase("wrong size", .refused("descriptor and the directory disagree")) {
            stream(&$0, descriptor(size: 9))
        },
        ZipCase("another signature", .refused("no signature")) {
            stream(&$0, [0x50, 0x4B, 7, 9] + descriptor(signature: false))
        },
        ZipCase("missing", .refused("no data descriptor")) { stream(&$0, []) },
        ZipCase("not announced", .refused("belong to no member")) { $0.entries[0].descriptor = descriptor() },
        ZipCase("stored", .refused("stored, with its size behind it")) {
            $0.entries[0] = RawZip.Entry("x.csv", data: Array("abc".utf8), crc: 0x3524_41C2, byteCount: 3)
            $0.entries[0].both { $0.method = 0 }
            stream(&$0, descriptor(crc: 0x3524_41C2, compressed: 3, size: 3))
        },
        ZipCase("stored by the local header alone", .refused("stored, with its size behind it")) {
            $0.entries[0] = RawZip.Entry("x.csv", data: Array("abc".utf8), crc: 0x3524_41C2, byteCount: 3)
            $0.entries[0].both { $0.method = 0 }
            $0.entries[0].local.flags = 8
        },
        ZipCase("a value that is neither zero nor true", .refused("size is 8 in the directory and 7")) {
            stream(&$0, descriptor())
            $0.entries[0].local.byteCount = 7
        },
    ]
}
