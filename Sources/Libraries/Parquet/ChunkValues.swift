import CVector

/// The values of one column in one row group, without the nulls: what encodings and statistics work on.
///
/// Conformers view memory they do not own and live within the call that made them. Ranges are of values, not rows.
protocol ChunkValues: ~Copyable {
    var count: Int { get }

    /// Bytes of a value in PLAIN encoding; nil where that is not the same for all or no whole number.
    static var valueByteCount: Int? { get }

    /// Encodings besides PLAIN and RLE_DICTIONARY that suit the values.
    static var specialEncodings: [Encoding] { get }

    /// Appends a range of values in PLAIN or one of `specialEncodings`.
    ///
    /// - Returns: the widest miniblock in bits where the encoding has miniblocks of values, else 0.
    func append(
        _ encoding: Encoding, _ range: Range<Int>, scratch: inout ByteBuffer, to page: inout ByteBuffer
    ) -> Int

    /// Takes the values' dictionary; false when they repeat too little.
    func build(_ dictionary: inout Dictionary) -> Bool

    /// Takes the values' dictionary even if it does not pay, and one of texts with an unused entry where there is none.
    ///
    /// - Returns: false where there are too many distinct values, but never for texts.
    func buildAnyway(_ dictionary: inout Dictionary) -> Bool

    /// Whether the chunks of a column must either all have a dictionary or none, for fastparquet's sake.
    static var settlesDictionary: Bool { get }

    /// Appends a range of a dictionary's entries in PLAIN encoding.
    func appendEntries(of dictionary: borrowing Dictionary, _ range: Range<Int>, to page: inout ByteBuffer)

    /// Replaces `hashes` by the hashes of a range of values that a bloom filter takes.
    func hash(_ range: Range<Int>, scratch: inout ByteBuffer, into hashes: inout ByteBuffer)

    /// Replaces `hashes` by those of a dictionary's entries.
    func hashEntries(
        of dictionary: borrowing Dictionary, scratch: inout ByteBuffer, into hashes: inout ByteBuffer)

    /// Values, in PLAIN encoding, that equal one that is there and have other bytes.
    var twins: [[UInt8]] { get }

    /// The bounds of each page and of all.
    func statistics(_ cuts: [PageCut]) -> Statistics
}

extension ChunkValues where Self: ~Copyable {
    static var valueByteCount: Int? { nil }
    static var settlesDictionary: Bool { false }

    /// Appends all of a dictionary's entries in PLAIN encoding.
    func appendEntries(of dictionary: borrowing Dictionary, to page: inout ByteBuffer) {
        appendEntries(of: dictionary, 0..<dictionary.entryCount, to: &page)
    }

    func buildAnyway(_ dictionary: inout Dictionary) -> Bool { count > 0 && build(&dictionary) }
}

/// INT32 and INT64: integers, dates, timestamps, decimals of up to 18 digits.
@safe
struct IntegerValues<T: FixedWidthInteger & SignedInteger & BitwiseCopyable, Key: DictionaryKey>: ChunkValues,
    ~Copyable
where T.Magnitude: UnsignedInteger & FixedWidthInteger {
    private let values: UnsafeBufferPointer<T>

    /// `Key` is the unsigned integer of `T`'s size.
    init(_ values: UnsafeBufferPointer<T>, key: Key.Type) {
        precondition(MemoryLayout<T>.size == MemoryLayout<Key>.size)
        unsafe self.values = values
    }

    var count: Int { unsafe values.count }
    static var valueByteCount: Int? { MemoryLayout<T>.size }
    static var specialEncodings: [Encoding] { [.deltaBinaryPacked] }

    func append(
        _ encoding: Encoding, _ range: Range<Int>, scratch: inout ByteBuffer, to page: inout ByteBuffer
    ) -> Int {
        let part = unsafe UnsafeBufferPointer(rebasing: values[range])
        if encoding == .deltaBinaryPacked { return unsafe DeltaBinaryPacked.append(part, to: &page) }
        unsafe Plain.append(part, to: &page)
        return 0
    }

    func build(_ dictionary: inout Dictionary) -> Bool {
        // SAFETY: the same size and alignment, and every bit pattern is a value of both.
        unsafe values.withMemoryRebound(to: Key.self) { unsafe dictionary.build($0) }
    }

    func appendEntries(of dictionary: borrowing Dictionary, _ range: Range<Int>, to page: inout ByteBuffer) {
        let width = MemoryLayout<T>.size
        page.append(dictionary.entries, from: range.lowerBound * width, to: range.upperBound * width)
    }

    func statistics(_ cuts: [PageCut]) -> Statistics {
        var extremes = [Extremes<T>?]()
        for cut in cuts {
            guard !cut.values.isEmpty else {
                extremes.append(nil)
                continue
            }
            extremes.append(unsafe Self.extremes(UnsafeBufferPointer(rebasing: values[cut.values])))
        }
        return Statistics(extremes, nanCounts: [], countsNaNs: false) {
            Bounds(min: littleEndianBytes($0.min), max: littleEndianBytes($0.max))
        }
    }

    /// Of one value or more.
    ///
    /// - Parameter usesKernel: tests turn it off to compare with the twin.
    static func extremes(_ values: UnsafeBufferPointer<T>, usesKernel: Bool = true) -> Extremes<T> {
        if usesKernel, vectorKernelsAreThere, MemoryLayout<T>.size == 8, let start = values.baseAddress {
            var smallest = Int64.max
            var largest = Int64.min
            // SAFETY: `values.count` integers of 64 bits.
            unsafe vector_int64_extremes(
                UnsafeRawPointer(start).assumingMemoryBound(to: Int64.self), values.count, &smallest, &largest
            )
            return Extremes(min: T(truncatingIfNeeded: smallest), max: T(truncatingIfNeeded: largest))
        }
        var smallest = T.max
        var largest = T.min
        for i in 0..<values.count {
            let value = unsafe values[i]
            smallest = min(smallest, value)
            largest = max(largest, value)
        }
        return Extremes(min: smallest, max: largest)
    }
}

