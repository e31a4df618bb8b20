import Glibc

/// Names of very many things, each under its place in the list: one run of bytes, without an object for any of them.
///
/// Names are bytes, compared as such: file systems and buckets tell apart what Swift's `==` on strings does not.
package struct NameList: Sendable {
    private var bytes: [UInt8] = []
    /// Where each name ends, and the next begins.
    private var ends: [Int] = []

    package init() {}

    package var count: Int { ends.count }
    package var isEmpty: Bool { ends.isEmpty }
    /// Of all names together.
    package var byteCount: Int { bytes.count }

    /// Makes room for `count` more names of `byteCount` bytes in all.
    package mutating func reserve(count: Int, byteCount: Int) {
        ends.reserveCapacity(ends.count + count)
        bytes.reserveCapacity(bytes.count + byteCount)
    }

    package mutating func append(_ name: some StringProtocol) {
        bytes.append(contentsOf: name.utf8)
        ends.append(bytes.count)
    }

    package mutating func append(_ name: Span<UInt8>) {
        unsafe name.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
    }

    /// Appends a name written piece by piece.
    package mutating func append(writing write: (inout [UInt8]) throws -> Void) rethrows {
        let start = bytes.count
        do {
            try write(&bytes)
        } catch {
            bytes.removeLast(bytes.count - start)
            throw error
        }
        ends.append(bytes.count)
    }

    /// Appends one name of another list.
    package mutating func append(_ index: Int, of other: NameList) {
        bytes += other.bytes[other.range(index)]
        ends.append(bytes.count)
    }

    /// Takes away all names but the first `count`.
    package mutating func truncate(to count: Int) {
        guard count < ends.count else { return }
        bytes.removeLast(bytes.count - (count == 0 ? 0 : ends[count - 1]))
        ends.removeLast(ends.count - count)
    }

    package subscript(index: Int) -> String {
        unsafe self[bytes: index].withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a name.
    package subscript(bytes index: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(range(index)) }
    }

    /// Appends the bytes of a name to `target`.
    package func copy(_ index: Int, to target: inout [UInt8]) {
        target.append(contentsOf: bytes[range(index)])
    }

    private func range(_ index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }

    // MARK: comparing

    /// Negative, zero or positive as the name comes before `other`, equals it, or comes after it, in byte order.
    package func compare(_ index: Int, with other: Span<UInt8>) -> Int {
        compareBytes(self[bytes: index], other)
    }

    package func equals(_ index: Int, _ other: Span<UInt8>) -> Bool {
        let range = range(index)
        return range.count == other.count && compare(index, with: other) == 0
    }

    /// Whether a name is `beginning` and then `rest`.
    @unsafe package func equals(_ index: Int, _ beginning: [UInt8], _ rest: UnsafeRawBufferPointer) -> Bool {
        let range = range(index)
        guard range.count == beginning.count + rest.count else { return false }
        let name = self[bytes: index]
        let (mine, its) = (name.extracting(first: beginning.count), name.extracting(last: rest.count))
        guard mine.equals(at: 0, beginning.span, at: 0, count: beginning.count) else { return false }
        return unsafe its.withUnsafeBytes { its in
            guard let left = its.baseAddress, let right = rest.baseAddress else { return true }
            // SAFETY: both have as many bytes.
            return unsafe memcmp(left, right, rest.count) == 0
        }
    }

    package func hasPrefix(_ index: Int, _ prefix: Span<UInt8>) -> Bool {
        let range = range(index)
        guard range.count >= prefix.count else { return false }
        return compareBytes(bytes.span.extracting(range.lowerBound..<range.lowerBound + prefix.count), prefix)
            == 0
    }

    /// Whether every name comes after the one before it, in byte order.
    package var isAscending: Bool {
        for index in 1..<max(1, count) {
            if compare(index - 1, with: self[bytes: index]) >= 0 { return false }
        }
        return true
    }

    /// Places of all names, in byte order of the names.
    package var ascendingOrder: [Int] {
        Array(0..<count).sorted { a, b in compare(a, with: self[bytes: b]) < 0 }
    }

    // MARK: searching lists in ascending order

    /// The place of `name` in a list, or a run of one, whose names ascend.
    ///
    /// - Parameter hint: a place that may well be the one: looked at before searching.
    package func place(of name: Span<UInt8>, in range: Range<Int>? = nil, hint: Int? = nil) -> Int? {
        let range = range ?? 0..<count
        if let hint, range.contains(hint), equals(hint, name) { return hint }
        let index = firstPlace(in: range) { compare($0, with: name) >= 0 }
        return index < range.upperBound && equals(index, name) ? index : nil
    }

    /// The names that begin with `prefix`, in a list, or a run of one, whose names ascend.
    package func places(withPrefix prefix: String, in range: Range<Int>? = nil) -> Range<Int> {
        let range = range ?? 0..<count
        let prefix = Array(prefix.utf8)
        let start = firstPlace(in: range) { compare($0, with: prefix.span) >= 0 }
        let end = firstPlace(in: start..<range.upperBound) { !hasPrefix($0, prefix.span) }
        return start..<end
    }

    /// The first place of a run from which on `isPast` holds.
    private func firstPlace(in range: Range<Int>, where isPast: (Int) -> Bool) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if isPast(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Negative, zero or positive as `a` comes before `b` in byte order, equals it, or comes after it.
private func compareBytes(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Int {
    unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
            let common = min(a.count, b.count)
            var index = 0
            // SAFETY: index + 8 <= common, and later index < common, which is neither's end.
            while index &+ 8 <= common {
                let left = unsafe UnsafeRawPointer(a.baseAddress! + index).loadUnaligned(as: UInt64.self)
                let right = unsafe UnsafeRawPointer(b.baseAddress! + index).loadUnaligned(as: UInt64.self)
                if left != right { return left.bigEndian < right.bigEndian ? -1 : 1 }
                index &+= 8
            }
            while index < common {
                let (left, right) = unsafe (a[index], b[index])
                if left != right { return left < right ? -1 : 1 }
                index &+= 1
            }
            return a.count - b.count
        }
    }
}
