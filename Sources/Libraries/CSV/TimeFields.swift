import CVector

/// Kernels for timestamps and dates, UTC throughout.

/// How a file writes its timestamps.
package enum TimestampForm: UInt8, Hashable, Sendable, CaseIterable {
    case seconds, milliseconds, microseconds, nanoseconds, text

    /// For messages.
    package var name: String {
        switch self {
        case .seconds: "epoch seconds"
        case .milliseconds: "epoch milliseconds"
        case .microseconds: "epoch microseconds"
        case .nanoseconds: "epoch nanoseconds"
        case .text: "text"
        }
    }

    /// Which epoch values are taken to be of this unit. Seconds reach from 1970 to 2100; the finer units begin in March
    /// 1973, so that no two units share a value; what lies between is out of range in every unit.
    var epochRange: Range<Int64> {
        switch self {
        case .seconds: 0..<4_102_444_800
        case .milliseconds: 100_000_000_000..<4_102_444_800_000
        case .microseconds: 100_000_000_000_000..<4_102_444_800_000_000
        case .nanoseconds: 100_000_000_000_000_000..<4_102_444_800_000_000_000
        case .text: 0..<0
        }
    }

    /// The form of one field: of an epoch integer by its magnitude; nil where no form fits.
    package init?(of field: [UInt8]) {
        let padding = [UInt8](repeating: 0, count: RecordBatch.padding)
        let padded = padding + field + padding
        let form: TimestampForm? = unsafe padded.withUnsafeBufferPointer { buffer in
            // SAFETY: the field has padding on both sides.
            let text = unsafe buffer.baseAddress! + RecordBatch.padding
            let (value, status) = unsafe int64(text, count: field.count)
            if status == .ok {
                return Self.allCases.first { $0.epochRange.contains(value) }
            }
            return unsafe timestampText(text, count: field.count).status == .ok ? .text : nil
        }
        guard let form else { return nil }
        self = form
    }
}

/// Reads a column of timestamps, all of one form, as microseconds since 1970; otherwise as `parseInt64`.
///
/// A field of another form gets `.mixedForm`. Nanoseconds must be whole microseconds.
@unsafe package func parseTimestamp(
    _ fields: FieldSlice, form: TimestampForm, into values: UnsafeMutablePointer<Int64>,
    status: UnsafeMutablePointer<UInt8>
) -> Int {
    guard form == .seconds || form == .milliseconds || form == .microseconds, VectorKernels.areThere else {
        return unsafe parseTimestampPortably(fields, form: form, into: values, status: status)
    }
    let undecided = unsafe vector_parse_int64(
        fields.bytes, fields.edges, fields.stride, fields.count, values, status)
    let range = form.epochRange
    let factor: Int64 = form == .seconds ? 1_000_000 : form == .milliseconds ? 1_000 : 1
    let length = UInt64(bitPattern: range.upperBound &- range.lowerBound)
    var isAnyOutside = undecided > 0
    // SAFETY: row < fields.count, for which the caller gave room.
    for row in 0..<(unsafe fields.count) {
        let value = unsafe values[row]
        // Within range, so below 2^52 after the product; what is outside is read again.
        isAnyOutside = isAnyOutside || UInt64(bitPattern: value &- range.lowerBound) >= length
        unsafe values[row] = value &* factor
    }
    guard isAnyOutside else { return 0 }
    for row in 0..<(unsafe fields.count) { unsafe status[row] = 0 }
    return unsafe parseTimestampPortably(fields, form: form, into: values, status: status)
}

/// `parseTimestamp` of every form, one field at a time.
@unsafe package func parseTimestampPortably(
    _ fields: FieldSlice, form: TimestampForm, into values: UnsafeMutablePointer<Int64>,
    status: UnsafeMutablePointer<UInt8>
) -> Int {
    let range = form.epochRange
    let factor: Int64 = form == .seconds ? 1_000_000 : form == .milliseconds ? 1_000 : 1
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let text = unsafe fields.bytes + start
        let count = unsafe fields.end(row) &- start
        var value: Int64
        var result: FieldStatus
        if form == .text {
            unsafe (value, result) = timestampText(text, count: count)
        } else {
            unsafe (value, result) = int64(text, count: count)
            if result == .ok {
                if !range.contains(value) {
                    result = .outOfRange
                } else if form == .nanoseconds {
                    if value % 1_000 != 0 { result = .inexact }
                    value /= 1_000
                } else {
                    // Within range, so below 2^52 after the product.
                    value &*= factor
                }
            }
        }
        if result != .ok {
            value = 0
            if result == .malformed || result == .outOfRange,
                unsafe isOtherForm(text, count: count, than: form)
            {
                result = .mixedForm
            }
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
        unsafe values[row] = value
    }
    return exceptions
}

@inline(never) @unsafe private func isOtherForm(
    _ text: UnsafePointer<UInt8>, count: Int, than form: TimestampForm
) -> Bool {
    // SAFETY: the text is `count` bytes.
    guard count <= 40,
        let own = unsafe TimestampForm(of: Array(UnsafeBufferPointer(start: text, count: count)))
    else { return false }
    return own != form
}

