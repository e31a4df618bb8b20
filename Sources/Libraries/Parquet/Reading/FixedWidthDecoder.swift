/// Values of a fixed width, as the format stores them: little-endian numbers, or bytes.
enum FixedWidthDecoder {
    /// Decodes `target.count / width` values of `width` bytes.
    ///
    /// - Parameters:
    ///   - width: `1...16`.
    ///   - target: a multiple of `width`, aligned to 8 bytes.
    static func decode(
        _ source: UnsafeRawBufferPointer, _ encoding: PageEncoding, type: PhysicalType, width: Int,
        into target: UnsafeMutableRawBufferPointer
    ) throws(Fault) {
        switch (encoding, type) {
        case (.plain, _):
            try unsafe checkByteCount(source, target.count)
            unsafe target.copyMemory(from: source)
        case (.byteStreamSplit, _):
            try unsafe checkByteCount(source, target.count)
            unsafe join(source, width: width, into: target)
        case (.deltaBinaryPacked, .int32):
            _ = try unsafe DeltaDecoder.decode(source, into: target.bindMemory(to: UInt32.self))
        case (.deltaBinaryPacked, .int64):
            _ = try unsafe DeltaDecoder.decode(source, into: target.bindMemory(to: UInt64.self))
        case (.deltaByteArray, .fixedLengthByteArray):
            throw Fault(.unsupported("DELTA_BYTE_ARRAY of values of fixed length"), at: 0)
        default: throw Fault(.malformed("\(encoding) cannot be the encoding of \(type.name) values"), at: 0)
        }
    }

    private static func checkByteCount(_ source: UnsafeRawBufferPointer, _ expected: Int) throws(Fault) {
        guard source.count == expected else {
            throw Fault(.cutShort("the page's values", byteCount: source.count, expected: expected), at: 0)
        }
    }

    /// Puts together values whose first bytes come first, then all second bytes, and so on.
    ///
    /// Format: parquet-format `Encodings.md`, "Byte Stream Split (BYTE_STREAM_SPLIT = 9)".
    private static func join(
        _ source: UnsafeRawBufferPointer, width: Int, into target: UnsafeMutableRawBufferPointer
    ) {
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        let count = target.count / width
        // SAFETY: both have count * width bytes. Eight values at a time, so that both sides stay in the cache.
        for first in stride(from: 0, to: count, by: 64) {
            let end = min(first + 64, count)
            for stream in 0..<width {
                let bytes = unsafe from + stream &* count
                for i in first..<end {
                    unsafe to.storeBytes(
                        of: bytes.load(fromByteOffset: i, as: UInt8.self), toByteOffset: i &* width &+ stream,
                        as: UInt8.self)
                }
            }
        }
    }

    /// Makes slots of stored values.
    ///
    /// - Parameters:
    ///   - source: `target.count` values of `width` bytes.
    static func convert<T: FixedWidthInteger & SignedInteger & BitwiseCopyable>(
        _ source: UnsafeRawBufferPointer, width: Int, _ conversion: SlotConversion,
        into target: UnsafeMutableBufferPointer<T>
    ) throws(Fault) {
        precondition(source.count == target.count * width)
        // SAFETY: i < target.count, and `source` has `width` bytes for each.
        switch conversion {
        case .none, .bigEndianTexts: preconditionFailure("is not converted")
        case .widen:
            precondition(width == 4)
            for i in 0..<target.count {
                unsafe target[i] = T(
                    truncatingIfNeeded: Int32(
                        littleEndian: source.loadUnaligned(fromByteOffset: 4 &* i, as: Int32.self)))
            }
        case .fromMilliseconds, .fromNanoseconds:
            precondition(width == 8)
            for i in 0..<target.count {
                let value = unsafe Int64(
                    littleEndian: source.loadUnaligned(fromByteOffset: 8 &* i, as: Int64.self))
                if conversion == .fromMilliseconds {
                    let (product, overflow) = value.multipliedReportingOverflow(by: 1000)
                    guard !overflow else {
                        throw Fault(
                            .unsupported("a time of \(value) ms, too far from 1970,"), at: 8 * i)
                    }
                    unsafe target[i] = T(truncatingIfNeeded: product)
                } else {
                    guard value % 1000 == 0 else {
                        throw Fault(
                            .unsupported("a time of \(value) ns, which is no whole microsecond,"), at: 8 * i)
                    }
                    unsafe target[i] = T(truncatingIfNeeded: value / 1000)
                }
            }
        case .bigEndian:
            for i in 0..<target.count {
                let value = unsafe bigEndian(
                    UnsafeRawBufferPointer(rebasing: source[i &* width..<(i &+ 1) &* width]))
                guard let fitting = T(exactly: value) else {
                    throw Fault(.malformed("a decimal has more digits than its column"), at: i * width)
                }
                unsafe target[i] = fitting
            }
        }
    }

    /// Two's complement of up to 16 bytes, most significant first; 0 without any.
    @inline(__always)
    static func bigEndian(_ bytes: UnsafeRawBufferPointer) -> Int128 {
        // SAFETY: within the buffer's count.
        var high: UInt64 = 0
        var low: UInt64 = 0
        if bytes.count > 0, unsafe bytes[0] & 0x80 != 0 { (high, low) = (.max, .max) }
        for i in 0..<bytes.count {
            high = high &<< 8 | low &>> 56
            low = unsafe low &<< 8 | UInt64(bytes[i])
        }
        return Int128(truncatingIfNeeded: UInt128(high) << 64 | UInt128(low))
    }
}
