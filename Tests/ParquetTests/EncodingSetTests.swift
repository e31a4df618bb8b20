import Columns
import Parquet
import TestSupport
import Testing

/// Which encodings a set of encodings leads to.
@Suite struct EncodingSetTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var type: ColumnType
        var rowCount: Int
        /// Raw values of parquet.thrift's `Encoding`.
        var portable: Int
        var smallest: Int
        var all: Int
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "64 KiB of doubles are split", type: .float64, rowCount: 8192, portable: 0, smallest: 9,
            all: 9),
        Case(name: "less is not", type: .float64, rowCount: 8191, portable: 0, smallest: 0, all: 9),
        Case(
            name: "64 KiB of floats are split", type: .float32, rowCount: 16_384, portable: 0, smallest: 9,
            all: 9),
        Case(name: "less is not either", type: .float32, rowCount: 16_383, portable: 0, smallest: 0, all: 9),
        Case(
            name: "wide deltas, which fastparquet takes for other numbers", type: .int64, rowCount: 8192,
            portable: 0, smallest: 0, all: 5),
        Case(
            name: "lengths apart, which fastparquet refuses", type: .text, rowCount: 8192, portable: 0,
            smallest: 0, all: 6),
    ]

    /// Values that hardly repeat and are smallest in the encoding that only the larger sets have.
    private static func column(_ c: Case) -> Column {
        var generator = SeededGenerator(seed: 5)
        let column = Column(type: c.type, capacity: c.rowCount)
        for row in 0..<c.rowCount {
            let noise = Int64(generator.next() % 1000)
            switch c.type {
            case .float32: column.append(1 + Float(noise) / 65_536 + Float(row) / 4096)
            case .float64: column.append(1 + Double(row * 1000 + Int(noise)) / 4_194_304)
            // Steps of 27 bits.
            case .int64: column.append(Int64(row) << 40 + Int64(generator.next() % (1 << 27)))
            default: column.append(String(generator.next() >> UInt64(noise % 40), radix: 16))
            }
        }
        return column
    }

    @Test("the encoding follows from the set", arguments: cases)
    func encoding(_ c: Case) throws {
        let sets: [(WriterOptions.EncodingSet, Int)] = [
            (.portable, c.portable), (.smallest, c.smallest), (.all, c.all),
        ]
        for (encodings, expected) in sets {
            var options = WriterOptions()
            options.encodings = encodings
            let file = try writeFile(
                fields: [Field(name: "v", type: c.type, isNullable: false)], batches: [[Self.column(c)]],
                options: options)
            #expect(dataEncoding(chunks(of: file.bytes)[0]) == expected, "\(encodings)")
        }
    }

    @Test("the set that is taken without a choice")
    func usual() { #expect(WriterOptions().encodings == .smallest) }
}
