import Compression

/// A zip put together field by field, so that each field can lie.
struct RawZip {
    struct Header {
        var version: UInt16 = 20
        var flags: UInt16 = 0
        var method: UInt16 = 8
        var time: UInt16 = 0
        var date: UInt16 = 0x21
        var crc: UInt32
        var compressedByteCount: UInt32
        var byteCount: UInt32
        var name: [UInt8]
        var extra: [UInt8] = []
        /// Lengths as written; nil is the truth.
        var nameLength: UInt16?
        var extraLength: UInt16?
    }

    struct Entry {
        var local: Header
        var directory: Header
        var data: [UInt8]
        var descriptor: [UInt8] = []
        var comment: [UInt8] = []
        var commentLength: UInt16?
        var madeBy: UInt16 = 20
        var disk: UInt16 = 0
        var externalAttributes: UInt32 = 0
        /// The header's offset as written; nil is the truth.
        var headerOffset: UInt32?
        /// Bytes before the local header that belong to nobody.
        var before: [UInt8] = []
        var isListed = true
        var isPresent = true

        init(_ name: String, data: [UInt8], crc: UInt32, byteCount: UInt32) {
            local = Header(
                crc: crc, compressedByteCount: UInt32(data.count), byteCount: byteCount,
                name: Array(name.utf8))
            directory = local
            self.data = data
        }

        /// Changes both headers alike.
        mutating func both(_ change: (inout Header) -> Void) {
            change(&local)
            change(&directory)
        }
    }

    struct End64 {
        var signature: UInt32 = 0x0606_4B50
        var recordByteCount: UInt64 = 44
        var disk: UInt32 = 0
        var count: UInt64?
        var directoryByteCount: UInt64?
        var directoryOffset: UInt64?
        var hasRecord = true
        var hasLocator = true
        var locatorShift = 0
        var locatorDiskCount: UInt32 = 1
    }

    var before: [UInt8] = []
    var entries: [Entry]
    var afterDirectory: [UInt8] = []
    var end64: End64?
    var disk: UInt16 = 0
    var directoryDisk: UInt16 = 0
    var countHere: UInt16?
    var count: UInt16?
    var directoryByteCount: UInt32?
    var directoryOffset: UInt32?
    var comment: [UInt8] = []
    var commentLength: UInt16?
    var after: [UInt8] = []

    /// `a,b\n1,2\n` in ten bytes of deflate.
    static let payloadA = Entry(
        "x.csv", data: [0x4B, 0xD4, 0x49, 0xE2, 0x32, 0xD4, 0x31, 0xE2, 0x02, 0x00], crc: 0x0A97_077B,
        byteCount: 8)
    /// `a,b\n9,9\n`.
    static let payloadB = Entry(
        "y.csv", data: [0x4B, 0xD4, 0x49, 0xE2, 0xB2, 0xD4, 0xB1, 0xE4, 0x02, 0x00], crc: 0x2CD7_F65F,
        byteCount: 8)

    init(_ entries: [Entry] = [payloadA]) { self.entries = entries }

    var bytes: [UInt8] {
        var file = before
        var offsets: [Int] = []
        for entry in entries {
            file += entry.before
            offsets.append(file.count)
            guard entry.isPresent else { continue }
            file.put(0x0403_4B50 as UInt32)
            file.put(header: entry.local)
            file.put(entry.local.extraLength ?? UInt16(entry.local.extra.count))
            file += entry.local.name + entry.local.extra + entry.data + entry.descriptor
        }
        let directoryStart = file.count
        for (entry, offset) in zip(entries, offsets) where entry.isListed {
            file.put(0x0201_4B50 as UInt32)
            file.put(entry.madeBy)
            file.put(header: entry.directory)
            file.put(entry.directory.extraLength ?? UInt16(entry.directory.extra.count))
            file.put(entry.commentLength ?? UInt16(entry.comment.count))
            file.put(entry.disk)
            file.put(0 as UInt16)
            file.put(entry.externalAttributes)
            file.put(entry.headerOffset ?? UInt32(offset))
            file += entry.directory.name + entry.directory.extra + entry.comment
        }
        let size = file.count - directoryStart
        let listed = entries.count(where: \.isListed)
        file += afterDirectory
        if let end64 {
            let recordOffset = file.count
            if end64.hasRecord {
                file.put(end64.signature)
                file.put(end64.recordByteCount)
                file.put(45 as UInt16)
                file.put(45 as UInt16)
                file.put(end64.disk)
                file.put(0 as UInt32)
                file.put(end64.count ?? UInt64(listed))
                file.put(end64.count ?? UInt64(listed))
                file.put(end64.directoryByteCount ?? UInt64(size))
                file.put(end64.directoryOffset ?? UInt64(directoryStart))
            }
            if end64.hasLocator {
                file.put(0x0706_4B50 as UInt32)
                file.put(0 as UInt32)
                file.put(UInt64(recordOffset + end64.locatorShift))
                file.put(end64.locatorDiskCount)
            }
        }
        file.put(0x0605_4B50 as UInt32)
        file.put(disk)
        file.put(directoryDisk)
        file.put(countHere ?? count ?? UInt16(listed))
        file.put(count ?? UInt16(listed))
        file.put(directoryByteCount ?? UInt32(size))
        file.put(directoryOffset ?? UInt32(directoryStart))
        file.put(commentLength ?? UInt16(comment.count))
        return file + comment + after
    }
}

extension [UInt8] {
    mutating func put(_ value: some FixedWidthInteger) {
        for i in 0..<(value.bitWidth / 8) { append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
    }

    /// The fields that both kinds of header share.
    fileprivate mutating func put(header: RawZip.Header) {
        put(header.version)
        put(header.flags)
        put(header.method)
        put(header.time)
        put(header.date)
        put(header.crc)
        put(header.compressedByteCount)
        put(header.byteCount)
        put(header.nameLength ?? UInt16(header.name.count))
    }

    /// One extra field.
    static func extra(_ id: UInt16, _ payload: [UInt8]) -> [UInt8] {
        var field: [UInt8] = []
        field.put(id)
        field.put(UInt16(payload.count))
        return field + payload
    }

    /// A zip64 extra field with these values.
    static func zip64(_ values: UInt64...) -> [UInt8] {
        var payload: [UInt8] = []
        for value in values { payload.put(value) }
        return extra(1, payload)
    }
}
