/// Unpacks unsigned integers of a fixed width, least significant bit first.
///
/// Format: parquet-format `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid" and "Delta Encoding".
enum BitUnpacking {
    /// Unpacks `target.count` integers from the start of `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: at least `(target.count * width + 7) / 8`.
    ///   - width: `0...T.bitWidth`.
    @inline(__always)
    static func unpack<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, width: Int, into target: UnsafeMutableBufferPointer<T>
    ) {
        let count = target.count
        guard count > 0 else { return }
        guard width > 0 else { return unsafe target.update(repeating: 0) }
        precondition(width <= T.bitWidth && (count * width + 7) / 8 <= bytes.count)
        let mask: UInt64 = width == 64 ? .max : 1 << UInt64(width) - 1
        var i = 0
        // SAFETY: a word is loaded where eight bytes are left; beyond that, single bytes within the count checked above.
        if width <= 57, bytes.count >= 8, let base = bytes.baseAddress {
            let lastWord = bytes.count - 8
            var bit = 0
            while i < count, bit &>> 3 <= lastWord {
                let word = unsafe UInt64(
                    littleEndian: base.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self))
                unsafe target[i] = T(truncatingIfNeeded: (word &>> UInt64(bit & 7)) & mask)
                bit &+= width
                i &+= 1
            }
        }
        while i < count {
            var value: UInt64 = 0
            var bit = i &* width
            var filled = 0
            while filled < width {
                let taken = min(8 &- bit & 7, width &- filled)
                let part = unsafe UInt64(bytes[bit &>> 3]) &>> UInt64(bit & 7) & (1 << UInt64(taken) - 1)
                value |= part &<< UInt64(filled)
                filled &+= taken
                bit &+= taken
            }
            unsafe target[i] = T(truncatingIfNeeded: value)
            i &+= 1
        }
    }
}

/// The hybrid of runs and bit-packed groups: definition levels, dictionary indices, booleans.
///
/// Format: parquet-format `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".
enum HybridDecoder {
    /// Decodes `target.count` values below 2^`width`.
    ///
    /// A packed group may hold more values than are wanted, as it is filled up to eight; a run may not.
    ///
    /// - Parameter width: `0...32`, and no more than `T` has.
    /// - Returns: bytes read.
    static func decode<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, width: Int, into target: UnsafeMutableBufferPointer<T>
    ) throws(Fault) -> Int {
        precondition((0...min(32, T.bitWidth)).contains(width))
        var filled = 0
        var offset = 0
        while filled < target.count {
            let start = offset
            let header = try unsafe varint(bytes, &offset)
            let wanted = target.count - filled
            guard header >> 1 <= UInt64(Int32.max) else {
                throw Fault(.malformed("a run of \(header >> 1) values"), at: start)
            }
            let length = Int(header >> 1)
            if header & 1 == 1 {
                let count = min(8 * length, wanted)
                let needed = (count * width + 7) / 8
                guard needed <= bytes.count - offset else {
                    throw Fault(
                        .cutShort("a packed group", byteCount: bytes.count - offset, expected: needed),
                        at: start)
                }
                unsafe BitUnpacking.unpack(
                    UnsafeRawBufferPointer(rebasing: bytes[offset...]), width: width,
                    into: UnsafeMutableBufferPointer(rebasing: target[filled..<filled + count]))
                filled += count
                // What only fills the last group up may be missing.
                offset += min(length * width, bytes.count - offset)
            } else {
                guard length <= wanted else {
                    throw Fault(
                        .outOfRange("the length of a run", value: length, allowed: 0...wanted), at: start)
                }
                let valueByteCount = (width + 7) / 8
                guard valueByteCount <= bytes.count - offset else {
                    throw Fault(
                        .cutShort("a run's value", byteCount: bytes.count - offset, expected: valueByteCount),
                        at: start)
                }
                var value: UInt64 = 0
                // SAFETY: valueByteCount bytes are left.
                for i in 0..<valueByteCount { value |= unsafe UInt64(bytes[offset + i]) << UInt64(8 * i) }
                guard value >> UInt64(width) == 0 else {
                    throw Fault(
                        .outOfRange(
                            "a run's value", value: Int(value), allowed: 0...Int(1 << UInt64(width) - 1)),
                        at: offset)
                }
                offset += valueByteCount
                unsafe UnsafeMutableBufferPointer(rebasing: target[filled..<filled + length]).update(
                    repeating: T(truncatingIfNeeded: value))
                filled += length
            }
        }
        return offset
    }

    /// An unsigned integer of up to 64 bits in seven bits a byte.
    @inline(__always)
    static func varint(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) throws(Fault) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard offset < bytes.count else {
                throw Fault(
                    .cutShort("encoded data", byteCount: bytes.count, expected: offset + 1), at: start)
            }
            // SAFETY: offset < bytes.count.
            let next = unsafe bytes[offset]
            offset += 1
            if shift == 63, next > 1 { break }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
        }
        throw Fault(.malformed("an integer has more than 64 bits"), at: start)
    }
}
