import CZstd

/// Compresses blocks of bytes to zstd frames, one frame a call, with one context that is reused.
///
/// The same bytes, level and version of libzstd give the same frame on every machine.
@safe package struct ZstdCompressor: ~Copyable {
    /// The levels libzstd knows, fast negative ones included.
    package static var levels: ClosedRange<Int> { Int(ZSTD_minCLevel())...Int(ZSTD_maxCLevel()) }

    private let context: OpaquePointer

    /// A search for repetitions other than the one a level stands for: libzstd's `fast`, one look into one table for each place.
    package struct Search: Hashable, Sendable {
        /// The table has 2 to this many entries, of 4 bytes; fewer for a short source.
        package var hashLog: Int
        /// Bytes that must be the same, `4...7`.
        package var leastMatch: Int

        package init(hashLog: Int, leastMatch: Int) {
            self.hashLog = hashLog
            self.leastMatch = leastMatch
        }
    }

    /// - Parameters:
    ///   - level: in `levels`; libzstd takes the nearest one for others.
    ///   - search: in place of the level's.
    package init(level: Int, search: Search? = nil) {
        // Null only when malloc fails, which the process cannot survive anyway.
        unsafe context = ZSTD_createCCtx()!
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(clamping: level))
        guard let search else { return }
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_strategy, Int32(ZSTD_fast.rawValue))
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, Int32(search.hashLog))
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, Int32(search.leastMatch))
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

    /// The most bytes a frame of pieces can take.
    package static func byteCountBound(for byteCount: Int, pieces: Int) -> Int {
        // Each piece may end a block early: three bytes of header, and what is left of the bound's allowance.
        ZSTD_compressBound(byteCount) + 32 * pieces + ZstdFrame.mostHeaderByteCount
            + ZstdFrame.storedOverhead(for: byteCount)
    }

    /// Writes one frame that holds `source`, with a block boundary after each `pieceByteCount` bytes behind the first
    /// `leadByteCount`.
    ///
    /// A block has its own table of code lengths: pieces that differ, such as the streams of BYTE_STREAM_SPLIT, are not mixed
    /// in one. A month of 1m klines, 44,640 rows, took 2.31 MB so, and 2.38 MB from a writer that compresses pages whole
    /// (pyarrow 26 at the same level).
    ///
    /// - Returns: the frame's length; nil when libzstd reports an error.
    package mutating func compress(
        _ source: UnsafeRawBufferPointer, leadByteCount: Int, pieceByteCount: Int,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int? {
        unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
        guard unsafe ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context, UInt64(source.count))) == 0 else {
            return nil
        }
        var output = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        var start = 0
        while start < source.count {
            let end = min(
                start == 0 && leadByteCount > 0 ? leadByteCount : start + pieceByteCount, source.count)
            // SAFETY: start < end <= source.count.
            var input = unsafe ZSTD_inBuffer(src: source.baseAddress! + start, size: end - start, pos: 0)
            let left = unsafe ZSTD_compressStream2(
                context, &output, &input, end == source.count ? ZSTD_e_end : ZSTD_e_flush)
            // There is room for everything, so one call is enough.
            guard ZSTD_isError(left) == 0, left == 0 else { return nil }
            start = end
        }
        return unsafe output.pos
    }

    /// As `compress(_:leadByteCount:pieceByteCount:into:)` for a source that begins with bytes which cannot be compressed: those
    /// are stored, without the time that libzstd takes to find that out.
    ///
    /// - Parameters:
    ///   - storedByteCount: how many, at least one; without a lead, the pieces begin behind them.
    ///   - kept: gets the stored bytes, which are not written: they belong between those that are.
    /// - Returns: how many bytes were written.
    package mutating func compress(
        _ source: UnsafeRawBufferPointer, storedByteCount: Int, pieceByteCount: Int,
        into target: UnsafeMutableRawBufferPointer, kept: inout [KeptBytes]
    ) -> Int? {
        precondition(storedByteCount > 0 && storedByteCount <= source.count)
        var count = unsafe ZstdFrame.writeHeader(contentByteCount: source.count, to: target)
        let isWhole = storedByteCount == source.count
        unsafe count += ZstdFrame.writeStoredHeaders(
            byteCount: storedByteCount, endsFrame: isWhole, to: target, from: count, kept: &kept)
        guard !isWhole else { return count }
        // The rest is made a frame of its own, and its blocks are moved here. They may: stored blocks leave a frame's state (the
        // last offsets, the tables) as it is at its start, and offsets reach no farther back than the rest does.
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: target[count...])
        guard
            let written = unsafe compress(
                UnsafeRawBufferPointer(rebasing: source[storedByteCount...]), leadByteCount: 0,
                pieceByteCount: pieceByteCount, into: rest)
        else { return nil }
        let headerByteCount = unsafe ZstdFrame.headerByteCount(of: UnsafeRawBufferPointer(rest))
        // SAFETY: both ranges lie within the frame just written; they may overlap.
        unsafe rest.baseAddress!.copyMemory(
            from: rest.baseAddress! + headerByteCount, byteCount: written - headerByteCount)
        return count + written - headerByteCount
    }
}
