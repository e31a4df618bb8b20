/// Texts as their lengths, delta encoded, and then all their bytes.
///
/// Format: parquet-format `Encodings.md`, "Delta-length byte array (DELTA_LENGTH_BYTE_ARRAY = 6)".
package enum DeltaLengthByteArray {
    /// Appends texts; text `i` ends at `ends[i]`, where the next one starts. `lengths` is scratch memory.
    package static func append(
        ends: UnsafeBufferPointer<UInt32>, start: UInt32, bytes: UnsafeRawBufferPointer,
        lengths: inout ByteBuffer,
        to page: inout ByteBuffer
    ) {
        unsafe lengths.fill(with: Int32.self, count: ends.count) { lengths in
            // SAFETY: i < ends.count, the number of lengths. A text is shorter than 2^31 bytes; longer ones are
            // refused when pages are cut.
            var textStart = start
            for i in 0..<ends.count {
                let end = unsafe ends[i]
                unsafe lengths[i] = Int32(truncatingIfNeeded: end &- textStart)
                textStart = end
            }
        }
        unsafe lengths.withElements(of: Int32.self) { lengths in
            _ = unsafe DeltaBinaryPacked.append(lengths, to: &page)
        }
        let end = unsafe ends.last ?? start
        unsafe page.append(UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(end)]))
    }
}
