/// BYTE_ARRAY of UTF-8 texts: text `i` ends at `ends[i]`, where text `i + 1` starts.
@safe struct TextValues: ChunkValues, ~Copyable {
    private let ends: UnsafeBufferPointer<UInt32>
    private let bytes: UnsafeRawBufferPointer

    init(ends: UnsafeBufferPointer<UInt32>, bytes: UnsafeRawBufferPointer) {
        unsafe self.ends = ends
        unsafe self.bytes = bytes
    }

    var count: Int { unsafe ends.count }
    static var specialEncodings: [Encoding] { [.deltaLengthByteArray] }

    private func start(_ index: Int) -> UInt32 { unsafe index == 0 ? 0 : ends[index - 1] }

    func append(
        _ encoding: Encoding, _ range: Range<Int>, scratch: inout ByteBuffer, to page: inout ByteBuffer
    ) -> Int {
        let part = unsafe UnsafeBufferPointer(rebasing: ends[range])
        let start = start(range.lowerBound)
        if encoding == .deltaLengthByteArray {
            unsafe DeltaLengthByteArray.append(
                ends: part, start: start, bytes: bytes, lengths: &scratch, to: &page)
        } else {
            unsafe Plain.appendTexts(ends: part, start: start, bytes: bytes, to: &page)
        }
        return 0
    }

    /// The ends of the texts of a range, where the first one starts, and the bytes they all lie in.
    func withTexts(
        _ range: Range<Int>,
        _ body: (_ start: UInt32, _ ends: UnsafeBufferPointer<UInt32>, _ bytes: UnsafeRawBufferPointer) ->
            Void
    ) {
        unsafe body(start(range.lowerBound), UnsafeBufferPointer(rebasing: ends[range]), bytes)
    }

    func build(_ dictionary: inout Dictionary) -> Bool {
        unsafe dictionary.build(ends: ends, bytes: bytes, anyway: false)
    }

    func buildAnyway(_ dictionary: inout Dictionary) -> Bool {
        if count == 0 {
            dictionary.makeEmptyText()
            return true
        }
        return unsafe dictionary.build(ends: ends, bytes: bytes, anyway: true)
    }

    /// fastparquet 2026.9 gathers PLAIN texts apart from those of dictionaries, and of a column that has both it
    /// drops the latter.
    static var settlesDictionary: Bool { true }

    func appendEntries(of dictionary: borrowing Dictionary, _ range: Range<Int>, to page: inout ByteBuffer) {
        unsafe dictionary.entries.withElements(of: UInt32.self) { entries in
            for entry in range {
                let text = unsafe bytes[Int(entries[2 * entry])..<Int(entries[2 * entry + 1])]
                page.appendLittleEndian(UInt32(unsafe text.count))
                unsafe page.append(UnsafeRawBufferPointer(rebasing: text))
            }
        }
    }

    func statistics(_ cuts: [PageCut]) -> Statistics {
        let extremes = cuts.map { cut -> Extremes<TextBound>? in
            guard !cut.values.isEmpty else { return nil }
            var textStart = Int(start(cut.values.lowerBound))
            var smallest = 0..<0
            var largest = 0..<0
            for i in cut.values {
                // SAFETY: ends grow up to bytes.count.
                let range = unsafe textStart..<Int(ends[i])
                textStart = range.upperBound
                if i == cut.values.lowerBound {
                    (smallest, largest) = (range, range)
                    continue
                }
                let text = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
                if unsafe compareBytes(text, UnsafeRawBufferPointer(rebasing: bytes[smallest])) < 0 {
                    smallest = range
                } else if unsafe compareBytes(text, UnsafeRawBufferPointer(rebasing: bytes[largest])) > 0 {
                    largest = range
                }
            }
            return unsafe Extremes(
                min: TextBound(bytes: Array(bytes[smallest])), max: TextBound(bytes: Array(bytes[largest])))
        }
        return Statistics(
            extremes, nanCounts: [], countsNaNs: false,
            written: {
                Extremes(
                    min: TextBound(bytes: $0.min.lowerBound.bytes),
                    max: TextBound(bytes: $0.max.upperBound.bytes))
            },
            bounds: { extreme in
                let min = extreme.min.lowerBound
                let max = extreme.max.upperBound
                return Bounds(
                    min: min.bytes, max: max.bytes, isMinExact: min.isExact, isMaxExact: max.isExact)
            })
    }
}

/// A text in column order: unsigned bytes.
package struct TextBound: Hashable, Comparable {
    /// Longest text that is written to statistics as it is.
    package static let byteCountLimit = 64

    package var bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    /// The text, or if it is long its start: sorts before the text or with it.
    package var lowerBound: (bytes: [UInt8], isExact: Bool) {
        guard let start = shortened else { return (bytes, true) }
        return (Array(start.utf8), false)
    }

    /// The text, or if it is long its start with the last character that can be replaced by the next one.
    ///
    /// Sorts after the text or with it, and is UTF-8. A text that has no such short bound stays as it is.
    package var upperBound: (bytes: [UInt8], isExact: Bool) {
        guard let start = shortened else { return (bytes, true) }
        var scalars = Array(start.unicodeScalars)
        while let last = scalars.popLast() {
            // U+D800...DFFF are no characters; there is none after U+10FFFF.
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
            if let scalar = Unicode.Scalar(next) {
                scalars.append(scalar)
                var text = String.UnicodeScalarView()
                text.append(contentsOf: scalars)
                return (Array(String(text).utf8), false)
            }
        }
        return (bytes, true)
    }

    /// The whole characters within the limit; nil for a text that is short enough or, against the rules, not UTF-8.
    private var shortened: String? {
        guard bytes.count > Self.byteCountLimit else { return nil }
        var end = Self.byteCountLimit
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        guard end > 0 else { return nil }
        return String(validating: bytes[..<end], as: UTF8.self)
    }
}