/// Reads a column of dates, `YYYY-MM-DD`, as days since 1970; otherwise as `parseInt64`. Years `0001...9999`.
@unsafe package func parseDate(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Int32>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let count = unsafe fields.end(row) &- start
        var result = FieldStatus.empty
        var days = 0
        if count > 0 {
            result = .malformed
            if count == 10, let date = unsafe dateText(fields.bytes + start) {
                result = .ok
                days = date
            }
        }
        unsafe values[row] = Int32(truncatingIfNeeded: days)
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// `YYYY-MM-DD` alone (midnight), or with a space or `T` and `HH:MM:SS`, then `.` and up to 9 digits, then `Z`, `±HH`, `±HH:MM`
/// or `±HHMM`. No leap seconds. Years `1970..<2100`.
@unsafe func timestampText(_ text: UnsafePointer<UInt8>, count: Int) -> (value: Int64, status: FieldStatus) {
    guard count > 0 else { return (0, .empty) }
    // SAFETY: every offset read is below count.
    guard count >= 10, let days = unsafe dateText(text) else { return (0, .malformed) }
    var microseconds = days * 86_400_000_000
    var i = 10
    if count > 10 {
        guard count >= 19, unsafe text[10] == UInt8(ascii: " ") || text[10] == UInt8(ascii: "T"),
            unsafe text[13] == UInt8(ascii: ":") && text[16] == UInt8(ascii: ":"),
            let hour = unsafe twoDigits(text + 11), let minute = unsafe twoDigits(text + 14),
            let second = unsafe twoDigits(text + 17), hour < 24, minute < 60, second < 60
        else { return (0, .malformed) }
        microseconds += ((hour * 60 + minute) * 60 + second) * 1_000_000
        i = 19
    }
    if i == 19, i < count, unsafe text[i] == UInt8(ascii: ".") {
        var digitCount = 0
        var nanoseconds = 0
        i += 1
        while i < count, case let byte = unsafe text[i], byte >= 0x30, byte <= 0x39 {
            digitCount += 1
            guard digitCount <= 9 else { return (0, .malformed) }
            nanoseconds = nanoseconds * 10 + Int(byte - 0x30)
            i += 1
        }
        guard digitCount > 0 else { return (0, .malformed) }
        for _ in digitCount..<9 { nanoseconds *= 10 }
        guard nanoseconds % 1_000 == 0 else { return (0, .inexact) }
        microseconds += nanoseconds / 1_000
    }
    if i >= 19, i < count {
        let mark = unsafe text[i]
        let left = count - i
        if mark == UInt8(ascii: "Z") {
            guard left == 1 else { return (0, .malformed) }
        } else {
            let hasColon = left == 6
            guard mark == UInt8(ascii: "+") || mark == UInt8(ascii: "-"), left == 3 || left == 5 || hasColon,
                !hasColon || (unsafe text[i + 3] == UInt8(ascii: ":")),
                let hours = unsafe twoDigits(text + i + 1),
                let minutes = left == 3 ? 0 : unsafe twoDigits(text + i + (hasColon ? 4 : 3)),
                hours < 24, minutes < 60
            else { return (0, .malformed) }
            let offset = (hours * 60 + minutes) * 60_000_000
            microseconds += mark == UInt8(ascii: "+") ? -offset : offset
        }
    } else if i < count {
        return (0, .malformed)
    }
    guard (0..<4_102_444_800_000_000).contains(microseconds) else { return (0, .outOfRange) }
    return (Int64(microseconds), .ok)
}

/// Days since 1970 of the ten bytes `YYYY-MM-DD`, or nil where they are no date of the Gregorian calendar.
@inline(__always) @unsafe private func dateText(_ text: UnsafePointer<UInt8>) -> Int? {
    // SAFETY: the caller vouches for ten bytes.
    guard unsafe text[4] == UInt8(ascii: "-") && text[7] == UInt8(ascii: "-"),
        let century = unsafe twoDigits(text), let years = unsafe twoDigits(text + 2),
        let month = unsafe twoDigits(text + 5), let day = unsafe twoDigits(text + 8)
    else { return nil }
    let year = century * 100 + years
    guard year >= 1, (1...12).contains(month), day >= 1, day <= dayCount(year: year, month: month) else {
        return nil
    }
    return daysSince1970(year: year, month: month, day: day)
}

@inline(__always) @unsafe private func twoDigits(_ text: UnsafePointer<UInt8>) -> Int? {
    let tens = unsafe text[0] &- 0x30
    let ones = unsafe text[1] &- 0x30
    return tens <= 9 && ones <= 9 ? Int(tens) &* 10 &+ Int(ones) : nil
}

private func dayCount(year: Int, month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, years from 1 (Hinnant, "chrono-compatible date algorithms").
package func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

/// The date that many days after 1970-01-01 (Hinnant); the inverse of `daysSince1970`.
package func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (
        yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    )
}

/// One timestamp in text form, as microseconds since 1970, or nil where it is none or out of range.
package func timestampValue(_ text: String) -> Int64? {
    var bytes = Array(text.utf8)
    return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
        // SAFETY: the text reader looks at no byte beyond the count.
        guard let base = buffer.baseAddress else { return nil }
        let (value, status) = unsafe timestampText(base, count: buffer.count)
        return status == .ok ? value : nil
    }
}
