import Compression

/// The extra fields of one header that matter here.
struct ZipExtraFields {
    /// The payload of the zip64 field, where there is one.
    var zip64: [UInt8]?

    /// Reads all fields; each must lie within `bytes`, and they must fill it.
    ///
    /// - Parameter name: the header's name bytes, which a Unicode path field must not change.
    init(_ bytes: ArraySlice<UInt8>, name: ArraySlice<UInt8>) throws(ZipExtraFault) {
        let bytes = Array(bytes)
        var place = 0
        var hasUnicodePath = false
        while place < bytes.count {
            guard bytes.count - place >= 4 else { throw .cutShort }
            let id = bytes.littleEndian(UInt16.self, at: place)
            let byteCount = Int(bytes.littleEndian(UInt16.self, at: place + 2))
            let start = place + 4
            guard byteCount <= bytes.count - start else { throw .cutShort }
            let payload = Array(bytes[start..<(start + byteCount)])
            place = start + byteCount
            switch id {
            case ZipFormat.zip64ExtraId:
                guard zip64 == nil else { throw .secondZip64 }
                zip64 = payload
            case ZipFormat.unicodePathExtraId:
                guard !hasUnicodePath else { throw .secondUnicodePath }
                hasUnicodePath = true
                // APPNOTE 4.6.9: another version, or the checksum of another name, makes the field void.
                guard byteCount >= 5, payload[0] == 1,
                    payload.littleEndian(UInt32.self, at: 1) == CRC32(of: Array(name)).value
                else { continue }
                guard payload[5...].elementsEqual(name) else { throw .otherName }
            case ZipFormat.aesExtraId: throw .encrypted
            default: break
            }
        }
    }

    /// The real values of the header fields that hold a sentinel, in the order the format gives them.
    ///
    /// - Parameters:
    ///   - wideFields: the fields with 32 bits: sizes and, in the directory, the header's offset.
    ///   - disk: the disk number, in the directory.
    /// - Returns: one value per wide field.
    ///
    /// Format: APPNOTE 4.5.3. The field must hold exactly the values whose fields are sentinels.
    func resolve(wideFields: [UInt32], disk: UInt16?) throws(ZipExtraFault) -> [UInt64] {
        var values = wideFields.map(UInt64.init)
        let replaced = wideFields.indices.filter { wideFields[$0] == ZipFormat.sentinel32 }
        let hasDisk = disk == ZipFormat.sentinel16
        let expected = 8 * replaced.count + (hasDisk ? 4 : 0)
        guard let zip64 else {
            if expected > 0 { throw .missingZip64 }
            return values
        }
        guard zip64.count == expected else { throw .zip64Length(found: zip64.count, expected: expected) }
        for (i, field) in replaced.enumerated() {
            values[field] = zip64.littleEndian(UInt64.self, at: 8 * i)
        }
        if hasDisk, zip64.littleEndian(UInt32.self, at: 8 * replaced.count) != 0 { throw .otherDisk }
        return values
    }
}

enum ZipExtraFault: Error {
    case cutShort, secondZip64, secondUnicodePath, otherName, encrypted, missingZip64, otherDisk
    case zip64Length(found: Int, expected: Int)

    var kind: ZipProblem.Kind {
        switch self {
        case .cutShort: .badExtraField("it runs past its end")
        case .secondZip64: .badExtraField("a second zip64 field")
        case .secondUnicodePath: .badExtraField("a second Unicode path")
        case .otherName: .badExtraField("the Unicode path is another name")
        case .encrypted: .encrypted
        case .missingZip64: .badExtraField("no zip64 field, which the header refers to")
        case .otherDisk: .splitArchive
        case .zip64Length(let found, let expected):
            .badExtraField("a zip64 field of \(found) bytes, expected \(expected)")
        }
    }
}
