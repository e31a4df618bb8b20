/// Bytes of a source that stand as they are between those made for it. So they need not be copied.
package struct KeptBytes: Hashable, Sendable {
    /// How many of the bytes that were made come before them.
    package var place: Int
    /// Where they are in the source; not empty.
    package var source: Range<Int>

    package init(place: Int, source: Range<Int>) {
        self.place = place
        self.source = source
    }
}

/// Parts of a zstd frame that are written here and not by libzstd: its header, and bytes that are stored as they are.
///
/// Format: RFC 8878, 3.1.1.
enum ZstdFrame {
    private static let mostStoredByteCount = 128 << 10
    private static let magic: UInt32 = 0xFD2F_B528

    /// Bytes `writeHeader` takes at most.
    static let mostHeaderByteCount = 13

    /// Bytes that `writeStoredHeaders` takes.
    static func storedOverhead(for byteCount: Int) -> Int {
        3 * ((byteCount + mostStoredByteCount - 1) / mostStoredByteCount)
    }

    /// Writes the header of a frame that is decompressed in one piece, without a checksum; returns its length.
    ///
    /// - Parameter target: at least `mostHeaderByteCount` bytes.
    static func writeHeader(
        contentByteCount: Int, to target: UnsafeMutableRawBufferPointer
    ) -> Int {
        unsafe target.storeBytes(of: magic.littleEndian, as: UInt32.self)
        // "Single segment": the window is the content. Its length takes four bytes, or eight.
        let isLong = contentByteCount > Int(UInt32.max)
        unsafe target[4] = (isLong ? 3 : 2) << 6 | 1 << 5
        let count = isLong ? 8 : 4
        for index in 0..<count {
            unsafe target[5 + index] = UInt8(truncatingIfNeeded: contentByteCount >> (8 * index))
        }
        return 5 + count
    }

    /// Writes what blocks of bytes that are stored as they are have besides those: a header each. Returns the headers' length.
    ///
    /// - Parameters:
    ///   - byteCount: of the bytes, the first of a source; at least 1.
    ///   - start: where in `target`, which has room for `storedOverhead` bytes from there on.
    ///   - kept: gets the bytes of each block, with places in `target`.
    static func writeStoredHeaders(
        byteCount: Int, endsFrame: Bool, to target: UnsafeMutableRawBufferPointer, from start: Int,
        kept: inout [KeptBytes]
    ) -> Int {
        var place = start
        for first in stride(from: 0, to: byteCount, by: mostStoredByteCount) {
            let end = min(first + mostStoredByteCount, byteCount)
            let header = (end - first) << 3 | (endsFrame && end == byteCount ? 1 : 0)
            for index in 0..<3 {
                unsafe target[place + index] = UInt8(truncatingIfNeeded: header >> (8 * index))
            }
            place += 3
            kept.append(KeptBytes(place: place, source: first..<end))
        }
        return place - start
    }

    /// The length of the header with which a frame of libzstd's begins.
    static func headerByteCount(of frame: UnsafeRawBufferPointer) -> Int {
        let descriptor = unsafe frame[4]
        let isSingleSegment = descriptor & 1 << 5 != 0
        let lengthByteCount =
            switch descriptor >> 6 {
            case 0: isSingleSegment ? 1 : 0
            case 1: 2
            case 2: 4
            default: 8
            }
        let dictionaryByteCount = [0, 1, 2, 4][Int(descriptor & 3)]
        return 5 + (isSingleSegment ? 0 : 1) + dictionaryByteCount + lengthByteCount
    }
}
