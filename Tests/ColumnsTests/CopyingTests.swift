import Columns
import TestSupport
import Testing

@Suite struct CopyingTests {
    static let types: [ColumnType] = [
        .bool, .int32, .int64, .float32, .float64, .decimal(precision: 30, scale: 2), .text,
    ]

    /// A column of `count` values that tell themselves apart, every seventh null where asked.
    private func column(_ type: ColumnType, count: Int, salt: Int, nulls: Bool) -> Column {
        let column = Column(type: type, capacity: 1)
        for row in 0..<count {
            if nulls, row % 7 == 3 {
                column.appendNull()
                continue
            }
            let value = row &* 2_654_435_761 &+ salt
            switch type.layout {
            case .bool: column.append(UInt8(value & 1))
            case .int32: column.append(Int32(truncatingIfNeeded: value))
            case .int64: column.append(Int64(value))
            case .int128: column.append(Int128(value) << 60)
            case .float32: column.append(Float(value))
            case .float64: column.append(Double(value))
            case .text: column.append(row % 5 == 0 ? "" : String(value))
            }
        }
        return column
    }

    /// A row as text, read in the slowest way.
    private func text(_ column: Column, _ row: Int) -> String {
        if column.isNull(row) { return "null" }
        func value<T: BitwiseCopyable>(_: T.Type) -> T {
            unsafe column.withValues(as: T.self) { unsafe $0[row] }
        }
        switch column.type.layout {
        case .bool: return "\(value(UInt8.self))"
        case .int32: return "\(value(Int32.self))"
        case .int64: return "\(value(Int64.self))"
        case .int128: return "\(value(Int128.self))"
        case .float32: return "\(value(Float.self))"
        case .float64: return "\(value(Double.self))"
        case .text:
            return unsafe column.withText { ends, bytes in
                unsafe String(
                    decoding: bytes[(row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row])], as: UTF8.self)
            }
        }
    }

    @Test("spans, places and single rows, as if copied one by one", arguments: types, [false, true])
    func copies(_ type: ColumnType, _ nulls: Bool) {
        var random = SeededGenerator(seed: 11)
        let sources = [
            column(type, count: 200, salt: 1, nulls: nulls), column(type, count: 90, salt: 5, nulls: false),
        ]
        let target = column(type, count: 3, salt: 9, nulls: false)
        var expected = (0..<3).map { text(target, $0) }
        for _ in 0..<5 {
            let spans = (0..<40).map { _ in
                let source = Int.random(in: 0...1, using: &random)
                let start = Int.random(in: 0..<sources[source].count, using: &random)
                let end = Int.random(in: start...min(start + 30, sources[source].count), using: &random)
                return RowSpan(source: source, rows: start..<end)
            }
            target.append(spans.span, of: sources)
            for span in spans { expected += span.rows.map { text(sources[Int(span.source)], $0) } }
            let places = (0..<60).map { _ in
                let source = Int.random(in: 0...1, using: &random)
                return RowPlace(
                    source: Int32(source),
                    row: Int32.random(in: 0..<Int32(sources[source].count), using: &random))
            }
            target.append(places.span, of: sources)
            expected += places.map { text(sources[Int($0.source)], Int($0.row)) }
            let rows = (0..<50).map { _ in Int32.random(in: 0..<200, using: &random) }
            target.append(rows.span, of: sources[0])
            expected += rows.map { text(sources[0], Int($0)) }
        }
        target.append(rows: 20..<90, of: sources[1])
        expected += (20..<90).map { text(sources[1], $0) }
        #expect((0..<target.count).map { text(target, $0) } == expected)
        #expect(target.nullCount == expected.count { $0 == "null" })
        let textByteCount =
            type == .text ? expected.filter { $0 != "null" }.reduce(0) { $0 + $1.utf8.count } : 0
        #expect(target.textByteCount(ofRows: 0..<target.count) == textByteCount)
        #expect(target.byteCount(ofRows: 3..<5) >= 2 * type.layout.slotByteCount)
    }
}
