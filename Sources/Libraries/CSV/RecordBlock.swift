import Bytes

/// Bytes of a CSV file, with padding on either side that kernels may read and never interpret.
@safe package final class RecordBlock {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var base: UnsafeMutablePointer<UInt8>
    /// Bytes it holds, padding not counted.
    package private(set) var capacity: Int

    /// - Parameter capacity: positive.
    package init(capacity: Int) {
        self.capacity = capacity
        unsafe memory = Self.allocate(capacity)
        unsafe base = Self.base(of: memory)
    }

    deinit { unsafe WorkMemory.deallocate(memory) }

    /// All of its bytes, of any content until they are written. Valid as long as the block is, and until it grows.
    @unsafe package var bytes: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: base, count: capacity)
    }

    /// Makes room for more bytes; the first `count` stay.
    package func grow(to newCapacity: Int, keeping count: Int) {
        precondition(count <= capacity && count <= newCapacity)
        let new = unsafe Self.allocate(newCapacity)
        unsafe Self.base(of: new).update(from: base, count: count)
        unsafe WorkMemory.deallocate(memory)
        unsafe memory = new
        unsafe base = Self.base(of: new)
        capacity = newCapacity
    }

    private static func base(of memory: UnsafeMutableRawBufferPointer) -> UnsafeMutablePointer<UInt8> {
        unsafe (memory.baseAddress! + RecordBatch.padding).assumingMemoryBound(to: UInt8.self)
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawBufferPointer {
        let memory = unsafe WorkMemory.allocate(byteCount: capacity + 2 * RecordBatch.padding)
        unsafe memory.bindMemory(to: UInt8.self)
        let base = unsafe base(of: memory)
        // What lies between is written before it is read.
        unsafe (base - RecordBatch.padding).initialize(repeating: 0, count: RecordBatch.padding)
        unsafe (base + capacity).initialize(repeating: 0, count: RecordBatch.padding)
        return unsafe memory
    }
}
