/// The hybrid of runs and bit-packed groups: definition levels, dictionary indices, booleans.
///
/// Format: parquet-format `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".
package enum RunLength {
    /// Shorter runs are packed: a group of eight is the unit of packing.
    private static let shortestRun = 8

    /// Appends `values`, each below 2^width, without a length before them.
    ///
    /// - Parameter width: `0...32`.
    package static func append(_ values: UnsafeBufferPointer<UInt32>, width: Int, to page: inout ByteBuffer) {
        // SAFETY: all indices are below values.count, as the loops' conditions say.
        let count = values.count
        var packedStart = 0
        var row = 0
        while row < count {
            // A run of eight that begins at one of the next four values covers the fourth and the eighth.
            if unsafe row &+ 8 <= count && values[row &+ 3] != values[row &+ 7] {
                row &+= 4
                continue
            }
            let value = unsafe values[row]
            var end = row &+ 1
            while unsafe end < count && values[end] == value { end &+= 1 }
            // What is packed before a run must be whole groups: the run gives its first values for that.
            let borrowed = (packedStart &- row) & 7
            if end &- row &- borrowed >= shortestRun {
                unsafe appendPacked(
                    UnsafeBufferPointer(rebasing: values[packedStart..<row &+ borrowed]), width: width,
                    to: &page)
                appendRun(of: value, count: end &- row &- borrowed, width: width, to: &page)
                packedStart = end
            }
            row = end
        }
        unsafe appendPacked(
            UnsafeBufferPointer(rebasing: values[packedStart..<count]), width: width, to: &page)
    }

    /// Appends one run.
    package static func appendRun(of value: UInt32, count: Int, width: Int, to page: inout ByteBuffer) {
        guard count > 0 else { return }
        page.appendVarint(UInt64(count) << 1)
        for byte in 0..<(width + 7) / 8 { page.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))) }
    }

    /// Appends groups of eight; the last one is filled up with zeros, which readers drop.
    private static func appendPacked(
        _ values: UnsafeBufferPointer<UInt32>, width: Int, to page: inout ByteBuffer
    ) {
        guard values.count > 0 else { return }
        let groups = (values.count + 7) / 8
        page.appendVarint(UInt64(groups) << 1 | 1)
        unsafe page.append(maximum: groups * width) { room in
            guard let base = room.baseAddress, width > 0 else { return 0 }
            let whole = values.count & ~7
            unsafe BitPacking.pack(UnsafeBufferPointer(rebasing: values[0..<whole]), width: width, into: base)
            if whole < values.count {
                unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 8) { last in
                    // SAFETY: whole + i < values.count for the values read; `last` has room for 8.
                    for i in 0..<8 { unsafe last[i] = whole + i < values.count ? values[whole + i] : 0 }
                    unsafe BitPacking.pack(
                        UnsafeBufferPointer(last), width: width, into: base + whole / 8 * width)
                }
            }
            return groups * width
        }
    }

    /// Appends `values`, each 0 or 1, in one bit each, without a length before them.
    ///
    /// Works on eight values at a time: a word of bytes that are all 0 or all 1 is part of a run.
    package static func appendBits(_ values: UnsafeBufferPointer<UInt8>, to page: inout ByteBuffer) {
        // SAFETY: `eight` reads values[8 * group ..< 8 * group + 8] for groups below values.count / 8 only.
        let groups = values.count / 8
        var packedStart = 0
        var group = 0
        while group < groups {
            let word = unsafe eight(values, group)
            if word == 0 || word == ones {
                var end = group &+ 1
                while unsafe end < groups && eight(values, end) == word { end &+= 1 }
                // A run costs two bytes or three and a new header after it: let short ones be packed.
                if end &- group >= 4 || (end == groups && packedStart == group) {
                    unsafe appendPackedBits(
                        UnsafeBufferPointer(rebasing: values[8 &* packedStart..<8 &* group]), to: &page)
                    let bit: UInt8 = word == 0 ? 0 : 1
                    var last = 8 &* end
                    while unsafe last < values.count && values[last] == bit { last &+= 1 }
                    // Only at the end may a run stop within a group: nothing is packed after it then.
                    if last < values.count { last = 8 &* end }
                    appendRun(of: UInt32(bit), count: last &- 8 &* group, width: 1, to: &page)
                    if last == values.count { return }
                    packedStart = end
                }
                group = end
            } else {
                group &+= 1
            }
        }
        unsafe appendPackedBits(
            UnsafeBufferPointer(rebasing: values[8 &* packedStart..<values.count]), to: &page)
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101

    @inline(__always)
    private static func eight(_ values: UnsafeBufferPointer<UInt8>, _ group: Int) -> UInt64 {
        unsafe UInt64(
            littleEndian: UnsafeRawPointer(values.baseAddress!).loadUnaligned(
                fromByteOffset: 8 &* group, as: UInt64.self))
    }

    private static func appendPackedBits(_ values: UnsafeBufferPointer<UInt8>, to page: inout ByteBuffer) {
        guard values.count > 0 else { return }
        page.appendVarint(UInt64((values.count + 7) / 8) << 1 | 1)
        unsafe Plain.appendBits(values, to: &page)
    }
}
