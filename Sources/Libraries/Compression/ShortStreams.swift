import CVector

/// One raw deflate stream that is in memory, and the memory for all that it holds. Both outlive the call they are given to.
@safe package struct ShortStream {
    let input: UnsafeRawBufferPointer
    let output: UnsafeMutableRawBufferPointer

    package init(input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer) {
        unsafe self.input = input
        unsafe self.output = output
    }
}

/// How many streams `inflateTogether` is best given at a time; 0 where this processor does not run it.
package let shortStreamCount = vector_kernels_run() != 0 ? 2 : 0

/// Inflates whole streams, a symbol of each in turn: while one waits for a table, the others go on.
///
/// Streams of some hundred KiB are best: the work, and what is made of it next, stays in cache.
///
/// - Returns: for each stream whether it is sound, takes all of its input and fills all of its output. Where not, the output means
///   nothing, and `Inflater` has to say what is wrong, if anything is: this decoder refuses whatever is not by the book.
///
/// Format: RFC 1951.
@unsafe package func inflateTogether(_ streams: [ShortStream]) -> [Bool] {
    guard shortStreamCount > 0 else { return streams.map { _ in false } }
    var states = unsafe streams.map { stream in
        // An empty buffer may have no address; of those that stand in for it no byte is touched.
        let input = unsafe stream.input.baseAddress ?? UnsafeRawPointer(bitPattern: 8)!
        let output = unsafe stream.output.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 8)!
        return unsafe inflate_stream(
            input: input.assumingMemoryBound(to: UInt8.self), input_count: stream.input.count,
            output: output.assumingMemoryBound(to: UInt8.self), output_count: stream.output.count, is_whole: 0
        )
    }
    unsafe withUnsafeTemporaryAllocation(byteCount: Int(INFLATE_MEMORY), alignment: 64) { memory in
        unsafe states.withUnsafeMutableBufferPointer { states in
            // SAFETY: the function reads and writes within each stream's buffers and the memory it is given.
            unsafe inflate_streams(states.baseAddress, states.count, memory.baseAddress)
        }
    }
    return unsafe states.map { unsafe $0.is_whole != 0 }
}
