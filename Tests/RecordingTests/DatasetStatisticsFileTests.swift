import Files
import Foundation
import Graph
import Recording
import TestSupport
import Testing

@Suite struct DatasetStatisticsFileTests {
    let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private static let partitions: [PartitionStatistics] = {
        var january = DatasetStatistics()
        january.rowCount = 44_640
        january.first = "2024-01-01T00:00:00Z"
        january.last = "2024-01-31T23:59:00.5Z"
        january.gapCount = 2
        january.missingRowCount = 7
        january.duplicateRowCount = 3
        january.conflictRowCount = 1
        january.rejectedRowCount = 4
        january.nullCounts = ["volume": 5, "close": 1]
        var february = DatasetStatistics()
        february.rowCount = 10
        february.first = "2024-02-01T00:00:00Z"
        february.last = "2024-02-01T00:09:00Z"
        february.nullCounts = ["volume": 2]
        return [
            PartitionStatistics(path: "lake/\"b\"/2024-02.parquet", statistics: february),
            PartitionStatistics(path: "lake/a/2024-01.parquet", statistics: january),
            PartitionStatistics(path: "lake/c.parquet", statistics: DatasetStatistics()),
        ]
    }()

    private static let golden = #"""
        {
          "version": 1,
          "totals": {"partitions": 3, "rows": 44650, "first": "2024-01-01T00:00:00Z", "last": "2024-02-01T00:09:00Z", "gaps": 2, "missing_rows": 7, "duplicates": 3, "conflicts": 1, "nulls": {"close": 1, "volume": 7}, "rejected": 4},
          "partitions": [
            {"path": "lake/\"b\"/2024-02.parquet", "rows": 10, "first": "2024-02-01T00:00:00Z", "last": "2024-02-01T00:09:00Z", "gaps": 0, "missing_rows": 0, "duplicates": 0, "conflicts": 0, "nulls": {"volume": 2}, "rejected": 0},
            {"path": "lake/a/2024-01.parquet", "rows": 44640, "first": "2024-01-01T00:00:00Z", "last": "2024-01-31T23:59:00.5Z", "gaps": 2, "missing_rows": 7, "duplicates": 3, "conflicts": 1, "nulls": {"close": 1, "volume": 5}, "rejected": 4},
            {"path": "lake/c.parquet", "rows": 0, "first": null, "last": null, "gaps": 0, "missing_rows": 0, "duplicates": 0, "conflicts": 0, "nulls": {}, "rejected": 0}
          ]
        }

        """#

    @Test("a line per partition, and totals, in one order")
    func text() throws {
        #expect(datasetStatisticsJSON(Self.partitions) == Self.golden)
        #expect(datasetStatisticsJSON(Self.partitions.reversed()) == Self.golden)
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(Self.golden.utf8)) }
        #expect(throws: Never.self) {
            try JSONSerialization.jsonObject(with: Data(datasetStatisticsJSON([]).utf8))
        }
    }

    @Test(
        "totals compare values as what they are",
        arguments: [
            (["9", "10"], "9", "10"), (["-1.5", "2e3", "7"], "-1.5", "2e3"), (["b", "10", "9"], "10", "b"),
            (
                ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.500Z"], "2024-01-01T00:00:00Z",
                "2024-01-01T00:00:00.500Z"
            ),
        ])
    func order(_ values: [String], first: String, last: String) {
        let partitions = values.enumerated().map { index, value in
            var statistics = DatasetStatistics()
            statistics.first = value
            statistics.last = value
            return PartitionStatistics(path: "\(index)", statistics: statistics)
        }
        #expect(
            datasetStatisticsJSON(partitions).contains(
                "\"first\": \"\(first)\", \"last\": \"\(last)\", \"gaps\""))
    }

    @Test("the file is replaced when it differs, and left alone when it does not")
    func writing() throws {
        let directory = scratch.path("lake")
        #expect(try writeDatasetStatistics(directory: directory, partitions: Self.partitions))
        #expect(try String(decoding: scratch.read("lake/stats.json"), as: UTF8.self) == Self.golden)
        let inode = {
            try FileManager.default.attributesOfItem(atPath: directory + "/stats.json")[.systemFileNumber]
                as? Int
        }
        let before = try inode()
        #expect(try !writeDatasetStatistics(directory: directory, partitions: Self.partitions.reversed()))
        #expect(try inode() == before)
        #expect(try writeDatasetStatistics(directory: directory, partitions: []))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["stats.json"])
    }

    @Test("a directory that cannot be written says so")
    func unwritable() throws {
        try scratch.write("", to: "file")
        #expect(throws: FileProblem.self) {
            try writeDatasetStatistics(directory: scratch.path("file/lake"), partitions: [])
        }
        try scratch.write("", to: "lake/stats.json/x")
        #expect(throws: FileProblem.self) {
            try writeDatasetStatistics(directory: scratch.path("lake"), partitions: [])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("lake")) == ["stats.json"])
    }
}
