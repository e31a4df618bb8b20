import Bytes

/// Texts of a known shape in fewer bytes: the etags and times that a million rows repeat the form of.
///
/// A text that would not come back byte for byte is kept as it is.
extension RowWriter {
    private static let plain: UInt8 = 0

    /// An MD5 in hex (16 bytes instead of 32), alone or with the part count of a multipart upload.
    mutating func etag(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let hex = parts.first, hex.count == 32, let digest = XXH3Digest(String(Substring(hex))),
            digest.description.utf8.elementsEqual(hex)
        else { return keep(text) }
        if parts.count == 1 {
            byte(1)
            self.digest(digest)
        } else if let count = UInt32(String(Substring(parts[1]))), String(count).utf8.elementsEqual(parts[1]) {
            byte(2)
            self.digest(digest)
            varint(UInt64(count))
        } else {
            keep(text)
        }
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

extension RowReader {
    mutating func etag() -> String {
        switch byte() {
        case 0: return text()
        case 1: return hex()
        case 2: return hex() + "-" + String(varint())
        default:
            fail()
            return ""
        }
    }

    mutating func time() -> String {
        let form = byte()
        if form == 0 { return text() }
        guard let form = UTCTime.Form(rawValue: form - 1), let text = UTCTime(count: signed(), form: form).text else {
            fail()
            return ""
        }
        return text
    }

    private mutating func hex() -> String {
        let words = (word(), word())
        return unsafe String(unsafeUninitializedCapacity: 32) { buffer in
            // SAFETY: index < 32, the capacity asked for.
            for index in 0..<32 {
                let word = index < 16 ? words.0 : words.1
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16))) & 15
                unsafe buffer[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 32
        }
    }
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
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 27, bytes.last == UInt8(ascii: "Z"), bytes[4] == 0x2D, bytes[7] == 0x2D,
            bytes[10] == UInt8(ascii: "T"), bytes[13] == 0x3A, bytes[16] == 0x3A
        else { return nil }
        func digits(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        guard let year = digits(0..<4), let month = digits(5..<7), let day = digits(8..<10), let hour = digits(11..<13),
            let minute = digits(14..<16), let second = digits(17..<19), year >= 1970, (1...12).contains(month),
            day >= 1, hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = Self.day(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        switch bytes.count {
        case 20:
            self.init(count: seconds, form: .seconds)
        case 24:
            guard let fraction = digits(20..<23) else { return nil }
            self.init(
                count: fraction == 0 ? seconds : seconds * 1_000 + fraction,
                form: fraction == 0 ? .zeroMilliseconds : .milliseconds)
        case 27:
            guard let fraction = digits(20..<26) else { return nil }
            self.init(count: seconds * 1_000_000 + fraction, form: .microseconds)
        default: return nil
        }
        // A day the month does not have, or a separator that is no dot, does not come back the same.
        guard let back = self.text, back.utf8.elementsEqual(bytes) else { return nil }
    }

    /// Microseconds since 1970.
    var microseconds: Int64 { count * (1_000_000 / form.perSecond) }

    /// RFC 3339; nil outside the years 1970 to 9999.
    var text: String? {
        let perSecond = form.perSecond
        let seconds = count / perSecond
        guard count >= 0, seconds < 253_402_300_800 else { return nil }
        let (year, month, day) = Self.date(day: seconds / 86_400)
        let second = seconds % 86_400
        let fraction = count % perSecond
        return unsafe String(unsafeUninitializedCapacity: 27) { buffer in
            // SAFETY: writes end at 27, the longest form.
            var end = 0
            func put(_ byte: UInt8) {
                unsafe buffer[end] = byte
                end += 1
            }
            func put(_ value: Int64, digits: Int) {
                var rest = value
                for index in stride(from: end + digits - 1, through: end, by: -1) {
                    unsafe buffer[index] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                end += digits
            }
            put(year, digits: 4)
            put(0x2D)
            put(month, digits: 2)
            put(0x2D)
            put(day, digits: 2)
            put(UInt8(ascii: "T"))
            put(second / 3_600, digits: 2)
            put(0x3A)
            put(second / 60 % 60, digits: 2)
            put(0x3A)
            put(second % 60, digits: 2)
            if form.digits > 0 {
                put(0x2E)
                put(fraction, digits: form.digits)
            }
            put(UInt8(ascii: "Z"))
            return end
        }
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
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthOfYear + 2) / 5 + 1)
    }
}
