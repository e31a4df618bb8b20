import CSV
import CVector
import TestSupport
import Testing

/// The kernels in vector instructions say what their twins in Swift say: values to the bit, and every status.
@Suite struct VectorKernelTests {
    /// Fields that end up next to each other in one column: kernels take two or four rows at a time.
    static func fields(seed: UInt64, count: Int) -> [String] {
        var random = SeededGenerator(seed: seed)
        func digits(_ count: Int) -> String {
            String((0..<count).map { _ in "0123456789".randomElement(using: &random)! })
        }
        return (0..<count).map { _ in
            switch Int.random(in: 0..<24, using: &random) {
            case 0: ""
            case 1:
                ["True", "False", "true", "FALSE", "TRUE", "false", "1", "0", "tRUE", "Truer"].randomElement(
                    using: &random)!
            case 2: KernelPlaceTests.fields.randomElement(using: &random)!
            case 3: "-" + digits(Int.random(in: 0...8, using: &random)) + "." + digits(3)
            case 4:
                ["9007199254740992", "9007199254740993", "90071992.54740992", "90071992.54740993"]
                    .randomElement(using: &random)!
            case 5:
                ["1.2.3", "2147483647", "2147483648", "-2147483648", "-2147483649"].randomElement(
                    using: &random)!
            case 6...9: String(1_700_000_000_000 + Int.random(in: 0...100_000_000_000, using: &random))
            case 10...13: digits(Int.random(in: 1...19, using: &random))
            default:
                digits(Int.random(in: 1...9, using: &random)) + "."
                    + digits(Int.random(in: 0...9, using: &random))
            }
        }
    }

    /// Calls `body` with the fields as one column of a batch.
    static func withColumn(_ fields: [String], _ body: (FieldSlice) -> Void) throws {
        var rest = Array(fields.map { $0 + ",x\n" }.joined().utf8)[...]
        var reader = RecordReader(file: "a.csv", syntax: FieldSyntax(), blockByteCount: 1 << 20)
        var rowCount = 0
        while let batch = unsafe try reader.nextBatch(
            fieldCount: 2,
            { room in
                let count = min(room.count, rest.count)
                unsafe room.copyBytes(from: rest.prefix(count))
                rest = rest.dropFirst(count)
                return count
            })
        {
            rowCount += batch.rowCount
            unsafe body(batch.fields(0, rows: 0..<batch.rowCount))
        }
        #expect(rowCount == fields.count)
    }

    /// What a kernel makes of a column: for each row its bits and its status, and how many rows are not ok.
    @unsafe static func results<Value: BitwiseCopyable>(
        _ fields: FieldSlice, _ zero: Value,
        _ kernel: (FieldSlice, UnsafeMutablePointer<Value>, UnsafeMutablePointer<UInt8>) -> Int,
        bits: (Value) -> UInt64
    ) -> [UInt64] {
        let count = unsafe fields.count
        let values = UnsafeMutablePointer<Value>.allocate(capacity: count + 1)
        let status = UnsafeMutablePointer<UInt8>.allocate(capacity: count + 1)
        unsafe values.initialize(repeating: zero, count: count + 1)
        unsafe status.initialize(repeating: 0, count: count + 1)
        defer {
            unsafe values.deallocate()
            unsafe status.deallocate()
        }
        let exceptions = unsafe kernel(fields, values, status)
        return (0..<count).flatMap { row in
            unsafe [status[row] == 0 ? bits(values[row]) : 0, UInt64(status[row])]
        } + [UInt64(exceptions)]
    }

