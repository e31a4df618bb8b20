package import Problems

/// Why a compressed stream cannot be read, and where in it.
package struct CompressionProblem: Problem, Hashable {
    /// What is wrong with the stream.
    package enum Kind: Hashable, Sendable {
        /// A block header, a stored length or a Huffman code no deflate encoder writes.
        case badBlock
        /// A code word that stands for nothing.
        case badSymbol
        /// A distance that reaches before the first byte of the output.
        case badDistance
        /// A gzip header or trailer that is none.
        case badWrapper
        /// The CRC-32 or the length in a gzip trailer is not that of the output.
        case wrongChecksum
        /// A zstd frame that none is; the text is libzstd's.
        case badFrame(String)
        /// The output is longer or shorter than the caller knows it to be.
        case tooLong(expected: Int)
        case tooShort(found: Int, expected: Int)
        /// The decoder was called in a way it does not know, or ran out of memory.
        case decoderFailed(code: Int)

        /// The fault in words, without its place.
        package var text: String {
            switch self {
            case .badBlock: "a deflate block is damaged"
            case .badSymbol: "a code word stands for nothing"
            case .badDistance: "a match reaches before the start of the data"
            case .badWrapper: "not a gzip header"
            case .wrongChecksum: "the gzip checksum does not match the data"
            case .badFrame(let text): "a zstd frame is damaged: \(text)"
            case .tooLong(let expected): "the data is longer than \(expected) bytes"
            case .tooShort(let found, let expected): "the data has \(found) bytes, expected \(expected)"
            case .decoderFailed(let code): "the decoder failed with code \(code)"
            }
        }
    }

    package var kind: Kind
    /// Bytes of the stream that were taken in before the fault was seen: the fault lies at or shortly before it.
    package var inputOffset: Int

    package init(_ kind: Kind, inputOffset: Int) {
        self.kind = kind
        self.inputOffset = inputOffset
    }

    package var summary: String { "compressed byte \(inputOffset): \(kind.text)" }

    package var hint: String? { "the bytes are damaged: fetch the file again" }

    package var category: ProblemCategory {
        switch kind {
        case .wrongChecksum: .checksum
        case .decoderFailed: .internal
        case .badBlock, .badSymbol, .badDistance, .badWrapper, .badFrame, .tooLong, .tooShort: .data
        }
    }
}
