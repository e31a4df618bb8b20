import Columns

/// A value in a form in which all values of its column compare.
enum ComparableValue: Hashable, Comparable, CustomStringConvertible {
    case integer(Int128)
    case float(Double)
    case text([UInt8])

    static func < (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.integer(let a), .integer(let b)): a < b
        case (.float(let a), .float(let b)): a < b
        case (.text(let a), .text(let b)): a.lexicographicallyPrecedes(b)
        default: preconditionFailure("values of two columns")
        }
    }

    /// Zeros are equal, whatever their sign.
    static func == (a: Self, b: Self) -> Bool { !(a < b) && !(b < a) }

    func hash(into hasher: inout Hasher) { preconditionFailure("is compared, never hashed") }

    var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .float(let value): "\(value)"
        case .text(let bytes): "'\(String(decoding: bytes.prefix(80), as: UTF8.self))'"
        }
    }

    /// Reads a bound of statistics: a value in PLAIN encoding, texts without their length.
    ///
    /// - Parameter isMax: how to round where the column keeps less than the file.
    /// - Returns: nil where the bytes cannot be a value of the column.
    init?(bound bytes: [UInt8], of stored: StoredColumn, isMax: Bool) {
        func little<T: FixedWidthInteger>(_ type: T.Type) -> T? {
            guard bytes.count == MemoryLayout<T>.size else { return nil }
            return bytes.reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
        }
        switch stored.physicalType {
        case .boolean:
            guard let value = little(UInt8.self), value <= 1 else { return nil }
            self = .integer(Int128(value))
        case .int32:
            guard let value = little(Int32.self) else { return nil }
            self = .integer(Int128(value))
        case .int64:
            guard let value = little(Int64.self) else { return nil }
            switch stored.conversion {
            case .fromMilliseconds: self = .integer(Int128(value) * 1000)
            case .fromNanoseconds:
                let (quotient, rest) = value.quotientAndRemainder(dividingBy: 1000)
                let step: Int64 = rest > 0 && isMax ? 1 : rest < 0 && !isMax ? -1 : 0
                self = .integer(Int128(quotient + step))
            default: self = .integer(Int128(value))
            }
        case .float:
            guard let bits = little(UInt32.self) else { return nil }
            self = .float(Double(Float(bitPattern: bits)))
        case .double:
            guard let bits = little(UInt64.self) else { return nil }
            self = .float(Double(bitPattern: bits))
        case .byteArray, .fixedLengthByteArray:
            guard stored.conversion != .none else {
                self = .text(bytes)
                return
            }
            let allowed = stored.conversion == .bigEndian ? stored.width...stored.width : 0...16
            guard allowed.contains(bytes.count) else { return nil }
            self = .integer(unsafe bytes.withUnsafeBytes { unsafe FixedWidthDecoder.bigEndian($0) })
        }
    }

    var isNaN: Bool { if case .float(let value) = self { value.isNaN } else { false } }
}

/// What statistics are compared with: counts and bounds of some rows.
struct ValueSummary {
    var rowCount = 0
    var nullCount = 0
    var nanCount = 0
    /// The smallest and the largest value that is neither null nor NaN.
    var bounds: Extremes<ComparableValue>?

    init() {}

    /// Of all rows of a column.
    init(of column: Column) {
        rowCount = column.count
        nullCount = column.nullCount
        switch column.type.layout {
        case .int32: addIntegers(column, as: Int32.self)
        case .int64: addIntegers(column, as: Int64.self)
        case .int128: addIntegers(column, as: Int128.self)
        case .bool: addIntegers(column, as: UInt8.self)
        case .float32: addFloats(column, as: Float.self)
        case .float64: addFloats(column, as: Double.self)
        case .text: addTexts(column)
        }
    }

    mutating func formUnion(_ other: ValueSummary) {
        rowCount += other.rowCount
        nullCount += other.nullCount
        nanCount += other.nanCount
        guard let added = other.bounds else { return }
        if bounds == nil { bounds = added } else { bounds!.formUnion(added) }
    }

    private mutating func addIntegers<T: FixedWidthInteger & BitwiseCopyable>(
        _ column: Column, as type: T.Type
    ) {
        guard column.count > column.nullCount else { return }
        var (smallest, largest) = (T.max, T.min)
        unsafe column.withValues(as: type) { values in
            unsafe column.withValidity { validity in
                // SAFETY: both have a slot a row.
                for row in 0..<values.count {
                    if let validity = unsafe validity, unsafe validity[row] == 0 { continue }
                    smallest = unsafe min(smallest, values[row])
                    largest = unsafe max(largest, values[row])
                }
            }
        }
        bounds = Extremes(min: .integer(Int128(smallest)), max: .integer(Int128(largest)))
    }

