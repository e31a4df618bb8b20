import CSV
import CVector
import Foundation
import TestSupport
import Testing

/// Kernels read whole words around a field: neither what stands beside it nor where it lies may change its value.
@Suite struct KernelPlaceTests {
    /// Numbers of every length up to 40, and what looks like them.
    static let fields: [String] = {
        var random = SeededGenerator(seed: 21)
        func digits(_ count: Int) -> String {
            String((0..<count).map { _ in "0123456789".randomElement(using: &random)! })
        }
        var fields = [""]
        for length in 1...40 {
            fields += [
                digits(length), "-" + digits(length - 1), String(repeating: "0", count: length - 1) + "7",
            ]
            for point in Set([0, 1, length / 2, length - 1]).sorted() where point < length {
                fields.append(digits(point) + "." + digits(length - 1 - point))
            }
            if length > 4 { fields.append(digits(length - 4) + "e-" + digits(2)) }
            fields += [digits(length - 1) + "x", "x" + digits(length - 1)]
        }
        fields += ["true", "false", "True", "FALSE", "0", "1", "2024-02-29", "2024-02-29 12:34:56.789"]
        fields += ["1700000000", "1700000000123", "1700000000123456", "1700000000123456789", "nan", "-inf"]
        return fields
    }()

    /// What one kernel makes of the fields, each as a line of text.
    struct Kernel: Sendable, CustomTestStringConvertible {
        var name: String
        var read: @Sendable ([[UInt8]], FieldPlace, Int) throws -> [String]
        var testDescription: String { name }

        init<T: BitwiseCopyable & Sendable>(
            _ name: String, zero: T,
            _ kernel:
                @escaping @Sendable (FieldSlice, UnsafeMutablePointer<T>, UnsafeMutablePointer<UInt8>) -> Int
        ) {
            self.name = name
            read = { fields, place, block in
                unsafe try readColumn(bytes: fields, at: place, block: block, zero: zero, kernel).map {
                    "\($0.value) \($0.status)"
                }
            }
        }
    }

    static let kernels = unsafe [
        Kernel("int64", zero: Int64(0)) { unsafe parseInt64($0, into: $1, status: $2) },
        Kernel("int32", zero: Int32(0)) { unsafe parseInt32($0, into: $1, status: $2) },
        Kernel("float64", zero: 0.0) { unsafe parseFloat64($0, into: $1, status: $2) },
        Kernel("float32", zero: Float(0)) { unsafe parseFloat32($0, into: $1, status: $2) },
        Kernel("decimal(18,8)", zero: Int64(0)) {
            unsafe parseDecimal64($0, precision: 18, scale: 8, into: $1, status: $2)
        },
        Kernel("decimal(38,18)", zero: Int128(0)) {
            unsafe parseDecimal128($0, precision: 38, scale: 18, into: $1, status: $2)
        },
        Kernel("bool", zero: UInt8(0)) { unsafe parseBool($0, into: $1, status: $2) },
        Kernel("timestamp ms", zero: Int64(0)) {
            unsafe parseTimestamp($0, form: .milliseconds, into: $1, status: $2)
        },
        Kernel("timestamp us", zero: Int64(0)) {
            unsafe parseTimestamp($0, form: .microseconds, into: $1, status: $2)
        },
        Kernel("timestamp text", zero: Int64(0)) {
            unsafe parseTimestamp($0, form: .text, into: $1, status: $2)
        },
        Kernel("date", zero: Int32(0)) { unsafe parseDate($0, into: $1, status: $2) },
    ]

