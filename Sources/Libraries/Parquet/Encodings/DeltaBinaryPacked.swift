import CVector

/// Integers as differences from the one before, packed in blocks with a width for each 32 of them.
///
/// Format: parquet-format `Encodings.md`, "Delta Encoding (DELTA_BINARY_PACKED = 5)". All arithmetic wraps in the
/// type's own width, as the spec demands, so the full range of values round-trips.
package enum DeltaBinaryPacked {
    /// Values of a block and of a miniblock; what other writers use too.
    package static let blockCount = 128
    package static let miniblockCount = 32
    private static let miniblocksPerBlock = blockCount / miniblockCount

    /// Appends `values`.
    ///
    /// - Parameter usesKernel: tests turn it off to compare with the twin.
    /// - Returns: the widest miniblock, in bits.
    @discardableResult
    package static func append<T: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
        _ values: UnsafeBufferPointer<T>, to page: inout ByteBuffer, usesKernel: Bool = true
    ) -> Int where T.Magnitude: UnsignedInteger & FixedWidthInteger {
        page.appendVarint(UInt64(blockCount))
        page.appendVarint(UInt64(miniblocksPerBlock))
        page.appendVarint(UInt64(values.count))
        page.appendVarint(zigzag(unsafe values.count > 0 ? Int64(values[0]) : 0))
        let blocks = (max(values.count, 1) - 1 + blockCount - 1) / blockCount
        var widest = 0
        // A block is at most ten bytes of smallest delta, four widths and 128 deltas.
        let blockByteCount = 10 + miniblocksPerBlock + blockCount * MemoryLayout<T>.size
        unsafe page.append(maximum: blocks * blockByteCount) { room in
            unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: blockCount) { deltas in
                var offset = 0
                for block in 0..<blocks {
                    let first = block &* blockCount &+ 1
                    let target = unsafe room.baseAddress! + offset
                    let kernelByteCount =
                        unsafe usesKernel
                        ? packWholeBlock(values, first: first, to: target, widest: &widest) : 0
                    offset &+= kernelByteCount
                    if kernelByteCount == 0 {
                        unsafe offset &+= appendBlock(
                            values, first: first, deltas: deltas, to: target, widest: &widest)
                    }
                }
                return offset
            }
        }
        return widest
    }

    /// Writes a block of 128 deltas of 64-bit integers in vector instructions.
    ///
    /// - Returns: the bytes written; 0 where the block is not whole, or has deltas too wide for the kernel.
    @inline(__always)
    private static func packWholeBlock<T: FixedWidthInteger & BitwiseCopyable>(
        _ values: UnsafeBufferPointer<T>, first: Int, to target: UnsafeMutableRawPointer, widest: inout Int
    ) -> Int {
        guard MemoryLayout<T>.size == 8, first &+ blockCount <= values.count, vectorKernelsAreThere else {
            return 0
        }
        // SAFETY: the values first - 1 ..< first + 128 exist and are 64-bit integers; `target` has room for a block.
        var width: UInt32 = 0
        let byteCount = unsafe vector_pack_delta_block(
            UnsafeRawPointer(values.baseAddress! + (first &- 1)).assumingMemoryBound(to: Int64.self),
            target.assumingMemoryBound(to: UInt8.self), &width)
        widest = max(widest, Int(width))
        return byteCount
    }

    /// Writes the deltas of up to 128 values from `first` on.
    ///
    /// - Returns: the bytes written, at most 10 + 4 + 128 times the type's size.
    @inline(__always)
    private static func appendBlock<T: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
        _ values: UnsafeBufferPointer<T>, first: Int, deltas: UnsafeMutableBufferPointer<UInt64>,
        to target: UnsafeMutableRawPointer, widest: inout Int
    ) -> Int where T.Magnitude: UnsignedInteger & FixedWidthInteger {
        // SAFETY: values first - 1 ..< first + count exist; `deltas` has room for a block; `target` as promised above.
        let count = min(blockCount, values.count &- first)
        var smallest = T.max
        for i in 0..<count {
            let delta = unsafe values[first &+ i] &- values[first &+ i &- 1]
            smallest = min(smallest, delta)
        }
        var offset = 0
        var rest = zigzag(Int64(smallest))
        while rest > 0x7F {
            unsafe target.storeBytes(
                of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: offset, as: UInt8.self)
            offset &+= 1
            rest &>>= 7
        }
        unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: offset, as: UInt8.self)
        offset &+= 1
        let widths = offset
        offset &+= miniblocksPerBlock
        for i in 0..<count {
            let delta = unsafe values[first &+ i] &- values[first &+ i &- 1]
            unsafe deltas[i] = UInt64(T.Magnitude(truncatingIfNeeded: delta &- smallest))
        }
        // Deltas that only fill the last miniblock up.
        for i in count..<blockCount { unsafe deltas[i] = 0 }
        for miniblock in 0..<miniblocksPerBlock {
            let start = miniblock &* miniblockCount
            var all: UInt64 = 0
            for i in start..<start &+ miniblockCount { all |= unsafe deltas[i] }
            let width = BitPacking.width(of: all)
            unsafe target.storeBytes(of: UInt8(width), toByteOffset: widths &+ miniblock, as: UInt8.self)
            if width > 0 {
                unsafe BitPacking.packMiniblock(
                    UnsafeBufferPointer(rebasing: deltas[start..<start &+ miniblockCount]), width: width,
                    into: target + offset)
                offset &+= 4 &* width
                widest = max(widest, width)
            }
        }
        return offset
    }
}
