import Compression

/// Writes a zip archive into memory, the same bytes for the same calls.
///
/// For samples and tests: members are given whole, and every form the reader knows can be written.
///
/// Format: PKWARE APPNOTE.TXT 6.3.10.
package struct ZipWriter {
    /// How one member is written.
    package struct Style: Hashable, Sendable {
        /// zlib's level, 1...9; nil stores the bytes as they are.
        package var level: Int? = 6
        package var modified = ZipTime()
        /// Whether sizes stand in zip64 fields though they would fit without.
        package var usesZip64 = false
        /// Whether CRC-32 and sizes follow the data, as streaming writers do. Deflated members only.
        package var hasDescriptor = false
        package var comment: [UInt8] = []

        package init(
            level: Int? = 6, modified: ZipTime = ZipTime(), usesZip64: Bool = false,
            hasDescriptor: Bool = false
        ) {
            self.level = level
            self.modified = modified
            self.usesZip64 = usesZip64
            self.hasDescriptor = hasDescriptor
        }
    }

    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var memberCount = 0

    package init() {}

    /// Adds a member. Its flag says UTF-8 if the name is not plain ASCII.
    ///
    /// - Parameter name: at most 65,535 bytes of UTF-8.
    package mutating func add(name: String, bytes content: [UInt8], style: Style = Style()) {
        let nameBytes = Array(name.utf8)
        precondition(nameBytes.count <= 0xFFFF, "a name has a length of 16 bits")
        let headerOffset = bytes.count
        let data = style.level.map { rawDeflate(content, level: $0) } ?? content
        let crc = CRC32(of: content).value
        let isWide = style.usesZip64 || max(content.count, data.count, headerOffset) >= 0xFFFF_FFFF
        let hasDescriptor = style.hasDescriptor && style.level != nil
        var flags: UInt16 = nameBytes.allSatisfy { $0 < 0x80 } ? 0 : ZipFormat.utf8Flag
        if hasDescriptor { flags |= ZipFormat.descriptorFlag }
        let version = isWide ? ZipFormat.zip64Version : ZipFormat.deflateVersion

        // The fields that local header and directory entry share, up to the length of the name.
        func shared(areValuesKnown: Bool) -> [UInt8] {
            var fields: [UInt8] = []
            fields.appendLittleEndian(version)
            fields.appendLittleEndian(flags)
            fields.appendLittleEndian(
                style.level == nil ? ZipFormat.storedMethod : ZipFormat.deflateMethod)
            fields.appendLittleEndian(style.modified.time)
            fields.appendLittleEndian(style.modified.date)
            fields.appendLittleEndian(areValuesKnown ? crc : 0)
            for size in [data.count, content.count] {
                fields.appendLittleEndian(
                    isWide ? ZipFormat.sentinel32 : areValuesKnown ? UInt32(size) : 0)
            }
            fields.appendLittleEndian(UInt16(nameBytes.count))
            return fields
        }
        func zip64Extra(_ values: [Int]) -> [UInt8] {
            guard isWide else { return [] }
            var extra: [UInt8] = []
            extra.appendLittleEndian(ZipFormat.zip64ExtraId)
            extra.appendLittleEndian(UInt16(8 * values.count))
            for value in values { extra.appendLittleEndian(UInt64(value)) }
            return extra
        }

        let localExtra = zip64Extra(hasDescriptor ? [0, 0] : [content.count, data.count])
        bytes.appendLittleEndian(ZipFormat.localHeaderSignature)
        bytes += shared(areValuesKnown: !hasDescriptor)
        bytes.appendLittleEndian(UInt16(localExtra.count))
        bytes += nameBytes
        bytes += localExtra
        bytes += data
        if hasDescriptor {
            bytes.appendLittleEndian(ZipFormat.descriptorSignature)
            bytes.appendLittleEndian(crc)
            for size in [data.count, content.count] {
                if isWide {
                    bytes.appendLittleEndian(UInt64(size))
                } else {
                    bytes.appendLittleEndian(UInt32(size))
                }
            }
        }

        let extra = zip64Extra([content.count, data.count, headerOffset])
        directory.appendLittleEndian(ZipFormat.directoryHeaderSignature)
        directory.appendLittleEndian(version)
        directory += shared(areValuesKnown: true)
        directory.appendLittleEndian(UInt16(extra.count))
        directory.appendLittleEndian(UInt16(style.comment.count))
        directory.appendLittleEndian(UInt16(0))  // disk
        directory.appendLittleEndian(UInt16(0))  // internal attributes
        directory.appendLittleEndian(UInt32(0))  // external attributes
        directory.appendLittleEndian(isWide ? ZipFormat.sentinel32 : UInt32(headerOffset))
        directory += nameBytes
        directory += extra
        directory += style.comment
        memberCount += 1
    }

    /// The whole archive.
    ///
    /// - Parameters:
    ///   - usesZip64: whether to write the zip64 end record though the plain one would do.
    ///   - comment: at most 65,535 bytes.
    package func finish(usesZip64: Bool = false, comment: [UInt8] = []) -> [UInt8] {
        precondition(comment.count <= 0xFFFF, "a comment has a length of 16 bits")
        var result = bytes + directory
        let isWide =
            usesZip64 || memberCount >= 0xFFFF || max(bytes.count, directory.count) >= 0xFFFF_FFFF
        if isWide {
            let recordOffset = result.count
            result.appendLittleEndian(ZipFormat.endRecord64Signature)
            result.appendLittleEndian(UInt64(44))
            result.appendLittleEndian(ZipFormat.zip64Version)
            result.appendLittleEndian(ZipFormat.zip64Version)
            result.appendLittleEndian(UInt32(0))
            result.appendLittleEndian(UInt32(0))
            for value in [memberCount, memberCount, directory.count, bytes.count] {
                result.appendLittleEndian(UInt64(value))
            }
            result.appendLittleEndian(ZipFormat.endLocator64Signature)
            result.appendLittleEndian(UInt32(0))
            result.appendLittleEndian(UInt64(recordOffset))
            result.appendLittleEndian(UInt32(1))
        }
        result.appendLittleEndian(ZipFormat.endRecordSignature)
        result.appendLittleEndian(UInt16(0))
        result.appendLittleEndian(UInt16(0))
        for _ in 0..<2 {
            result.appendLittleEndian(isWide ? ZipFormat.sentinel16 : UInt16(memberCount))
        }
        for value in [directory.count, bytes.count] {
            result.appendLittleEndian(isWide ? ZipFormat.sentinel32 : UInt32(value))
        }
        result.appendLittleEndian(UInt16(comment.count))
        return result + comment
    }
}

/// A member's date and time as MS-DOS wrote them: local time of nowhere, in steps of two seconds.
package struct ZipTime: Hashable, Sendable {
    package let date: UInt16
    package let time: UInt16

    /// - Parameters:
    ///   - year: 1980...2107; other years become the nearest of these.
    ///   - second: the odd ones are rounded down.
    package init(
        year: Int = 1980, month: Int = 1, day: Int = 1, hour: Int = 0, minute: Int = 0, second: Int = 0
    ) {
        let years = min(max(year, 1980), 2107) - 1980
        date = UInt16(truncatingIfNeeded: years << 9 | (month & 15) << 5 | (day & 31))
        time = UInt16(truncatingIfNeeded: (hour & 31) << 11 | (minute & 63) << 5 | (second & 63) / 2)
    }
}
