/// A set of hashes, and how many there are.
///
/// An open-addressing table in which a zero is a free slot; whether the hash 0 is there is kept apart.
struct DistinctHashes: ~Copyable {
    private static let leastSlotCount = 1024

    private var table = ByteBuffer()
    private var slotCount = 0
    private var nonzeroCount = 0
    private(set) var containsZero = false

    var count: Int { nonzeroCount + (containsZero ? 1 : 0) }

    /// Forgets the hashes and keeps the memory.
    mutating func removeAll() {
        slotCount = Self.leastSlotCount
        nonzeroCount = 0
        containsZero = false
        Self.clear(&table, slotCount)
    }

    private static func clear(_ table: inout ByteBuffer, _ slotCount: Int) {
        unsafe table.fill(with: UInt64.self, count: slotCount) { unsafe $0.update(repeating: 0) }
    }

    mutating func insert(_ hashes: UnsafeBufferPointer<UInt64>) {
        // A table that is half full at most keeps searches short; hashes are already mixed well.
        let most = nonzeroCount + hashes.count
        if most * 2 > slotCount { grow(for: most) }
        let mask = UInt64(slotCount - 1)
        let result = unsafe table.withMutableElements(of: UInt64.self) { table in
            unsafe Self.insert(hashes, into: table, mask: mask)
        }
        nonzeroCount += result.added
        containsZero = containsZero || result.metZero
    }

    private mutating func grow(for hashCount: Int) {
        while slotCount < hashCount * 2 { slotCount *= 2 }
        var larger = ByteBuffer()
        Self.clear(&larger, slotCount)
        let mask = UInt64(slotCount - 1)
        unsafe table.withElements(of: UInt64.self) { old in
            unsafe larger.withMutableElements(of: UInt64.self) { new in
                _ = unsafe Self.insert(old, into: new, mask: mask)
            }
        }
        swap(&table, &larger)
    }

    /// - Returns: how many that are not 0 were not there yet, and whether there is a 0 among the hashes.
    private static func insert(
        _ hashes: UnsafeBufferPointer<UInt64>, into table: UnsafeMutableBufferPointer<UInt64>, mask: UInt64
    ) -> (added: Int, metZero: Bool) {
        // SAFETY: slots are at most `mask`, below table.count; the table is never full, so searches end.
        var added = 0
        var metZero = false
        for i in 0..<hashes.count {
            let hash = unsafe hashes[i]
            guard hash != 0 else {
                metZero = true
                continue
            }
            var slot = hash & mask
            while true {
                let found = unsafe table[Int(truncatingIfNeeded: slot)]
                if found == hash { break }
                if found == 0 {
                    unsafe table[Int(truncatingIfNeeded: slot)] = hash
                    added &+= 1
                    break
                }
                slot = (slot &+ 1) & mask
            }
        }
        return (added, metZero)
    }

    /// The table: the hashes but 0, in no order that means anything, and zeros between them.
    func withTable(_ body: (UnsafeBufferPointer<UInt64>) -> Void) {
        unsafe table.withElements(of: UInt64.self) { unsafe body($0) }
    }

}

extension BloomFilter {
    /// The filter of a set of hashes.
    init(of hashes: borrowing DistinctHashes, falsePositiveProbability: Double) {
        self.init(
            blockCount: Self.blockCount(
                distinctCount: hashes.count, falsePositiveProbability: falsePositiveProbability))
        if hashes.containsZero { insert(0) }
        unsafe hashes.withTable { unsafe insertNonzero($0) }
    }
}
