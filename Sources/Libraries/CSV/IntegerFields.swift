import CVector

/// Integer kernels: an optional sign and decimal digits, nothing else; leading zeros are allowed.

/// Reads a column of int64.
///
/// - Parameters:
///   - values: room for `fields.count`; rows that are not ok get 0.
///   - status: `fields.count` zeroes; receives a `FieldStatus` for rows that are not ok.
/// - Returns: how many rows are not ok.
@unsafe package func parseInt64(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Int64>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    guard VectorKernels.areThere else {
        return unsafe parseInt64Portably(fields, into: values, status: status)
    }
    let undecided = unsafe vector_parse_int64(
        fields.bytes, fields.edges, fields.stride, fields.count, values, status)
    return unsafe VectorKernels.settle(fields, values, status, undecided: undecided) {
        unsafe int64($0, count: $1)
    }
}

/// `parseInt64` for processors without its kernel.
@unsafe package func parseInt64Portably(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Int64>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        let (value, result) = unsafe int64(fields.bytes + start, count: fields.end(row) &- start)
        unsafe values[row] = value
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// Reads a column of int32; otherwise as `parseInt64`.
@unsafe package func parseInt32(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Int32>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    guard VectorKernels.areThere else {
        return unsafe parseInt32Portably(fields, into: values, status: status)
    }
    // As int64 first, a few rows at a time.
    let pieceCount = 256
    return unsafe withUnsafeTemporaryAllocation(of: Int64.self, capacity: pieceCount) { wide in
        // SAFETY: a piece has at most `pieceCount` rows, all of them below fields.count, for which the caller gave room.
        guard let base = wide.baseAddress else { return 0 }
        var exceptions = 0
        for start in unsafe stride(from: 0, to: fields.count, by: pieceCount) {
            let count = unsafe min(pieceCount, fields.count - start)
            var piece = unsafe fields
            unsafe piece.edges += start &* fields.stride
            unsafe piece.count = count
            let undecided = unsafe vector_parse_int64(
                piece.bytes, piece.edges, piece.stride, count, base, status + start)
            exceptions &+= unsafe VectorKernels.settle(piece, base, status + start, undecided: undecided) {
                unsafe int64($0, count: $1)
            }
            for row in 0..<count {
                let value = unsafe wide[row]
                let narrow = Int32(truncatingIfNeeded: value)
                unsafe values[start &+ row] = narrow
                if Int64(narrow) != value {
                    // Rows that are not ok have a 0.
                    unsafe values[start &+ row] = 0
                    unsafe status[start &+ row] = FieldStatus.outOfRange.rawValue
                    exceptions &+= 1
                }
            }
            // A column of signs, say, which the kernel leaves to its twin.
            if undecided > count / 4 {
                let end = start &+ count
                unsafe piece.edges += count &* fields.stride
                unsafe piece.count = fields.count &- end
                return unsafe exceptions
                    &+ parseInt32Portably(piece, into: values + end, status: status + end)
            }
        }
        return exceptions
    }
}

/// `parseInt32` for processors without the kernel of int64.
@unsafe package func parseInt32Portably(
    _ fields: FieldSlice, into values: UnsafeMutablePointer<Int32>, status: UnsafeMutablePointer<UInt8>
) -> Int {
    // SAFETY: row < fields.count, for which the caller gave room.
    var exceptions = 0
    for row in 0..<(unsafe fields.count) {
        let start = unsafe fields.start(row)
        var (value, result) = unsafe int64(fields.bytes + start, count: fields.end(row) &- start)
        if Int64(Int32(truncatingIfNeeded: value)) != value {
            value = 0
            result = .outOfRange
        }
        unsafe values[row] = Int32(truncatingIfNeeded: value)
        if result != .ok {
            unsafe status[row] = result.rawValue
            exceptions &+= 1
        }
    }
    return exceptions
}

/// One int64.
@inline(__always) @unsafe func int64(_ text: UnsafePointer<UInt8>, count: Int) -> (
    value: Int64, status: FieldStatus
) {
    guard count > 0 else { return (0, .empty) }
    let first = unsafe text[0]
    let isNegative = first == UInt8(ascii: "-")
    let signCount = isNegative || first == UInt8(ascii: "+") ? 1 : 0
    let digitCount = count &- signCount
    guard digitCount > 0, digitCount <= 19 else { return unsafe longInt64(text, count: count) }
    let (magnitude, isOK) = unsafe digits19(before: text + count, count: digitCount)
    guard isOK else { return (0, .malformed) }
    guard magnitude <= UInt64(Int64.max) &+ (isNegative ? 1 : 0) else { return (0, .outOfRange) }
    let value = Int64(bitPattern: magnitude)
    return (isNegative ? 0 &- value : value, .ok)
}

/// A sign alone, or more than 19 digits: right only with zeros in front.
@inline(never) @unsafe private func longInt64(
    _ text: UnsafePointer<UInt8>, count: Int
) -> (value: Int64, status: FieldStatus) {
    let isSigned = unsafe text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+")
    let isNegative = unsafe text[0] == UInt8(ascii: "-")
    var i = isSigned ? 1 : 0
    guard i < count else { return (0, .malformed) }
    var value: Int64 = 0
    var isOver = false
    while i < count {
        let byte = unsafe text[i]
        guard byte >= 0x30, byte <= 0x39 else { return (0, .malformed) }
        let (shifted, over) = value.multipliedReportingOverflow(by: 10)
        let digit = Int64(byte - 0x30)
        let (sum, over2) =
            isNegative
            ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
        isOver = isOver || over || over2
        value = sum
        i += 1
    }
    return isOver ? (0, .outOfRange) : (value, .ok)
}
