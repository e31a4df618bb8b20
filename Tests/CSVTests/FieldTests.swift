import CSV
import Foundation
import TestSupport
import Testing

@Suite struct FieldTests {
    @Test func int64() throws {
        let right = [
            "0", "-0", "7", "+1", "00012", "12345678", "123456789", "1789430400017025", "12345678901234567",
            "9223372036854775807", "-9223372036854775808", "000000000000000000000000009223372036854775807",
        ]
        for (text, found) in try zip(right, int64s(right)) {
            #expect(found.status == .ok && found.value == Int64(text), "\(text)")
        }
        let wrong: [(String, FieldStatus)] = [
            ("", .empty), ("-", .malformed), ("+", .malformed), ("1_000", .malformed),
            ("0x10", .malformed), (" 1", .malformed), ("1 ", .malformed), ("1.0", .malformed),
            ("١٢", .malformed),
            ("--1", .malformed), ("1e3", .malformed), ("12345678x", .malformed), ("x12345678", .malformed),
            ("1234567890123456789012345678x", .malformed), ("9223372036854775808", .outOfRange),
            ("-9223372036854775809", .outOfRange), ("99999999999999999999", .outOfRange), ("N/A", .malformed),
        ]
        for (expected, found) in try zip(
            wrong, int64s(wrong.map(\.0)))
        {
            #expect(found.status == expected.1 && found.value == 0, "\(expected.0)")
        }
    }

    @Test("integers as Swift's own reader has them", arguments: [UInt64(1), 2])
    func integersAgree(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let texts = (0..<20_000).map { _ -> String in
            switch Int.random(in: 0..<5, using: &random) {
            case 0: return String(Int64.random(in: .min ... .max, using: &random))
            case 1: return String(Int64.random(in: -1_000_000...1_000_000, using: &random))
            case 2:
                return String(
                    UInt64.random(in: 0 ... .max, using: &random) >> UInt64.random(in: 0..<64, using: &random)
                )
            case 3:
                return String(
                    (0..<Int.random(in: 1...24, using: &random)).map { _ in
                        "0123456789".randomElement(using: &random)!
                    })
            default:
                return String(
                    (0..<Int.random(in: 1...20, using: &random)).map { _ in
                        "0123456789+-./:x".randomElement(using: &random)!
                    })
            }
        }
        let wide = try int64s(texts)
        let narrow = try int32s(texts)
        for (i, text) in texts.enumerated() {
            #expect((wide[i].status == .ok ? wide[i].value : nil) == Int64(text), "seed \(seed): \(text)")
            #expect((narrow[i].status == .ok ? narrow[i].value : nil) == Int32(text), "seed \(seed): \(text)")
        }
    }

