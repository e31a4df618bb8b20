import Locking

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Memory for many values: large blocks are taken from those that were given back, by whichever thread.
///
/// Fresh memory is dear: the first touch of a page costs about 2 µs on a virtual machine, which was a tenth of all processor time
/// when files of 1,000,000 rows became Parquet one after the other. So blocks from 64 KiB on stay in the process when
/// given back, up to `keptByteCountLimit`. They are pages of the ordinary size: a machine that hands free memory back to its
/// host takes it as huge pages, and a huge page that comes from there again was seen to cost 4 to 6 ms, against 0.4 ms for
/// one that was kept and 0.8 ms for its 512 small ones.
@safe package enum WorkMemory {
    /// Smaller blocks are left to malloc; larger ones are multiples of this.
    private static let leastKeptByteCount = 64 << 10
    /// Bytes kept for the next user; what is given back beyond it goes back to the system.
    private static let keptByteCountLimit = 256 << 20

    private struct Kept {
        /// Addresses and sizes, smallest block first.
        var blocks: [(address: UInt, byteCount: Int)] = []
        var byteCount = 0
    }

    private static let kept = Lock(Kept())

    /// At least `byteCount` bytes of any content, aligned to 64.
    package static func allocate(byteCount: Int) -> UnsafeMutableRawBufferPointer {
        guard byteCount >= leastKeptByteCount else { return .allocate(byteCount: byteCount, alignment: 64) }
        let wanted = (byteCount + leastKeptByteCount - 1) / leastKeptByteCount * leastKeptByteCount
        let found = kept.withLock { kept -> (address: UInt, byteCount: Int)? in
            // A block of up to twice the size will do.
            guard let index = kept.blocks.firstIndex(where: { $0.byteCount >= wanted }),
                kept.blocks[index].byteCount <= 2 * wanted
            else { return nil }
            kept.byteCount -= kept.blocks[index].byteCount
            return kept.blocks.remove(at: index)
        }
        if let found, let start = unsafe UnsafeMutableRawPointer(bitPattern: found.address) {
            return unsafe UnsafeMutableRawBufferPointer(start: start, count: found.byteCount)
        }
        return .allocate(byteCount: wanted, alignment: 4096)
    }

    /// Gives back what `allocate` gave.
    package static func deallocate(_ memory: UnsafeMutableRawBufferPointer) {
        guard let start = memory.baseAddress else { return }
        let isKept = kept.withLock { kept in
            guard memory.count >= leastKeptByteCount, kept.byteCount + memory.count <= keptByteCountLimit
            else { return false }
            let place = kept.blocks.firstIndex { $0.byteCount >= memory.count } ?? kept.blocks.count
            kept.blocks.insert((UInt(bitPattern: start), memory.count), at: place)
            kept.byteCount += memory.count
            return true
        }
        if !isKept { unsafe memory.deallocate() }
    }
}
