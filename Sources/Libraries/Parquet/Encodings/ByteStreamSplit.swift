import CVector

/// The first bytes of all values, then the second bytes of all, and so on; what differs little compresses well.
///
/// Format: parquet-format `Encodings.md`, "Byte Stream Split (BYTE_STREAM_SPLIT = 9)".
package enum ByteStreamSplit {
    /// - Parameter usesKernel: tests turn it off to compare with the twin.
    package static func append<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ values: UnsafeBufferPointer<T>, to page: inout ByteBuffer, usesKernel: Bool = true
    ) {
        let count = values.count
        let byteCount = count * MemoryLayout<T>.size
        unsafe page.append(maximum: byteCount) { room in
            guard let base = room.baseAddress, let start = values.baseAddress else { return 0 }
            if usesKernel, vectorKernelsAreThere, MemoryLayout<T>.size == 4 || MemoryLayout<T>.size == 8 {
                // SAFETY: reads and writes byteCount bytes.
                unsafe vector_split_streams(
                    UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count, MemoryLayout<T>.size,
                    base.assumingMemoryBound(to: UInt8.self))
                return byteCount
            }
            // SAFETY: stream s takes the bytes s * count ..< (s + 1) * count of byteCount.
            for stream in 0..<MemoryLayout<T>.size {
                let target = unsafe base + stream &* count
                let shift = T(truncatingIfNeeded: 8 &* stream)
                for i in 0..<count {
                    unsafe target.storeBytes(
                        of: UInt8(truncatingIfNeeded: values[i] &>> shift), toByteOffset: i, as: UInt8.self)
                }
            }
            return byteCount
        }
    }
}
