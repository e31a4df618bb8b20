import CSV
import Foundation
import TestSupport
import Testing

/// Integers, decimals, truth values, times and text to the last digit, against twins that take other ways.
@Suite struct ExactTypesTests {
    @Test("integers at every border of every width") func integerBorders() throws {
        var texts: [String] = []
        for power in 0..<76 {
            // 2^power and 10^(power / 2), and what lies beside them.
            let two = Int128(1) << Int128(power)
            let ten = (0..<power / 2).reduce(Int128(1)) { product, _ in product * 10 }
            for value in [two, ten] {
                for number in [value - 2, value - 1, value, value + 1, value + 2] {
                    let digits = "\(number.magnitude)"
                    for sign in ["", "+", "-"] {
                        texts += [sign + digits, sign + "0" + digits]
                        texts.append(sign + String(repeating: "0", count: power) + digits)
                    }
                }
            }
        }
        for count in 1...40 {
            for digit in ["0", "1", "9"] { texts.append(String(repeating: digit, count: count)) }
        }
        let wide = try int64s(texts)
        let narrow = try int32s(texts)
        for (index, text) in texts.enumerated() {
            // Int128 holds all of them.
            let value = Int128(text)
            func expected<T: FixedWidthInteger>(_ type: T.Type) -> (T, FieldStatus) {
                if let value, let fitting = T(exactly: value) { return (fitting, .ok) }
                return (0, .outOfRange)
            }
            #expect(wide[index] == expected(Int64.self), "\(text)")
            #expect(narrow[index] == expected(Int32.self), "\(text)")
        }
    }

    @Test("what is no integer by one byte", arguments: Array(0...255).map { UInt8($0) })
    func strayBytes(byte: UInt8) throws {
        // Bytes that shape the file never reach a kernel.
        guard ![0, 0x0A, 0x0D, 0x22, 0x2C].contains(byte) else { return }
        var fields: [[UInt8]] = []
        for count in 1...24 {
            for place in Set([0, 1, count / 2, max(0, count - 2), count - 1]) where place < count {
                var field = [UInt8](repeating: 0x31, count: count)
                field[place] = byte
                fields.append(field)
            }
        }
        for (field, found) in zip(fields, try int64s(bytes: fields)) {
            // Swift's own reader takes ASCII digits and one sign in front, too.
            let value = Int64(String(decoding: field, as: UTF8.self))
            let isNumber = field.allSatisfy { (0x30...0x39).contains($0) }
            let isSigned = field.count > 1 && (field[0] == 0x2B || field[0] == 0x2D)
            let expected: FieldStatus = value != nil ? .ok : isNumber || isSigned ? .outOfRange : .malformed
            #expect(found.value == value ?? 0 && found.status == expected, "\(field)")
        }
    }

