import Bytes
import CXXHash
import Files

/// The values of one row as bytes: integers as LEB128 where they are mostly small, digests as they are.
struct RowWriter {
    private(set) var bytes: [UInt8] = []

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Any integer; small ones that are not negative are short.
    mutating func count(_ value: Int) { varint(UInt64(bitPattern: Int64(value))) }
    mutating func number(_ value: Int64) { varint(UInt64(bitPattern: value)) }

    mutating func varint(_ value: UInt64) { bytes.append(leb128: value) }

    /// Any integer; those near zero, of either sign, are short.
    mutating func signed(_ value: Int64) { varint(value.zigzag) }

    mutating func word(_ value: UInt64) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func text(_ value: some StringProtocol) {
        unsafe withUTF8(of: value) {
            count($0.count)
            unsafe bytes.append(contentsOf: $0)
        }
    }

    /// Appends what begins with a byte that is `plain` where a text of any length follows: that goes behind its length.
    mutating func compact(plain: UInt8, _ append: (inout [UInt8]) -> Void) {
        let start = bytes.count
        append(&bytes)
        guard bytes[start] == plain else { return }
        let text = Array(bytes[(start + 1)...])
        bytes.removeLast(text.count)
        count(text.count)
        bytes += text
    }

    /// Bytes whose count the reader knows.
    mutating func raw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    mutating func digest(_ value: XXH3Digest) {
        word(value.high)
        word(value.low)
    }

    mutating func content(_ value: ContentIdentity) {
        count(value.byteCount)
        digest(value.xxh3)
        word(value.sha256.words.0)
        word(value.sha256.words.1)
        word(value.sha256.words.2)
        word(value.sha256.words.3)
    }

    /// Changed is close to modified on most files, and the length is known from the content.
    mutating func stamp(_ value: Stamp, byteCount: Int) {
        word(UInt64(bitPattern: value.modified))
        signed(value.changed &- value.modified)
        varint(value.inode)
        signed(value.byteCount &- Int64(byteCount))
    }

    /// Ends the row with the checksum of its key and all values.
    mutating func seal(table: RowTable, place: Int64, name: some StringProtocol) {
        let sum = unsafe withUTF8(of: name) { name in
            unsafe bytes.withUnsafeBytes {
                unsafe rowChecksum(table: table, place: place, name: UnsafeRawBufferPointer(name), values: $0)
            }
        }
        word(sum)
    }
}

/// Tables whose rows end in a checksum. The raw value is part of it, so a page that ends up in another table shows.
enum RowTable: UInt64 {
    case object = 1
    case raw, action, sweep, failure, run, event

    var name: String { "\(self)" }
}

/// The low 64 bits of XXH3 over the key and the values of a row, chained through the seed.
private func rowChecksum(
    table: RowTable, place: Int64, name: UnsafeRawBufferPointer, values: UnsafeRawBufferPointer
) -> UInt64 {
    // SAFETY: both buffers hold `count` bytes; of none the hash reads none.
    let seed = UInt64(bitPattern: place) &* 0x9E37_79B9_7F4A_7C15 ^ table.rawValue
    let key = unsafe XXH3_64bits_withSeed(name.baseAddress, name.count, seed)
    return unsafe XXH3_64bits_withSeed(values.baseAddress, values.count, key)
}

/// Reads what `RowWriter` wrote. Never past the end: a row that lies yields zeros and `isValid` false.
@safe struct RowReader: ~Copyable {
    /// Valid as long as the statement stands on the row; a reader does not outlive that.
    private let bytes: UnsafeRawBufferPointer
    private let end: Int
    private var position = 0
    private(set) var isValid = true

    /// Nil where the checksum does not fit the key and the values.
    @unsafe init?(_ row: UnsafeRawBufferPointer, table: RowTable, place: Int64, name: UnsafeRawBufferPointer)
    {
        guard row.count >= 8 else { return nil }
        let values = unsafe UnsafeRawBufferPointer(rebasing: row[..<(row.count - 8)])
        // SAFETY: eight bytes follow the values.
        let sum = unsafe UInt64(bigEndian: row.loadUnaligned(fromByteOffset: row.count - 8, as: UInt64.self))
        guard unsafe rowChecksum(table: table, place: place, name: name, values: values) == sum else {
            return nil
        }
        unsafe bytes = values
        end = values.count
    }

    /// Whether everything was read, and nothing that is not there.
    var isFinished: Bool { isValid && position == end }
    var remaining: Int { end - position }

    mutating func fail() {
        isValid = false
        position = end
    }

    mutating func byte() -> UInt8 {
        guard position < end else {
            fail()
            return 0
        }
        defer { position += 1 }
        return unsafe bytes[position]
    }

    /// Most have one byte.
    @inline(__always)
    mutating func varint() -> UInt64 {
        if position < end, unsafe bytes[position] < 0x80 {
            defer { position += 1 }
            return unsafe UInt64(bytes[position])
        }
        return longVarint()
    }

    private mutating func longVarint() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        // SAFETY: no index of the range is beyond the end.
        for index in position..<min(end, position + 10) {
            let next = unsafe bytes[index]
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 {
                position = index + 1
                return value
            }
            shift += 7
        }
        fail()
        return 0
    }

    /// Reads a `varint` and appends its bytes to `target`.
    mutating func copyVarint(to target: inout [UInt8]) -> UInt64 {
        let start = position
        let value = varint()
        if isValid {
            unsafe target.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
        }
        return value
    }

    mutating func number() -> Int64 { Int64(bitPattern: varint()) }
    mutating func count() -> Int { Int(truncatingIfNeeded: number()) }

    mutating func signed() -> Int64 { Int64(zigzag: varint()) }

    /// A count of things that take at least a byte each, so never more than bytes are left.
    mutating func countOfParts() -> Int {
        let value = count()
        if value < 0 || value > remaining { fail() }
        return isValid ? value : 0
    }

    mutating func word() -> UInt64 {
        guard remaining >= 8 else {
            fail()
            return 0
        }
        defer { position += 8 }
        // SAFETY: position + 8 <= end.
        return unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    mutating func text() -> String {
        let length = countOfParts()
        defer { position += length }
        return unsafe String(decoding: bytes[position..<position + length], as: UTF8.self)
    }

    /// Appends that many of the next bytes to `target`.
    mutating func copy(_ length: Int, to target: inout [UInt8]) {
        guard length >= 0, length <= remaining else { return fail() }
        unsafe target.append(
            contentsOf: UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
        position += length
    }

    /// Passes over that many bytes.
    mutating func skip(_ length: Int) {
        guard length >= 0, length <= remaining else { return fail() }
        position += length
    }

    mutating func digest() -> XXH3Digest {
        let high = word()
        return XXH3Digest(high: high, low: word())
    }

    mutating func content() -> ContentIdentity {
        let byteCount = count()
        let xxh3 = digest()
        let words = (word(), word(), word(), word())
        return ContentIdentity(byteCount: byteCount, xxh3: xxh3, sha256: SHA256Digest(words: words))
    }

    mutating func stamp(byteCount: Int) -> Stamp {
        let modified = Int64(bitPattern: word())
        let changed = modified &+ signed()
        let inode = varint()
        return Stamp(
            byteCount: Int64(byteCount) &+ signed(), modified: modified, changed: changed, inode: inode)
    }
}
