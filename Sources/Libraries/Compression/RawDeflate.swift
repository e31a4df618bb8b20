import CZlib

/// These bytes as one raw deflate stream, by zlib.
///
/// - Parameter level: 0...9; 0 stores.
///
/// Format: RFC 1951.
package func rawDeflate(_ bytes: [UInt8], level: Int) -> [UInt8] {
    // At one address: zlib's state points back at it and checks that it does.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    defer { unsafe stream.deallocate() }
    // Window bits below zero: no zlib wrapper. 8 is zlib's own memory level.
    let code = unsafe deflateInit2_(
        stream, Int32(level), Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "zlib takes levels 0...9 and needs 300 KB of memory")
    defer { unsafe deflateEnd(stream) }
    var result: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 256 << 10)
    unsafe bytes.withUnsafeBytes { input in
        var taken = 0
        var isFinished = false
        while !isFinished {
            // zlib counts in 32 bits.
            let count = min(input.count - taken, 1 << 30)
            let isLast = taken + count == input.count
            let written = unsafe block.withUnsafeMutableBytes { output in
                // SAFETY: zlib reads `count` bytes from `taken`, which are inside, and writes at most the block.
                unsafe stream.pointee.next_in = input.baseAddress.map {
                    unsafe UnsafeMutableRawPointer(mutating: $0 + taken).assumingMemoryBound(to: UInt8.self)
                }
                unsafe stream.pointee.avail_in = UInt32(count)
                unsafe stream.pointee.next_out = output.baseAddress!.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(output.count)
                let code = unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                isFinished = code == Z_STREAM_END
                return unsafe output.count - Int(stream.pointee.avail_out)
            }
            unsafe taken += count - Int(stream.pointee.avail_in)
            result += block[..<written]
        }
    }
    return result
}