    /// Decimals around the edges of precision and scale.
    private static func decimalText(
        precision: Int, scale: Int, _ random: inout SeededGenerator
    ) -> String {
        func digits(_ count: Int) -> String {
            String((0..<max(0, count)).map { _ in "0123456789".randomElement(using: &random)! })
        }
        func near(_ number: Int) -> Int { max(0, number + Int.random(in: -2...1, using: &random)) }
        let sign = ["", "", "-", "+"].randomElement(using: &random)!
        let zeros = String(repeating: "0", count: [0, 0, 1, 30].randomElement(using: &random)!)
        let tail = String(repeating: "0", count: [0, 0, 0, 1, 25].randomElement(using: &random)!)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return sign + zeros + digits(near(precision - scale)) + "." + digits(near(scale)) + tail
        case 1: return sign + zeros + digits(near(precision - scale) + 1)
        case 2:
            return sign + zeros + String(repeating: "9", count: near(precision - scale) + 1) + "."
                + String(repeating: "9", count: near(scale)) + tail
        case 3:
            let power = Int.random(in: -45...45, using: &random)
            return sign + digits(1) + "." + digits(near(precision)) + tail + "e\(power)"
        case 4: return sign + "0." + String(repeating: "0", count: near(scale)) + digits(1)
        default: return sign + zeros + digits(3) + "." + digits(near(min(scale, 6))) + tail
        }
    }

    /// Decimals by moving the point through the text: nothing is multiplied.
    private static func slowDecimal(
        _ text: String, precision: Int, scale: Int
    ) -> (value: Int128, status: FieldStatus) {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        let parts = rest.split(separator: "e", omittingEmptySubsequences: false)
        let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var whole = String(halves[0])
        var fraction = halves.count > 1 ? String(halves[1]) : ""
        guard !(whole + fraction).isEmpty else { return (0, .malformed) }
        let power = parts.count > 1 ? Int(parts[1])! : 0
        let padding = String(repeating: "0", count: abs(power))
        if power > 0 {
            fraction += padding
            whole += fraction.prefix(power)
            fraction.removeFirst(power)
        } else {
            whole = padding + whole
            fraction = whole.suffix(-power) + fraction
            whole.removeLast(-power)
        }
        whole = String(whole.drop { $0 == "0" })
        while fraction.last == "0" { fraction.removeLast() }
        if whole.count > precision - scale { return (0, .outOfRange) }
        if fraction.count > scale { return (0, .inexact) }
        let digits = whole + fraction + String(repeating: "0", count: scale - fraction.count)
        let magnitude = digits.isEmpty ? 0 : Int128(digits)!
        return (isNegative ? -magnitude : magnitude, .ok)
    }

    @Test("decimals of every precision are exact or refused", arguments: [UInt64(1), 2])
    func decimals(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let precision = Int.random(in: 1...38, using: &random)
            let scale = Int.random(in: 0...precision, using: &random)
            let texts = (0..<100).map { _ in
                Self.decimalText(precision: precision, scale: scale, &random)
            }
            let wide = try decimal128s(texts, precision: precision, scale: scale)
            let narrow = precision <= 18 ? try decimal64s(texts, precision: precision, scale: scale) : []
            for (index, text) in texts.enumerated() {
                let expected = Self.slowDecimal(text, precision: precision, scale: scale)
                #expect(wide[index] == expected, "seed \(seed): \(text) as decimal(\(precision),\(scale))")
                if precision <= 18 {
                    #expect(
                        Int128(narrow[index].value) == expected.value
                            && narrow[index].status == expected.status,
                        "seed \(seed): \(text) as decimal(\(precision),\(scale))")
                }
            }
        }
    }

    @Test("decimals as Python's decimal has them", .enabled(if: Peer.python != nil, "no Python with judges"))
    func decimalsLikePython() throws {
        var random = SeededGenerator(seed: 3)
        var lines = ""
        var expected: [String] = []
        for _ in 0..<100 {
            let precision = Int.random(in: 1...38, using: &random)
            let scale = Int.random(in: 0...precision, using: &random)
            let texts = (0..<60).map { _ in
                Self.decimalText(precision: precision, scale: scale, &random)
            }
            for (text, found) in zip(texts, try decimal128s(texts, precision: precision, scale: scale)) {
                lines += "\(precision) \(scale) \(text)\n"
                expected.append(found.status == .ok ? "\(found.value)" : "\(found.status)")
            }
        }
        let script = """
            import sys
            from decimal import Decimal, InvalidOperation, getcontext
            getcontext().prec = 500
            for line in open(sys.argv[1]):
                precision, scale, text = line.split()
                try: value = Decimal(text)
                except InvalidOperation:
                    print("malformed")
                    continue
                units = value * 10 ** int(scale)
                if abs(value) >= 10 ** (int(precision) - int(scale)): print("outOfRange")
                elif units != units.to_integral_value(): print("inexact")
                else: print(int(units))
            """
        #expect(try judged(lines, script) == expected)
    }

    /// What a Python script prints, line by line, about a text given as its argument.
    private func judged(_ text: String, _ script: String) throws -> [String] {
        let directory = try TemporaryDirectory()
        try directory.write(text, to: "t")
        let output = try Peer.run(Peer.python!, ["-c", script, directory.path("t")])
        try #require(output.status == 0, "\(output.standardError)")
        return output.standardOutput.split(separator: "\n").map(String.init)
    }

    @Test("truth values: eight spellings and nothing else") func bools() throws {
        var texts: [String] = []
        for word in ["true", "false", "yes", "no", "on", "off", "t", "f", "y", "n"] {
            // Every mix of upper and lower case.
            for mask in 0..<1 << word.count {
                texts.append(
                    word.enumerated().map { mask >> $0 & 1 == 1 ? "\($1)".uppercased() : "\($1)" }.joined())
            }
        }
        texts += [
            "True ", " True", "Truee", "tru", "fals", "falsee", "00", "01", "1.0", "-0", "+1", "2", "é",
        ]
        texts += (UInt8(1)...0x7E).map { "\(Unicode.Scalar($0))" }.filter { !"\n\r\",".contains($0) }
        let accepted: [String: UInt8] = [
            "true": 1, "True": 1, "TRUE": 1, "1": 1, "false": 0, "False": 0, "FALSE": 0, "0": 0,
        ]
        for (text, found) in zip(texts, try boolValues(texts)) {
            let expected = accepted[text]
            #expect(found.status == (expected == nil ? .malformed : .ok), "\(text)")
            #expect(found.value == expected ?? 0, "\(text)")
        }
    }

    @Test(
        "times of every form as Python's datetime has them",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func timesLikePython() throws {
        var random = SeededGenerator(seed: 4)
        var lines = ""
        var expected: [String] = []
        for form in TimestampForm.allCases {
            let texts = (0..<2_000).map { _ in Self.timeText(form, &random) }
            for (text, found) in zip(texts, try timestampValues(texts, form: form)) {
                lines += "\(form)|\(text)\n"
                expected.append(found.status == .ok ? "\(found.value)" : "-")
            }
        }
        let script = #"""
            import re, sys
            from datetime import datetime, timedelta, timezone
            epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
            end = datetime(2100, 1, 1, tzinfo=timezone.utc)
            nanos = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}
            first = {"seconds": 0, "milliseconds": 10**11, "microseconds": 10**14, "nanoseconds": 10**17}
            grammar = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII)
            def micros(form, text):
                if form != "text":
                    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII) or int(text) < first[form]: return None
                    whole, rest = divmod(int(text) * nanos[form], 1000)
                    if rest or whole >= (end - epoch) // timedelta(microseconds=1): return None
                    return (epoch + timedelta(microseconds=whole) - epoch) // timedelta(microseconds=1)
                match = grammar.fullmatch(text)
                if not match: return None
                date, time, fraction, zone = match.groups()
                try: value = datetime.fromisoformat(date + "T" + (time or "00:00:00") + "+00:00")
                except ValueError: return None
                nanoseconds = int((fraction or "0").ljust(9, "0"))
                if nanoseconds % 1000: return None
                value += timedelta(microseconds=nanoseconds // 1000)
                if zone and zone != "Z":
                    digits = zone[1:].replace(":", "").ljust(4, "0")
                    if int(digits[:2]) > 23 or int(digits[2:]) > 59: return None
                    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
                    value += -shift if zone[0] == "+" else shift
                return (value - epoch) // timedelta(microseconds=1) if epoch <= value < end else None
            for line in open(sys.argv[1]):
                value = micros(*line.rstrip("\n").split("|"))
                print("-" if value is None else value)
            """#
        let theirs = try judged(lines, script)
        try #require(theirs.count == expected.count)
        let texts = lines.split(separator: "\n")
        for (index, text) in texts.enumerated() where theirs[index] != expected[index] {
            Issue.record("\(text): \(expected[index]), Python has \(theirs[index])")
        }
        // Neither all are times nor none.
        #expect((2_000..<9_500).contains(expected.count { $0 != "-" }))
    }

    private static func timeText(_ form: TimestampForm, _ random: inout SeededGenerator) -> String {
        if form != .text {
            let factor: Int64 =
                switch form {
                case .seconds: 1
                case .milliseconds: 1_000
                case .microseconds: 1_000_000
                default: 1_000_000_000
                }
            let (end, margin) = (4_102_444_800 * factor, 200 * factor)
            var value: Int64
            switch Int.random(in: 0..<4, using: &random) {
            case 0: value = end + Int64.random(in: -3...3, using: &random)
            case 1: value = factor / 10 * 1_000_000_000 + Int64.random(in: -3...3, using: &random)
            case 2: value = Int64.random(in: -margin...end + margin, using: &random)
            default: value = Int64.random(in: 0..<end, using: &random)
            }
            if form == .nanoseconds, Bool.random(using: &random) { value -= value % 1_000 }
            return (Int.random(in: 0..<20, using: &random) == 0 ? "+" : "") + "\(value)"
        }
        func two(_ range: ClosedRange<Int>) -> String {
            let number = Int.random(in: range, using: &random)
            return number < 10 ? "0\(number)" : "\(number)"
        }
        let year =
            Int.random(in: 0..<8, using: &random) == 0 ? two(18...21) + two(0...99) : "20" + two(0...99)
        var text = "\(year)-\(two(1...12))-\(two(1...31))"
        if Int.random(in: 0..<10, using: &random) == 0 { return text }
        text += ["T", " "].randomElement(using: &random)!
        text += "\(two(0...23)):\(two(0...59)):\(two(0...59))"
        if Bool.random(using: &random) {
            let count = Int.random(in: 1...9, using: &random)
            text += "." + (0..<count).map { $0 < 6 ? two(0...9).suffix(1) : "0" }.joined()
        }
        let zones = [
            "", "", "Z", "+0\(Int.random(in: 0...9, using: &random))", "-\(two(0...23))\(two(0...59))",
        ]
        text += (zones + ["+\(two(0...23)):\(two(0...59))"]).randomElement(using: &random)!
        // One byte is wrong now and then.
        if Int.random(in: 0..<10, using: &random) == 0 {
            var bytes = Array(text.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] =
                Array("0123456789-:.+TZ zé".utf8).filter { $0 < 0x80 }.randomElement(using: &random)!
            text = String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    @Test("every month of the Gregorian calendar: its days, and the day after the last")
    func dates() throws {
        func padded(_ number: Int, _ width: Int) -> String {
            String(repeating: "0", count: width - "\(number)".count) + "\(number)"
        }
        // Counts the days itself, from 0001-01-01 on.
        var day: Int32 = -719_162
        var texts: [String] = []
        var expected: [Int32?] = []
        for year in 1...9999 {
            let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
            for (index, length) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated()
            {
                let month = "\(padded(year, 4))-\(padded(index + 1, 2))-"
                // February whole every year, the other months in full once a century.
                let isWhole = year % 100 == 4
                for number in 1...length where isWhole || number == 1 || number == length {
                    texts.append(month + padded(number, 2))
                    expected.append(day + Int32(number - 1))
                }
                if index == 1 || isWhole {
                    texts += [month + padded(length + 1, 2), month + "00"]
                    expected += [nil, nil]
                }
                day += Int32(length)
            }
        }
        #expect(day == 2_932_897)
        let found = try dateValues(texts)
        for (index, row) in found.enumerated()
        where row.status != (expected[index] == nil ? .malformed : .ok) || row.value != expected[index] ?? 0 {
            Issue.record("\(texts[index]): \(row)")
        }
    }

    @Test("text is what Python decodes", .enabled(if: Peer.python != nil, "no Python with judges"))
    func textLikePython() throws {
        var random = SeededGenerator(seed: 6)
        let heads: [ClosedRange<UInt8>] = [
            0x20...0x7E, 0x80...0xBF, 0xC0...0xC2, 0xC3...0xDF, 0xE0...0xE1, 0xEC...0xEF, 0xF0...0xF5,
            0xF6...0xFF,
        ]
        var fields: [[UInt8]] = []
        for _ in 0..<20_000 {
            var field: [UInt8] = []
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                field.append(UInt8.random(in: heads.randomElement(using: &random)!, using: &random))
                // Mostly what follows does belong to it, with the limits of what may.
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    field.append(
                        [0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, UInt8.random(in: 0x80...0xBF, using: &random)]
                            .randomElement(using: &random)!)
                }
            }
            let letters = String(repeating: "a", count: Int.random(in: 0...9, using: &random))
            fields.append((letters.utf8 + field).filter { $0 != 0x22 && $0 != 0x2C })
        }
        // And every pair of bytes, and every triple after the heads of three.
        for first in UInt8(0x7F)...0xFF {
            for second in UInt8(0x7F)...0xFF { fields.append([first, second]) }
        }
        for first in UInt8(0xE0)...0xF5 {
            for second in UInt8(0x7F)...0xC0 { fields.append([first, second, 0x80, 0xBF]) }
        }
        fields.removeAll { $0.isEmpty }
        let hexadecimal = Array("0123456789abcdef".utf8)
        var lines: [UInt8] = []
        for field in fields {
            for byte in field { lines += [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]] }
            lines.append(0x0A)
        }
        let script = """
            import sys
            for line in open(sys.argv[1]):
                try:
                    bytes.fromhex(line).decode("utf-8", "strict")
                    print("ok")
                except UnicodeDecodeError: print("malformed")
            """
        let theirs = try judged(String(decoding: lines, as: UTF8.self), script)
        let found = try textStatuses(fields)
        try #require(theirs.count == found.count)
        for (index, status) in found.enumerated() where "\(status)" != theirs[index] {
            Issue.record("\(fields[index]): \(status), Python says \(theirs[index])")
        }
        #expect((2_000..<40_000).contains(found.count { $0 == .ok }))
    }
}
