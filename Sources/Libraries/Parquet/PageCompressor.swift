import Compression

/// The codec of a file, with the state it reuses from page to page.
struct PageCompressor: ~Copyable {
    private var zstd: ZstdCompressor?
    /// For pages in pieces, where it is another.
    private var zstdOfPieces: ZstdCompressor?
    private var gzip: GzipCompressor?
    /// Whether pages are compressed; a codec that gains too little for a chunk is left out.
    var isOn = true

    /// Levels up to which pieces are compressed at level 1.
    ///
    /// Bytes of one place of a float repeat little: what level 3 finds in them beyond level 1, in 1.4 times the time, is 0.5 % of a
    /// file of 1m klines.
    private static let lastLevelForFastPieces = 3

    /// Shorter pieces are not worth a table of code lengths each.
    private static let leastPieceByteCount = 1024

    /// A longer lead is worth compressing.
    private static let mostStoredLead = 64

    /// Whether a page comes out other than it went in.
    var isCompressing: Bool { isOn && (zstd != nil || gzip != nil) }

    init(_ compression: WriterOptions.Compression) {
        switch compression {
        case .uncompressed: break
        case .gzip(let level): gzip = GzipCompressor(level: level)
        case .zstd(let level):
            zstd = ZstdCompressor(level: level)
            if level > 1, level <= Self.lastLevelForFastPieces { zstdOfPieces = ZstdCompressor(level: 1) }
        }
    }

    /// Appends `source` to `target`, compressed on its own.
    ///
    /// - Parameters:
    ///   - lead: bytes before the pieces.
    ///   - piece: length of pieces that differ from each other; 0 where there are none.
    ///   - randomPieces: how many of the first may be stored, if they look random.
    mutating func compress(
        _ source: borrowing ByteBuffer, lead: Int = 0, piece: Int = 0, randomPieces: Int = 0,
        to target: inout ByteBuffer, name: String
    ) throws(ParquetProblem) {
        if !isOn {
            target.append(source)
        } else if zstd != nil {
            let hasPieces = piece >= Self.leastPieceByteCount
            let pieceCount = hasPieces ? source.count / piece + 2 : 0
            let bound = ZstdCompressor.byteCountBound(for: source.count, pieces: pieceCount)
            unsafe try source.withBytes { bytes throws(ParquetProblem) in
                unsafe try target.append(maximum: bound) { room throws(ParquetProblem) in
                    let stored =
                        hasPieces && lead <= Self.mostStoredLead
                        ? unsafe Self.randomByteCount(bytes, lead: lead, piece: piece, randomPieces) : 0
                    func compressPieces(_ zstd: inout ZstdCompressor) -> Int? {
                        stored > 0
                            ? unsafe zstd.compress(
                                bytes, storedByteCount: stored, pieceByteCount: piece, into: room)
                            : unsafe zstd.compress(
                                bytes, leadByteCount: lead, pieceByteCount: piece, into: room)
                    }
                    let written =
                        if !hasPieces {
                            unsafe zstd!.compress(bytes, into: room)
                        } else if zstdOfPieces != nil {
                            compressPieces(&zstdOfPieces!)
                        } else {
                            compressPieces(&zstd!)
                        }
                    guard let written else {
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

    /// Bytes up to the first piece, of the `most` first, that does not look random, the lead included; 0 if that is the first.
    private static func randomByteCount(
        _ bytes: UnsafeRawBufferPointer, lead: Int, piece: Int, _ most: Int
    ) -> Int {
        var end = lead
        for _ in 0..<most {
            guard end + piece <= bytes.count,
                unsafe StreamCounts.looksRandom(UnsafeRawBufferPointer(rebasing: bytes[end..<end + piece]))
            else { break }
            end += piece
        }
        return end > lead ? end : 0
    }
}
