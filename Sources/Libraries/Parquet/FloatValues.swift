import CVector

/// FLOAT and DOUBLE.
///
/// Encoded as bits, so NaN payloads and the sign of zero survive; compared as numbers.
@safe struct FloatValues<F: BinaryFloatingPoint & BitwiseCopyable, Bits>: ChunkValues, ~Copyable
where Bits: DictionaryKey & FixedWidthInteger & UnsignedInteger {
    private let values: UnsafeBufferPointer<F>
    private let bits: (F) -> Bits

    /// `bits` gives a number's IEEE 754 bits.
    init(_ values: UnsafeBufferPointer<F>, bits: @escaping (F) -> Bits) {
        precondition(MemoryLayout<F>.size == MemoryLayout<Bits>.size)
        unsafe self.values = values
        self.bits = bits
    }

    var count: Int { unsafe values.count }
    static var valueByteCount: Int? { MemoryLayout<F>.size }
    static var specialEncodings: [Encoding] { [.byteStreamSplit] }

    func append(
        _ encoding: Encoding, _ range: Range<Int>, scratch: inout ByteBuffer, to page: inout ByteBuffer
    ) -> Int {
        let part = unsafe UnsafeBufferPointer(rebasing: values[range])
        if encoding == .byteStreamSplit {
            // SAFETY: the same size and alignment, and every bit pattern is a value of both.
            unsafe part.withMemoryRebound(to: Bits.self) { unsafe ByteStreamSplit.append($0, to: &page) }
        } else {
            unsafe Plain.append(part, to: &page)
        }
        return 0
    }

    func withNumbers(_ body: (UnsafeBufferPointer<F>) -> Void) { unsafe body(values) }

    /// A number in PLAIN encoding.
    func plainBytes(_ number: F) -> [UInt8] { littleEndianBytes(bits(number)) }

    func build(_ dictionary: inout Dictionary) -> Bool {
        // SAFETY: the same size and alignment, and every bit pattern is a value of both.
        unsafe values.withMemoryRebound(to: Bits.self) { unsafe dictionary.build($0) }
    }

    func appendEntries(of dictionary: borrowing Dictionary, _ range: Range<Int>, to page: inout ByteBuffer) {
        let width = MemoryLayout<F>.size
        page.append(dictionary.entries, from: range.lowerBound * width, to: range.upperBound * width)
    }

    /// Of all but the NaNs, and how many of those there are.
    ///
    /// - Parameter usesKernel: tests turn it off to compare with the twin.
    static func extremes(
        _ values: UnsafeBufferPointer<F>, usesKernel: Bool = true
    ) -> (extremes: Extremes<F>, nanCount: Int) {
        if usesKernel, vectorKernelsAreThere, F.self == Double.self, let start = values.baseAddress {
            var smallest = Double.infinity
            var largest = -Double.infinity
            // SAFETY: `values.count` numbers of type Double.
            let nanCount = unsafe vector_float64_extremes(
                UnsafeRawPointer(start).assumingMemoryBound(to: Double.self), values.count, &smallest,
                &largest)
            return (Extremes(min: F(smallest), max: F(largest)), nanCount)
        }
        var smallest = F.infinity
        var largest = -F.infinity
        var nanCount = 0
        // Comparisons with a NaN are false, so NaNs never get in.
        for i in 0..<values.count {
            let value = unsafe values[i]
            smallest = value < smallest ? value : smallest
            largest = value > largest ? value : largest
            nanCount &+= value.isNaN ? 1 : 0
        }
        return (Extremes(min: smallest, max: largest), nanCount)
    }

    func statistics(_ cuts: [PageCut]) -> Statistics {
        var extremes = [Extremes<F>?]()
        var nanCounts = [Int]()
        for cut in cuts {
            let (page, nanCount) = unsafe Self.extremes(UnsafeBufferPointer(rebasing: values[cut.values]))
            nanCounts.append(nanCount)
            extremes.append(nanCount == cut.values.count ? nil : page)
        }
        // Zeros compare equal, so which one was met first means nothing: bounds include both (parquet.thrift,
        // `ColumnOrder`: a smallest +0 is written as -0, a largest -0 as +0).
        return Statistics(extremes, nanCounts: nanCounts, countsNaNs: true) {
            Bounds(
                min: plainBytes($0.min == 0 ? -F.zero : $0.min),
                max: plainBytes($0.max == 0 ? F.zero : $0.max))
        }
    }
}
