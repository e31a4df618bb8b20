import Glibc

/// Keys are bytes: `String` would call two keys equal that differ only in Unicode normalisation, and they are two files.
extension String {
    /// Whether the UTF-8 bytes come before the other's, as S3 sorts keys.
    package func precedesInBytes(_ other: String) -> Bool { byteOrder(other) < 0 }

    /// Whether the UTF-8 bytes are the other's.
    package func equalsInBytes(_ other: String) -> Bool {
        utf8.count == other.utf8.count && byteOrder(other) == 0
    }

    /// Whether the UTF-8 bytes begin with the other's.
    package func hasBytePrefix(_ prefix: String) -> Bool {
        let fast = unsafe utf8.withContiguousStorageIfAvailable { mine in
            unsafe prefix.utf8.withContiguousStorageIfAvailable { its in
                guard mine.count >= its.count else { return false }
                guard let left = mine.baseAddress, let right = its.baseAddress else { return true }
                // SAFETY: both buffers have as many bytes.
                return unsafe memcmp(left, right, its.count) == 0
            }
        }
        if let fast, let hasPrefix = fast { return hasPrefix }
        return utf8.starts(with: prefix.utf8)
    }

    /// Everything up to the last `/`, that included; empty where there is none.
    package var directoryPrefix: Substring {
        guard let slash = utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return self[...slash]
    }

    /// Below, at or above 0, as `memcmp`; the shorter comes first.
    private func byteOrder(_ other: String) -> Int {
        let fast = unsafe utf8.withContiguousStorageIfAvailable { mine in
            unsafe other.utf8.withContiguousStorageIfAvailable { its in
                guard let left = mine.baseAddress, let right = its.baseAddress else {
                    return mine.count - its.count
                }
                // SAFETY: both buffers have at least as many bytes as the shorter one.
                let order = unsafe memcmp(left, right, min(mine.count, its.count))
                return order != 0 ? Int(order) : mine.count - its.count
            }
        }
        if let fast, let order = fast { return order }
        if utf8.lexicographicallyPrecedes(other.utf8) { return -1 }
        return utf8.elementsEqual(other.utf8) ? 0 : 1
    }
}

extension Span<UInt8> {
    /// Whether `count` bytes from `start` on are those of `other` from `otherStart` on. Both have as many, or it traps.
    package func equals(at start: Int, _ other: Span<UInt8>, at otherStart: Int, count: Int) -> Bool {
        let (mine, its) = (
            extracting(start..<start + count), other.extracting(otherStart..<otherStart + count)
        )
        return unsafe mine.withUnsafeBytes { mine in
            unsafe its.withUnsafeBytes { its in
                guard let left = mine.baseAddress, let right = its.baseAddress else { return true }
                // SAFETY: both buffers have `count` bytes.
                return unsafe memcmp(left, right, count) == 0
            }
        }
    }
}
