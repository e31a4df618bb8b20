/// Bytes that were read once and stay as they are, for whoever needs them next.
@safe package final class HeldBytes: Sendable {
    private let memory: Memory
    package let count: Int

    /// Unchecked because nobody writes to it once it is filled, and it is given back when nobody holds it any more: any thread may
    /// read it.
    @safe private struct Memory: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
    }

    /// - Parameters:
    ///   - capacity: how many bytes there may be.
    ///   - fill: fills the front of the buffer, of `capacity` bytes, and returns how many it filled.
    package init<Failure: Error>(
        capacity: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let bytes = unsafe WorkMemory.allocate(byteCount: capacity)
        do throws(Failure) {
            count = try unsafe fill(UnsafeMutableRawBufferPointer(rebasing: bytes[..<capacity]))
        } catch {
            unsafe WorkMemory.deallocate(bytes)
            throw error
        }
        precondition((0...capacity).contains(count))
        unsafe memory = Memory(bytes: bytes)
    }

    package convenience init(_ bytes: [UInt8]) {
        unsafe self.init(capacity: bytes.count) { buffer in
            unsafe buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }

    deinit { unsafe WorkMemory.deallocate(memory.bytes) }

    /// All of them, where they lie as long as this object is there.
    @unsafe package var bytes: UnsafeRawBufferPointer {
        // SAFETY: the first `count` bytes were filled.
        unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[..<count])
    }

    /// A copy of some of them.
    package subscript(range: Range<Int>) -> [UInt8] { unsafe Array(bytes[range]) }
}
