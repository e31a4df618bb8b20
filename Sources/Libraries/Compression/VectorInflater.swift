import CVector

/// Raw deflate by the decoder of `CVector`, where the processor runs it (`isThere`).
///
/// It takes a literal and the match after it in one step: for CSV of numbers in three quarters of the time that ISA-L takes, which in
/// turn takes up to three literals in a step, for bytes without matches in a quarter of the time of this one (`suits`).
///
/// It takes what zlib takes, and refuses the rest. Outputs of 64 KiB and more are best: 32 KiB of each are copied twice.
///
/// Format: RFC 1951.
@safe package struct VectorInflater: RawInflater, ~Copyable {
    /// At one address for its whole life, for the decoder keeps places within it.
    private let memory: UnsafeMutableRawPointer
    package private(set) var inputByteCount = 0
    private var isFinished = false
    private var failure: CompressionProblem?

    package static let isThere = vector_kernels_run() != 0

    /// Whether this is the faster decoder for a stream: one that is not much shorter than what it holds is mostly literals. Random
    /// digits (0.53 of their length) take it 0.82 of ISA-L's time, and random letters (0.65) 1.6 times as much.
    package static func suits(compressedByteCount: Int, byteCount: Int) -> Bool {
        isThere && compressedByteCount <= byteCount / 5 * 3
    }

    /// Only where `isThere`.
    package init() {
        precondition(Self.isThere)
        unsafe memory = .allocate(byteCount: Int(INFLATER_MEMORY), alignment: 64)
        unsafe inflater_begin(memory)
    }

    deinit { unsafe memory.deallocate() }

    package mutating func inflate(
        from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) -> InflateStep {
        if let failure { throw failure }
        if isFinished { return InflateStep(readByteCount: 0, writtenByteCount: 0, isFinished: true) }
        // SAFETY: the function reads and writes within the two buffers and its memory, and keeps no pointer to the buffers. An empty
        // buffer may have no address, and then the memory stands in, of which no byte is touched by way of it.
        let step = unsafe inflater_run(
            memory, input.baseAddress ?? UnsafeRawPointer(memory), input.count,
            output.baseAddress ?? memory, output.count)
        inputByteCount += step.read_count - step.surplus_count
        if let kind = Self.damage(step.outcome) {
            let problem = CompressionProblem(kind, inputOffset: inputByteCount)
            failure = problem
            throw problem
        }
        isFinished = step.outcome == INFLATER_ENDED
        return InflateStep(
            readByteCount: step.read_count, writtenByteCount: step.written_count, isFinished: isFinished)
    }

    private static func damage(_ outcome: inflater_outcome) -> CompressionProblem.Kind? {
        switch outcome {
        case INFLATER_BAD_BLOCK: .badBlock
        case INFLATER_BAD_SYMBOL: .badSymbol
        case INFLATER_BAD_DISTANCE: .badDistance
        default: nil
        }
    }
}
