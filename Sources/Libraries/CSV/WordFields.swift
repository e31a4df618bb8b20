import CVector

/// Kernels for truth values and text.

/// Reads a column of bool: `true`, `True`, `TRUE`, `1`, `false`, `False`, `FALSE`, `0`; otherwise as `parseInt64`.
@unsafe package func parseBool(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<UInt8>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    guard VectorKernels.areThere else {
        return unsafe parseBoolPortably(fields, into: values, status: status)
    }
    let undecided = unsafe vector_parse_bool(
        fields.bytes, fields.edges, fields.stride, fields.count, values, status)
    return unsafe VectorKernels.settle(fields, values, status, undecided: undecided) {
        unsafe bool($0, count: $1)
    }
}

/// `parseBool` for processors without its kernel.
@unsafe package func parseBoolPortably(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<UInt8>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let (value, result) = unsafe bool(fields.bytes + start, count: fields.end(row) &- start)
        unsafe values[row] = value
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// One bool; the field has padding behind it.
@inline(__always) @unsafe func bool(
    _ text: UnsafePointer<UInt8>, count: Int
) -> (value: UInt8, status: FieldStatus) {
    // The first four bytes in reading order, and the fifth.
    let word = unsafe UInt32(bigEndian: UnsafeRawPointer(text).loadUnaligned(as: UInt32.self))
    let fifth = unsafe text[4]
    switch count {
    case 4 where word == 0x7472_7565 || word == 0x5472_7565 || word == 0x5452_5545: return (1, .ok)
    case 5 where (word == 0x6661_6C73 || word == 0x4661_6C73) && fifth == UInt8(ascii: "e"): return (0, .ok)
    case 5 where word == 0x4641_4C53 && fifth == UInt8(ascii: "E"): return (0, .ok)
    case 1 where word >> 24 == 0x31: return (1, .ok)
    case 1 where word >> 24 == 0x30: return (0, .ok)
    case 0: return (0, .empty)
    default: return (0, .malformed)
    }
}

/// Checks that a column is UTF-8, and says how long it is; empty fields get their status too.
///
/// - Returns: rows that are not ok, and the bytes of all rows together.
@unsafe package func measureText(
    _ fields: FieldSlice, status: UnsafeMutablePointer<UInt8>
) -> (exceptions: Int, byteCount: Int) {
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    var byteCount = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let count = unsafe fields.end(row) &- start
        byteCount &+= count
        if count > 0, unsafe isUTF8(fields.bytes + start, count: count) { continue }
        unsafe status[row] = count == 0 ? FieldStatus.empty.rawValue : FieldStatus.malformed.rawValue
        exceptions &+= 1
    }
    return (exceptions, byteCount)
}

/// Copies a column's text, one field behind the other.
///
/// - Parameters:
///   - byteCount: bytes of text before the first row.
///   - ends: room for `fields.count`; receives where each row ends.
///   - text: room for all rows' bytes behind `byteCount`, in all at most `UInt32.max`.
@unsafe package func copyText(
    _ fields: FieldSlice, after byteCount: Int, ends: UnsafeMutablePointer<UInt32>,
    text: UnsafeMutablePointer<UInt8>
) {
    // SAFETY: row < fields.count; the caller measured the rows and made room for them.
    var end = byteCount
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let count = unsafe fields.end(row) &- start
        unsafe (text + end).update(from: fields.bytes + start, count: count)
        end &+= count
        unsafe ends[row] = UInt32(truncatingIfNeeded: end)
    }
}

/// Whether the bytes are well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, surrogates or cut sequences.
@unsafe func isUTF8(_ text: UnsafePointer<UInt8>, count: Int) -> Bool {
    // SAFETY: i < count wherever a byte is interpreted; whole words are read within the count alone.
    var i = 0
    while i < count {
        if i + 8 <= count,
            unsafe UnsafeRawPointer(text + i).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            i += 8
            continue
        }
        let lead = unsafe text[i]
        i += 1
        if lead < 0x80 { continue }
        let followerCount: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: followerCount = 1
        case 0xE0: (followerCount, second) = (2, 0xA0...0xBF)
        case 0xED: (followerCount, second) = (2, 0x80...0x9F)
        case 0xE1...0xEF: followerCount = 2
        case 0xF0: (followerCount, second) = (3, 0x90...0xBF)
        case 0xF4: (followerCount, second) = (3, 0x80...0x8F)
        case 0xF1...0xF3: followerCount = 3
        default: return false
        }
        guard i + followerCount <= count, unsafe second.contains(text[i]) else { return false }
        for k in 1..<followerCount where unsafe text[i + k] & 0xC0 != 0x80 { return false }
        i += followerCount
    }
    return true
}
