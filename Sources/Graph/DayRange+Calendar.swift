/// A date of the proleptic Gregorian calendar, years 1 to 9999.
struct CivilDate: Hashable, Sendable {
    var year: Int32
    var month: Int32
    var day: Int32

    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD` from `byteCount` (4, 7 or 10) bytes, all of which must be there; parts
    /// that are not written are 1. Nil for anything else.
    init?(_ bytes: Span<UInt8>, at start: Int = 0, byteCount: Int) {
        func digits(_ offsets: Range<Int>) -> Int32? {
            var value: Int32 = 0
            for offset in offsets {
                let byte = bytes[start + offset]
                guard byte.isDigit else { return nil }
                value = value * 10 + Int32(byte - 0x30)
            }
            return value
        }
        (month, day) = (1, 1)
        guard let year = digits(0..<4), year >= 1 else { return nil }
        self.year = year
        if byteCount >= 7 {
            guard bytes[start + 4] == UInt8(ascii: "-"), let month = digits(5..<7), (1...12).contains(month)
            else {
                return nil
            }
            self.month = month
        }
        if byteCount == 10 {
            guard bytes[start + 7] == UInt8(ascii: "-"), let day = digits(8..<10), day >= 1,
                day <= Self.dayCount(year: year, month: month)
            else { return nil }
            self.day = day
        }
    }

    init(year: Int32, month: Int32, day: Int32) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// The date of a day counted from 1970-01-01.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    init(day count: Int32) {
        let shifted = Int64(count) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int32(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int32(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = Int32(yearOfEra + era * 400 + (month <= 2 ? 1 : 0))
    }

    /// Days since 1970-01-01. Source: as above, `days_from_civil`.
    var dayCount: Int32 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func isLeap(_ year: Int32) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func dayCount(year: Int32, month: Int32) -> Int32 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension DayRange {
    /// The days that a date's text stands for: `2024-02` as a month is 2024-02-01 to 2024-02-29.
    ///
    /// Nil when the text is not exactly of that kind's form, zero padded, or names no real date.
    package init?(text: String, kind: WildcardKind) {
        guard let byteCount = kind.dateByteCount, text.utf8.count == byteCount else { return nil }
        var text = text
        guard let date = text.withUTF8({ unsafe CivilDate($0.span, byteCount: byteCount) }) else {
            return nil
        }
        self.init(containing: date.dayCount, kind: kind)
    }

    /// The days that `YYYY-MM-DD`, `YYYY-MM` or `YYYY` stands for; nil for anything else.
    package init?(text: String) {
        guard
            let kind = [WildcardKind.day, .month, .year].first(where: { $0.dateByteCount == text.utf8.count })
        else {
            return nil
        }
        self.init(text: text, kind: kind)
    }

    /// The day, month or year (by `kind`; a day for kinds that are no dates) that `day`, counted from 1970-01-01, lies in.
    /// Days millions of years away count as the last one that still has a year.
    package init(containing day: Int32, kind: WildcardKind) {
        let day = min(max(day, -2_000_000_000), 2_000_000_000)
        switch kind {
        case .month:
            let date = CivilDate(day: day)
            let start = CivilDate(year: date.year, month: date.month, day: 1).dayCount
            self.init(start: start, end: start + CivilDate.dayCount(year: date.year, month: date.month))
        case .year:
            let date = CivilDate(day: day)
            let start = CivilDate(year: date.year, month: 1, day: 1).dayCount
            self.init(start: start, end: start + (CivilDate.isLeap(date.year) ? 366 : 365))
        case .day, .text, .int:
            self.init(start: day, end: day + 1)
        }
    }

    package var dayCount: Int { Int(end) - Int(start) }

    /// The smallest range of whole months or years that holds these days. Empty ranges grow to the span of their start.
    package func widened(to kind: WildcardKind) -> DayRange {
        let first = DayRange(containing: start, kind: kind)
        return DayRange(
            start: first.start, end: max(first.end, DayRange(containing: max(start, end - 1), kind: kind).end)
        )
    }

    /// The text form, of `kind`, of a day counted from 1970-01-01: `2024-02` for a month. Years beyond 1...9999 are clamped.
    package static func text(ofDay day: Int32, kind: WildcardKind = .day) -> String {
        let date = CivilDate(day: day)
        func padded(_ number: Int32, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let text =
            "\(padded(min(max(date.year, 1), 9999), 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
        return kind.dateByteCount.map { String(text.prefix($0)) } ?? text
    }

    /// The first day and the last, as a person writes them: `2024-02-01..2024-02-29`, or one day.
    package var text: String {
        let first = Self.text(ofDay: start)
        return dayCount <= 1 ? first : "\(first)..\(Self.text(ofDay: end - 1))"
    }
}
