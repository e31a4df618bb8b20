import Bytes

/// Texts of a known shape in fewer bytes: the etags and times that a million rows repeat the form of.
///
/// A text that would not come back byte for byte is kept as it is.
extension RowWriter {
    private static let plain: UInt8 = 0

    /// An MD5 in hex (16 bytes instead of 32), alone or with the part count of a multipart upload.
    mutating func etag(_ text: String) {
        guard let digest = unsafe withUTF8(of: text, { unsafe lowerHexDigest($0) }) else { return keep(text) }
        if text.utf8.count == 32 {
            byte(1)
            self.digest(digest)
            return
        }
        let tail = text.utf8.dropFirst(32)
        guard tail.first == UInt8(ascii: "-"), let count = UInt32(String(Substring(tail.dropFirst()))),
            String(count).utf8.elementsEqual(tail.dropFirst())
        else { return keep(text) }
        byte(2)
        self.digest(digest)
        varint(UInt64(count))
    }

    /// An RFC 3339 time in UTC as a count since 1970.
    mutating func time(_ text: String) {
        guard let time = UTCTime(text) else { return keep(text) }
        byte(1 + time.form.rawValue)
        signed(time.count)
    }

    private mutating func keep(_ text: String) {
        byte(Self.plain)
        self.text(text)
    }
}

/// The digest that the first 32 bytes spell in lower-case hex; nil for anything else.
private func lowerHexDigest(_ text: UnsafeBufferPointer<UInt8>) -> XXH3Digest? {
    guard text.count >= 32 else { return nil }
    var words: (high: UInt64, low: UInt64) = (0, 0)
    for index in 0..<32 {
        // SAFETY: index < 32 <= text.count.
        let character = unsafe text[index]
        let digit: UInt8
        switch character {
        case 0x30...0x39: digit = character - 0x30
        case 0x61...0x66: digit = character - 0x57
        default: return nil
        }
        if index < 16 {
            words.high = words.high << 4 | UInt64(digit)
        } else {
            words.low = words.low << 4 | UInt64(digit)
        }
    }
    return XXH3Digest(high: words.high, low: words.low)
}

