package import Bytes

/// Paths of very many files with the stamps they had, as one run of bytes; `StampTable` compares it with the disk.
///
/// Neighbours in a directory share what their names begin with, so a file takes some 15 bytes. A stamp is kept as 64 bits
/// of its hash: two stamps of one file that share them are an accident nobody will see.
///
/// Layout, integers little-endian: magic (8 bytes), key (16), note (8), then blocks, then the index of segments, the count of
/// segments (4), and XXH3-128 of the first 32 bytes, the index and the count (16). A segment is a run of whole blocks that can be
/// read and checked without the others; its entry in the index is its byte count (4) and XXH3-128 (16).
/// A block: byte count of what follows (4), count of files (4), byte count of the directory's path (4), that path with the
/// slash, and for each file: bytes shared with the name before, bytes that follow (both LEB128), these bytes, hash (8). The name `.` stands
/// for the names in that directory.
package struct StampTableWriter: Sendable {
    static let magic: [UInt8] = Array("dmkstmp2".utf8)
    static let headerByteCount = 32
    static let trailerByteCount = 20
    static let indexEntryByteCount = 20
    /// From so many bytes on the next block begins a segment: some 2,000 files, which take 2 ms to ask for. Larger ones would let
    /// the threads end at different times, smaller ones cost more reads.
    static let segmentByteCount = 32 << 10
    /// Small enough that many workers share one large directory.
    static let blockFileCount = 2048
    /// The system takes no longer paths, with the zero at their end.
    static let pathByteLimit = 4095

    private var bytes: [UInt8]
    private var blockStart: Int?
    private var blockCount = 0
    private var directory: [UInt8] = []
    private var lastName: [UInt8] = []
    /// Whether a path was met that no file can have.
    private(set) var isUnusable = false

    package init() { bytes = [UInt8](repeating: 0, count: Self.headerByteCount) }

    /// - Parameters:
    ///   - path: absolute, or relative to the directory that the table is compared under.
    ///   - stamp: nil where no regular file is.
    package mutating func append(path: String, stamp: Stamp?) {
        var path = path
        let hash = stampHash(stamp)
        path.withUTF8 { unsafe append($0, hash: hash) }
    }

    /// The same, of a path as bytes.
    package mutating func append(path: Span<UInt8>, stamp: Stamp?) {
        let hash = stampHash(stamp)
        unsafe path.withUnsafeBufferPointer { unsafe append($0, hash: hash) }
    }

    /// - Parameters:
    ///   - directory: its path, without a slash at the end.
    ///   - names: what it holds.
    package mutating func append(directory: String, names: DirectoryNames) {
        var path = directory + "/."
        path.withUTF8 { unsafe append($0, hash: names.hash) }
    }

    /// - Parameter text: a path.
    mutating func append(_ text: UnsafeBufferPointer<UInt8>, hash: UInt64) {
        var nameStart = text.count
        var hasZero = false
        for index in text.indices where unsafe text[index] == 0 { hasZero = true }
        // SAFETY: 0 <= nameStart - 1 < text.count.
        while unsafe nameStart > 0 && text[nameStart - 1] != UInt8(ascii: "/") { nameStart -= 1 }
        guard !hasZero, text.count > nameStart, text.count <= Self.pathByteLimit else {
            isUnusable = true
            return
        }
        let place = unsafe UnsafeBufferPointer(rebasing: text[..<nameStart])
        let name = unsafe UnsafeBufferPointer(rebasing: text[nameStart...])
        if unsafe blockStart == nil || blockCount == Self.blockFileCount
            || !directory.elementsEqual(place)
        {
            endBlock()
            blockStart = bytes.count
            blockCount = 0
            unsafe directory = Array(place)
            lastName = []
            for _ in 0..<12 { bytes.append(0) }
            bytes.append(contentsOf: directory)
        }
        var shared = 0
        let limit = min(lastName.count, name.count)
        // SAFETY: shared < limit <= name.count.
        while unsafe shared < limit && lastName[shared] == name[shared] { shared += 1 }
        varint(shared)
        varint(name.count - shared)
        unsafe bytes.append(contentsOf: name[shared...])
        word(hash)
        unsafe lastName.replaceSubrange(shared..., with: name[shared...])
        blockCount += 1
    }

    /// Takes over all files of another.
    package mutating func append(_ other: consuming StampTableWriter) {
        other.endBlock()
        append(block: other.bytes[Self.headerByteCount...])
        isUnusable = isUnusable || other.isUnusable
    }

    /// Takes over a whole block of another table, from its byte count on.
    mutating func append(block: ArraySlice<UInt8>) {
        endBlock()
        bytes += block
    }

    /// The table. Nil where a path was met that cannot be asked for again.
    ///
    /// - Parameters:
    ///   - key: of whoever keeps the table, to know it again by.
    ///   - note: a number to go with it.
    package consuming func finish(key: XXH3Digest, note: Int) -> [UInt8]? {
        endBlock()
        guard !isUnusable else { return nil }
        for (index, byte) in (Self.magic + key.bytes).enumerated() { bytes[index] = byte }
        put(UInt64(bitPattern: Int64(note)), byteCount: 8, at: 24)
        var index = [UInt8]()
        var start = Self.headerByteCount
        var position = start
        while position < bytes.count {
            position += 4 + integer(bytes, at: position)
            guard position - start >= Self.segmentByteCount || position == bytes.count else { continue }
            append(UInt32(position - start), to: &index)
            index += XXH3Digest(of: bytes[start..<position]).bytes
            start = position
        }
        append(UInt32(index.count / Self.indexEntryByteCount), to: &index)
        index += XXH3Digest(of: bytes[..<Self.headerByteCount] + index).bytes
        bytes += index
        return bytes
    }

    private mutating func endBlock() {
        guard let start = blockStart else { return }
        put(UInt64(bytes.count - start - 4), byteCount: 4, at: start)
        put(UInt64(blockCount), byteCount: 4, at: start + 4)
        put(UInt64(directory.count), byteCount: 4, at: start + 8)
        blockStart = nil
    }

    private mutating func put(_ value: UInt64, byteCount: Int, at offset: Int) {
        for index in 0..<byteCount {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }

    private func append(_ value: UInt32, to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func varint(_ value: Int) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func word(_ value: UInt64) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
}

/// Four bytes of a table, which must be there, as a number.
func integer(_ bytes: [UInt8], at offset: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
}

/// Never 0 for a stamp; 0 for none.
func stampHash(_ stamp: Stamp?) -> UInt64 {
    guard let stamp else { return 0 }
    // Two rounds of a 128-bit product, as in wyhash: every bit of the four numbers reaches every bit of the sum.
    func mixed(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
    let first = mixed(
        UInt64(bitPattern: stamp.byteCount) ^ 0xA076_1D64_78BD_642F,
        UInt64(bitPattern: stamp.modified) ^ 0xE703_7ED1_A0B4_28DB)
    let second = mixed(
        UInt64(bitPattern: stamp.changed) ^ 0x8EBC_6AF0_9C88_C6E3, stamp.inode ^ 0x5899_65CC_7537_4CC3)
    let sum = mixed(first ^ 0x1D8E_4E27_C47D_124F, second ^ 0xEB44_ACCA_B455_D165)
    return max(1, sum)
}
