/// Finds the delimiters and newlines of bytes without quotes, 64 at a time.
///
/// Stops where a byte turns up that needs the record machine: a quote, a CR or a zero byte.
///
/// - Parameters:
///   - bytes: `count` readable bytes.
///   - separators: room for `count + 64` offsets; receives those of delimiters and LFs, ascending.
/// - Returns: how many offsets were written, and up to where the bytes were looked at: `count`, or less when a special
///   byte lies within the next 64.
@unsafe package func findSeparators(
    _ bytes: UnsafePointer<UInt8>, count: Int, syntax: FieldSyntax,
    into separators: UnsafeMutablePointer<UInt32>
) -> (found: Int, scanned: Int) {
    let delimiter = SIMD16<UInt8>(repeating: syntax.delimiter)
    let quote = SIMD16<UInt8>(repeating: syntax.quote)
    let lineFeed = SIMD16<UInt8>(repeating: FieldSyntax.lineFeed)
    let carriageReturn = SIMD16<UInt8>(repeating: FieldSyntax.carriageReturn)
    let zero = SIMD16<UInt8>(repeating: 0)
    let raw = unsafe UnsafeRawPointer(bytes)
    var found = 0
    var offset = 0

    // SAFETY: offset + 64 <= count in the loop, so all 64 bytes are readable. Each round writes at most
    // 64 offsets, all of which exist in the input, so `found <= offset`; the batches of 8 run past the last by less than 8.
    while offset + 64 <= count {
        var special = zero
        var mask: UInt64 = 0
        for lane in 0..<4 {
            let part = unsafe (raw + offset + 16 * lane).loadUnaligned(as: SIMD16<UInt8>.self)
            let hits = ones(part .== delimiter) | ones(part .== lineFeed)
            special |= ones(part .== quote) | ones(part .== carriageReturn) | ones(part .== zero)
            mask |= UInt64(bits(hits)) << UInt64(16 * lane)
        }
        if isAnySet(special) { return (found, offset) }

        var position = UInt32(truncatingIfNeeded: offset)
        let total = mask.nonzeroBitCount
        var target = unsafe separators + found
        // Eight at a time without asking whether there are as many: the surplus is overwritten by the next round.
        var left = total
        while left > 0 {
            for slot in 0..<8 {
                unsafe target[slot] = position &+ UInt32(truncatingIfNeeded: mask.trailingZeroBitCount)
                mask &= mask &- 1
            }
            unsafe target += 8
            left &-= 8
        }
        found &+= total
        position = 0
        offset &+= 64
    }
    return unsafe findSeparatorsSlowly(
        bytes, from: offset, count: count, syntax: syntax, into: separators, found: found)
}

/// The twin of `findSeparators`, byte by byte; also does its last, odd bytes.
@unsafe package func findSeparatorsSlowly(
    _ bytes: UnsafePointer<UInt8>, from start: Int, count: Int, syntax: FieldSyntax,
    into separators: UnsafeMutablePointer<UInt32>, found alreadyFound: Int
) -> (found: Int, scanned: Int) {
    var found = alreadyFound
    var chunkFound = found
    // SAFETY: offset < count, and at most one offset is written for each byte.
    for offset in start..<count {
        // A special byte takes its whole 64 bytes back, as the fast twin does.
        if offset % 64 == 0 { chunkFound = found }
        let byte = unsafe bytes[offset]
        if byte == syntax.quote || byte == FieldSyntax.carriageReturn || byte == 0 {
            return (chunkFound, offset / 64 * 64)
        }
        if byte == syntax.delimiter || byte == FieldSyntax.lineFeed {
            unsafe separators[found] = UInt32(truncatingIfNeeded: offset)
            found += 1
        }
    }
    return (found, count)
}

/// 0xFF where the comparison holds, 0 elsewhere.
@inline(__always) private func ones(_ mask: SIMDMask<SIMD16<Int8>>) -> SIMD16<UInt8> {
    // SAFETY: a mask is stored as lanes of 0 and -1, the bits of 0 and 0xFF.
    unsafe unsafeBitCast(mask, to: SIMD16<UInt8>.self)
}

/// One bit a lane, lane 0 lowest.
@inline(__always) private func bits(_ lanes: SIMD16<UInt8>) -> UInt16 {
    // SAFETY: both types are 16 plain bytes.
    let halves = unsafe unsafeBitCast(lanes, to: SIMD2<UInt64>.self)
    // Byte i keeps bit i alone; the product gathers all eight in its top byte, without carries.
    let low = ((halves[0].littleEndian & 0x8040_2010_0804_0201) &* 0x0101_0101_0101_0101) >> 56
    let high = ((halves[1].littleEndian & 0x8040_2010_0804_0201) &* 0x0101_0101_0101_0101) >> 56
    return UInt16(truncatingIfNeeded: low | high << 8)
}

@inline(__always) private func isAnySet(_ lanes: SIMD16<UInt8>) -> Bool {
    // SAFETY: both types are 16 plain bytes.
    let halves = unsafe unsafeBitCast(lanes, to: SIMD2<UInt64>.self)
    return halves[0] | halves[1] != 0
}