extension RowReader {
    mutating func etag() -> String {
        var bytes = [UInt8]()
        copyETag(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    mutating func time() -> String {
        var bytes = [UInt8]()
        copyTime(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text of an etag.
    mutating func copyETag(to bytes: inout [UInt8]) {
        switch byte() {
        case 0: copy(countOfParts(), to: &bytes)
        case 1: copyHex(to: &bytes)
        case 2:
            copyHex(to: &bytes)
            bytes.append(UInt8(ascii: "-"))
            bytes += String(varint()).utf8
        default: fail()
        }
    }

    /// Appends the text of a time.
    mutating func copyTime(to bytes: inout [UInt8]) {
        let form = byte()
        if form == 0 { return copy(countOfParts(), to: &bytes) }
        guard let form = UTCTime.Form(rawValue: form - 1),
            UTCTime(count: signed(), form: form).append(to: &bytes)
        else { return fail() }
    }

    mutating func skipTime() {
        if byte() == 0 { skip(countOfParts()) } else { _ = signed() }
    }

    private mutating func copyHex(to bytes: inout [UInt8]) {
        for _ in 0..<2 {
            let word = word()
            for half in [UInt32(truncatingIfNeeded: word >> 32), UInt32(truncatingIfNeeded: word)] {
                unsafe withUnsafeBytes(of: hexDigits(half).bigEndian) { unsafe bytes.append(contentsOf: $0) }
            }
        }
    }
}

/// The eight lower-case hex digits of `word`, the first in the highest byte.
private func hexDigits(_ word: UInt32) -> UInt64 {
    // Each step doubles the distance between the halves of what is still together, down to a digit a byte.
    var digits = UInt64(word)
    digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
    digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
    digits = (digits | digits << 4) & 0x0F0F_0F0F_0F0F_0F0F
    // One in each byte whose digit is a letter: those are 39 further on.
    let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return digits &+ 0x3030_3030_3030_3030 &+ letters &* 39
}

/// `2024-02-29T23:59:59Z`, with no fraction or one of 3 or 6 digits, years 1970 to 9999.
struct UTCTime: Equatable {
    /// The raw values are kept on disk.
    enum Form: UInt8 {
        case seconds, zeroMilliseconds, milliseconds, microseconds

        var digits: Int {
            switch self {
            case .seconds: 0
            case .zeroMilliseconds, .milliseconds: 3
            case .microseconds: 6
            }
        }

        /// How many of the unit that `count` is in make a second.
        var perSecond: Int64 {
            switch self {
            case .seconds, .zeroMilliseconds: 1
            case .milliseconds: 1_000
            case .microseconds: 1_000_000
            }
        }
    }

    /// Since 1970, in the form's unit.
    var count: Int64
    var form: Form

    init(count: Int64, form: Form) {
        self.count = count
        self.form = form
    }

    /// Nil unless `text` is exactly what `self.text` would write.
    init?(_ text: String) {
        guard let time = unsafe withUTF8(of: text, { unsafe Self.parse($0) }) else { return nil }
        self = time
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> UTCTime? {
        let length = bytes.count
        guard length == 20 || length == 24 || length == 27 else { return nil }
        // SAFETY: every index is below 20, or below the length that was just compared.
        guard unsafe bytes[4] == 0x2D, unsafe bytes[7] == 0x2D, unsafe bytes[10] == UInt8(ascii: "T"),
            unsafe bytes[13] == 0x3A, unsafe bytes[16] == 0x3A, unsafe length == 20 || bytes[19] == 0x2E,
            unsafe bytes[length - 1] == UInt8(ascii: "Z")
        else { return nil }
        var isNumber = true
        func digits(_ start: Int, _ end: Int) -> Int64 {
            var value: Int64 = 0
            for index in start..<end {
                // SAFETY: end < length.
                let byte = unsafe bytes[index]
                if byte < 0x30 || byte > 0x39 { isNumber = false }
                value = value &* 10 &+ Int64(byte) &- 0x30
            }
            return value
        }
        let (year, month, day) = (digits(0, 4), digits(5, 7), digits(8, 10))
        let (hour, minute, second) = (digits(11, 13), digits(14, 16), digits(17, 19))
        let fraction = length == 20 ? 0 : digits(20, length - 1)
        guard isNumber, year >= 1970, month >= 1, month <= 12, day >= 1, hour < 24, minute < 60, second < 60
        else {
            return nil
        }
        let dayNumber = Self.day(year: year, month: month, day: day)
        // A day that the month does not have is another date.
        guard Self.date(day: dayNumber) == (year, month, day) else { return nil }
        let seconds = dayNumber * 86_400 + hour * 3_600 + minute * 60 + second
        switch length {
        case 20: return UTCTime(count: seconds, form: .seconds)
        case 27: return UTCTime(count: seconds * 1_000_000 + fraction, form: .microseconds)
        default:
            if fraction == 0 { return UTCTime(count: seconds, form: .zeroMilliseconds) }
            return UTCTime(count: seconds * 1_000 + fraction, form: .milliseconds)
        }
    }

    /// Microseconds since 1970.
    var microseconds: Int64 { count * (1_000_000 / form.perSecond) }

    /// RFC 3339; nil outside the years 1970 to 9999.
    var text: String? {
        var bytes = [UInt8]()
        return append(to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// Appends the text; false, and nothing appended, outside the years 1970 to 9999.
    func append(to bytes: inout [UInt8]) -> Bool {
        let perSecond = form.perSecond
        let seconds = count / perSecond
        guard count >= 0, seconds < 253_402_300_800 else { return false }
        let (year, month, day) = Self.date(day: seconds / 86_400)
        let second = seconds % 86_400
        let fraction = form == .zeroMilliseconds ? 0 : count % perSecond
        put(year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        put(month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        put(day, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        put(second / 3_600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        put(second / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        put(second % 60, digits: 2, to: &bytes)
        if form.digits > 0 {
            bytes.append(UInt8(ascii: "."))
            put(fraction, digits: form.digits, to: &bytes)
        }
        bytes.append(UInt8(ascii: "Z"))
        return true
    }

    /// Days since 1970 of a date in the Gregorian calendar, counted in eras of 400 years that begin in March.
    private static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse of `day`, for days from 1970 on.
    private static func date(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthOfYear = (5 * dayOfYear + 2) / 153
        let month = monthOfYear < 10 ? monthOfYear + 3 : monthOfYear - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthOfYear + 2) / 5 + 1
        )
    }
}

/// Appends `value` in decimal, with leading zeros to so many digits.
@inline(__always)
private func put(_ value: Int64, digits: Int, to bytes: inout [UInt8]) {
    var unit: Int64 = 1
    for _ in 1..<digits { unit *= 10 }
    for _ in 0..<digits {
        bytes.append(0x30 + UInt8(truncatingIfNeeded: value / unit % 10))
        unit /= 10
    }
}
