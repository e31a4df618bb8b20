/// A split block bloom filter: says of a value's hash that it was surely not inserted, or that it may have been.
///
/// Format: parquet-format `BloomFilter.md`. A block is eight words of 32 bits, of which a hash sets one bit each.
package struct BloomFilter: Hashable, Sendable {
    /// Most bytes of a filter: Arrow C++ refuses larger ones.
    package static let byteCountLimit = 128 << 20
    package static let blockByteCount = 32

    private static let salt = SIMD8<UInt32>(
        0x47B6_137B, 0x4497_4D91, 0x8824_AD5B, 0xA2B7_289D, 0x7054_95C7, 0x2DF1_424B, 0x9EFC_4947, 0x5C6B_FB31
    )

    private var blocks: [SIMD8<UInt32>]

    /// A filter without hashes.
    ///
    /// - Parameter blockCount: at least 1.
    package init(blockCount: Int) {
        blocks = Array(repeating: .zero, count: blockCount)
    }

    package var blockCount: Int { blocks.count }

    /// Inserts hashes; zeros are left out.
    package mutating func insertNonzero(_ hashes: UnsafeBufferPointer<UInt64>) {
        let count = UInt64(blocks.count)
        unsafe blocks.withUnsafeMutableBufferPointer { blocks in
            // SAFETY: a 32-bit number times the count, divided by 2^32, is below the count.
            for i in 0..<hashes.count {
                let hash = unsafe hashes[i]
                guard hash != 0 else { continue }
                let block = Int(truncatingIfNeeded: ((hash &>> 32) &* count) &>> 32)
                unsafe blocks[block] |= Self.mask(UInt32(truncatingIfNeeded: hash))
            }
        }
    }

    package mutating func insert(_ hash: UInt64) {
        blocks[block(of: hash)] |= Self.mask(UInt32(truncatingIfNeeded: hash))
    }

    /// False: the hash was never inserted.
    package func mayContain(_ hash: UInt64) -> Bool {
        let mask = Self.mask(UInt32(truncatingIfNeeded: hash))
        return blocks[block(of: hash)] & mask == mask
    }

    private func block(of hash: UInt64) -> Int { Int(((hash >> 32) * UInt64(blocks.count)) >> 32) }

    @inline(__always)
    private static func mask(_ key: UInt32) -> SIMD8<UInt32> {
        SIMD8(repeating: 1) &<< ((SIMD8(repeating: key) &* salt) &>> 27)
    }

    /// The header, then the blocks, as they stand in a file.
    ///
    /// Format: parquet.thrift `BloomFilterHeader`.
    package func encoded() -> [UInt8] {
        var header = CompactWriter()
        header.structure { header in
            header.i32(1, blocks.count * Self.blockByteCount)
            for union in 2...4 { header.structure(union) { $0.emptyStructure(1) } }
        }
        var bytes = header.buffer.array()
        bytes.reserveCapacity(bytes.count + blocks.count * Self.blockByteCount)
        // Words stand in memory as in the file, least significant byte first, like all values of this module.
        unsafe blocks.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        return bytes
    }
}

// How large a filter must be.
extension BloomFilter {
    /// Blocks of the smallest filter that keeps to `probability`, or of the largest there may be.
    ///
    /// A power of two: Arrow C++, Velox and ClickHouse refuse other sizes.
    package static func blockCount(distinctCount: Int, falsePositiveProbability probability: Double) -> Int {
        var blockCount = 1
        while blockCount * blockByteCount < byteCountLimit,
            falsePositiveProbability(distinctCount: distinctCount, blockCount: blockCount) > probability
        {
            blockCount *= 2
        }
        return blockCount
    }

    /// The share of hashes that were not inserted and seem to have been.
    ///
    /// The number of hashes in a block is taken as Poisson distributed; with k of them, a hash finds its bit set in
    /// one word with probability 1 - (31/32)^k, and in all eight with the eighth power of that. Only sums, products
    /// and quotients, so that every machine gets the same number.
    package static func falsePositiveProbability(distinctCount: Int, blockCount: Int) -> Double {
        let load = Double(distinctCount) / Double(blockCount)
        // Full blocks; and no powers that overflow below.
        guard load < 256 else { return 1 }
        var weight = 1.0
        var clear = 1.0
        var allWeights = 0.0
        var found = 0.0
        var k = 0.0
        while k <= load || weight > allWeights * 1e-12 {
            let square = (1 - clear) * (1 - clear)
            allWeights += weight
            found += weight * (square * square) * (square * square)
            k += 1
            weight *= load / k
            clear *= 31.0 / 32.0
        }
        return found / allWeights
    }
}
