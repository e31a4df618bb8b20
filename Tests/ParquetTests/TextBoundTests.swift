import Columns
import Parquet
import Testing

@Suite struct TextBoundTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var lower: String
        var upper: String
        var isExact: Bool
        var testDescription: String { name }
    }

    private static let a64 = String(repeating: "a", count: 64)
    private static let a63 = String(repeating: "a", count: 63)
    private static let last = "\u{10FFFF}"

    static let cases = [
        Case(name: "empty", text: "", lower: "", upper: "", isExact: true),
        Case(name: "as long as may be", text: a64, lower: a64, upper: a64, isExact: true),
        Case(name: "one longer", text: a64 + "a", lower: a64, upper: a63 + "b", isExact: false),
        Case(
            name: "cut before a character", text: a63 + "äa", lower: a63, upper: a63.dropLast() + "b",
            isExact: false),
        Case(
            name: "no character between U+D7FF and U+E000", text: String(a64.dropLast(3)) + "\u{D7FF}aaa",
            lower: String(a64.dropLast(3)) + "\u{D7FF}", upper: String(a64.dropLast(3)) + "\u{E000}",
            isExact: false),
        Case(
            name: "the last character has no next", text: String(a64.dropLast(4)) + last + "b",
            lower: String(a64.dropLast(4)) + last, upper: String(a64.dropLast(5)) + "b", isExact: false),
        Case(
            name: "the next character takes more bytes", text: String(a64.dropLast(1)) + "\u{7F}bb",
            lower: String(a64.dropLast(1)) + "\u{7F}", upper: String(a64.dropLast(1)) + "\u{80}",
            isExact: false),
    ]

    @Test("bounds", arguments: cases)
    func bounds(_ c: Case) {
        let bound = TextBound(bytes: Array(c.text.utf8))
        #expect(String(decoding: bound.lowerBound.bytes, as: UTF8.self) == c.lower)
        #expect(String(decoding: bound.upperBound.bytes, as: UTF8.self) == c.upper)
        #expect(bound.lowerBound.isExact == c.isExact && bound.upperBound.isExact == c.isExact)
    }

    /// The bound of a text that is cut short may sort before one of a text that precedes it.
    @Test("pages are in order only where their bounds are")
    func boundaryOrder() throws {
        let texts = [Self.a64, Self.a63 + "éa", Self.a63 + "ü"]
        let column = Column(type: .text, capacity: 3)
        for text in texts { column.append(text) }
        var options = WriterOptions()
        options.dataPageRows = 1
        let file = try writeFile(
            fields: [Field(name: "t", type: .text, isNullable: false)], batches: [[column]], options: options
        ).bytes
        var reader = SlowReader(file)
        reader.offset = footer(of: file)[4].elements[0][1].elements[0][6].int
        let index = reader.structure()
        let lows = index[2].elements.map { low -> String in
            guard case .binary(let bytes) = low else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(lows == [Self.a64, Self.a63, Self.a63])
        // Neither ascending nor descending: the upper bounds rise.
        #expect(index[4].int == 0)
    }

    @Test("only last characters: no short upper bound")
    func noUpperBound() {
        let text = Array(String(repeating: Self.last, count: 20).utf8)
        let upper = TextBound(bytes: text).upperBound
        #expect(upper.bytes == text && upper.isExact)
    }

    @Test("not UTF-8: stays as it is", arguments: [UInt8(0x80), 0xFF])
    func notText(byte: UInt8) {
        let bytes = Array(repeating: byte, count: 100)
        #expect(TextBound(bytes: bytes).upperBound.bytes == bytes)
        #expect(TextBound(bytes: bytes).lowerBound.bytes == bytes)
    }
}
