/// Digits by the eight: what all number kernels are made of.
///
/// Everything here may read eight bytes before or behind a field; batches keep `RecordBatch.padding` bytes readable there.

/// Powers of ten that fit `UInt64`.
let powersOfTen: [20 of UInt64] = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
    100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
    10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]

/// The number written by the `count` bytes before `end`; not ok unless all are ASCII digits.
///
/// - Parameter count: `0...8`; 0 gives 0.
@inline(__always) @unsafe func digits8(before end: UnsafePointer<UInt8>, count: Int) -> (
    value: UInt64, isOK: Bool
) {
    let word = unsafe UInt64(littleEndian: UnsafeRawPointer(end - 8).loadUnaligned(as: UInt64.self))
    // The field's bytes are the highest; the ones below become zeros in front of it.
    let keep = ~UInt64(0) << UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    let text = (word & keep) | (0x3030_3030_3030_3030 & ~keep)
    let isOK =
        ((text & 0xF0F0_F0F0_F0F0_F0F0) | (((text &+ 0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0) >> 4))
        == 0x3333_3333_3333_3333
    // Pairs, then fours, then all eight.
    var value = text &- 0x3030_3030_3030_3030
    value = value &* 10 &+ (value >> 8)
    let low = (value & 0x0000_00FF_0000_00FF) &* (100 &+ (1_000_000 << 32))
    let high = ((value >> 16) & 0x0000_00FF_0000_00FF) &* (1 &+ (10_000 << 32))
    return ((low &+ high) >> 32, isOK)
}

/// The number written by the `count` bytes before `end`; not ok unless all are ASCII digits.
///
/// - Parameter count: `0...19`, so the value fits.
@inline(__always) @unsafe func digits19(before end: UnsafePointer<UInt8>, count: Int) -> (
    value: UInt64, isOK: Bool
) {
    if count <= 8 { return unsafe digits8(before: end, count: count) }
    let low = unsafe digits8(before: end, count: 8)
    if count <= 16 {
        let high = unsafe digits8(before: end - 8, count: count &- 8)
        return (high.value &* 100_000_000 &+ low.value, high.isOK && low.isOK)
    }
    let middle = unsafe digits8(before: end - 8, count: 8)
    let high = unsafe digits8(before: end - 16, count: count &- 16)
    let value = (high.value &* 100_000_000 &+ middle.value) &* 100_000_000 &+ low.value
    return (value, high.isOK && middle.isOK && low.isOK)
}

/// Offset of the first `.` in `count` bytes, or `count`.
@inline(__always) @unsafe func pointOffset(_ text: UnsafePointer<UInt8>, count: Int) -> Int {
    var offset = 0
    while offset < count {
        let word = unsafe UInt64(littleEndian: UnsafeRawPointer(text + offset).loadUnaligned(as: UInt64.self))
        let difference = word ^ 0x2E2E_2E2E_2E2E_2E2E
        // High bit of each zero byte, exact up to and including the first.
        let zeros = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
        if zeros != 0 { return min(offset &+ zeros.trailingZeroBitCount >> 3, count) }
        offset &+= 8
    }
    return count
}

/// A plain decimal: optional sign, digits, optional point and digits; 1 to 19 digits in all.
struct PlainDecimal {
    var magnitude: UInt64
    var fractionDigitCount: Int
    var isNegative: Bool

    /// Nil for every other spelling, right or wrong: the general readers decide about those.
    @inline(__always) @unsafe init?(_ text: UnsafePointer<UInt8>, count: Int) {
        let first = unsafe text[0]
        isNegative = first == UInt8(ascii: "-")
        let signCount = isNegative || first == UInt8(ascii: "+") ? 1 : 0
        let start = unsafe text + signCount
        let bodyCount = count &- signCount
        let wholeCount = unsafe pointOffset(start, count: bodyCount)
        let hasPoint = wholeCount < bodyCount
        fractionDigitCount = hasPoint ? bodyCount &- wholeCount &- 1 : 0
        let digitCount = wholeCount &+ fractionDigitCount
        guard digitCount >= 1, digitCount <= 19 else { return nil }
        let whole = unsafe digits19(before: start + wholeCount, count: wholeCount)
        guard hasPoint else {
            guard whole.isOK else { return nil }
            magnitude = whole.value
            return
        }
        let fraction = unsafe digits19(before: start + bodyCount, count: fractionDigitCount)
        guard whole.isOK && fraction.isOK else { return nil }
        magnitude = whole.value &* powersOfTen[fractionDigitCount] &+ fraction.value
    }
}

/// Any decimal: optional sign, digits with an optional point among them, optional exponent; read by the byte.
///
/// The value is `±digits × 10^exponent`, exact unless `isCut`.
struct AnyDecimal {
    var isNegative = false
    /// The significant digits, without zeros at either end; up to 38 of them.
    var digits: UInt128 = 0
    var digitCount = 0
    /// Clamped to ±100,000,000, beyond every type's range.
    var exponent = 0
    /// Whether there were more than 38 significant digits.
    var isCut = false

    /// Nil unless the whole text is a decimal. No spaces, underscores, hexadecimal or group separators.
    @unsafe init?(_ text: UnsafePointer<UInt8>, count: Int) {
        var i = 0
        if i < count, unsafe text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
            unsafe isNegative = text[i] == UInt8(ascii: "-")
            i += 1
        }
        var sawDigit = false
        var sawPoint = false
        var zeros = 0
        while i < count {
            let byte = unsafe text[i]
            if byte == UInt8(ascii: "."), !sawPoint {
                sawPoint = true
            } else if byte >= 0x30, byte <= 0x39 {
                sawDigit = true
                if sawPoint { exponent -= 1 }
                if byte == 0x30 {
                    // Zeros count only once another digit follows.
                    if digitCount > 0 { zeros += 1 }
                } else {
                    digitCount += zeros + 1
                    if digitCount <= 38 {
                        for _ in 0..<zeros { digits *= 10 }
                        digits = digits * 10 + UInt128(byte - 0x30)
                    } else {
                        isCut = true
                    }
                    zeros = 0
                }
            } else {
                break
            }
            i += 1
        }
        guard sawDigit else { return nil }
        exponent += zeros
        if i < count, unsafe text[i] | 0x20 == UInt8(ascii: "e") {
            i += 1
            var isDown = false
            if i < count, unsafe text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
                unsafe isDown = text[i] == UInt8(ascii: "-")
                i += 1
            }
            guard i < count else { return nil }
            var power = 0
            while i < count, case let byte = unsafe text[i], byte >= 0x30, byte <= 0x39 {
                power = min(power * 10 + Int(byte - 0x30), 100_000_000)
                i += 1
            }
            exponent += isDown ? -power : power
        }
        guard i == count else { return nil }
        exponent = max(-100_000_000, min(exponent, 100_000_000))
        if digits == 0 { exponent = 0 }
    }
}
