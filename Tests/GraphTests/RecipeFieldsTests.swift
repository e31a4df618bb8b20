import Columns
import Graph
import Testing

@Suite struct RecipeFieldsTests {
    private static let plain = Table(name: "t", columns: [TableColumn(name: "a", type: .int64)])

    struct Change: Sendable, CustomTestStringConvertible {
        var field: String
        var settings: ParquetSettings
        var testDescription: String { field }
    }

    static let changes = [
        Change(field: "parquet.compression", settings: ParquetSettings(compression: .gzip)),
        Change(field: "parquet.level", settings: ParquetSettings(level: 4)),
        Change(field: "parquet.row-group-rows", settings: ParquetSettings(rowGroupRows: 5)),
        Change(field: "parquet.encodings", settings: ParquetSettings(encodings: .portable)),
        Change(field: "parquet.bloom-filter", settings: ParquetSettings(bloomFilter: ["a"])),
    ]

    @Test(
        "each setting of Parquet is a field of its own, so that a change makes stale and is named",
        arguments: changes)
    func parquet(_ change: Change) {
        var table = Self.plain
        table.parquet = change.settings
        let before = Recipe.clean(Self.plain).fields
        let after = Recipe.clean(table).fields
        #expect(before.map(\.name) == after.map(\.name))
        #expect(zip(before, after).filter { $0 != $1 }.map(\.0.name) == [change.field])
    }
}
