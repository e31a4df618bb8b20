/// A day of the proleptic Gregorian calendar, in UTC.
///
/// Its own few lines of arithmetic: what is made must not depend on a locale, a time zone or a library's version.
struct Day: Hashable, Comparable, CustomStringConvertible, LosslessStringConvertible {
    /// Days since 1970-01-01.
    var number: Int

    init(number: Int) { self.number = number }

    init(year: Int, month: Int, day: Int) {
        // Years start in March, so that the leap day is the last one (Howard Hinnant, "chrono-Compatible Low-Level Date
        // Algorithms").
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = era * 146_097 + dayOfEra - 719_468
    }

    /// Reads `2025-01-31`; nil for any other form and for days that do not exist.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2D }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            year >= 1970, (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
        if description != text { return nil }
    }

    /// Year, month 1...12, day 1...31.
    var civil: (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// `2025-01-31`.
    var description: String {
        let (year, month, day) = civil
        return "\(year)-\(twoDigits(month))-\(twoDigits(day))"
    }

    /// `2025-01`.
    var monthText: String { String(description.dropLast(3)) }

    var milliseconds: Int { number * 86_400_000 }

    func adding(_ days: Int) -> Day { Day(number: number + days) }

    var firstOfMonth: Day { Day(year: civil.year, month: civil.month, day: 1) }

    var firstOfNextMonth: Day {
        let (year, month, _) = civil
        return month == 12 ? Day(year: year + 1, month: 1, day: 1) : Day(year: year, month: month + 1, day: 1)
    }

    static func < (a: Day, b: Day) -> Bool { a.number < b.number }

    /// From this day on, spot files count time in microseconds.
    static let microseconds = Day(year: 2025, month: 1, day: 1)
}

func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
