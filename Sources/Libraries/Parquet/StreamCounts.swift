/// How often each byte occurs in the streams of BYTE_STREAM_SPLIT, and how small that lets them be coded.
struct StreamCounts {
    /// The widest values have eight bytes.
    private static let mostStreams = 8
    /// Of each stream, 256.
    private var counts = [UInt32](repeating: 0, count: Self.mostStreams * 256)
    /// Of each stream: how often a byte differs from the one before.
    private var changes = [Int](repeating: 0, count: Self.mostStreams)
    private var streamCount = 0

    mutating func removeAll() {
        for index in 0..<streamCount * 256 { counts[index] = 0 }
        for stream in 0..<streamCount { changes[stream] = 0 }
        streamCount = 0
    }

    /// Counts the bytes of a page whose streams have `streamByteCount` bytes each.
    mutating func add(_ page: UnsafeRawBufferPointer, streamByteCount: Int) {
        let streamCount = page.count / max(streamByteCount, 1)
        precondition(streamCount <= Self.mostStreams && streamCount * streamByteCount == page.count)
        self.streamCount = max(self.streamCount, streamCount)
        unsafe counts.withUnsafeMutableBufferPointer { counts in
            // SAFETY: stream < streamCount; a byte is below 256.
            for stream in 0..<streamCount {
                for offset in stream &* streamByteCount..<(stream &+ 1) &* streamByteCount {
                    unsafe counts[stream &* 256 &+ Int(page[offset])] &+= 1
                }
                var changed = 0
                for offset in stream &* streamByteCount &+ 1..<(stream &+ 1) &* streamByteCount {
                    changed &+= unsafe page[offset] != page[offset &- 1] ? 1 : 0
                }
                changes[stream] += changed
            }
        }
    }

    /// What a compressor makes of the streams: of each, what an entropy coder with a code of its own does, or what the runs of equal
    /// bytes take if that is less.
    ///
    /// The entropy of what was counted is less than that of a longer stream like it: by (k - 1) / (2 ln 2) bits for k different bytes
    /// (Miller, "Note on the bias of information estimates", 1955), which are added. Integers only, so that all machines agree.
    var codedByteCount: Int {
        var bits = 0
        for stream in 0..<streamCount { bits += codedBits(of: stream).coded }
        return ((bits >> Self.fractionBits) + 7) / 8
    }

    /// How many of the first streams an entropy coder leaves as they are: zstd asks that a 64th be saved.
    var randomStreamCount: Int {
        for stream in 0..<streamCount {
            let bits = codedBits(of: stream)
            if bits.coded < bits.plain - bits.plain / 64 { return stream }
        }
        return streamCount
    }

    /// Of one stream, in units of 2^-12 bits.
    private func codedBits(of stream: Int) -> (coded: Int, plain: Int) {
        var total = 0
        var different = 0
        var saved = 0
        for index in stream * 256..<(stream + 1) * 256 where counts[index] > 0 {
            let count = Int(counts[index])
            total += count
            different += 1
            saved += count * Self.log2(count)
        }
        let plain = (total * 8) << Self.fractionBits
        guard different > 0 else { return (0, plain) }
        let entropy = total * Self.log2(total) - saved + (different - 1) * Self.bias
        return (min(entropy, plain, (changes[stream] * Self.runBits) << Self.fractionBits), plain)
    }

    /// Whether a page's stream has no more order than random bytes, as far as 512 of its bytes tell, eight runs of them: neither
    /// in the bytes nor in the steps from one to the next, which are few where something is counted.
    ///
    /// Of 512 random bytes, 221 are different, give or take 5; of the 504 steps, 220.
    static func looksRandom(_ stream: UnsafeRawBufferPointer) -> Bool {
        let runCount = 8
        let runByteCount = 64
        guard stream.count >= runCount * runByteCount else { return false }
        return unsafe withUnsafeTemporaryAllocation(byteCount: 512, alignment: 64) { seen in
            unsafe seen.initializeMemory(as: UInt8.self, repeating: 0)
            let distance = (stream.count - runByteCount) / (runCount - 1)
            // SAFETY: the last run starts at (runCount - 1) * distance <= stream.count - runByteCount; a byte is below 256.
            for run in 0..<runCount {
                var last = unsafe stream[run &* distance]
                unsafe seen[Int(last)] = 1
                for offset in run &* distance &+ 1..<run &* distance &+ runByteCount {
                    let byte = unsafe stream[offset]
                    unsafe seen[Int(byte)] = 1
                    unsafe seen[256 &+ Int(byte &- last)] = 1
                    last = byte
                }
            }
            var bytes = 0
            var steps = 0
            for index in 0..<256 {
                bytes &+= unsafe Int(seen[index])
                steps &+= unsafe Int(seen[256 &+ index])
            }
            return bytes >= 200 && steps >= 195
        }
    }

    /// Logarithms are in units of 2^-12.
    private static let fractionBits = 12
    /// Of a run in zstd: a literal, and lengths and offset of a match.
    private static let runBits = 24
    /// 1 / (2 ln 2) of them.
    private static let bias = 2955
    /// Of 0 to 8192, which is as many values as a sample has.
    private static let logarithms = (0...8192).map { UInt32(computedLog2(max($0, 1))) }

    private static func log2(_ number: Int) -> Int {
        number < logarithms.count ? Int(logarithms[number]) : computedLog2(number)
    }

    /// By squaring: each time the square of the mantissa is 2 or more, there is a one in the fraction.
    static func computedLog2(_ number: Int) -> Int {
        precondition(number > 0)
        let exponent = Int.bitWidth - 1 - number.leadingZeroBitCount
        // 1 to 2, with 31 bits behind the point.
        var mantissa =
            exponent > 31 ? UInt64(number >> (exponent - 31)) : UInt64(number) << UInt64(31 - exponent)
        var logarithm = exponent
        for _ in 0..<fractionBits {
            mantissa = (mantissa * mantissa) >> 31
            logarithm <<= 1
            if mantissa >= 1 << 32 {
                mantissa >>= 1
                logarithm += 1
            }
        }
        return logarithm
    }
}
