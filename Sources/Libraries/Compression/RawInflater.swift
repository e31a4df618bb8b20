/// What one call of an inflater did.
package struct InflateStep: Hashable, Sendable {
    /// Bytes taken from the front of the input; the rest must be offered again.
    package var readByteCount: Int
    /// Bytes put at the front of the output.
    package var writtenByteCount: Int
    /// Whether the stream has ended and all its bytes have been handed out.
    package var isFinished: Bool

    package init(readByteCount: Int, writtenByteCount: Int, isFinished: Bool) {
        self.readByteCount = readByteCount
        self.writtenByteCount = writtenByteCount
        self.isFinished = isFinished
    }
}

/// Raw deflate, block by block: any input size, any output size.
///
/// `VectorInflater` and `ISALInflater` do the work, each where it is faster (`Inflater`); `ZlibInflater` is what tests compare them
/// with.
///
/// Format: RFC 1951.
package protocol RawInflater: ~Copyable {
    init()

    /// Bytes of the stream taken in so far. Once the stream has ended: its exact length, even when the decoder had
    /// read a few bytes past it.
    var inputByteCount: Int { get }

    /// Decodes from `input` into `output` until one of them is used up or the stream ends.
    ///
    /// An inflater may hold decoded bytes back: call again, with an empty input at the end, for as long as the
    /// output comes back full. A step that reads nothing and writes nothing into a non-empty output, and is not finished,
    /// says that more input is needed. After the end every step is empty and finished.
    mutating func inflate(from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        throws(CompressionProblem) -> InflateStep
}

/// The most bytes given to a C decoder at once: their counters have 32 bits.
let decoderCallByteLimit = 1 << 30