    @Test func float64() throws {
        let right: [(String, Double)] = [
            ("0", 0), ("-0", -0.0), ("1.", 1), (".5", 0.5), ("+1.5", 1.5), ("1E5", 1e5), ("1e-400", 0),
            ("00012", 12),
            ("78189.20000000", 78189.2), ("103513.5610000000000000", 103513.561),
            ("8088539305.1839000000000000", 8088539305.1839), ("-0.00039615", -0.00039615),
            ("18265.0091182612345", 18265.0091182612345), ("9007199254740993", 9_007_199_254_740_992),
            ("9007199254740993.0000000001", 9_007_199_254_740_994),
            ("1.7976931348623157e308", .greatestFiniteMagnitude),
            ("4.9e-324", .leastNonzeroMagnitude),
            ("2.2250738585072011e-308", Double("2.2250738585072011e-308")!), ("inf", .infinity),
            ("-Infinity", -.infinity), ("1e22", 1e22), ("1e23", 1e23), ("8.5e-20", 8.5e-20),
            (String(repeating: "9", count: 200), 1e200),
            ("0." + String(repeating: "0", count: 200) + "1", 1e-201),
            ("0e999999999999", 0), ("18446744073709551615", 0x1p64),
        ]
        for (expected, found) in try zip(
            right, float64s(right.map(\.0)))
        {
            #expect(
                found.status == .ok && found.value.bitPattern == expected.1.bitPattern,
                "\(expected.0) \(found)")
        }
        #expect(try float64s(["NaN"])[0].value.isNaN)
        let wrong: [(String, FieldStatus)] = [
            ("", .empty), (".", .malformed), ("-", .malformed), ("1e", .malformed), ("1e+", .malformed),
            ("e5", .malformed),
            ("0x10", .malformed), ("0x1p3", .malformed), (" 1", .malformed), ("1 ", .malformed),
            ("1_000", .malformed),
            ("1.2.3", .malformed), ("1e309", .outOfRange), ("-1e309", .outOfRange), ("nan(1)", .malformed),
            ("null", .malformed), ("\\N", .malformed), ("N/A", .malformed), ("infin", .malformed),
            ("1.5f", .malformed),
            ("--1", .malformed), ("1-1", .malformed), ("١", .malformed), ("12x.45", .malformed),
            ("1:2", .malformed),
        ]
        for (expected, found) in try zip(
            wrong, float64s(wrong.map(\.0)))
        {
            #expect(found.status == expected.1, "\(expected.0)")
        }
    }

    /// Decimals of every shape the kernels tell apart.
    static func decimals(_ count: Int, seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        func digits(_ range: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: range, using: &random)).map { _ in
                    "0123456789".randomElement(using: &random)!
                })
        }
        return (0..<count).map { _ in
            let sign = ["", "", "-", "+"].randomElement(using: &random)!
            switch Int.random(in: 0..<6, using: &random) {
            case 0: return sign + digits(1...6) + "." + digits(1...8)
            case 1: return sign + digits(1...19)
            case 2: return sign + digits(0...20) + "." + digits(0...20)
            case 3:
                return sign + digits(1...18) + "e" + ["", "-", "+"].randomElement(using: &random)!
                    + digits(1...3)
            case 4: return "\(Double(bitPattern: random.next()))"
            default: return sign + digits(1...10) + "." + digits(9...10)
            }
        }
    }

    @Test("floats as Swift's own reader has them, to the bit", arguments: [UInt64(1), 2])
    func floatsAgree(seed: UInt64) throws {
        let texts = Self.decimals(20_000, seed: seed)
        let wide = try float64s(texts)
        let narrow = try float32s(texts)
        for (i, text) in texts.enumerated() {
            let expected = Double(text)
            let name = text.lowercased()
            if let expected, expected.isFinite || name.contains("inf") || name.contains("nan") {
                #expect(
                    wide[i].status == .ok
                        && (wide[i].value.bitPattern == expected.bitPattern || expected.isNaN),
                    "seed \(seed): \(text)")
            } else {
                #expect(wide[i].status != .ok, "seed \(seed): \(text)")
            }
            if let single = Float(text), single.isFinite {
                #expect(
                    narrow[i].status == .ok && narrow[i].value.bitPattern == single.bitPattern,
                    "seed \(seed): \(text)")
            }
        }
    }

    @Test("numbers as Python has them", .enabled(if: Peer.python != nil, "no Python with judges"))
    func numbersLikePython() throws {
        let texts = Self.decimals(5_000, seed: 5)
        let directory = try TemporaryDirectory()
        try directory.write(texts.joined(separator: "\n"), to: "t")
        let script = """
            import sys, struct
            from decimal import Decimal, InvalidOperation, getcontext
            getcontext().prec = 1000
            for line in open(sys.argv[1]).read().split("\\n"):
                try: f = struct.pack(">d", float(line)).hex()
                except ValueError: f = "-"
                try:
                    d = Decimal(line) * 10**8
                    if not d.is_finite(): d = "-"
                    elif d == 0: d = "0"
                    elif d.adjusted() >= 18: d = "big"
                    elif d != d.to_integral_value(): d = "inexact"
                    else: d = str(int(d))
                except InvalidOperation: d = "-"
                print(f, d)
            """
        let output = try Peer.run(Peer.python!, ["-c", script, directory.path("t")])
        #expect(output.status == 0, "\(output.standardError)")
        let theirs = output.standardOutput.split(separator: "\n").map { $0.split(separator: " ") }
        let floats = try float64s(texts)
        let exact = try decimal64s(texts, precision: 18, scale: 8)
        try #require(theirs.count == texts.count)
        for (i, text) in texts.enumerated() {
            if let bits = UInt64(theirs[i][0], radix: 16) {
                let value = Double(bitPattern: bits)
                let found = floats[i]
                #expect(
                    value.isNaN || found.value.bitPattern == bits
                        || (found.status == .outOfRange && value.isInfinite),
                    "\(text)")
            } else {
                #expect(floats[i].status != .ok, "\(text)")
            }
            switch theirs[i][1] {
            case "-": #expect(exact[i].status == .malformed, "\(text)")
            case "big": #expect(exact[i].status == .outOfRange, "\(text)")
            case "inexact": #expect(exact[i].status == .inexact, "\(text)")
            default: #expect(exact[i].status == .ok && String(exact[i].value) == theirs[i][1], "\(text)")
            }
        }
    }

    @Test func decimals() throws {
        func read(_ text: String, _ precision: Int, _ scale: Int) throws -> (
            value: Int128, status: FieldStatus
        ) {
            let wide = try decimal128s([text], precision: precision, scale: scale)[0]
            if precision <= 18 {
                let narrow = try decimal64s([text], precision: precision, scale: scale)[0]
                #expect(Int128(narrow.value) == wide.value && narrow.status == wide.status, "\(text)")
            }
            return wide
        }
        let nines = String(repeating: "9", count: 38)
        let cases: [(String, Int, Int, Int128, FieldStatus)] = [
            ("1.5", 18, 8, 150_000_000, .ok), ("-1.5", 18, 8, -150_000_000, .ok),
            ("0.00000001", 18, 8, 1, .ok),
            ("0.000000001", 18, 8, 0, .inexact), ("0.0000000010", 18, 8, 0, .inexact),
            ("1.500000000000000000000", 18, 8, 150_000_000, .ok),
            ("9999999999.99999999", 18, 8, 999_999_999_999_999_999, .ok),
            ("10000000000", 18, 8, 0, .outOfRange), ("12345678901234567890123", 18, 8, 0, .outOfRange),
            ("1E-8", 18, 8, 1, .ok), ("1e10", 18, 8, 0, .outOfRange),
            ("1e9", 18, 8, 100_000_000_000_000_000, .ok),
            ("0e999", 18, 8, 0, .ok), ("5", 1, 0, 5, .ok), ("50", 1, 0, 0, .outOfRange),
            ("0.5", 1, 1, 5, .ok),
            ("1", 1, 1, 0, .outOfRange), ("", 18, 8, 0, .empty), ("nan", 18, 8, 0, .malformed),
            (".", 18, 8, 0, .malformed),
            (nines, 38, 0, Int128(nines)!, .ok), ("-" + nines, 38, 0, -Int128(nines)!, .ok),
            (nines + "9", 38, 0, 0, .outOfRange),
            ("0." + nines, 38, 38, Int128(nines)!, .ok), ("1.25", 38, 38, 0, .outOfRange),
            ("123.456", 30, 20, 12_345_600_000_000_000_000_000, .ok),
            ("-0", 18, 8, 0, .ok), ("000000000000000000000000001.5", 18, 8, 150_000_000, .ok),
            ("1_0", 18, 8, 0, .malformed),
        ]
        for (text, precision, scale, value, status) in cases {
            let found = try read(text, precision, scale)
            #expect(found.value == value && found.status == status, "\(text) \(found)")
        }
    }

    @Test func bools() throws {
        let cases: [(String, UInt8, FieldStatus)] = [
            ("True", 1, .ok), ("true", 1, .ok), ("TRUE", 1, .ok), ("1", 1, .ok), ("False", 0, .ok),
            ("false", 0, .ok),
            ("FALSE", 0, .ok), ("0", 0, .ok), ("", 0, .empty), ("tRUE", 0, .malformed), ("t", 0, .malformed),
            ("FALSe", 0, .malformed), ("2", 0, .malformed), ("truex", 0, .malformed), ("10", 0, .malformed),
            ("yes", 0, .malformed),
        ]
        let found = try boolValues(cases.map(\.0))
        for (expected, row) in zip(cases, found) {
            #expect(row.value == expected.1 && row.status == expected.2, "\(expected.0)")
        }
    }

    @Test func timestamps() throws {
        func read(_ text: String, _ form: TimestampForm) throws -> (value: Int64, status: FieldStatus) {
            try timestampValues([text], form: form)[0]
        }
        let cases: [(String, TimestampForm?, Int64, FieldStatus)] = [
            ("1577836800", .seconds, 1_577_836_800_000_000, .ok),
            ("1577836800000", .milliseconds, 1_577_836_800_000_000, .ok),
            ("1789430400017025", .microseconds, 1_789_430_400_017_025, .ok),
            ("1789430400017025000", .nanoseconds, 1_789_430_400_017_025, .ok),
            ("1789430400017025001", .nanoseconds, 0, .inexact), ("0", .seconds, 0, .ok),
            ("2026-09-15 00:05:00", .text, 1_789_430_700_000_000, .ok),
            ("2026-09-15T00:05:00Z", .text, 1_789_430_700_000_000, .ok),
            ("2026-09-15 00:05:00.25", .text, 1_789_430_700_250_000, .ok),
            ("2026-09-15 00:05:00.123456", .text, 1_789_430_700_123_456, .ok),
            ("2026-09-15 00:05:00.123456000", .text, 1_789_430_700_123_456, .ok),
            ("2026-09-15T02:05:00+02:00", .text, 1_789_430_700_000_000, .ok),
            ("2026-09-14T19:05:00-0500", .text, 1_789_430_700_000_000, .ok),
            ("2026-09-15T02:05:00+02", .text, 1_789_430_700_000_000, .ok),
            ("2026-09-15", .text, 1_789_430_400_000_000, .ok),
            ("2024-02-29 23:59:59", .text, 1_709_251_199_000_000, .ok),
        ]
        for (text, form, value, status) in cases {
            if status == .ok { #expect(TimestampForm(of: Array(text.utf8)) == form, "\(text)") }
            let found = try read(text, form!)
            #expect(found.value == value && found.status == status, "\(text) \(found)")
        }
        for text in [
            "-1", "4102444800", "99999999999", "4102444800000000000", "9223372036854775807", "x", "",
        ] {
            #expect(TimestampForm(of: Array(text.utf8)) == nil, "\(text)")
        }
        for text in [
            "2023-02-29", "2026-13-01", "2026-00-01", "2026-01-32", "2026-09-15 24:00:00",
            "2026-09-15 00:60:00", "2026-09-15 00:00:60",
            "2026-09-15 00:05", "2026-09-15_00:05:00", "2026-09-15 00:05:00.", "2026-09-15 00:05:00 ",
            "2026-09-15 00:05:00+2",
            "2026-9-15", "2026-09-15 00:05:00.1234567890", "2026-09-15Z", "2026-09-15 00:05:00X",
            "2026-09-15 00:05:00+24:00",
        ] {
            #expect(try read(text, .text).status == .malformed, "\(text)")
        }
        #expect(try read("2100-01-01", .text).status == .outOfRange)
        #expect(try read("1969-12-31 23:59:59", .text).status == .outOfRange)
        #expect(try read("1970-01-01 00:59:59+01:00", .text).status == .outOfRange)
        #expect(try read("2026-09-15 00:05:00.0000001", .text).status == .inexact)
        #expect(try read("1789430400017025", .milliseconds).status == .mixedForm)
        #expect(try read("1789430400017", .microseconds).status == .mixedForm)
        #expect(try read("2026-09-15 00:05:00", .microseconds).status == .mixedForm)
        #expect(try read("1789430400017", .text).status == .mixedForm)
        #expect(try read("-5", .milliseconds).status == .outOfRange)
        #expect(try read("12x", .milliseconds).status == .malformed)
        #expect(try read("", .milliseconds).status == .empty)
    }

    @Test func dates() throws {
        let days = stride(from: -719_162, through: 2_932_896, by: 997).map { $0 }
        let texts = days.map { days -> String in
            let (year, month, day) = civilDate(daysSince1970: days)
            #expect(daysSince1970(year: year, month: month, day: day) == days)
            func padded(_ n: Int, _ width: Int) -> String {
                String(repeating: "0", count: width - String(n).count) + String(n)
            }
            return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        }
        #expect(texts.first == "0001-01-01")
        let found = try dateValues(texts)
        #expect(found.map { Int($0.value) } == days)
        #expect(found.allSatisfy { $0.status == .ok })
        let wrong = ["0000-01-01", "2023-02-29", "20230101", "2023/01/01", "2023-01-01 ", "", "١٢٣٤"]
        let refused = try dateValues(wrong)
        #expect(refused.allSatisfy { $0.status != .ok })
    }

    @Test("UTF-8 as Swift's own check has it", arguments: [UInt64(1), 2]) func utf8(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let starts: [[UInt8]] = [
            [0x61], [0xC3, 0xA9], [0xE5, 0xB8, 0x81], [0xF0, 0x9F, 0x98, 0x80], [0xFF], [0xC0, 0x80],
            [0xED, 0xA0, 0x80], [0xE0, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0x80], [0xED, 0x9F, 0xBF],
            Array("abcdefgh".utf8),
        ]
        var fields: [[UInt8]] = []
        for _ in 0..<5_000 {
            fields.append(
                (0..<Int.random(in: 1...6, using: &random)).flatMap { _ in
                    starts.randomElement(using: &random)!
                })
        }
        let text = Text(fields.flatMap { $0 + [0x2C, 0x0A] })
        var reader = RecordReader(file: "t.csv", syntax: FieldSyntax())
        var row = 0
        while let batch = unsafe try reader.nextBatch(fieldCount: 2, text.read) {
            let status = UnsafeMutablePointer<UInt8>.allocate(capacity: batch.rowCount)
            unsafe status.initialize(repeating: 0, count: batch.rowCount)
            defer { unsafe status.deallocate() }
            unsafe _ = measureText(batch.fields(0, rows: 0..<batch.rowCount), status: status)
            for r in 0..<batch.rowCount {
                let isValid = String(validating: fields[row], as: UTF8.self) != nil
                #expect((unsafe status[r] == 0) == isValid, "seed \(seed): \(fields[row])")
                row += 1
            }
        }
        #expect(row == fields.count)
    }
}
