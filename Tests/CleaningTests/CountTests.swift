import Cleaning
import Graph
import TestSupport
import Testing

@Suite struct CountTests {
    /// Hours of a day: what is missing, double or bad can be read off.
    static let text = """
        2024-01-01 00:00:00,1.5,5,a
        2024-01-01 01:00:00,,6,
        2024-01-01 02:00:00,2.5,7,c
        2024-01-01 02:00:00,2.5,7,c
        2024-01-01 02:00:00,2.5,7,c
        2024-01-01 05:00:00,,,
        2024-01-01 05:00:00,3.5,8,other
        soon,1,1,bad
        2024-01-01 06:00:00,1,2
        2024-01-01 06:00:00,-1,1,negative
        2024-01-01 09:00:00,4.5,9,e
        2024-01-01 04:00:00,5.5,,late

        """

    @Test("every count of a file whose counts can be read off", arguments: [1, 128 << 20], [2, 1_000])
    func counts(memoryByteCount: Int, rowGroupRows: Int) throws {
        let table = Table(
            ["time timestamp", "price float64?", "size int64?", "note text?"], header: .none, sort: ["time"],
            unique: ["time"], every: "1h",
            checks: [
                Check(text: "price > 0", condition: .comparison(.greater, .column("price"), .integer(0)))
            ], badRows: .quarantine, rowGroupRows: rowGroupRows)
        let statistics = try Bench().clean([Self.text], table, memoryByteCount: memoryByteCount).dataset
            .statistics
        var expected = DatasetStatistics()
        // Hours 0, 1, 2, 4, 5 and 9.
        expected.rowCount = 6
        expected.first = "2024-01-01T00:00:00Z"
        expected.last = "2024-01-01T09:00:00Z"
        // Hour 2 came three times, hour 5 twice, not the same.
        expected.duplicateRowCount = 2
        expected.conflictRowCount = 1
        // 3; and 6, 7, 8.
        expected.gapCount = 2
        expected.missingRowCount = 4
        // No time, too few fields, a negative price.
        expected.rejectedRowCount = 3
        // Of rows that stay: hours 1 and 5; 4 and 5; 1 and 5.
        expected.nullCounts = ["price": 2, "size": 2, "note": 2]
        #expect(statistics == expected)
    }
}
