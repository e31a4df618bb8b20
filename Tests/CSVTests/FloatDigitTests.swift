import CSV
import Foundation
import TestSupport
import Testing

/// Floats to the last bit, against the C library's `strtod` and `strtof`, which round correctly.
///
/// `DATAMAKE_FLOATS=10000000` sets how many texts are read; a build for release reads as many in some ten seconds.
@Suite struct FloatDigitTests {
    static let chunkCount = 5_000
    static let textCount =
        ProcessInfo.processInfo.environment["DATAMAKE_FLOATS"].flatMap { Int($0) } ?? 300_000

    @Test("floats are those of strtod and strtof, whatever the text", arguments: 0..<4)
    func floats(part: Int) throws {
        let chunks = max(1, Self.textCount / (4 * Self.chunkCount))
        var differences: [String] = []
        for chunk in 0..<chunks where differences.count < 10 {
            let seed = UInt64(4 * chunk + part)
            var texts = FloatTexts(seed: seed)
            for _ in 0..<Self.chunkCount { texts.append() }
            differences += try texts.differences().map { "seed \(seed): \($0)" }
        }
        #expect(differences.isEmpty, "\(differences.prefix(10).joined(separator: "\n"))")
    }

    @Test("texts of every shape are among those compared") func shapes() throws {
        var texts = FloatTexts(seed: 0)
        for _ in 0..<4_000 { texts.append() }
        let fields = texts.fields
        #expect(fields.contains { $0.utf8.count > 700 })
        #expect(fields.contains { $0.contains("e-3") && Double($0)!.isSubnormal })
        #expect(fields.contains { Double($0)! == 0 && $0.contains { ("1"..."9").contains($0) } })
        #expect(fields.contains { Double($0)!.isInfinite })
        #expect(fields.contains { $0.hasPrefix("-000") })
        #expect(fields.contains { $0.contains("E+0") })
        #expect(fields.contains { $0.hasPrefix("+.") })
        // A midpoint of two doubles: neither neighbour's shortest text has as many digits.
        #expect(fields.contains { $0.filter(\.isNumber).count > 50 && $0.utf8.count < 200 })
    }
}

/// Texts of floats with the edges of reading them, one a line, as fields of a CSV.
struct FloatTexts {
    private var random: SeededGenerator
    /// `FIELD,` and a line feed, again and again.
    private var bytes: [UInt8] = []
    private var starts: [Int] = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    var fields: [String] {
        starts.map { start in
            String(decoding: bytes[start...].prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self)
        }
    }

    /// Adds one text.
    mutating func append() {
        starts.append(bytes.count)
        switch below(8) {
        case 0...2: bytes.append(UInt8(ascii: "-"))
        case 3: bytes.append(UInt8(ascii: "+"))
        default: break
        }
        switch below(14) {
        case 0: put("\(Double(bitPattern: finiteBits()).magnitude)")
        case 1: put(printed("%.17g", Double(bitPattern: finiteBits()).magnitude))
        case 2:
            // Fixed-point, with up to 20 decimals.
            digits(1 + below(10))
            point()
            digits(below(21))
        case 3: midpoint(exponentBits: 1023 - 60 + below(120))
        case 4: midpoint(exponentBits: below(16) == 0 ? below(2046) : 1023 - 300 + below(400))
        case 5: floatMidpoint()
        case 6:
            let subnormal = Double(bitPattern: random.next() >> UInt64(12 + below(50)))
            put(below(2) == 0 ? "\(subnormal)" : printed("%.20e", subnormal))
        case 7: border()
        case 8:
            // As many digits as 64 bits hold, and one more.
            let count = 18 + below(4)
            let whole = below(count + 1)
            digits(whole)
            if whole < count {
                point()
                digits(count - whole)
            }
            if below(2) == 0 { exponent(below(700) - 350) }
        case 9:
            zeros(1 + below(30))
            digits(below(20))
            if below(2) == 0 {
                point()
                zeros(below(30))
                digits(1 + below(20))
                zeros(below(25))
            }
        case 10:
            digits(1 + below(18))
            if below(2) == 0 {
                point()
                digits(below(10))
            }
            bytes.append(UInt8(ascii: below(2) == 0 ? "e" : "E"))
            put(["", "-", "+", "+00", "-0"][below(5)])
            put("\(below(below(4) == 0 ? 400 : 40))")
        case 11:
            // Integers around powers of two.
            let power = 20 + below(44)
            put("\((UInt64(1) << UInt64(power)) &+ UInt64(below(7)) &- 3)")
            if below(2) == 0 {
                point()
                put(["0", "5", "50", "500000000000000000000001", "49999999999999999999"][below(5)])
            }
        case 12:
            // No whole digits, or no decimals.
            if below(2) == 0 {
                point()
                digits(1 + below(25))
            } else {
                digits(1 + below(25))
                point()
            }
        default:
            // Prices as they are published.
            digits(2 + below(4))
            point()
            digits(2)
            put("000000")
        }
        put(",\n")
    }

