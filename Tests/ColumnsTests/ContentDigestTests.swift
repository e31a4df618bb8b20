import Bytes
import Columns
import TestSupport
import Testing

@Suite struct ContentDigestTests {
    /// A column of `rows` values made from the row number, with nulls where `nulls` says so.
    private static func column(_ type: ColumnType, rows: Range<Int>, nulls: (Int) -> Bool = { _ in false })
        -> Column
    {
        let column = Column(type: type, capacity: 1)
        for row in rows {
            guard !nulls(row) else {
                column.appendNull()
                continue
            }
            switch type.layout {
            case .int32: column.append(Int32(row))
            case .int64: column.append(Int64(row) * 1_000_003)
            case .int128: column.append(Int128(row) << 70)
            case .float32: column.append(Float(row) / 3)
            case .float64: column.append(Double(row) / 3)
            case .bool: column.append(UInt8(row % 2))
            case .text: column.append(String(repeating: "ä", count: row % 5) + "\(row)")
            }
        }
        return column
    }

    private static func digest(_ columns: [Column]) -> XXH3Digest {
        var digester = ColumnDigester(type: columns[0].type)
        for column in columns { digester.update(column) }
        return digester.digest()
    }

    static let types: [ColumnType] = [
        .int32, .int64, .float32, .float64, .decimal(precision: 18, scale: 8),
        .decimal(precision: 38, scale: 2),
        .bool, .text, .date, .timestamp,
    ]

    @Test("does not depend on where batches are cut", arguments: types)
    func cuts(_ type: ColumnType) {
        for nulls in [{ _ in false }, { $0 % 3 == 0 }, { $0 > 4000 }, { _ in true }] as [(Int) -> Bool] {
            let whole = Self.digest([Self.column(type, rows: 0..<5000, nulls: nulls)])
            var generator = SeededGenerator(seed: 7)
            for _ in 0..<3 {
                var start = 0
                var parts = [Column]()
                while start < 5000 {
                    let end = min(5000, start + Int.random(in: 0..<1500, using: &generator))
                    parts.append(Self.column(type, rows: start..<end, nulls: nulls))
                    start = end
                }
                #expect(Self.digest(parts) == whole)
            }
        }
    }

    @Test("differs for other values, nulls, types and lengths")
    func differences() {
        let base = Self.column(.text, rows: 0..<10)
        let moved = Column(type: .text, capacity: 10)
        for text in ["ab", "c"] { moved.append(text) }
        let shifted = Column(type: .text, capacity: 10)
        for text in ["a", "bc"] { shifted.append(text) }
        let empty = Column(type: .text, capacity: 1)
        let null = Column(type: .text, capacity: 1)
        empty.append("")
        null.appendNull()
        let digests = [
            base, moved, shifted, empty, null, Self.column(.int64, rows: 0..<10),
            Self.column(.timestamp, rows: 0..<10),
            Self.column(.int64, rows: 0..<9), Column(type: .int64, capacity: 1),
        ].map { Self.digest([$0]) }
        #expect(Set(digests).count == digests.count)
    }

    @Test("covers the schema")
    func schema() {
        let column = Self.column(.int64, rows: 0..<10)
        let digests = [
            Field(name: "a", type: .int64, isNullable: false),
            Field(name: "b", type: .int64, isNullable: false),
            Field(name: "a", type: .int64, isNullable: true),
        ].map { contentDigest(fields: [$0], columns: [column]) }
        #expect(Set(digests).count == 3)
    }

    @Test("is the digest it has always been")
    func golden() {
        let column = Self.column(.int64, rows: 0..<3, nulls: { $0 == 1 })
        #expect(Self.digest([column]).description == "09d20f52472e3d348b7e7e843d82f375")
    }
}
