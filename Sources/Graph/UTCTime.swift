/// `2024-02-29T23:59:59Z`, with no fraction or one of 3 or 6 digits, years 1970 to 9999.
package struct UTCTime: Equatable, Sendable {
    /// The raw values are kept on disk.
    package enum Form: UInt8, Sendable {
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
    package var count: Int64
    package var form: Form

    package init(count: Int64, form: Form) {
        self.count = count
        self.form = form
    }

    /// Nil unless `text` is exactly what `self.text` would write.
    package init?(_ text: String) {
        var text = text
        guard let time = text.withUTF8({ unsafe Self.parse($0) }) else { return nil }
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
        let date = CivilDate(year: Int32(year), month: Int32(month), day: Int32(day))
        guard date.day <= CivilDate.dayCount(year: date.year, month: date.month) else { return nil }
        let seconds = Int64(date.dayCount) * 86_400 + hour * 3_600 + minute * 60 + second
        switch length {
        case 20: return UTCTime(count: seconds, form: .seconds)
        case 27: return UTCTime(count: seconds * 1_000_000 + fraction, form: .microseconds)
        default:
            if fraction == 0 { return UTCTime(count: seconds, form: .zeroMilliseconds) }
            return UTCTime(count: seconds * 1_000 + fraction, form: .milliseconds)
        }
    }

    /// Microseconds since 1970.
    package var microseconds: Int64 { count * (1_000_000 / form.perSecond) }

    /// RFC 3339; nil outside the years 1970 to 9999.
    package var text: String? {
        var bytes = [UInt8]()
        return append(to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// Whether it is in the years 1970 to 9999.
    package var hasText: Bool { count >= 0 && count / form.perSecond < 253_402_300_800 }

    /// Appends the text; false, and nothing appended, outside the years 1970 to 9999.
    package func append(to bytes: inout [UInt8]) -> Bool {
        guard hasText else { return false }
        let perSecond = form.perSecond
        let seconds = count / perSecond
        let date = CivilDate(day: Int32(seconds / 86_400))
        let second = seconds % 86_400
        let fraction = form == .zeroMilliseconds ? 0 : count % perSecond
        put(Int64(date.year), digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        put(Int64(date.month), digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        put(Int64(date.day), digits: 2, to: &bytes)
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
