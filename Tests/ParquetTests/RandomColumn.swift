import Columns
import TestSupport

/// How a random column's values are distributed; each shape leads to other encodings.
enum Shape: CaseIterable {
    case anything, few, runs, rising, falling, constant, extremes
}

/// A column made from a seed, in batches that are row groups.
struct RandomColumn {
    var field: Field
    var shape: Shape
    /// Share of nulls in percent; 0 for fields that are not nullable. 100 for nothing but nulls.
    var nullShare: Int
    private var previous: Int64 = 0
    private var step = 0

    init(field: Field, shape: Shape, nullShare: Int) {
        self.field = field
        self.shape = shape
        self.nullShare = nullShare
    }

    mutating func batch(_ count: Int, using generator: inout SeededGenerator) -> Column {
        let column = Column(type: field.type, capacity: count)
        var nullRun = 0
        for _ in 0..<count {
            if nullRun == 0, Int.random(in: 0..<100, using: &generator) < nullShare {
                nullRun = nullShare == 100 ? count : Int.random(in: 1...20, using: &generator)
            }
            if nullRun > 0 {
                nullRun -= 1
                column.appendNull()
            } else {
                append(number(using: &generator), to: column, using: &generator)
            }
        }
        return column
    }

    /// A number the shape asks for; each type makes a value of it.
    private mutating func number(using generator: inout SeededGenerator) -> Int64 {
        step += 1
        switch shape {
        case .anything: previous = Int64(bitPattern: generator.next())
        case .few: previous = Int64(generator.next() % 7) &* 0x0123_4567_89AB
        case .runs:
            if generator.next() % 30 == 0 { previous = Int64(generator.next() % 1000) }
        case .rising: previous &+= Int64(generator.next() % 100)
        case .falling: previous &-= Int64(generator.next() % 100)
        case .constant: previous = 42
        case .extremes: previous = [.min, .max, 0, -1, 1, .min + 1, .max - 1][Int(generator.next() % 7)]
        }
        return previous
    }

    private func append(_ number: Int64, to column: Column, using generator: inout SeededGenerator) {
        switch field.type {
        case .int32:
            column.append(shape == .extremes ? Int32(clamping: number) : Int32(truncatingIfNeeded: number))
        case .int64: column.append(number)
        // Readers keep times as nanoseconds: 1902 to 2096.
        case .timestamp: column.append(number % 2_000_000_000_000_000)
        case .date: column.append(Int32(number % 40_000))
        case .bool: column.append(UInt8(shape == .rising ? (number / 400) & 1 : number & 1))
        case .float32: column.append(float(number, Float.self))
        case .float64: column.append(float(number, Double.self))
        case .decimal(let precision, _):
            let limit = (0..<precision).reduce(Int128(1)) { power, _ in power * 10 }
            if precision <= 18 {
                column.append(Int64(Int128(number) % limit))
            } else {
                column.append((Int128(number) * Int128(Int64.max)) % limit)
            }
        case .text: column.append(text(number, using: &generator))
        }
    }

    private func float<F: BinaryFloatingPoint & BitwiseCopyable>(_ number: Int64, _: F.Type) -> F {
        switch shape {
        case .extremes:
            [F.nan, -F.infinity, F.infinity, -0.0, 0.0, F.greatestFiniteMagnitude, F.leastNonzeroMagnitude][
                Int(number.magnitude % 7)]
        case .constant: F.nan
        case .few: number == 0 ? -0.0 : 0.0
        default: F(number % 1_000_000) / 100
        }
    }

    private func text(_ number: Int64, using generator: inout SeededGenerator) -> String {
        switch shape {
        case .anything:
            (0..<Int(number.magnitude % 12)).map { _ in Self.alphabet.randomElement(using: &generator)! }
                .joined()
        case .few: ["", "BTCUSDT", "币安人生USDT", "ä\u{0}ö", "👩‍👩‍👧", "x", "\n\"',"][Int(number.magnitude % 7)]
        case .extremes:
            String(repeating: number < 0 ? "é" : "z\u{10FFFF}", count: Int(number.magnitude % 3) * 100)
        default: "row \(number)"
        }
    }

    private static let alphabet = [
        "a", "b", "Z", "0", "é", "ß", "中", "😀", "\u{7F}", "\u{7FF}", "\u{FFFF}", "\u{10FFFF}",
    ]
}