/// DECIMAL of 19 to 38 digits, as FIXED_LEN_BYTE_ARRAY(16).
@safe struct WideDecimalValues: ChunkValues, ~Copyable {
    private let values: UnsafeBufferPointer<Int128>

    init(_ values: UnsafeBufferPointer<Int128>) { unsafe self.values = values }

    var count: Int { unsafe values.count }
    static var valueByteCount: Int? { 16 }
    static var specialEncodings: [Encoding] { [] }

    func append(
        _ encoding: Encoding, _ range: Range<Int>, scratch: inout ByteBuffer, to page: inout ByteBuffer
    ) -> Int {
        unsafe Plain.appendBigEndian(UnsafeBufferPointer(rebasing: values[range]), to: &page)
        return 0
    }

    func build(_ dictionary: inout Dictionary) -> Bool { unsafe dictionary.build(values) }

    func appendEntries(of dictionary: borrowing Dictionary, _ range: Range<Int>, to page: inout ByteBuffer) {
        unsafe dictionary.entries.withElements(of: Int128.self) {
            unsafe Plain.appendBigEndian(UnsafeBufferPointer(rebasing: $0[range]), to: &page)
        }
    }

    func statistics(_ cuts: [PageCut]) -> Statistics {
        var extremes = [Extremes<Int128>?]()
        for cut in cuts {
            guard !cut.values.isEmpty else {
                extremes.append(nil)
                continue
            }
            var extreme = unsafe Extremes(
                min: values[cut.values.lowerBound], max: values[cut.values.lowerBound])
            for i in cut.values {
                extreme.min = unsafe min(extreme.min, values[i])
                extreme.max = unsafe max(extreme.max, values[i])
            }
            extremes.append(extreme)
        }
        return Statistics(extremes, nanCounts: [], countsNaNs: false) {
            Bounds(min: littleEndianBytes($0.min.byteSwapped), max: littleEndianBytes($0.max.byteSwapped))
        }
    }
}

/// BOOLEAN, from bytes that are 0 or 1.
@safe struct BoolValues: ChunkValues, ~Copyable {
    private let values: UnsafeBufferPointer<UInt8>

    init(_ values: UnsafeBufferPointer<UInt8>) { unsafe self.values = values }

    var count: Int { unsafe values.count }
    static var specialEncodings: [Encoding] { [.rle] }

    func append(
        _ encoding: Encoding, _ range: Range<Int>, scratch: inout ByteBuffer, to page: inout ByteBuffer
    ) -> Int {
        let part = unsafe UnsafeBufferPointer(rebasing: values[range])
        guard encoding == .rle else {
            unsafe Plain.appendBits(part, to: &page)
            return 0
        }
        let start = page.count
        page.appendLittleEndian(UInt32(0))
        unsafe RunLength.appendBits(part, to: &page)
        page.replaceLittleEndian(UInt32(page.count - start - 4), at: start)
        return 0
    }

    func build(_ dictionary: inout Dictionary) -> Bool { false }

    func appendEntries(of dictionary: borrowing Dictionary, _ range: Range<Int>, to page: inout ByteBuffer) {}

    func statistics(_ cuts: [PageCut]) -> Statistics {
        let extremes = cuts.map { cut -> Extremes<UInt8>? in
            guard !cut.values.isEmpty else { return nil }
            var all: UInt8 = 1
            var any: UInt8 = 0
            for i in cut.values {
                all &= unsafe values[i]
                any |= unsafe values[i]
            }
            return Extremes(min: all, max: any)
        }
        return Statistics(extremes, nanCounts: [], countsNaNs: false) { Bounds(min: [$0.min], max: [$0.max]) }
    }
}

/// The bytes of an integer, least significant first.
func littleEndianBytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T(8 * $0)) }
}