    @Test("the value of a field is its own", arguments: kernels) func place(_ kernel: Kernel) throws {
        let fields = Self.fields.map { Array($0.utf8) }
        // Each in a file of its own: at the very beginning of the block, zeros all around.
        var alone: [String] = []
        for field in fields { alone += try kernel.read([field], .first, 1 << 18) }
        func compare(_ place: FieldPlace, block: Int) throws {
            let found = try kernel.read(fields, place, block)
            for index in fields.indices where found[index] != alone[index] {
                Issue.record(
                    "'\(Self.fields[index])', \(place), block \(block): \(found[index]), alone \(alone[index])"
                )
            }
        }
        let neighbours: [(before: String, after: String)] = [
            ("", ""), ("999999999999", "999999999999"), ("-", ".5"), ("1.", "e5"), ("0", "0"), (".", "-"),
            ("tru", "rue"), ("2024-01-01", "2024-01-01"),
        ]
        for block in [1, 100, 1 << 18] {
            try compare(.first, block: block)
            try compare(.alone, block: block)
        }
        for (index, (before, after)) in neighbours.enumerated() {
            try compare(
                .between(Array(before.utf8), Array(after.utf8)), block: [64, 200, 1 << 18][index % 3])
        }
        // The last bytes of the block, with and without a newline behind them.
        for (index, field) in fields.enumerated() where !field.isEmpty {
            for rest in [[UInt8](), Array("7".utf8)] {
                let found = try kernel.read([field, rest], .alone, field.count + 1)
                #expect(found[0] == alone[index], "'\(Self.fields[index])' at the end of a block")
            }
            let found = try kernel.read([field], .alone, field.count)
            #expect(found[0] == alone[index], "'\(Self.fields[index])' is all there is")
        }
    }

    @Test("the scans for the ends of fields are their twin's, byte for byte", arguments: [UInt64(1), 2])
    func edges(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<3_000 {
            let syntax = round % 4 == 0 ? FieldSyntax(delimiter: 0x3B, quote: 0x27) : FieldSyntax()
            let count = round < 300 ? round : Int.random(in: 0...700, using: &random)
            var bytes = (0..<count).map { _ -> UInt8 in
                switch Int.random(in: 0..<6, using: &random) {
                case 0: syntax.delimiter
                case 1: 0x0A
                case 2: UInt8.random(in: 0x80...0xFF, using: &random)
                // Bytes one bit from those that matter, and any letter.
                case 3:
                    [0x2D, 0x2E, 0x28, 0x0B, 0x08, 0x0E, 0x23, 0x20, 0xAC, 0x8A].randomElement(
                        using: &random)!
                default: UInt8.random(in: 0x41...0x7A, using: &random)
                }
            }
            // Long stretches without any, and with nothing else.
            if count > 0, round % 5 == 1 {
                bytes = bytes.map { $0 == 0x0A || $0 == syntax.delimiter ? 0x61 : $0 }
            }
            if count > 0, round % 5 == 2 { bytes = bytes.map { _ in syntax.delimiter } }
            if count > 0, round % 3 == 0 {
                bytes[Int.random(in: 0..<count, using: &random)] =
                    [syntax.quote, 0x0D, 0].randomElement(using: &random)!
            }
            // All a scan may write to lies before the guard.
            let room = UnsafeMutablePointer<UInt32>.allocate(capacity: count + 65)
            unsafe room.initialize(repeating: 0xDEAD_BEEF, count: count + 65)
            defer { unsafe room.deallocate() }
            func offsets(_ scan: EdgeScan) -> [UInt32] {
                #expect(unsafe room[count + 64] == 0xDEAD_BEEF, "seed \(seed), round \(round)")
                return (0..<scan.found).map { unsafe room[$0] } + [
                    UInt32(scan.lineFeedCount), UInt32(scan.scanned),
                ]
            }
            // One byte more, so that no bytes have an address too.
            let (fasts, slow) = unsafe (bytes + [0]).withUnsafeBufferPointer { buffer in
                // SAFETY: there is room for `count + 64` offsets, as the scan wants it.
                let base = buffer.baseAddress!
                let slow = offsets(
                    unsafe findEdgesSlowly(
                        base, from: 0, count: count, syntax: syntax, into: room, found: 0, lineFeedCount: 0))
                var fasts = [
                    offsets(unsafe findEdges(base, count: count, syntax: syntax, into: room)),
                    offsets(unsafe findEdgesPortably(base, count: count, syntax: syntax, into: room)),
                ]
                if VectorKernels.areThere {
                    var (found, lineFeedCount) = (0, 0)
                    let scanned = unsafe vector_find_edges_256(
                        base, count, syntax.delimiter, syntax.quote, room, &found, &lineFeedCount)
                    fasts.append(
                        offsets(
                            unsafe findEdgesSlowly(
                                base, from: scanned, count: count, syntax: syntax, into: room, found: found,
                                lineFeedCount: lineFeedCount)))
                }
                return (fasts, slow)
            }
            for fast in fasts { #expect(fast == slow, "seed \(seed), round \(round), \(count) bytes") }
        }
    }
}
