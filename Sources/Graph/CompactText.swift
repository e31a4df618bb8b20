import Bytes

/// Texts of a known shape in fewer bytes: the etags and times that a million objects repeat the form of.
///
/// A byte says the form, and what the form makes of the text follows. A text that would not come back byte for byte is kept
/// as it is, so two texts are the same where their compact bytes are.
package enum CompactText {
    /// The form of a text that is kept as it is.
    package static let plain: UInt8 = 0
    /// 32 lower-case hex digits, an MD5: sixteen bytes.
    package static let digest: UInt8 = 1
    /// A digest, a hyphen, and how many parts a multipart upload had: as LEB128 behind the sixteen bytes.
    package static let parts: UInt8 = 2

    package static let digestByteCount = 16

    /// Bytes of the etag of an object that was uploaded in one part.
    package static let commonETagByteCount = 1 + digestByteCount
    /// Bytes that hold the time of an object, as listings write it.
    package static let commonTimeByteCount = 8

    /// Appends an etag.
    package static func append(etag text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { text in
            bytes.append(plain)
            let start = bytes.count
            guard unsafe appendDigest(text, to: &bytes) else {
                unsafe bytes.append(contentsOf: text)
                return
            }
            if text.count == 32 {
                bytes[start - 1] = digest
                return
            }
            let tail = unsafe String(decoding: text[32...], as: UTF8.self)
            guard tail.utf8.first == UInt8(ascii: "-"), let count = UInt32(tail.dropFirst()),
                String(count).utf8.elementsEqual(tail.utf8.dropFirst())
            else {
                bytes.removeLast(digestByteCount)
                unsafe bytes.append(contentsOf: text)
                return
            }
            bytes[start - 1] = parts
            bytes.append(leb128: UInt64(count))
        }
    }

    /// Appends a time; RFC 3339 in UTC becomes a count since 1970.
    package static func append(time text: String, to bytes: inout [UInt8]) {
        guard let time = UTCTime(text) else {
            bytes.append(plain)
            bytes += text.utf8
            return
        }
        bytes.append(1 + time.form.rawValue)
        bytes.append(leb128: time.count.zigzag)
    }

    /// The etag that became these bytes.
    package static func etag(_ bytes: Span<UInt8>) -> String {
        guard let form = bytes.first, form == digest || form == parts,
            bytes.count >= 1 + digestByteCount
        else { return rest(of: bytes) }
        var text = [UInt8]()
        text.reserveCapacity(44)
        for index in 1...digestByteCount {
            for digit in [bytes[index] >> 4, bytes[index] & 15] {
                text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
        if form == parts {
            text.append(UInt8(ascii: "-"))
            text += String(varint(bytes, from: 1 + digestByteCount)).utf8
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The time that became these bytes.
    package static func time(_ bytes: Span<UInt8>) -> String {
        guard let first = bytes.first, first != plain, let form = UTCTime.Form(rawValue: first - 1) else {
            return rest(of: bytes)
        }
        return UTCTime(count: Int64(zigzag: varint(bytes, from: 1)), form: form).text ?? ""
    }

    private static func rest(of bytes: Span<UInt8>) -> String {
        guard bytes.count > 1 else { return "" }
        return unsafe bytes.extracting(1..<bytes.count).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    private static func varint(_ bytes: Span<UInt8>, from start: Int) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for index in start..<max(start, bytes.count) {
            value |= UInt64(bytes[index] & 0x7F) << shift
            shift += 7
        }
        return value
    }

    /// Appends the bytes that the first 32 characters spell in lower-case hex; false, and nothing appended, where they are none.
    @unsafe private static func appendDigest(
        _ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]
    ) -> Bool {
        guard text.count >= 2 * digestByteCount else { return false }
        func digit(_ index: Int) -> UInt8? {
            // SAFETY: index < 32 <= text.count.
            switch unsafe text[index] {
            case let character where (0x30...0x39).contains(character): character - 0x30
            case let character where (0x61...0x66).contains(character): character - 0x57
            default: nil
            }
        }
        for index in 0..<digestByteCount {
            guard let high = digit(2 * index), let low = digit(2 * index + 1) else {
                bytes.removeLast(index)
                return false
            }
            bytes.append(high << 4 | low)
        }
        return true
    }
}

extension Span where Element == UInt8 {
    fileprivate var first: UInt8? { isEmpty ? nil : self[0] }
}
