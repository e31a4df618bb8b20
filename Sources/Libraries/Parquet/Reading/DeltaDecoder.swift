/// Integers as differences from the one before.
///
/// Format: parquet-format `Encodings.md`, "Delta Encoding (DELTA_BINARY_PACKED = 5)". All arithmetic wraps in the
/// type's own width, as the spec demands.
enum DeltaDecoder {
    /// Decodes exactly `target.count` values.
    ///
    /// - Returns: bytes read.
    static func decode<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<T>
    ) throws(Fault) -> Int {
        var offset = 0
        func number(_ name: String, in allowed: ClosedRange<Int>) throws(Fault) -> Int {
            let start = offset
            let value = Int(clamping: try unsafe HybridDecoder.varint(bytes, &offset))
            guard allowed.contains(value) else {
                throw Fault(.outOfRange(name, value: value, allowed: allowed), at: start)
            }
            return value
        }
        let blockCount = try number("the block size of deltas", in: 1...Int(Int32.max))
        let miniblocks = try number("the number of miniblocks", in: 1...blockCount)
        let miniblockCount = blockCount / miniblocks
        guard blockCount % 128 == 0, blockCount % miniblocks == 0, miniblockCount % 32 == 0 else {
            throw Fault(
                .malformed("blocks of \(blockCount) deltas cannot have \(miniblocks) miniblocks"), at: 0)
        }
        _ = try number("the number of delta-encoded values", in: target.count...target.count)
        var last = T(truncatingIfNeeded: unzigzag(try unsafe HybridDecoder.varint(bytes, &offset)))
        guard target.count > 0 else { return offset }
        unsafe target[0] = last
        var filled = 1
        while filled < target.count {
            let smallest = T(truncatingIfNeeded: unzigzag(try unsafe HybridDecoder.varint(bytes, &offset)))
            let widths = offset
            guard miniblocks <= bytes.count - offset else {
                throw Fault(
                    .cutShort("the widths of a block", byteCount: bytes.count - offset, expected: miniblocks),
                    at: offset)
            }
            offset += miniblocks
            // Miniblocks after the last value have a width, whatever it is, and no bytes.
            for miniblock in 0..<miniblocks where filled < target.count {
                // SAFETY: the widths lie within `bytes`; filled..<filled + count lies within `target`.
                let width = unsafe Int(bytes[widths + miniblock])
                guard width <= T.bitWidth else {
                    throw Fault(
                        .outOfRange("the bits of a delta", value: width, allowed: 0...T.bitWidth),
                        at: widths + miniblock)
                }
                let count = min(miniblockCount, target.count - filled)
                let needed = (count * width + 7) / 8
                guard needed <= bytes.count - offset else {
                    throw Fault(
                        .cutShort("a miniblock", byteCount: bytes.count - offset, expected: needed),
                        at: offset)
                }
                let part = unsafe UnsafeMutableBufferPointer(rebasing: target[filled..<filled + count])
                unsafe BitUnpacking.unpack(
                    UnsafeRawBufferPointer(rebasing: bytes[offset...]), width: width, into: part)
                for i in 0..<count {
                    last = unsafe last &+ smallest &+ part[i]
                    unsafe part[i] = last
                }
                filled += count
                offset += min(miniblockCount / 8 * width, bytes.count - offset)
            }
        }
        return offset
    }
}
