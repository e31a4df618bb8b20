import Columns
import Parquet
import TestSupport

// Tables of any types, values, sizes and options, made from a seed.
extension TestTable {
    static let types: [ColumnType] = [
        .int32, .int64, .float32, .float64, .decimal(precision: 1, scale: 1),
        .decimal(precision: 9, scale: 2),
        .decimal(precision: 18, scale: 8), .decimal(precision: 19, scale: 0),
        .decimal(precision: 38, scale: 10), .bool, .text, .date, .timestamp,
    ]

    /// Around the sizes of groups, miniblocks and blocks; few are large, of which a page of floats may be split.
    private static let rowCounts = [
        0, 1, 2, 3, 7, 8, 9, 16, 31, 33, 64, 100, 127, 128, 129, 130, 200, 255, 256, 257, 258, 385, 504, 512,
        700,
    ]
    private static let largeRowCounts = [1000, 2500, 9000, 17_000]
    private static let names = ["a.b", "ä ö", "select", "x\"y'z", "名前", "a/b=c", " ", "%", "null"]
    private static let compressions: [WriterOptions.Compression] = [
        .uncompressed, .gzip(level: 0), .gzip(level: 1), .gzip(level: 6), .gzip(level: 9), .zstd(level: 1),
        .zstd(level: 3), .zstd(level: 3), .zstd(level: 7), .zstd(level: 12),
    ]

    init(seed: UInt64) {
        self.init()
        note = "seed \(seed)"
        // Seeds that differ by one would share most numbers of a generator that counts.
        var generator = SeededGenerator(seed: seed &* 0xD129_0D3A_7F4B_1C85)
        var columns: [RandomColumn] = []
        for index in 0..<Int.random(in: 1...6, using: &generator) {
            let type = Self.types.randomElement(using: &generator)!
            let isNullable = Bool.random(using: &generator)
            var name = "\(type) \(index)"
            if Int.random(in: 0..<12, using: &generator) == 0 {
                name = Self.names.randomElement(using: &generator)!
                if columns.contains(where: { $0.field.name == name }) { name += "\(index)" }
            }
            let nullShare = isNullable ? [0, 2, 30, 90, 100].randomElement(using: &generator)! : 0
            columns.append(
                RandomColumn(
                    field: Field(name: name, type: type, isNullable: isNullable),
                    shape: Shape.allCases.randomElement(using: &generator)!, nullShare: nullShare))
        }
        let isLarge = Int.random(in: 0..<40, using: &generator) == 0
        let rowCount = (isLarge ? Self.largeRowCounts : Self.rowCounts).randomElement(using: &generator)!
        if Int.random(in: 0..<3, using: &generator) == 0 { addSortedColumn(to: &columns, using: &generator) }
        chooseOptions(rowCount: rowCount, columns: columns, using: &generator)

        var rowGroups = [rowCount]
        if rowCount > 10, Bool.random(using: &generator) {
            let first = Int.random(in: 1..<rowCount - 3, using: &generator)
            rowGroups = [first, rowCount - first - 3, 0, 3]
        }
        batches = rowGroups.map { count in columns.indices.map { columns[$0].batch(count, using: &generator) }
        }
        fields = columns.map(\.field)
        note += ", shapes \(columns.map { "\($0.shape)" })"
    }

    /// Puts a column among the others by which the rows are sorted indeed.
    private mutating func addSortedColumn(
        to columns: inout [RandomColumn], using generator: inout SeededGenerator
    ) {
        let isDescending = Bool.random(using: &generator)
        let type: ColumnType = [.int64, .timestamp].randomElement(using: &generator)!
        let column = RandomColumn(
            field: Field(name: "sorted", type: type, isNullable: false),
            shape: isDescending ? .falling : .rising, nullShare: 0)
        let index = Int.random(in: 0...columns.count, using: &generator)
        columns.insert(column, at: index)
        options.sortingColumns = [
            SortKey(
                .index(index), isDescending: isDescending, hasNullsFirst: Bool.random(using: &generator))
        ]
    }

    private mutating func chooseOptions(
        rowCount: Int, columns: [RandomColumn], using generator: inout SeededGenerator
    ) {
        options.compression = Self.compressions.randomElement(using: &generator)!
        options.encodings = [.portable, .smallest, .smallest, .all].randomElement(using: &generator)!
        // fastparquet is no judge of version 2.
        if options.encodings == .all || Int.random(in: 0..<8, using: &generator) == 0 {
            options.pageVersion = [.v1, .v2].randomElement(using: &generator)!
        }
        let leastPageRows = rowCount > 130 ? rowCount / 20 : 1
        options.dataPageRows = max(
            leastPageRows, [131_072, 131_072, 200, 129, 64, 1].randomElement(using: &generator)!)
        if Int.random(in: 0..<4, using: &generator) == 0 { options.dataPageBytes = max(rowCount, 300) }
        for (index, column) in columns.enumerated()
        where column.field.type != .bool && Int.random(in: 0..<4, using: &generator) == 0 {
            bloomFilterColumns.append(index)
            options.bloomFilterColumns.append(
                BloomFilterColumn(
                    Bool.random(using: &generator) ? .index(index) : .name(column.field.name),
                    falsePositiveProbability: [0.5, 0.1, 0.01, 1e-4].randomElement(using: &generator)!))
        }
        if options.encodings == .all, Bool.random(using: &generator) {
            for (index, column) in columns.enumerated() {
                let encodings = Self.encodings(of: column.field.type)
                options.columnEncodings.append(
                    ColumnEncoding(.index(index), encodings.randomElement(using: &generator)!))
            }
        }
        if Bool.random(using: &generator) {
            metadata = [("origin", "a \"test\" ä"), ("", ""), ("größe", "\n")]
        }
        options.createdBy = "test"
    }

    /// Encodings that can be asked for.
    private static func encodings(of type: ColumnType) -> [ColumnEncoding.Encoding] {
        switch type.layout {
        case .int32, .int64: [.plain, .dictionary, .deltaBinaryPacked]
        case .int128: [.plain, .dictionary]
        case .float32, .float64: [.plain, .dictionary, .byteStreamSplit]
        case .bool: [.plain, .rle]
        case .text: [.plain, .dictionary, .deltaLengthByteArray]
        }
    }
}