    private mutating func addFloats<F: BinaryFloatingPoint & BitwiseCopyable>(
        _ column: Column, as type: F.Type
    ) {
        var (smallest, largest) = (F.infinity, -F.infinity)
        var nans = 0
        unsafe column.withValues(as: type) { values in
            unsafe column.withValidity { validity in
                // SAFETY: both have a slot a row. Comparisons with a NaN are false, so NaNs never get in.
                for row in 0..<values.count {
                    if let validity = unsafe validity, unsafe validity[row] == 0 { continue }
                    let value = unsafe values[row]
                    smallest = value < smallest ? value : smallest
                    largest = value > largest ? value : largest
                    nans &+= value.isNaN ? 1 : 0
                }
            }
        }
        nanCount = nans
        guard column.count - column.nullCount > nans else { return }
        bounds = Extremes(min: .float(Double(smallest)), max: .float(Double(largest)))
    }

    private mutating func addTexts(_ column: Column) {
        unsafe column.withText { ends, bytes in
            unsafe column.withValidity { validity in
                var (smallest, largest): (Range<Int>?, Range<Int>?) = (nil, nil)
                var start = 0
                // SAFETY: ends grow up to bytes.count.
                for row in 0..<ends.count {
                    let range = unsafe start..<Int(ends[row])
                    start = range.upperBound
                    if let validity = unsafe validity, unsafe validity[row] == 0 { continue }
                    let text = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
                    let toSmallest = smallest.map {
                        unsafe compareBytes(text, UnsafeRawBufferPointer(rebasing: bytes[$0]))
                    }
                    if toSmallest.map({ $0 < 0 }) ?? true { smallest = range }
                    let toLargest = largest.map {
                        unsafe compareBytes(text, UnsafeRawBufferPointer(rebasing: bytes[$0]))
                    }
                    if toLargest.map({ $0 > 0 }) ?? true { largest = range }
                }
                guard let smallest, let largest else { return }
                bounds = unsafe Extremes(
                    min: .text(Array(bytes[smallest])), max: .text(Array(bytes[largest])))
            }
        }
    }
}

extension ColumnStatistics {
    /// Compares what is said with what is there.
    ///
    /// - Parameter hasKnownOrder: whether `min` and `max` mean anything.
    func check(
        against values: ValueSummary, of stored: StoredColumn, hasKnownOrder: Bool
    ) throws(ParquetReadingProblem.Kind.Thrown) {
        if let nullCount, nullCount != values.nullCount {
            throw .init(.disagrees("null_count", found: "\(nullCount)", expected: "\(values.nullCount)"))
        }
        if let nanCount, nanCount != values.nanCount {
            throw .init(.disagrees("nan_count", found: "\(nanCount)", expected: "\(values.nanCount)"))
        }
        guard hasKnownOrder else { return }
        try Self.check(min, "min_value", isMax: false, isExact: isMinExact == true, values, stored)
        try Self.check(max, "max_value", isMax: true, isExact: isMaxExact == true, values, stored)
    }

    /// Compares one bound. Without an "exact" it need only enclose the values.
    static func check(
        _ bytes: [UInt8]?, _ name: String, isMax: Bool, isExact: Bool, _ values: ValueSummary,
        _ stored: StoredColumn
    ) throws(ParquetReadingProblem.Kind.Thrown) {
        guard let bytes else { return }
        guard let bound = ComparableValue(bound: bytes, of: stored, isMax: isMax) else {
            throw .init(.malformed("\(name) of \(bytes.count) bytes is no value of the column"))
        }
        // Bounds of nothing, and NaNs from old writers, say nothing (parquet.thrift, `ColumnOrder`).
        guard let bounds = values.bounds, !bound.isNaN else { return }
        let actual = isMax ? bounds.max : bounds.min
        let encloses = isMax ? !(bound < actual) : !(actual < bound)
        guard encloses, !isExact || bound == actual else {
            throw .init(
                .disagrees(
                    name, found: "\(bound)",
                    expected: isExact ? "\(actual)" : isMax ? "at least \(actual)" : "at most \(actual)"))
        }
    }
}

extension ParquetReadingProblem.Kind {
    /// A kind of problem whose place the catcher knows.
    struct Thrown: Error {
        var kind: ParquetReadingProblem.Kind

        init(_ kind: ParquetReadingProblem.Kind) { self.kind = kind }
    }
}
