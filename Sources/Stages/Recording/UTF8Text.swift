/// A string that equals another if their UTF-8 is the same.
struct UTF8Text: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: Self, b: Self) -> Bool {
        unsafe withUTF8(of: a.text) { a in
            unsafe withUTF8(of: b.text) { b in
                // SAFETY: index < both counts, which are equal.
                guard a.count == b.count else { return false }
                for index in 0..<a.count where unsafe a[index] != b[index] { return false }
                return true
            }
        }
    }

    func hash(into hasher: inout Hasher) {
        unsafe withUTF8(of: text) { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// Lends the UTF-8 of a string or a part of one, without a copy where it lies in memory as such.
@inline(__always)
func withUTF8<Result>(
    of text: some StringProtocol, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
) rethrows -> Result {
    if let result = try text.utf8.withContiguousStorageIfAvailable(body) { return result }
    return unsafe try Array(text.utf8).withUnsafeBufferPointer(body)
}
