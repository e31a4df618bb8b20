import Bytes

/// Bytes that grow at the end: what pages are made in, and scratch memory that is kept from page to page.
@safe package struct ByteBuffer: ~Copyable {
    package private(set) var count = 0
    private var storage: UnsafeMutableRawBufferPointer

    package init() {
        unsafe storage = .allocate(byteCount: 4096, alignment: 64)
    }

    deinit { unsafe WorkMemory.deallocate(storage) }

    /// Forgets the bytes and keeps the memory.
    package mutating func removeAll() { count = 0 }

    /// Forgets all bytes after the first `newCount`.
    package mutating func truncate(to newCount: Int) {
        precondition(newCount <= count)
        count = newCount
    }

    /// Makes room for `additional` bytes after those there are.
    @inline(__always)
    package mutating func reserve(_ additional: Int) {
        if unsafe count &+ additional > storage.count { grow(additional) }
    }

    @inline(never)
    private mutating func grow(_ additional: Int) {
        let new = unsafe WorkMemory.allocate(
            byteCount: max(count + additional, storage.count * 2))
        unsafe new.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[0..<count]))
        unsafe WorkMemory.deallocate(storage)
        unsafe storage = new
    }

    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage[count] = byte
        count += 1
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        reserve(bytes.count)
        // SAFETY: there is room for bytes.count bytes from `count` on, and the two do not overlap.
        unsafe (storage.baseAddress! + count).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        count += bytes.count
    }

    package mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    package mutating func append(_ other: borrowing ByteBuffer) { append(other, from: 0, to: other.count) }

    /// Appends the bytes `start..<end` of another buffer.
    package mutating func append(_ other: borrowing ByteBuffer, from start: Int, to end: Int) {
        precondition(0 <= start && start <= end && end <= other.count)
        unsafe append(UnsafeRawBufferPointer(rebasing: other.storage[start..<end]))
    }

    package mutating func appendLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        unsafe storage.storeBytes(of: value.littleEndian, toByteOffset: count, as: T.self)
        count += MemoryLayout<T>.size
    }

    /// Appends seven bits a byte, lowest first, the top bit set in all bytes but the last (ULEB128).
    package mutating func appendVarint(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest > 0x7F {
            unsafe storage[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        unsafe storage[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }

    /// Overwrites four bytes at `offset`, which must be there already.
    package mutating func replaceLittleEndian(_ value: UInt32, at offset: Int) {
        precondition(offset + 4 <= count)
        unsafe storage.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Appends what `body` writes: it gets room for `maximum` bytes and returns how many it wrote.
    package mutating func append<E: Error>(
        maximum: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        reserve(maximum)
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[count..<count + maximum])
        let written = try unsafe body(room)
        precondition(written >= 0 && written <= maximum)
        count += written
    }

    /// The bytes, valid within `body`.
    package func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try unsafe body(UnsafeRawBufferPointer(rebasing: storage[0..<count]))
    }

    /// The bytes as elements, valid within `body`; `count` must be a multiple of the element's size.
    package func withElements<T: BitwiseCopyable, R, E: Error>(
        of type: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
    ) throws(E) -> R {
        // SAFETY: allocated with alignment 64, and the elements lie within the `count` bytes.
        let elements = unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(storage.baseAddress!).assumingMemoryBound(to: T.self),
            count: count / MemoryLayout<T>.stride)
        return try unsafe body(elements)
    }

    /// Makes the buffer hold `elementCount` elements of any value, and lets `body` fill them.
    package mutating func fill<T: BitwiseCopyable, R, E: Error>(
        with type: T.Type, count elementCount: Int, _ body: (UnsafeMutableBufferPointer<T>) throws(E) -> R
    ) throws(E) -> R {
        count = 0
        reserve(elementCount * MemoryLayout<T>.stride)
        count = elementCount * MemoryLayout<T>.stride
        // SAFETY: allocated with alignment 64, with room for `count` bytes.
        let elements = unsafe UnsafeMutableBufferPointer(
            start: storage.baseAddress!.assumingMemoryBound(to: T.self), count: elementCount)
        return try unsafe body(elements)
    }

    /// Lets `body` change the elements there are; `count` must be a multiple of the element's size.
    mutating func withMutableElements<T: BitwiseCopyable, R, E: Error>(
        of type: T.Type, _ body: (UnsafeMutableBufferPointer<T>) throws(E) -> R
    ) throws(E) -> R {
        // SAFETY: allocated with alignment 64, and the elements lie within the `count` bytes.
        let elements = unsafe UnsafeMutableBufferPointer(
            start: storage.baseAddress!.assumingMemoryBound(to: T.self),
            count: count / MemoryLayout<T>.stride)
        return try unsafe body(elements)
    }

    /// A copy of the bytes.
    package func array() -> [UInt8] {
        unsafe withBytes { bytes in unsafe Array(bytes) }
    }
}
