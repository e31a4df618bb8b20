/// A moment in UTC as RFC 3339 writes it: `2024-01-02T03:04:05Z`, or with milliseconds, as S3 does, `2024-01-02T03:04:05.678Z`.
///
/// - Parameter nanoseconds: since 1970; what is finer than the text is cut off.
package func rfc3339(nanoseconds: Int64, withMilliseconds: Bool = false) -> String {
    let seconds = floorDivide(nanoseconds, by: 1_000_000_000)
    let days = floorDivide(seconds.quotient, by: 86_400)
    // 64 bits of nanoseconds reach 292 years from 1970: every part has its digits.
    let date = CivilDate(day: Int32(days.quotient))
    let second = days.remainder
    return unsafe String(unsafeUninitializedCapacity: 24) { text in
        var count = 0
        func put(_ byte: UInt8) {
            // SAFETY: 19 bytes, four of milliseconds and the Z are at most 24.
            unsafe text[count] = byte
            count += 1
        }
        func put(_ number: Int64, digits: Int64) {
            if digits > 1 { put(number / 10, digits: digits - 1) }
            put(0x30 + UInt8(number % 10))
        }
        put(Int64(date.year), digits: 4)
        put(UInt8(ascii: "-"))
        put(Int64(date.month), digits: 2)
        put(UInt8(ascii: "-"))
        put(Int64(date.day), digits: 2)
        put(UInt8(ascii: "T"))
        put(second / 3_600, digits: 2)
        put(UInt8(ascii: ":"))
        put(second / 60 % 60, digits: 2)
        put(UInt8(ascii: ":"))
        put(second % 60, digits: 2)
        if withMilliseconds {
            put(UInt8(ascii: "."))
            put(seconds.remainder / 1_000_000, digits: 3)
        }
        put(UInt8(ascii: "Z"))
        return count
    }
}

/// The remainder is never negative.
private func floorDivide(_ number: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}
