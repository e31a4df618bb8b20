import Compression

/// The codec of a file, with the state it reuses from page to page.
struct PageCompressor: ~Copyable {
    private var zstd: ZstdCompressor?
    private var gzip: GzipCompressor?
    /// Whether pages are compressed; a codec that gains too little for a chunk is left out.
    var isOn = true

    /// Whether a page comes out other than it went in.
    var isCompressing: Bool { isOn && (zstd != nil || gzip != nil) }

    init(_ compression: WriterOptions.Compression) {
        switch compression {
        case .uncompressed: break
        case .gzip(let level): gzip = GzipCompressor(level: level)
        case .zstd(let level): zstd = ZstdCompressor(level: level)
        }
    }

    /// Appends `source` to `target`, compressed on its own.
    mutating func compress(
        _ source: borrowing ByteBuffer, to target: inout ByteBuffer, name: String
    ) throws(ParquetProblem) {
        if !isOn {
            target.append(source)
        } else if zstd != nil {
            let bound = ZstdCompressor.byteCountBound(for: source.count)
            unsafe try source.withBytes { bytes throws(ParquetProblem) in
                unsafe try target.append(maximum: bound) { room throws(ParquetProblem) in
                    guard let written = unsafe zstd!.compress(bytes, into: room) else {
                        throw ParquetProblem(.compression(name: name))
                    }
                    return written
                }
            }
        } else if gzip != nil {
            let bound = GzipCompressor.byteCountBound(for: source.count)
            unsafe try source.withBytes { bytes throws(ParquetProblem) in
                unsafe try target.append(maximum: bound) { room throws(ParquetProblem) in
                    guard let written = unsafe gzip!.compress(bytes, into: room) else {
                        throw ParquetProblem(.compression(name: name))
                    }
                    return written
                }
            }
        } else {
            target.append(source)
        }
    }
}
