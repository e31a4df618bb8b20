import Compression

/// What follows a page's header: bytes made for it, and between them bytes of the source that stand there as they are.
@safe struct PagePayload: ~Copyable {
    private(set) var made = ByteBuffer()
    /// In the order of their places in `made`.
    private(set) var kept: [KeptBytes] = []

    var byteCount: Int { kept.reduce(made.count) { $0 + $1.source.count } }

    /// Forgets the bytes and keeps the memory.
    mutating func removeAll() {
        made.removeAll()
        kept.removeAll(keepingCapacity: true)
    }

    /// Appends bytes that are not the source's.
    mutating func append(_ bytes: borrowing ByteBuffer) { made.append(bytes) }

    /// Appends the source as it is.
    mutating func keep(_ source: borrowing ByteBuffer) {
        guard source.count > 0 else { return }
        kept.append(KeptBytes(place: made.count, source: 0..<source.count))
    }

    /// Appends what `body` makes: it gets room for `maximum` bytes and says how many it wrote, and what of the source belongs
    /// between them, places counted from the start of the room.
    mutating func append<E: Error>(
        maximum: Int, _ body: (UnsafeMutableRawBufferPointer, inout [KeptBytes]) throws(E) -> Int
    ) throws(E) {
        let (start, first) = (made.count, kept.count)
        unsafe try made.append(maximum: maximum) { room throws(E) in unsafe try body(room, &kept) }
        for index in first..<kept.count { kept[index].place += start }
    }

    /// Calls `body` with the bytes, in order, in as many parts as they lie in.
    ///
    /// - Parameter source: of what was appended, the same bytes.
    func forEachPart<E: Error>(
        of source: borrowing ByteBuffer, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        unsafe try made.withBytes { made throws(E) in
            unsafe try source.withBytes { source throws(E) in
                var start = 0
                for part in kept {
                    if part.place > start {
                        unsafe try body(UnsafeRawBufferPointer(rebasing: made[start..<part.place]))
                    }
                    unsafe try body(UnsafeRawBufferPointer(rebasing: source[part.source]))
                    start = part.place
                }
                if start < made.count { unsafe try body(UnsafeRawBufferPointer(rebasing: made[start...])) }
            }
        }
    }
}