    @Test("each kernel agrees with its twin", arguments: UInt64(1)...20)
    func agree(seed: UInt64) throws {
        unsafe try Self.withColumn(Self.fields(seed: seed, count: 2_001)) { fields in
            unsafe #expect(
                Self.results(fields, 0.0, { unsafe parseFloat64($0, into: $1, status: $2) }) { $0.bitPattern }
                    == Self.results(fields, 0.0, { unsafe parseFloat64Portably($0, into: $1, status: $2) }) {
                        $0.bitPattern
                    })
            unsafe #expect(
                Self.results(fields, Int64(0), { unsafe parseInt64($0, into: $1, status: $2) }) {
                    UInt64(bitPattern: $0)
                }
                    == Self.results(fields, Int64(0), { unsafe parseInt64Portably($0, into: $1, status: $2) })
                {
                    UInt64(bitPattern: $0)
                })
            unsafe #expect(
                Self.results(fields, Int32(0), { unsafe parseInt32($0, into: $1, status: $2) }) {
                    UInt64(UInt32(bitPattern: $0))
                }
                    == Self.results(fields, Int32(0), { unsafe parseInt32Portably($0, into: $1, status: $2) })
                {
                    UInt64(UInt32(bitPattern: $0))
                })
            unsafe #expect(
                Self.results(fields, UInt8(0), { unsafe parseBool($0, into: $1, status: $2) }) { UInt64($0) }
                    == Self.results(fields, UInt8(0), { unsafe parseBoolPortably($0, into: $1, status: $2) })
                {
                    UInt64($0)
                })
            for form in TimestampForm.allCases {
                unsafe #expect(
                    Self.results(
                        fields, Int64(0), { unsafe parseTimestamp($0, form: form, into: $1, status: $2) }
                    ) { UInt64(bitPattern: $0) }
                        == Self.results(
                            fields, Int64(0),
                            { unsafe parseTimestampPortably($0, form: form, into: $1, status: $2) }
                        ) { UInt64(bitPattern: $0) })
            }
        }
    }

    private typealias Kernel<Value> = (
        UnsafePointer<UInt8>, UnsafePointer<UInt32>, Int, Int, UnsafeMutablePointer<Value>,
        UnsafeMutablePointer<UInt8>
    ) -> Int

    /// What a kernel makes of the first fields, at whatever place: for each its value unless it is left over, and the status.
    @unsafe private static func raw<Value: BinaryInteger>(
        _ fields: ArraySlice<String>, _ kernel: Kernel<Value>
    ) -> [UInt64] {
        let padding = [UInt8](repeating: UInt8(ascii: "7"), count: 64)
        var bytes = padding
        var edges: [UInt32] = []
        for field in fields {
            edges.append(UInt32(bytes.count))
            bytes += Array((field + ",").utf8)
            edges.append(UInt32(bytes.count))
            bytes += Array("x\n".utf8)
        }
        bytes += padding
        var values = [Value](repeating: 0, count: fields.count + 1)
        var status = [UInt8](repeating: 0, count: fields.count + 1)
        let undecided = unsafe kernel(bytes, edges, 2, fields.count, &values, &status)
        #expect(status.last == 0 && values.last == 0, "nothing behind the last row")
        return zip(values, status).flatMap { [$1 == 0 ? UInt64(truncatingIfNeeded: $0) : 0, UInt64($1)] }
            + [UInt64(undecided)]
    }

    @Test("the kernels of either width agree", .enabled(if: vector_has_512() != 0), arguments: UInt64(1)...20)
    func widths(seed: UInt64) {
        let fields = Self.fields(seed: seed, count: 1_003)
        /// The doubles' bits.
        func bits(
            _ kernel: @escaping Kernel<Double>
        ) -> Kernel<UInt64> {
            { bytes, edges, stride, count, values, status in
                unsafe values.withMemoryRebound(to: Double.self, capacity: count) {
                    unsafe kernel(bytes, edges, stride, count, $0, status)
                }
            }
        }
        for range in [0..<1_003, 1..<1_003, 2..<9, 3..<7, 4..<7, 5..<7, 6..<7, 7..<7] {
            let slice = fields[range]
            unsafe #expect(Self.raw(slice, vector_parse_int64) == Self.raw(slice, vector_parse_int64_256))
            unsafe #expect(
                Self.raw(slice, bits(vector_parse_float64)) == Self.raw(slice, bits(vector_parse_float64_256))
            )
            unsafe #expect(Self.raw(slice, vector_parse_bool) == Self.raw(slice, vector_parse_bool_256))
        }
    }

    @Test("columns of one form, as files have them")
    func uniform() throws {
        var random = SeededGenerator(seed: 5)
        for decimals in 0...9 {
            let fields = (0..<1_001).map { _ in
                let whole = String(Int.random(in: 0...999_999, using: &random))
                guard decimals > 0 else { return whole }
                let fraction = String(Int.random(in: 0..<1_000_000_000, using: &random) + 1_000_000_000)
                return "\(whole).\(fraction.suffix(decimals))"
            }
            unsafe try Self.withColumn(fields) { slice in
                let values = unsafe Self.results(
                    slice, 0.0, { unsafe parseFloat64($0, into: $1, status: $2) }
                ) { $0.bitPattern }
                for (row, field) in fields.enumerated() {
                    #expect(values[2 * row] == Double(field)!.bitPattern && values[2 * row + 1] == 0)
                }
            }
        }
    }
}
