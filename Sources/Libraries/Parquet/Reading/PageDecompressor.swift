import Compression

/// Undoes a file's codec, with the state it reuses from page to page.
struct PageDecompressor: ~Copyable {
    let codec: PageCodec
    private var zstd: ZstdDecompressor?

    /// - Throws: a fault of kind `.unsupported` for codecs that are not read.
    init(_ codec: PageCodec) throws(Fault) {
        self.codec = codec
        switch codec {
        case .uncompressed, .gzip, .snappy: break
        case .zstd: zstd = ZstdDecompressor()
        case .lzo, .brotli, .lz4, .lz4Raw: throw Fault(.unsupported("codec \(codec)"), at: 0)
        }
    }

    /// Refuses a size that bytes of this codec cannot stand for, before memory is taken for it.
    func check(_ compressedByteCount: Int, canBe byteCount: Int) throws(Fault) {
        let bound =
            switch codec {
            case .zstd: ZstdDecompressor.byteCountBound(for: compressedByteCount)
            case .snappy: SnappyDecompressor.byteCountBound(for: compressedByteCount)
            // Deflate gives at most 258 bytes for two bits.
            case .gzip: compressedByteCount.multipliedReportingOverflow(by: 1032).partialValue
            default: compressedByteCount
            }
        guard codec == .uncompressed ? byteCount == bound : byteCount <= bound else {
            throw Fault(
                .malformed(
                    "\(compressedByteCount) bytes of \(codec) cannot be \(byteCount) bytes decompressed"),
                at: 0)
        }
    }

    /// Appends what `source` stands for, which is `byteCount` bytes.
    mutating func decompress(
        _ source: UnsafeRawBufferPointer, byteCount: Int, to target: inout ByteBuffer
    ) throws(Fault) {
        do throws(CompressionProblem) {
            try unsafe target.append(maximum: byteCount) { room throws(CompressionProblem) in
                switch codec {
                case .zstd: try unsafe zstd!.decompress(source, into: room)
                case .snappy: try unsafe SnappyDecompressor.decompress(source, into: room)
                case .gzip: try unsafe Self.inflate(source, into: room)
                default: unsafe room.copyMemory(from: source)
                }
                return byteCount
            }
        } catch {
            throw Fault(.decompression(error.summary), at: 0)
        }
    }

    /// Inflates gzip members, one after the other, that together fill `room` exactly.
    private static func inflate(
        _ source: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(CompressionProblem) {
        var inflater = GzipInflater()
        var (read, written) = (0, 0)
        // A byte beyond the room shows data that is longer than it should be, and lets an empty page end.
        try unsafe withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) {
            spare throws(CompressionProblem) in
            while true {
                let isFull = written == room.count
                let output = unsafe isFull ? spare : UnsafeMutableRawBufferPointer(rebasing: room[written...])
                let step = try unsafe inflater.inflate(
                    from: UnsafeRawBufferPointer(rebasing: source[read...]), into: output)
                read += step.readByteCount
                if isFull, step.writtenByteCount > 0 {
                    throw CompressionProblem(.tooLong(expected: room.count), inputOffset: read)
                }
                written += step.writtenByteCount
                if step.isFinished, read == source.count { break }
                guard step.isFinished || step.readByteCount > 0 || step.writtenByteCount > 0 else {
                    throw CompressionProblem(.badWrapper, inputOffset: read)
                }
            }
            guard written == room.count else {
                throw CompressionProblem(.tooShort(found: written, expected: room.count), inputOffset: read)
            }
        }
    }
}
