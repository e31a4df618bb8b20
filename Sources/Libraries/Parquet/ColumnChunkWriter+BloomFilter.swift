import Bytes

extension ColumnChunkWriter {
    /// Values hashed at a time.
    private static var hashedCount: Int { 8192 }

    /// The bloom filter of a chunk, as it stands in the file.
    ///
    /// Sized by the number of distinct hashes, so the same values give the same filter.
    mutating func bloomFilter<Values: ChunkValues & ~Copyable>(
        of values: borrowing Values, encoding: Encoding, falsePositiveProbability: Double
    ) -> [UInt8] {
        distinctHashes.removeAll()
        if encoding == .rleDictionary, values.count > 0 {
            // The entries are the distinct values.
            values.hashEntries(of: dictionary, scratch: &sample, into: &hashes)
            unsafe hashes.withElements(of: UInt64.self) { unsafe distinctHashes.insert($0) }
        } else {
            var start = 0
            while start < values.count {
                let end = min(start + Self.hashedCount, values.count)
                values.hash(start..<end, scratch: &sample, into: &hashes)
                unsafe hashes.withElements(of: UInt64.self) { unsafe distinctHashes.insert($0) }
                start = end
            }
        }
        let twins = values.twins
        if !twins.isEmpty {
            hashes.removeAll()
            for twin in twins {
                hashes.appendLittleEndian(unsafe twin.withUnsafeBytes { unsafe XXH64.hash($0) })
            }
            unsafe hashes.withElements(of: UInt64.self) { unsafe distinctHashes.insert($0) }
        }
        return BloomFilter(of: distinctHashes, falsePositiveProbability: falsePositiveProbability).encoded()
    }
}

// What a bloom filter takes of values. Each hash is XXH64 of a value in PLAIN encoding, of a text without its length.
extension ChunkValues where Self: ~Copyable {
    /// Replaces `hashes` by those of a range of values.
    func hash(_ range: Range<Int>, scratch: inout ByteBuffer, into hashes: inout ByteBuffer) {
        scratch.removeAll()
        _ = append(.plain, range, scratch: &hashes, to: &scratch)
        Self.hash(scratch, into: &hashes)
    }

    /// Replaces `hashes` by those of a dictionary's entries.
    func hashEntries(
        of dictionary: borrowing Dictionary, scratch: inout ByteBuffer, into hashes: inout ByteBuffer
    ) {
        scratch.removeAll()
        appendEntries(of: dictionary, to: &scratch)
        Self.hash(scratch, into: &hashes)
    }

    private static func hash(_ plain: borrowing ByteBuffer, into hashes: inout ByteBuffer) {
        guard let width = valueByteCount else {
            preconditionFailure("values without one width hash themselves, and booleans are refused")
        }
        unsafe hashes.fill(with: UInt64.self, count: plain.count / width) { hashes in
            unsafe plain.withBytes { unsafe XXH64.hash($0, each: width, into: hashes) }
        }
    }

    var twins: [[UInt8]] { [] }
}

extension TextValues {
    func hash(_ range: Range<Int>, scratch: inout ByteBuffer, into hashes: inout ByteBuffer) {
        unsafe hashes.fill(with: UInt64.self, count: range.count) { hashes in
            unsafe withTexts(range) { start, ends, bytes in
                unsafe XXH64.hash(ends: ends, from: start, bytes: bytes, into: hashes)
            }
        }
    }

    func hashEntries(
        of dictionary: borrowing Dictionary, scratch: inout ByteBuffer, into hashes: inout ByteBuffer
    ) {
        hashes.removeAll()
        unsafe dictionary.entries.withElements(of: UInt32.self) { entries in
            unsafe withTexts(0..<count) { _, _, bytes in
                // SAFETY: entries are pairs of a start and an end within `bytes`.
                for entry in 0..<entries.count / 2 {
                    let text = unsafe bytes[Int(entries[2 &* entry])..<Int(entries[2 &* entry &+ 1])]
                    hashes.appendLittleEndian(unsafe XXH64.hash(UnsafeRawBufferPointer(rebasing: text)))
                }
            }
        }
    }
}

extension FloatValues {
    /// A query for 0 means -0 too, and one for NaN any NaN, but each has bytes and so a hash of its own: where one is
    /// there, both zeros and the usual NaN are.
    var twins: [[UInt8]] {
        var hasZero = false
        var hasNaN = false
        unsafe withNumbers { numbers in
            for i in 0..<numbers.count {
                let number = unsafe numbers[i]
                hasZero = hasZero || number == 0
                hasNaN = hasNaN || number != number
            }
        }
        var twins: [[UInt8]] = []
        if hasZero { twins += [plainBytes(0), plainBytes(-0.0)] }
        if hasNaN { twins.append(plainBytes(.nan)) }
        return twins
    }
}
