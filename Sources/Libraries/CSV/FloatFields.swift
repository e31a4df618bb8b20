import CVector

/// Kernels for floating point, correctly rounded (to nearest, ties to even).
///
/// Accepted: decimals with an optional exponent, and `nan`, `inf`, `infinity` in any case, signed or not. Refused:
/// hexadecimal, spaces, underscores, `1,5`, and numbers beyond the largest finite value, which would become infinity.

/// Reads a column of float64; otherwise as `parseInt64`.
@unsafe package func parseFloat64(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Double>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    guard VectorKernels.areThere else {
        return unsafe parseFloat64Portably(fields, into: values, status: status)
    }
    let undecided = unsafe vector_parse_float64(
        fields.bytes, fields.edges, fields.stride, fields.count, values, status)
    return unsafe VectorKernels.settle(fields, values, status, undecided: undecided) {
        unsafe float64($0, count: $1)
    }
}

/// `parseFloat64` for processors without its kernel.
@unsafe package func parseFloat64Portably(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Double>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let (value, result) = unsafe float64(fields.bytes + start, count: fields.end(row) &- start)
        unsafe values[row] = value
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// Reads a column of float32, rounded once from the decimal text; otherwise as `parseInt64`.
@unsafe package func parseFloat32(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Float>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let text = unsafe fields.bytes + start
        let count = unsafe fields.end(row) &- start
        var (wide, result) = unsafe float64(text, count: count)
        var value = Float(wide)
        // Rounding twice goes wrong only from a double halfway between two floats; subnormal floats lie closer.
        let isHalfway = wide.bitPattern & 0x1FFF_FFFF == 0x1000_0000
        if isHalfway || (wide != 0 && wide.magnitude < 0x1p-126) || !value.isFinite {
            unsafe (value, result) = libraryFloat32(text, count: count)
        }
        unsafe values[row] = value
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// 10^0 to 10^22, all of which a double holds exactly.
private let exactPowers: [23 of Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20,
    1e21, 1e22,
]

/// One float64.
@inline(__always) @unsafe func float64(
    _ text: UnsafePointer<UInt8>, count: Int
) -> (value: Double, status: FieldStatus) {
    guard count > 0 else { return (0, .empty) }
    guard let plain = unsafe PlainDecimal(text, count: count) else {
        return unsafe generalFloat64(text, count: count)
    }
    // Both operands are exact, so the one division rounds once (Clinger 1990).
    let magnitude =
        plain.magnitude <= 1 << 53
        ? Double(Int64(bitPattern: plain.magnitude)) / exactPowers[plain.fractionDigitCount]
        : quotient(plain.magnitude, plain.fractionDigitCount)
    return (plain.isNegative ? -magnitude : magnitude, .ok)
}

/// `magnitude / 10^power`, correctly rounded: a 128 by 64 bit division that leaves at least 62 bits and a remainder.
///
/// - Parameters:
///   - magnitude: not 0.
///   - power: `0...19`.
func quotient(_ magnitude: UInt64, _ power: Int) -> Double {
    let divisor = powersOfTen[power]
    let up = magnitude.leadingZeroBitCount
    let down = divisor.leadingZeroBitCount
    let numerator = magnitude << UInt64(up)
    let denominator = divisor << UInt64(down)
    // numerator * 2^63 / denominator, in 2^62..<2^64 as both have their top bit set.
    var (bits, remainder) = denominator.dividingFullWidth((numerator >> 1, numerator << 63))
    // What lies below the last bit only decides between up and down.
    if remainder != 0 { bits |= 1 }
    // The conversion rounds 64 bits to 53, ties to even; the sticky bit lies far below the half.
    return Double(bits) * Double(sign: .plus, exponent: down - up - 63, significand: 1)
}

/// Exponents, long digit strings, names of special values: the slow twin.
@inline(never) @unsafe func generalFloat64(
    _ text: UnsafePointer<UInt8>, count: Int
) -> (value: Double, status: FieldStatus) {
    guard let number = unsafe AnyDecimal(text, count: count) else {
        guard let special = unsafe specialValue(text, count: count) else { return (0, .malformed) }
        return (special, .ok)
    }
    let sign = number.isNegative ? -1.0 : 1.0
    if number.digitCount == 0 { return (0 * sign, .ok) }
    if number.digitCount <= 19 {
        let digits = UInt64(number.digits)
        if digits <= 1 << 53, abs(number.exponent) <= 22 {
            let value = Double(digits)
            let power = exactPowers[abs(number.exponent)]
            return (sign * (number.exponent < 0 ? value / power : value * power), .ok)
        }
        if (-19...0).contains(number.exponent) { return (sign * quotient(digits, -number.exponent), .ok) }
    }
    // SAFETY: the text is `count` bytes; AnyDecimal has made sure that the library's own grammar adds nothing.
    let string = unsafe String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    guard let value = Double(string) else { return (0, .malformed) }
    return value.isFinite ? (value, .ok) : (0, .outOfRange)
}

@inline(never) @unsafe private func libraryFloat32(
    _ text: UnsafePointer<UInt8>, count: Int
) -> (value: Float, status: FieldStatus) {
    guard count > 0 else { return (0, .empty) }
    if unsafe AnyDecimal(text, count: count) == nil {
        guard let special = unsafe specialValue(text, count: count) else { return (0, .malformed) }
        return (Float(special), .ok)
    }
    // SAFETY: the text is `count` bytes.
    let string = unsafe String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    guard let value = Float(string) else { return (0, .malformed) }
    return value.isFinite ? (value, .ok) : (0, .outOfRange)
}

@unsafe private func specialValue(_ text: UnsafePointer<UInt8>, count: Int) -> Double? {
    guard count <= 9 else { return nil }
    // SAFETY: the text is `count` bytes.
    var name = unsafe UnsafeBufferPointer(start: text, count: count).map {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0
    }
    let isNegative = name.first == UInt8(ascii: "-")
    if isNegative || name.first == UInt8(ascii: "+") { name.removeFirst() }
    switch String(decoding: name, as: UTF8.self) {
    // One NaN for all, so that the same input gives the same bytes.
    case "nan": return .nan
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    default: return nil
    }
}
