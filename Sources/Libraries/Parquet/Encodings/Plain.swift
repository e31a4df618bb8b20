/// Values as they are, one after the other.
///
/// Format: parquet-format `Encodings.md`, "Plain (PLAIN = 0)".
package enum Plain {
    /// Appends little-endian integers or IEEE 754 bits: what slots are in memory.
    package static func append<T: BitwiseCopyable>(
        _ values: UnsafeBufferPointer<T>, to page: inout ByteBuffer
    ) {
        unsafe page.append(UnsafeRawBufferPointer(values))
    }

    /// Appends 16 bytes a value, two's complement, most significant byte first: DECIMAL as FIXED_LEN_BYTE_ARRAY.
    package static func appendBigEndian(_ values: UnsafeBufferPointer<Int128>, to page: inout ByteBuffer) {
        unsafe page.append(maximum: 16 * values.count) { room in
            // SAFETY: i < values.count, and the room is 16 bytes a value.
            for i in 0..<values.count {
                unsafe room.storeBytes(of: values[i].bigEndian, toByteOffset: 16 &* i, as: Int128.self)
            }
            return 16 * values.count
        }
    }

    /// Appends a bit a value (0 or 1), lowest first; the last byte is filled up with zeros.
    package static func appendBits(_ values: UnsafeBufferPointer<UInt8>, to page: inout ByteBuffer) {
        let byteCount = (values.count + 7) / 8
        unsafe page.append(maximum: byteCount) { room in
            // SAFETY: eight values are read where eight are left; a byte is stored for each eight begun.
            let whole = values.count / 8
            for group in 0..<whole {
                let word = unsafe UInt64(
                    littleEndian: UnsafeRawPointer(values.baseAddress!).loadUnaligned(
                        fromByteOffset: 8 &* group, as: UInt64.self))
                // The product brings bit 0 of byte i to bit 56 + i; no two terms meet, so there are no carries.
                unsafe room[group] = UInt8(truncatingIfNeeded: (word &* 0x0102_0408_1020_4080) &>> 56)
            }
            if whole < byteCount {
                var bits: UInt8 = 0
                for i in 8 * whole..<values.count { bits |= unsafe values[i] &<< UInt8(i & 7) }
                unsafe room[whole] = bits
            }
            return byteCount
        }
    }

    /// Appends texts, each after its length in four bytes. `ends[i]` is where text `i` ends and the next one starts.
    package static func appendTexts(
        ends: UnsafeBufferPointer<UInt32>, start: UInt32, bytes: UnsafeRawBufferPointer,
        to page: inout ByteBuffer
    ) {
        guard let last = unsafe ends.last else { return }
        let byteCount = 4 * ends.count + Int(last - start)
        unsafe page.append(maximum: byteCount) { room in
            // SAFETY: the lengths add up to last - start, so all stores lie within byteCount; ends grow up to
            // bytes.count.
            let target = room.baseAddress!
            var textStart = start
            var offset = 0
            for i in 0..<ends.count {
                let end = unsafe ends[i]
                let length = Int(end &- textStart)
                unsafe target.storeBytes(
                    of: UInt32(length).littleEndian, toByteOffset: offset, as: UInt32.self)
                offset &+= 4
                if length > 0 {
                    unsafe (target + offset).copyMemory(
                        from: bytes.baseAddress! + Int(textStart), byteCount: length)
                    offset &+= length
                }
                textStart = end
            }
            return byteCount
        }
    }
}