    /// Reads all texts with the kernels of both types, and that of float64 for any processor.
    ///
    /// - Returns: what is not as the C library has it.
    func differences() throws -> [String] {
        let text = Text(bytes)
        var reader = RecordReader(file: "t.csv", syntax: FieldSyntax())
        let room = starts.count
        let doubles = UnsafeMutablePointer<Double>.allocate(capacity: 2 * room)
        let floats = UnsafeMutablePointer<Float>.allocate(capacity: room)
        let status = UnsafeMutablePointer<UInt8>.allocate(capacity: 3 * room)
        unsafe status.initialize(repeating: 0, count: 3 * room)
        defer {
            unsafe doubles.deallocate()
            unsafe floats.deallocate()
            unsafe status.deallocate()
        }
        var rowCount = 0
        while let batch = unsafe try reader.nextBatch(fieldCount: 2, text.read) {
            precondition(rowCount + batch.rowCount <= room)
            let fields = unsafe batch.fields(0, rows: 0..<batch.rowCount)
            _ = unsafe parseFloat64(fields, into: doubles + rowCount, status: status + rowCount)
            _ = unsafe parseFloat64Portably(
                fields, into: doubles + room + rowCount, status: status + 2 * room + rowCount)
            _ = unsafe parseFloat32(fields, into: floats + rowCount, status: status + room + rowCount)
            rowCount += batch.rowCount
        }
        guard rowCount == room else { return ["\(rowCount) rows of \(room)"] }
        var differences: [String] = []
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // SAFETY: every text ends in a comma, which ends a number for the C library too; rows are below `room`.
            unsafe buffer.baseAddress!.withMemoryRebound(to: CChar.self, capacity: buffer.count) { base in
                for row in 0..<room {
                    var end: UnsafeMutablePointer<CChar>?
                    let wide = unsafe strtod(base + starts[row], &end)
                    let narrow = unsafe strtof(base + starts[row], nil)
                    let isWhole = unsafe end?.pointee == CChar(UInt8(ascii: ","))
                    let isWideRight = [(row, row), (room + row, 2 * room + row)].allSatisfy { value, state in
                        wide.isInfinite
                            ? unsafe status[state] == FieldStatus.outOfRange.rawValue
                            : unsafe status[state] == 0 && doubles[value].bitPattern == wide.bitPattern
                    }
                    let isNarrowRight =
                        narrow.isInfinite
                        ? unsafe status[room + row] == FieldStatus.outOfRange.rawValue
                        : unsafe status[room + row] == 0 && floats[row].bitPattern == narrow.bitPattern
                    if !isWhole || !isWideRight || !isNarrowRight {
                        let field = unsafe buffer[starts[row]...].prefix { $0 != UInt8(ascii: ",") }
                        unsafe differences.append(
                            "'\(String(decoding: field, as: UTF8.self))': \(doubles[row]) (\(status[row])) "
                                + "and portably \(doubles[room + row]) (\(status[2 * room + row])) is \(wide), "
                                + "\(floats[row]) (\(status[room + row])) is \(narrow)")
                    }
                }
            }
        }
        return differences
    }
}

