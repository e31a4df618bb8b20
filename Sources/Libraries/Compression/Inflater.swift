/// Raw deflate by the fastest decoder for a stream that runs on this processor.
package struct Inflater: ~Copyable {
    // Exactly one of them.
    private var vector: VectorInflater?
    private var isal: ISALInflater?

    /// - Parameters: of the stream and of what it holds, as far as is known: wrong numbers cost no more than time.
    package init(compressedByteCount: Int, byteCount: Int) {
        if VectorInflater.suits(compressedByteCount: compressedByteCount, byteCount: byteCount) {
            vector = VectorInflater()
        } else {
            isal = ISALInflater()
        }
    }

    /// As `RawInflater.inputByteCount`.
    package var inputByteCount: Int {
        switch vector {
        case .some(let inflater): return inflater.inputByteCount
        case .none: break
        }
        switch isal {
        case .some(let inflater): return inflater.inputByteCount
        case .none: return 0
        }
    }

    /// As `RawInflater.inflate`.
    package mutating func inflate(
        from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) -> InflateStep {
        if vector != nil { return try unsafe vector!.inflate(from: input, into: output) }
        return try unsafe isal!.inflate(from: input, into: output)
    }
}
