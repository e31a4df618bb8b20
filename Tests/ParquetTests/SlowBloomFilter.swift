import Bytes

/// Reads a bloom filter as BloomFilter.md says it, a bit at a time.
struct SlowBloomFilter {
    let bits: [UInt8]

    /// The filter of a chunk; nil where there is none.
    init?(of chunk: ThriftValue, in file: [UInt8]) {
        guard let offset = chunk.field(14) else { return nil }
        var reader = SlowReader(file)
        reader.offset = offset.int
        let header = reader.structure()
        // Algorithm, hash and compression are unions whose only member is the first one.
        let union = ThriftValue.structure([1: .structure([:])])
        precondition(header[2] == union && header[3] == union && header[4] == union)
        bits = Array(file[reader.offset..<reader.offset + header[1].int])
        precondition(reader.offset + bits.count == offset.int + chunk[15].int)
    }

    func mayContain(_ hash: UInt64) -> Bool {
        let salt: [UInt32] = [
            0x47B6_137B, 0x4497_4D91, 0x8824_AD5B, 0xA2B7_289D, 0x7054_95C7, 0x2DF1_424B, 0x9EFC_4947,
            0x5C6B_FB31,
        ]
        let block = Int(((hash >> 32) * UInt64(bits.count / 32)) >> 32)
        for word in 0..<8 {
            let bit = Int((UInt32(truncatingIfNeeded: hash) &* salt[word]) >> 27)
            if bits[block * 32 + word * 4 + bit / 8] >> UInt8(bit % 8) & 1 == 0 { return false }
        }
        return true
    }

    func mayContain(_ plain: [UInt8]) -> Bool {
        mayContain(unsafe plain.withUnsafeBytes { unsafe XXH64.hash($0) })
    }
}
