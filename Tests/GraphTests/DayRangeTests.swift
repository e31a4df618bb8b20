import Foundation
import Graph
import Testing

struct DayRangeTests {
    @Test("days of dates")
    func texts() {
        #expect(DayRange(text: "1970-01-01", kind: .day) == DayRange(start: 0, end: 1))
        #expect(DayRange(text: "1969-12-31", kind: .day) == DayRange(start: -1, end: 0))
        #expect(DayRange(text: "1970", kind: .year) == DayRange(start: 0, end: 365))
        #expect(DayRange(text: "2024-02", kind: .month)?.dayCount == 29)
        #expect(DayRange(text: "1900-02", kind: .month)?.dayCount == 28)
        #expect(DayRange(text: "9999-12-31", kind: .day)?.start == 2_932_896)
        #expect(DayRange(text: "0001-01-01", kind: .day)?.start == -719_162)
    }

    @Test(
        "no dates",
        arguments: [
            "2023-02-30", "2023-13", "2023-00", "2023-1", "0000", "2023-01-00", "2023/01", "٢٠٢٣", "+023",
            "2023-01-1", "",
        ])
    func bad(_ text: String) {
        #expect(DayRange(text: text) == nil)
        for kind in WildcardKind.allCases { #expect(DayRange(text: text, kind: kind) == nil) }
    }

    @Test("a text of another kind is none of this one")
    func kinds() {
        #expect(DayRange(text: "2024-02", kind: .day) == nil)
        #expect(DayRange(text: "2024-02", kind: .year) == nil)
        #expect(DayRange(text: "2024", kind: .int) == nil)
    }

    @Test("agrees with Foundation on every day of 1899 to 2105, and back")
    func calendar() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        var disagreements: [Int32] = []
        for day in Int32(-25_932)...Int32(49_308) {
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(day) * 86400))
            let text = String(format: "%04d-%02d-%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
            let month = DayRange(containing: day, kind: .month)
            if DayRange.text(ofDay: day) != text || DayRange(text: text, kind: .day)?.start != day
                || month != DayRange(text: String(text.prefix(7)))
                || !month.contains(DayRange(start: day, end: day + 1))
            {
                disagreements.append(day)
            }
        }
        #expect(disagreements.isEmpty)
    }

    @Test("days beyond every calendar do not trap")
    func extremes() {
        for kind in WildcardKind.allCases {
            _ = DayRange(containing: .max, kind: kind)
            _ = DayRange(containing: .min, kind: kind)
        }
        #expect(DayRange.text(ofDay: .max) == "9999-07-11")
    }

    @Test("widens and writes")
    func widening() throws {
        let days = try #require(DayRange(text: "2024-02-10"))
        #expect(days.widened(to: .month) == DayRange(text: "2024-02"))
        #expect(days.widened(to: .year) == DayRange(text: "2024"))
        #expect(days.widened(to: .day) == days)
        #expect(days.text == "2024-02-10")
        #expect(DayRange(text: "2024-02")?.text == "2024-02-01..2024-02-29")
        #expect(DayRange.text(ofDay: days.start, kind: .month) == "2024-02")
    }
}
