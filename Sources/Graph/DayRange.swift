/// Whole UTC days, half open, counted from 1970-01-01.
package struct DayRange: Hashable, Sendable, Codable {
    package var start: Int32
    package var end: Int32

    package init(start: Int32, end: Int32) {
        precondition(start <= end)
        self.start = start
        self.end = end
    }

    package func overlaps(_ other: DayRange) -> Bool { start < other.end && other.start < end }
    package func contains(_ other: DayRange) -> Bool { start <= other.start && other.end <= end }
}
