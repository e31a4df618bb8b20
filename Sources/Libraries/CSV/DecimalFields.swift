/// Kernels for exact decimals: what does not fit the scale without rounding is an error.

/// Reads a column of decimals of up to 18 digits as integers of 10^-scale; otherwise as `parseInt64`.
///
/// - Parameters:
///   - precision: `1...18`.
///   - scale: `0...precision`.
@unsafe package func parseDecimal64(
    _ fields: FieldSlice, precision: Int, scale: Int, into values: UnsafeMutablePointer<Int64>,
    status: UnsafeMutablePointer<UInt8>
) -> Int {
    precondition((1...18).contains(precision) && (0...precision).contains(scale))
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let text = unsafe fields.bytes + start
        let count = unsafe fields.end(row) &- start
        if count > 0, let plain = unsafe PlainDecimal(text, count: count), plain.fractionDigitCount <= scale {
            let missing = scale &- plain.fractionDigitCount
            // Below 10^(precision - missing) before the zeros are appended is below 10^precision after.
            if precision >= missing, plain.magnitude < powersOfTen[precision &- missing] {
                let value = Int64(bitPattern: plain.magnitude &* powersOfTen[missing])
                unsafe values[row] = plain.isNegative ? 0 &- value : value
                continue
            }
        }
        let (value, result) = unsafe decimal(text, count: count, precision: precision, scale: scale)
        unsafe values[row] = Int64(truncatingIfNeeded: value)
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// Reads a column of decimals of up to 38 digits as integers of 10^-scale; otherwise as `parseInt64`.
///
/// - Parameters:
///   - precision: `1...38`.
///   - scale: `0...precision`.
@unsafe package func parseDecimal128(
    _ fields: FieldSlice, precision: Int, scale: Int, into values: UnsafeMutablePointer<Int128>,
    status: UnsafeMutablePointer<UInt8>
) -> Int {
    precondition((1...38).contains(precision) && (0...precision).contains(scale))
    let limit = powerOfTen(precision)
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let text = unsafe fields.bytes + start
        let count = unsafe fields.end(row) &- start
        if count > 0, let plain = unsafe PlainDecimal(text, count: count), plain.fractionDigitCount <= scale,
            scale &- plain.fractionDigitCount <= 19
        {
            // Both factors are below 2^64.
            let magnitude =
                UInt128(plain.magnitude) &* UInt128(powersOfTen[scale &- plain.fractionDigitCount])
            if magnitude < limit {
                let value = Int128(truncatingIfNeeded: magnitude)
                unsafe values[row] = plain.isNegative ? 0 &- value : value
                continue
            }
        }
        let (value, result) = unsafe decimal(text, count: count, precision: precision, scale: scale)
        unsafe values[row] = value
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// One decimal of any spelling, exponents too: the slow twin of both kernels.
@inline(never) @unsafe func decimal(
    _ text: UnsafePointer<UInt8>, count: Int, precision: Int, scale: Int
) -> (value: Int128, status: FieldStatus) {
    guard count > 0 else { return (0, .empty) }
    guard let number = unsafe AnyDecimal(text, count: count) else { return (0, .malformed) }
    guard number.digitCount > 0 else { return (0, .ok) }
    // Its first digit stands for 10^(digitCount + exponent - 1), its last for 10^exponent.
    guard number.digitCount + number.exponent <= precision - scale else { return (0, .outOfRange) }
    guard number.exponent >= -scale else { return (0, .inexact) }
    // Hence digitCount <= precision <= 38: nothing was cut, and the product has at most `precision` digits.
    let value = Int128(number.digits * powerOfTen(number.exponent + scale))
    return (number.isNegative ? -value : value, .ok)
}

/// 10^exponent for `0...38`.
private func powerOfTen(_ exponent: Int) -> UInt128 {
    exponent <= 19
        ? UInt128(powersOfTen[exponent]) : UInt128(powersOfTen[19]) * UInt128(powersOfTen[exponent - 19])
}
