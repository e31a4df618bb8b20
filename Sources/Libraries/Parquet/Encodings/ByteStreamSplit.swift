/// The first bytes of all values, then the second bytes of all, and so on; what differs little compresses well.
///
/// Format: parquet-format `Encodings.md`, "Byte Stream Split (BYTE_STREAM_SPLIT = 9)".
package enum ByteStreamSplit {
    package static func append<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ values: UnsafeBufferPointer<T>, to page: inout ByteBuffer
    ) {
        let count = values.count
        let byteCount = count * MemoryLayout<T>.size
        unsafe page.append(maximum: byteCount) { room in
            guard let base = room.baseAddress else { return 0 }
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
