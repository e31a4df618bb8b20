import CZstd

/// Decompresses zstd frames into buffers of known size, with one context that is reused.
///
/// Format: RFC 8878.
@safe package struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer

    package init() {
        // Null only when malloc fails, which the process cannot survive anyway.
        unsafe context = ZSTD_createDCtx()!
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// The most bytes that `byteCount` compressed bytes can stand for.
    ///
    /// A block takes at least four bytes, of which three are its header, and gives at most 128 KiB (section 3.1.1.2.4).
    package static func byteCountBound(for byteCount: Int) -> Int {
        let (product, overflow) = (byteCount / 4 + 1).multipliedReportingOverflow(by: 128 << 10)
        return overflow ? .max : product
    }

    /// Decompresses whole frames, one after the other, that together fill `target` exactly.
    ///
    /// Frames without a checksum, which most writers leave out, may be damaged without notice.
    package mutating func decompress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) {
        // SAFETY: libzstd reads and writes within the two counts alone.
        let written = unsafe ZSTD_decompressDCtx(
            context, target.baseAddress, target.count, source.baseAddress, source.count)
        guard ZSTD_isError(written) == 0 else {
            let isFull = ZSTD_getErrorCode(written) == ZSTD_error_dstSize_tooSmall
            throw CompressionProblem(
                isFull
                    ? .tooLong(expected: target.count)
                    : .badFrame(unsafe String(cString: ZSTD_getErrorName(written))),
                inputOffset: 0)
        }
        guard written == target.count else {
            throw CompressionProblem(
                .tooShort(found: written, expected: target.count), inputOffset: source.count)
        }
    }
}
