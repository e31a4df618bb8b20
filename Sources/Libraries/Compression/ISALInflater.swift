import CISAL

/// Raw deflate by ISA-L, the fastest inflate among libraries that streams.
///
/// ISA-L decodes the first 64 KiB of each call by way of a buffer of its own, so outputs of 256 KiB and more are best.
///
/// Two things it takes less strictly than zlib: a Huffman code with unused code words is damage only if one of those
/// words occurs, and what follows the stream is the caller's business (`inputByteCount`).
@safe package struct ISALInflater: RawInflater, ~Copyable {
    /// About 90 KB, at one address for its whole life, since C code keeps its own pointers into it during a call.
    private let state: UnsafeMutablePointer<inflate_state>
    package private(set) var inputByteCount = 0
    private var isFinished = false
    private var failure: CompressionProblem?

    package init() {
        unsafe state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
        // Zeroed as a whole: the library sets the fields that decide, but not its tables and buffers.
        unsafe UnsafeMutableRawPointer(state).initializeMemory(
            as: UInt8.self, repeating: 0, count: MemoryLayout<inflate_state>.size)
        reset()
    }

    deinit { unsafe state.deallocate() }

    /// Makes the inflater ready for another stream; cheaper than a new one.
    package mutating func reset() {
        unsafe isal_inflate_init(state)
        unsafe state.pointee.crc_flag = UInt32(ISAL_DEFLATE)
        inputByteCount = 0
        isFinished = false
        failure = nil
    }

    package mutating func inflate(
        from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) -> InflateStep {
        if let failure { throw failure }
        if isFinished { return InflateStep(readByteCount: 0, writtenByteCount: 0, isFinished: true) }
        let offered = min(input.count, decoderCallByteLimit)
        let room = min(output.count, decoderCallByteLimit)
        // SAFETY: the decoder reads at most `avail_in` bytes from `next_in` and writes at most `avail_out` bytes to
        // `next_out`, which are within the two buffers; neither pointer is used after the call. It never writes to its input:
        // the field is not const only because it also serves the library's own buffer. An empty buffer may have no
        // address, and then the state itself stands in, of which no byte is touched.
        let start = unsafe UnsafeMutableRawPointer(state)
        let inputStart = unsafe UnsafeMutableRawPointer(mutating: input.baseAddress) ?? start
        let outputStart = unsafe output.baseAddress ?? start
        unsafe state.pointee.next_in = inputStart.assumingMemoryBound(to: UInt8.self)
        unsafe state.pointee.avail_in = UInt32(offered)
        unsafe state.pointee.next_out = outputStart.assumingMemoryBound(to: UInt8.self)
        unsafe state.pointee.avail_out = UInt32(room)
        let code = unsafe isal_inflate(state)
        let read = unsafe offered - Int(state.pointee.avail_in)
        let written = unsafe room - Int(state.pointee.avail_out)
        inputByteCount += read
        unsafe state.pointee.next_in = nil
        unsafe state.pointee.next_out = nil
        guard code == ISAL_DECOMP_OK else {
            let problem = CompressionProblem(Self.kind(of: code), inputOffset: inputByteCount)
            failure = problem
            throw problem
        }
        guard unsafe state.pointee.block_state == ISAL_BLOCK_FINISH else {
            return InflateStep(readByteCount: read, writtenByteCount: written, isFinished: false)
        }
        isFinished = true
        // Whole bytes in the bit buffer lie after the stream. Some may stem from an earlier input than this one.
        let surplus = unsafe Int(max(0, state.pointee.read_in_length)) / 8
        inputByteCount -= surplus
        return InflateStep(
            readByteCount: max(0, read - surplus), writtenByteCount: written, isFinished: true)
    }

    private static func kind(of code: Int32) -> CompressionProblem.Kind {
        switch code {
        case ISAL_INVALID_BLOCK: .badBlock
        case ISAL_INVALID_SYMBOL: .badSymbol
        case ISAL_INVALID_LOOKBACK: .badDistance
        default: .decoderFailed(code: Int(code))
        }
    }
}