// The parts of texts.
extension FloatTexts {
    private mutating func below(_ limit: Int) -> Int {
        Int(random.next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    private mutating func put(_ text: String) { bytes += text.utf8 }
    private mutating func point() { bytes.append(UInt8(ascii: ".")) }
    private mutating func zeros(_ count: Int) { for _ in 0..<count { bytes.append(0x30) } }

    private mutating func digits(_ count: Int) {
        var left = count
        while left > 0 {
            var word = random.next() >> 10
            for _ in 0..<min(left, 15) {
                bytes.append(UInt8(0x30 + word % 10))
                word /= 10
            }
            left -= 15
        }
    }

    private mutating func exponent(_ power: Int) { put("e\(power)") }

    private mutating func finiteBits() -> UInt64 {
        while true {
            let bits = random.next()
            if Double(bitPattern: bits).isFinite { return bits }
        }
    }

    private func printed(_ format: String, _ number: Double) -> String {
        // SAFETY: the formats used here give less than 64 bytes.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            _ = unsafe withVaList([number]) { unsafe vsnprintf(buffer.baseAddress!, 64, format, $0) }
            return unsafe String(cString: buffer.baseAddress!)
        }
    }

    /// The number halfway between two doubles, with all its digits, or a hair beside it.
    private mutating func midpoint(exponentBits: Int) {
        let bits = UInt64(exponentBits) << 52 | random.next() >> 12
        let significand = exponentBits == 0 ? bits & (1 << 52 - 1) : bits & (1 << 52 - 1) | 1 << 52
        exact(2 * significand + 1, power: max(exponentBits, 1) - 1075 - 1)
    }

    private mutating func floatMidpoint() {
        let exponentBits = below(255)
        let bits = UInt64(random.next() >> 41)
        let significand = exponentBits == 0 ? bits : bits | 1 << 23
        exact(2 * significand + 1, power: max(exponentBits, 1) - 150 - 1)
    }

    /// What lies around the largest and the smallest numbers.
    private mutating func border() {
        let begin = [
            ("1.797693134862315", 308), ("1.79769313486231", 308), ("2.225073858507201", 308 - 616),
            ("4.940656458412465", -324), ("2.470328229206232", -324), ("3.402823466385288", 38),
            ("3.4028235677973366", 38), ("1.1754943508222", -38), ("7.006492321624085", -46),
        ][below(9)]
        if below(6) == 0 {
            // 2^1024 less half a step, which is the first to be too large; half of the smallest, which becomes 0.
            if below(2) == 0 { exact(1 << 54 - 1, power: 970) } else { exact(1, power: -1075) }
            return
        }
        put(begin.0)
        digits(below(25))
        exponent(begin.1)
    }

    /// `odd × 2^power` with all its digits; then perhaps its last digit moved by one, or more digits, or some cut off.
    private mutating func exact(_ odd: UInt64, power: Int) {
        var digits =
            power >= 0
            ? LargeNumber(odd).times(.powerOfTwo(power)).digits
            : LargeNumber(odd).times(.powerOfFive(-power)).digits
        var pointOffset = power >= 0 ? digits.count : digits.count + power
        let last = digits.count - 1
        switch below(6) {
        case 0, 1: break
        case 2: digits[last] += digits[last] < 9 ? 1 : 0
        case 3: digits[last] -= digits[last] > 0 ? 1 : 0
        case 4: digits += Array(repeating: 0, count: below(30)) + [1]
        default: digits.removeLast(min(last, below(digits.count)))
        }
        if digits.count < pointOffset || pointOffset < -30 || below(2) == 0 {
            // One digit before the point, and an exponent.
            bytes.append(0x30 + digits[0])
            if digits.count > 1 {
                point()
                for digit in digits.dropFirst() { bytes.append(0x30 + digit) }
            }
            exponent(pointOffset - 1)
            return
        }
        if pointOffset <= 0 {
            put("0.")
            zeros(-pointOffset)
            pointOffset = -1
        }
        for (index, digit) in digits.enumerated() {
            if index == pointOffset { point() }
            bytes.append(0x30 + digit)
        }
    }
}

/// A natural number of any size, in limbs of nine decimal digits, least significant first.
private struct LargeNumber {
    private static let base: UInt128 = 1_000_000_000
    private var limbs: [UInt32]

    init(_ value: UInt64) {
        limbs = []
        var rest = value
        repeat {
            limbs.append(UInt32(rest % 1_000_000_000))
            rest /= 1_000_000_000
        } while rest > 0
    }

    private init(limbs: [UInt32]) { self.limbs = limbs }

    /// Powers that tests ask for again and again.
    private static let twos = powers(of: 2, count: 1030)
    private static let fives = powers(of: 5, count: 1080)
    static func powerOfTwo(_ power: Int) -> LargeNumber { twos[power] }
    static func powerOfFive(_ power: Int) -> LargeNumber { fives[power] }

    private static func powers(of base: UInt64, count: Int) -> [LargeNumber] {
        var powers = [LargeNumber(1)]
        while powers.count < count { powers.append(powers[powers.count - 1].times(small: base)) }
        return powers
    }

    /// This small number times a large one: `self` must be below 2^64.
    func times(_ other: LargeNumber) -> LargeNumber {
        var small: UInt64 = 0
        for limb in limbs.reversed() { small = small * 1_000_000_000 + UInt64(limb) }
        return other.times(small: small)
    }

    private func times(small: UInt64) -> LargeNumber {
        var product: [UInt32] = []
        product.reserveCapacity(limbs.count + 3)
        var carry: UInt128 = 0
        for limb in limbs {
            carry += UInt128(limb) * UInt128(small)
            product.append(UInt32(carry % Self.base))
            carry /= Self.base
        }
        while carry > 0 {
            product.append(UInt32(carry % Self.base))
            carry /= Self.base
        }
        return LargeNumber(limbs: product)
    }

    /// Most significant first, without zeros in front.
    var digits: [UInt8] {
        var digits: [UInt8] = []
        for limb in limbs {
            var rest = limb
            for _ in 0..<9 {
                digits.append(UInt8(rest % 10))
                rest /= 10
            }
        }
        while digits.count > 1, digits.last == 0 { digits.removeLast() }
        return digits.reversed()
    }
}
