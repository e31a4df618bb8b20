/// Snappy's raw format, as Parquet pages have it: no frames, no checksum.
///
/// Format: google/snappy `format_description.txt`.
package enum SnappyDecompressor {
    /// The most bytes that `byteCount` compressed bytes can stand for: a copy of three bytes gives at most 64.
    package static func byteCountBound(for byteCount: Int) -> Int {
        let (product, overflow) = byteCount.multipliedReportingOverflow(by: 64)
        return overflow ? .max : product
    }

    /// Decompresses one block that fills `target` exactly.
    package static func decompress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) {
        var position = 0
        let length = try unsafe length(source, &position)
        guard length == target.count else {
            throw CompressionProblem(
                length > target.count
                    ? .tooLong(expected: target.count) : .tooShort(found: length, expected: target.count),
                inputOffset: 0)
        }
        var written = 0
        while position < source.count {
            let start = position
            func fault(_ kind: CompressionProblem.Kind) -> CompressionProblem {
                CompressionProblem(kind, inputOffset: start)
            }
            // SAFETY: every byte is read after `position` was compared with source.count; every copy is compared with
            // what is left of `target` and, where it looks back, with what is written.
            let tag = unsafe source[position]
            position += 1
            if tag & 3 == 0 {
                var count = Int(tag >> 2)
                if count >= 60 {
                    let extra = count - 59
                    guard extra <= source.count - position else { throw fault(.badSymbol) }
                    count = 0
                    for i in 0..<extra { count |= unsafe Int(source[position + i]) << (8 * i) }
                    position += extra
                }
                count += 1
                guard count <= source.count - position, count <= target.count - written else {
                    throw fault(.badSymbol)
                }
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[written..<written + count]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[position..<position + count]))
                position += count
                written += count
                continue
            }
            let offsetByteCount = tag & 3 == 3 ? 4 : Int(tag & 3)
            guard offsetByteCount <= source.count - position else { throw fault(.badSymbol) }
            var offset = 0
            for i in 0..<offsetByteCount { offset |= unsafe Int(source[position + i]) << (8 * i) }
            position += offsetByteCount
            var count = Int(tag >> 2) + 1
            if tag & 3 == 1 {
                offset |= Int(tag >> 5) << 8
                count = Int(tag >> 2 & 7) + 4
            }
            guard offset > 0, offset <= written else { throw fault(.badDistance) }
            guard count <= target.count - written else { throw fault(.badSymbol) }
            if offset >= count {
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[written..<written + count]).copyMemory(
                    from: UnsafeRawBufferPointer(
                        rebasing: target[written - offset..<written - offset + count]))
            } else {
                for i in 0..<count { unsafe target[written + i] = target[written + i - offset] }
            }
            written += count
        }
        guard written == target.count else {
            throw CompressionProblem(.tooShort(found: written, expected: target.count), inputOffset: position)
        }
    }

    /// The length before the data: a varint of up to 32 bits.
    private static func length(
        _ source: UnsafeRawBufferPointer, _ position: inout Int
    ) throws(CompressionProblem) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard position < source.count else { break }
            let byte = unsafe source[position]
            position += 1
            value |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw CompressionProblem(.badSymbol, inputOffset: 0)
    }
}
