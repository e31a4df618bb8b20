/// Parts of a zstd frame that are written here and not by libzstd: its header, and bytes that are stored as they are.
///
/// Format: RFC 8878, 3.1.1.
enum ZstdFrame {
    private static let mostStoredByteCount = 128 << 10
    private static let magic: UInt32 = 0xFD2F_B528

    /// Bytes `writeHeader` takes at most.
    static let mostHeaderByteCount = 13

    /// Bytes that `writeStored` takes besides what is stored.
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

    /// Writes `bytes`, not none, as blocks that hold them as they are; returns the blocks' length.
    ///
    /// - Parameter target: has room for the bytes and `storedOverhead`.
    static func writeStored(
        _ bytes: UnsafeRawBufferPointer, endsFrame: Bool, to target: UnsafeMutableRawBufferPointer
    ) -> Int {
        var start = 0
        var written = 0
        while start < bytes.count {
            let end = min(start + mostStoredByteCount, bytes.count)
            let header = (end - start) << 3 | (endsFrame && end == bytes.count ? 1 : 0)
            for index in 0..<3 {
                unsafe target[written + index] = UInt8(truncatingIfNeeded: header >> (8 * index))
            }
            written += 3
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[written...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            written += end - start
            start = end
        }
        return written
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
