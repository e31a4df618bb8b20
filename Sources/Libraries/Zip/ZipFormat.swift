/// Sizes, signatures and codes of the format.
///
/// Source: PKWARE APPNOTE.TXT 6.3.10, section 4.
enum ZipFormat {
    static let localHeaderSignature: UInt32 = 0x0403_4B50
    static let directoryHeaderSignature: UInt32 = 0x0201_4B50
    static let endRecordSignature: UInt32 = 0x0605_4B50
    static let endRecord64Signature: UInt32 = 0x0606_4B50
    static let endLocator64Signature: UInt32 = 0x0706_4B50
    static let descriptorSignature: UInt32 = 0x0807_4B50
    /// What an archive that was meant to be split and then was not starts with.
    static let singleSpanSignature: UInt32 = 0x3030_4B50

    static let localHeaderByteCount = 30
    static let directoryHeaderByteCount = 46
    static let endRecordByteCount = 22
    static let endRecord64ByteCount = 56
    static let endLocator64ByteCount = 20

    /// "The real value is in the zip64 extra field or record."
    static let sentinel16: UInt16 = 0xFFFF
    static let sentinel32: UInt32 = 0xFFFF_FFFF

    static let encryptedFlag: UInt16 = 1 << 0
    static let descriptorFlag: UInt16 = 1 << 3
    static let strongEncryptionFlag: UInt16 = 1 << 6
    static let utf8Flag: UInt16 = 1 << 11
    static let maskedHeadersFlag: UInt16 = 1 << 13
    /// Bits 1 and 2 say how hard the encoder tried.
    static let supportedFlags: UInt16 = 1 << 1 | 1 << 2 | descriptorFlag | utf8Flag

    static let storedMethod: UInt16 = 0
    static let deflateMethod: UInt16 = 8
    static let aesMethod: UInt16 = 99

    static let zip64ExtraId: UInt16 = 0x0001
    static let unicodePathExtraId: UInt16 = 0x7075
    static let aesExtraId: UInt16 = 0x9901

    /// 6.3, in tenths: the newest version that Info-ZIP and Python's zipfile open.
    static let newestVersion = 63
    static let zip64Version: UInt16 = 45
    static let deflateVersion: UInt16 = 20
}

extension [UInt8] {
    /// The little-endian value at `offset`; the caller has checked that it is inside.
    func littleEndian<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
        var value: T = 0
        for i in 0..<(T.bitWidth / 8) {
            value |= T(truncatingIfNeeded: self[offset + i]) << T(truncatingIfNeeded: 8 * i)
        }
        return value
    }

    mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
        for i in 0..<(value.bitWidth / 8) { append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
    }
}

/// Parts of a name's characters above 127 where no flag says UTF-8 (APPNOTE, appendix D).
private let cp437 = Array(
    """
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}
    """.unicodeScalars)

/// The text of a member's name, or why it is refused.
///
/// Refused is what some tool would read as another name or as a way out of a directory; nothing here is used as a path.
func memberName(_ bytes: ArraySlice<UInt8>, isUTF8: Bool) -> Result<String, ZipNameFault> {
    if bytes.isEmpty { return .failure(.empty) }
    if bytes.first == UInt8(ascii: "/") { return .failure(.absolute) }
    if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return .failure(.controlCharacter) }
    if bytes.contains(UInt8(ascii: "\\")) { return .failure(.backslash) }
    if bytes.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }) {
        return .failure(.parentDirectory)
    }
    if isUTF8 {
        guard let text = String(validating: bytes, as: UTF8.self) else { return .failure(.notUTF8) }
        return .success(text)
    }
    var text = ""
    for byte in bytes {
        text.unicodeScalars.append(byte < 0x80 ? Unicode.Scalar(byte) : cp437[Int(byte) - 0x80])
    }
    return .success(text)
}

enum ZipNameFault: String, Error {
    case empty = "it is empty"
    case absolute = "it starts with a slash"
    case controlCharacter = "it has a control character"
    case backslash = "it has a backslash"
    case parentDirectory = "it has a '..'"
    case notUTF8 = "it is said to be UTF-8 and is not"
}
