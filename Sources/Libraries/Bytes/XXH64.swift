import CXXHash

/// XXH64 with seed 0: the hash of Parquet's bloom filters. Values that differ may agree in it; it is no digest.
public enum XXH64 {
    /// The hash of `bytes`.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        unsafe CXXHash.XXH64(bytes.baseAddress, bytes.count, 0)
    }

    /// Hashes values of one width that lie one after the other.
    ///
    /// - Parameters:
    ///   - values: whole values of `byteCount` bytes each.
    ///   - hashes: receives one hash a value; must have room for as many.
    public static func hash(
        _ values: UnsafeRawBufferPointer, each byteCount: Int, into hashes: UnsafeMutableBufferPointer<UInt64>
    ) {
        guard let base = values.baseAddress else { return }
        let count = values.count / byteCount
        precondition(count <= hashes.count)
        // SAFETY: value i takes the bytes i * byteCount ..< (i + 1) * byteCount of values.count.
        for i in 0..<count { unsafe hashes[i] = CXXHash.XXH64(base + i &* byteCount, byteCount, 0) }
    }

    /// Hashes texts; text `i` ends at `ends[i]`, where the next one starts, and the first starts at `start`.
    ///
    /// - Parameter hashes: receives one hash a text; must have room for as many.
    public static func hash(
        ends: UnsafeBufferPointer<UInt32>, from start: UInt32, bytes: UnsafeRawBufferPointer,
        into hashes: UnsafeMutableBufferPointer<UInt64>
    ) {
        precondition(ends.count <= hashes.count)
        // SAFETY: ends grow up to bytes.count; without any bytes all lengths are 0 and nothing is read.
        var start = start
        for i in 0..<ends.count {
            let end = unsafe ends[i]
            let text = unsafe bytes.baseAddress.map { unsafe $0 + Int(start) }
            unsafe hashes[i] = CXXHash.XXH64(text, Int(end &- start), 0)
            start = end
        }
    }
}
