import CVector

/// What a scan for the ends of fields found.
package struct EdgeScan: Hashable {
    /// Edges written.
    package var found: Int
    /// How many of them stand behind an LF.
    package var lineFeedCount: Int
    /// Up to where the bytes were looked at: all of them, or less where a special byte lies within the next 64.
    package var scanned: Int
}

/// Finds where fields end in bytes without quotes, 64 at a time.
///
/// Stops where a byte turns up that needs the record machine: a quote, a CR or a zero byte.
///
/// - Parameters:
///   - bytes: `count` readable bytes.
///   - edges: room for `count + 64` offsets; receives the offset behind each delimiter and LF, ascending.
@unsafe package func findEdges(
    _ bytes: UnsafePointer<UInt8>, count: Int, syntax: FieldSyntax, into edges: UnsafeMutablePointer<UInt32>
) -> EdgeScan {
    guard VectorKernels.areThere else {
        return unsafe findEdgesPortably(bytes, count: count, syntax: syntax, into: edges)
    }
    var found = 0
    var lineFeedCount = 0
    let scanned = unsafe vector_find_edges(
        bytes, count, syntax.delimiter, syntax.quote, edges, &found, &lineFeedCount)
    return unsafe findEdgesSlowly(
        bytes, from: scanned, count: count, syntax: syntax, into: edges, found: found,
        lineFeedCount: lineFeedCount)
}

/// `findEdges` for processors without its kernel.
@unsafe package func findEdgesPortably(
    _ bytes: UnsafePointer<UInt8>, count: Int, syntax: FieldSyntax, into edges: UnsafeMutablePointer<UInt32>
) -> EdgeScan {
    let delimiter = SIMD16<UInt8>(repeating: syntax.delimiter)
    let quote = SIMD16<UInt8>(repeating: syntax.quote)
    let lineFeed = SIMD16<UInt8>(repeating: FieldSyntax.lineFeed)
    let carriageReturn = SIMD16<UInt8>(repeating: FieldSyntax.carriageReturn)
    let zero = SIMD16<UInt8>(repeating: 0)
    let raw = unsafe UnsafeRawPointer(bytes)
    var found = 0
    var lineFeedCount = 0
    var offset = 0

    // SAFETY: offset + 64 <= count in the loop, so all 64 bytes are readable. Each round writes at most
    // 64 offsets, all of which exist in the input, so `found <= offset`; the batches of 8 run past the last by less than 8.
    while offset + 64 <= count {
        var special = zero
        var mask: UInt64 = 0
        var feedMask: UInt64 = 0
        for lane in 0..<4 {
            let part = unsafe (raw + offset + 16 * lane).loadUnaligned(as: SIMD16<UInt8>.self)
            let feeds = ones(part .== lineFeed)
            let hits = ones(part .== delimiter) | feeds
            special |= ones(part .== quote) | ones(part .== carriageReturn) | ones(part .== zero)
            mask |= UInt64(bits(hits)) << UInt64(16 * lane)
            feedMask |= UInt64(bits(feeds)) << UInt64(16 * lane)
        }
        if isAnySet(special) { break }

        let behind = UInt32(truncatingIfNeeded: offset) &+ 1
        let total = mask.nonzeroBitCount
        var target = unsafe edges + found
        // Eight at a time without asking whether there are as many: the surplus is overwritten by the next round.
        var left = total
        while left > 0 {
            for slot in 0..<8 {
                unsafe target[slot] = behind &+ UInt32(truncatingIfNeeded: mask.trailingZeroBitCount)
                mask &= mask &- 1
            }
            unsafe target += 8
            left &-= 8
        }
        found &+= total
        lineFeedCount &+= feedMask.nonzeroBitCount
        offset &+= 64
    }
    return unsafe findEdgesSlowly(
        bytes, from: offset, count: count, syntax: syntax, into: edges, found: found,
        lineFeedCount: lineFeedCount)
}

/// The twin of `findEdges`, byte by byte; also does its last, odd bytes.
///
/// - Parameters:
///   - start: a multiple of 64.
///   - found, lineFeedCount: those before `start`.
@unsafe package func findEdgesSlowly(
    _ bytes: UnsafePointer<UInt8>, from start: Int, count: Int, syntax: FieldSyntax,
    into edges: UnsafeMutablePointer<UInt32>, found alreadyFound: Int, lineFeedCount feedsBefore: Int
) -> EdgeScan {
    var scan = EdgeScan(found: alreadyFound, lineFeedCount: feedsBefore, scanned: start)
    var chunk = scan
    // SAFETY: offset < count, and at most one offset is written for each byte.
    for offset in start..<count {
        // A special byte takes its whole 64 bytes back, as the fast twins do.
        if offset % 64 == 0 {
            chunk = scan
            chunk.scanned = offset
        }
        let byte = unsafe bytes[offset]
        if byte == syntax.quote || byte == FieldSyntax.carriageReturn || byte == 0 { return chunk }
        if byte == syntax.delimiter || byte == FieldSyntax.lineFeed {
            unsafe edges[scan.found] = UInt32(truncatingIfNeeded: offset) &+ 1
            scan.found += 1
            if byte == FieldSyntax.lineFeed { scan.lineFeedCount += 1 }
        }
    }
    scan.scanned = count
    return scan
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
