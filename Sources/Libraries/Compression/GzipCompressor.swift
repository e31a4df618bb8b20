import CZlib

/// Compresses blocks of bytes to gzip members (RFC 1952), one member a call, with one deflate state that is reused.
///
/// The member's header names no file, no time and no operating system, so equal input gives equal bytes.
@safe package struct GzipCompressor: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let isUsable: Bool

    /// - Parameter level: `0...9`.
    package init(level: Int) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, and 16 to ask for the gzip frame; 8 is zlib's default memory level.
        let status = unsafe deflateInit2_(
            stream, Int32(clamping: level), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        isUsable = status == Z_OK
    }

    deinit {
        if isUsable { unsafe deflateEnd(stream) }
        unsafe stream.deallocate()
    }

    /// The most bytes a member of `byteCount` input bytes can take.
    package static func byteCountBound(for byteCount: Int) -> Int {
        // zlib's own bound for any settings: stored blocks of 16 KiB, and the gzip frame.
        byteCount + (byteCount >> 12) + (byteCount >> 14) + (byteCount >> 25) + 64
    }

    /// Writes one member that holds `source` to `target`, which must have room for `byteCountBound` bytes.
    ///
    /// - Returns: the member's length; nil when zlib reports an error, or for more than `UInt32.max` bytes.
    package mutating func compress(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard isUsable, unsafe deflateReset(stream) == Z_OK, source.count <= Int(UInt32.max) else {
            return nil
        }
        // SAFETY: zlib reads at most avail_in bytes and, its interface notwithstanding, never writes to them.
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(source.count)
        unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(clamping: target.count)
        let room = unsafe stream.pointee.avail_out
        guard unsafe deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
        let written = unsafe Int(room - stream.pointee.avail_out)
        // The tenth byte is the operating system zlib was built on: 255 is "unknown", and the same everywhere.
        // SAFETY: a member has at least 18 bytes.
        unsafe target[9] = 255
        return written
    }
}
