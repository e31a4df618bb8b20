import CZstd

/// Compresses blocks of bytes to zstd frames, one frame a call, with one context that is reused.
///
/// The same bytes, level and version of libzstd give the same frame on every machine.
@safe package struct ZstdCompressor: ~Copyable {
    /// The levels libzstd knows, fast negative ones included.
    package static var levels: ClosedRange<Int> { Int(ZSTD_minCLevel())...Int(ZSTD_maxCLevel()) }

    private let context: OpaquePointer

    /// - Parameter level: in `levels`; libzstd takes the nearest one for others.
    package init(level: Int) {
        // Null only when malloc fails, which the process cannot survive anyway.
        unsafe context = ZSTD_createCCtx()!
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level))
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// The most bytes a frame of `byteCount` input bytes can take.
    package static func byteCountBound(for byteCount: Int) -> Int { ZSTD_compressBound(byteCount) }

    /// Writes one frame that holds `source` to `target`, which must have room for `byteCountBound` bytes.
    ///
    /// - Returns: the frame's length; nil when libzstd reports an error (no memory).
    package mutating func compress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let written = unsafe ZSTD_compress2(
            context, target.baseAddress, target.count, source.baseAddress, source.count)
        return ZSTD_isError(written) == 0 ? written : nil
    }
}
