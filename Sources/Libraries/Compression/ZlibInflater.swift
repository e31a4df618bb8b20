import CZlib

/// Raw deflate by zlib: slower than `Inflater`, stricter about Huffman codes, and everywhere.
@safe package struct ZlibInflater: RawInflater, ~Copyable {
    // Negative window bits: no zlib or gzip wrapper (zlib.h, inflateInit2).
    private var decoder = ZlibDecoder(windowBits: -MAX_WBITS)

    package init() {}

    package var inputByteCount: Int { decoder.inputByteCount }

    package mutating func inflate(
        from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) -> InflateStep {
        try unsafe decoder.step(from: input, into: output)
    }
}

/// The members of a gzip file, by zlib, header and trailer checked.
///
/// By zlib, because ISA-L 2.30 takes a trailer that is cut in two for damage, and nothing big comes as gzip.
///
/// `isFinished` says that a member has ended. Members may follow each other (RFC 1952, section 2.2): offer what input is
/// left, and the next member is read. A file is whole if it ends when `isFinished` is true.
///
/// Format: RFC 1952.
@safe package struct GzipInflater: ~Copyable {
    // 16 more than the window bits: a gzip wrapper (zlib.h, inflateInit2).
    private var decoder = ZlibDecoder(windowBits: MAX_WBITS + 16)

    package init() {}

    /// Bytes of all members taken in so far.
    package var inputByteCount: Int { decoder.inputByteCount }

    /// As `RawInflater.inflate`, and starts over with the next member when there is input after the end of one.
    package mutating func inflate(
        from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) -> InflateStep {
        if decoder.isFinished, input.count > 0, output.count > 0 { decoder.restart() }
        return try unsafe decoder.step(from: input, into: output)
    }
}

/// The state that zlib's `inflate` works on, and the count of what went in.
@safe struct ZlibDecoder: ~Copyable {
    /// At one address for its whole life: zlib's own state points back at it and checks that it does.
    private let stream: UnsafeMutablePointer<z_stream>
    private var failure: CompressionProblem?
    private(set) var isFinished = false
    private(set) var inputByteCount = 0

    init(windowBits: Int32) {
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe inflateInit2_(
            stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        if code != Z_OK { failure = CompressionProblem(.decoderFailed(code: Int(code)), inputOffset: 0) }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Expects another stream where the last one ended.
    mutating func restart() {
        unsafe inflateReset(stream)
        isFinished = false
    }

    mutating func step(
        from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) -> InflateStep {
        if let failure { throw failure }
        // zlib calls an empty output an error; here it is a step that does nothing.
        if isFinished || output.count == 0 {
            return InflateStep(readByteCount: 0, writtenByteCount: 0, isFinished: isFinished)
        }
        let offered = min(input.count, decoderCallByteLimit)
        let room = min(output.count, decoderCallByteLimit)
        // SAFETY: zlib reads at most `avail_in` and writes at most `avail_out` bytes, which are within the two buffers, and
        // neither pointer is used after the call.
        let start = unsafe UnsafeMutableRawPointer(stream)
        let inputStart = unsafe UnsafeMutableRawPointer(mutating: input.baseAddress) ?? start
        let outputStart = unsafe output.baseAddress ?? start
        unsafe stream.pointee.next_in = inputStart.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = UInt32(offered)
        unsafe stream.pointee.next_out = outputStart.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(room)
        let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
        let read = unsafe offered - Int(stream.pointee.avail_in)
        let written = unsafe room - Int(stream.pointee.avail_out)
        inputByteCount += read
        switch code {
        case Z_STREAM_END: isFinished = true
        // Z_BUF_ERROR: nothing could be done, for want of input. Not an error while more may come.
        case Z_OK, Z_BUF_ERROR: break
        default:
            let problem = unsafe CompressionProblem(
                kind(of: code, message: stream.pointee.msg.map { unsafe String(cString: $0) } ?? ""),
                inputOffset: inputByteCount)
            failure = problem
            throw problem
        }
        return InflateStep(readByteCount: read, writtenByteCount: written, isFinished: isFinished)
    }
}

/// zlib tells faults apart by its messages alone (inflate.c), and has kept them since 1995.
private func kind(of code: Int32, message: String) -> CompressionProblem.Kind {
    guard code == Z_DATA_ERROR else { return .decoderFailed(code: Int(code)) }
    return switch message {
    case "incorrect header check", "unknown compression method", "unknown header flags set",
        "header crc mismatch":
        .badWrapper
    case "incorrect data check", "incorrect length check": .wrongChecksum
    case "invalid distance too far back": .badDistance
    case "invalid distance code", "invalid literal/length code": .badSymbol
    default: .badBlock
    }
}
