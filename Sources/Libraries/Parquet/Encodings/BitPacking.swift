import CVector

/// Whether the processor has what the kernels in vector instructions need; their twins run anywhere.
let vectorKernelsAreThere = vector_kernels_run() != 0

/// Packs unsigned integers of a fixed width, least significant bit first.
///
/// Format: parquet-format `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid" and "Delta Encoding".
package enum BitPacking {
    /// Bits needed to write `value`; 0 for 0.
    @inline(__always)
    package static func width<T: FixedWidthInteger & UnsignedInteger>(of value: T) -> Int {
        T.bitWidth - value.leadingZeroBitCount
    }

    /// Packs `values` into `width` bits each.
    ///
    /// - Parameters:
    ///   - values: a multiple of 8 integers, each below 2^width.
    ///   - width: `0...32`.
    ///   - target: receives `values.count * width / 8` bytes.
    package static func pack(
        _ values: UnsafeBufferPointer<UInt32>, width: Int, into target: UnsafeMutableRawPointer
    ) {
        switch width {
        case 0: return
        case 8:
            // SAFETY: one byte a value.
            for i in 0..<values.count {
                unsafe target.storeBytes(
                    of: UInt8(truncatingIfNeeded: values[i]), toByteOffset: i, as: UInt8.self)
            }
        case 16:
            // SAFETY: two bytes a value.
            for i in 0..<values.count {
                unsafe target.storeBytes(
                    of: UInt16(truncatingIfNeeded: values[i]).littleEndian, toByteOffset: 2 &* i,
                    as: UInt16.self)
            }
        default:
            // SAFETY: whole groups of 32 take 4 * width bytes each; what is left begins behind them.
            let grouped = vectorKernelsAreThere ? values.count & ~31 : 0
            if grouped > 0 {
                unsafe vector_pack(
                    values.baseAddress!, grouped / 32, UInt32(width),
                    target.assumingMemoryBound(to: UInt8.self))
            }
            unsafe packAny(
                UnsafeBufferPointer(rebasing: values[grouped...]), width: UInt64(width),
                into: target + grouped / 8 * width)
        }
    }

    /// The twin of the vector kernel, for any multiple of 8.
    static func packAny(
        _ values: UnsafeBufferPointer<UInt32>, width: UInt64, into target: UnsafeMutableRawPointer
    ) {
        // SAFETY: count is a multiple of 8, so the bits are whole bytes: a store happens once its bits are gathered, and
        // the bytes left over at the end are stored one at a time.
        var gathered: UInt64 = 0
        var bits: UInt64 = 0
        var offset = 0
        for i in 0..<values.count {
            gathered |= unsafe UInt64(values[i]) &<< bits
            bits &+= width
            if bits >= 32 {
                unsafe target.storeBytes(
                    of: UInt32(truncatingIfNeeded: gathered).littleEndian, toByteOffset: offset,
                    as: UInt32.self)
                offset &+= 4
                gathered &>>= 32
                bits &-= 32
            }
        }
        while bits > 0 {
            unsafe target.storeBytes(
                of: UInt8(truncatingIfNeeded: gathered), toByteOffset: offset, as: UInt8.self)
            offset &+= 1
            gathered &>>= 8
            bits &-= min(bits, 8)
        }
    }

    /// Packs 32 integers into `width` bits each: a miniblock of DELTA_BINARY_PACKED.
    ///
    /// - Parameters:
    ///   - values: 32 integers, each below 2^width.
    ///   - width: `1...64`.
    ///   - target: receives `4 * width` bytes.
    @inline(__always)
    package static func packMiniblock(
        _ values: UnsafeBufferPointer<UInt64>, width: Int, into target: UnsafeMutableRawPointer
    ) {
        // SAFETY: 32 values of `width` bits are 4 * width bytes, an even number of 32-bit words; whole 64-bit words
        // are stored when full, and for an odd width one 32-bit word is left over.
        let width = UInt64(width)
        var gathered: UInt64 = 0
        var bits: UInt64 = 0
        var offset = 0
        for i in 0..<32 {
            let value = unsafe values[i]
            gathered |= value &<< bits
            let next = bits &+ width
            if next >= 64 {
                unsafe target.storeBytes(of: gathered.littleEndian, toByteOffset: offset, as: UInt64.self)
                offset &+= 8
                // `>>` and not `&>>`: with 64 bits stored nothing is left over.
                gathered = value >> (64 &- bits)
                bits = next &- 64
            } else {
                bits = next
            }
        }
        if bits > 0 {
            unsafe target.storeBytes(
                of: UInt32(truncatingIfNeeded: gathered).littleEndian, toByteOffset: offset, as: UInt32.self)
        }
    }
}
