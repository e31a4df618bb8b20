import Columns
import Compression

/// What options say of columns, by the columns' indices.
struct ResolvedColumns {
    var sorting: [(column: Int, isDescending: Bool, hasNullsFirst: Bool)] = []
    /// For each column of the schema, that of its bloom filters; nil where it has none.
    var falsePositiveProbabilities: [Double?]
    /// For each column, the encoding that was asked for; nil where it is to be chosen.
    var encodings: [Encoding?]
}

extension WriterOptions {
    /// Checks all options against a schema of at least one column.
    func resolve(_ schema: [Field]) throws(ParquetProblem) -> ResolvedColumns {
        switch compression {
        case .uncompressed: break
        case .gzip(let level): try Self.check("gzip level", level, in: 0...9)
        case .zstd(let level): try Self.check("zstd level", level, in: ZstdCompressor.levels)
        }
        try Self.check("dataPageRows", dataPageRows, in: 1...Int(Int32.max))
        try Self.check("dataPageBytes", dataPageBytes, in: 1...1 << 28)
        var columns = ResolvedColumns(
            falsePositiveProbabilities: Array(repeating: nil, count: schema.count),
            encodings: Array(repeating: nil, count: schema.count))
        for sorting in sortingColumns {
            let index = try Self.index(of: sorting.column, in: schema, option: "sortingColumns")
            guard !columns.sorting.contains(where: { $0.column == index }) else {
                throw ParquetProblem(.repeatedColumn(option: "sortingColumns", name: schema[index].name))
            }
            columns.sorting.append((index, sorting.isDescending, sorting.hasNullsFirst))
        }
        for asked in columnEncodings {
            let index = try Self.index(of: asked.column, in: schema, option: "columnEncodings")
            let name = schema[index].name
            guard asked.encoding.suits(schema[index].type) else {
                throw ParquetProblem(
                    .unsuitableEncoding(name: name, schema[index].type, asked.encoding))
            }
            guard columns.encodings[index] == nil else {
                throw ParquetProblem(.repeatedColumn(option: "columnEncodings", name: name))
            }
            columns.encodings[index] = asked.encoding.format
        }
        for filter in bloomFilterColumns {
            let index = try Self.index(of: filter.column, in: schema, option: "bloomFilterColumns")
            let name = schema[index].name
            guard schema[index].type != .bool else {
                throw ParquetProblem(.bloomFilterOfBooleans(name: name))
            }
            guard columns.falsePositiveProbabilities[index] == nil else {
                throw ParquetProblem(.repeatedColumn(option: "bloomFilterColumns", name: name))
            }
            let probability = filter.falsePositiveProbability
            guard probability > 0, probability < 1 else {
                throw ParquetProblem(.falsePositiveProbability(name: name, probability))
            }
            columns.falsePositiveProbabilities[index] = probability
        }
        return columns
    }

    private static func index(
        of column: ColumnReference, in schema: [Field], option: String
    ) throws(ParquetProblem) -> Int {
        switch column {
        case .index(let index):
            try check(option, index, in: 0...schema.count - 1)
            return index
        case .name(let name):
            guard let index = schema.firstIndex(where: { $0.name == name }) else {
                throw ParquetProblem(.unknownColumn(option: option, name: name))
            }
            return index
        }
    }

    private static func check(
        _ name: String, _ value: Int, in allowed: ClosedRange<Int>
    ) throws(ParquetProblem) {
        guard allowed.contains(value) else {
            throw ParquetProblem(.option(name: name, value: value, allowed: allowed))
        }
    }
}
