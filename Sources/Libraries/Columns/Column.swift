import Bytes

/// The values of one column for a run of rows, in flat memory that kernels read and write in place.
///
/// Slots hold `type.layout`'s element, one a row. A null row has a zeroed slot (for text: an empty string)
/// and a 0 in the validity bytes, which exist only once there is a null. A class, because parser,
/// sorter and encoder hand the same large buffers on and reuse them; not safe to share between threads.
@safe public final class Column {
    public let type: ColumnType
    public private(set) var count = 0
    public private(set) var nullCount = 0
    /// Rows there is room for without growing.
    public private(set) var capacity: Int
    private var slots: UnsafeMutableRawBufferPointer
    private var validity: UnsafeMutableBufferPointer<UInt8>?
    private var text: UnsafeMutableRawBufferPointer
    /// Bytes of text held; at most `UInt32.max` in one column.
    public private(set) var textByteCount = 0

    public init(type: ColumnType, capacity: Int) {
        self.type = type
        self.capacity = max(capacity, 1)
        unsafe slots = Self.allocate(self.capacity * type.layout.slotByteCount)
        unsafe text = Self.allocate(type.layout == .text ? self.capacity * 8 : 0)
    }

    deinit {
        unsafe WorkMemory.deallocate(slots)
        unsafe WorkMemory.deallocate(text)
        unsafe validity?.deallocate()
    }

    private static func allocate(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
        unsafe WorkMemory.allocate(byteCount: byteCount)
    }

    /// Forgets all rows and keeps the memory.
    public func removeAll() {
        count = 0
        nullCount = 0
        textByteCount = 0
        unsafe validity?.deallocate()
        unsafe validity = nil
    }

    /// Makes room for `rows` rows in all; keeps what is there.
    public func reserve(_ rows: Int) {
        guard rows > capacity else { return }
        let newCapacity = max(rows, capacity * 2)
        let width = type.layout.slotByteCount
        let newSlots = unsafe Self.allocate(newCapacity * width)
        unsafe newSlots.copyMemory(from: UnsafeRawBufferPointer(rebasing: slots[0..<count * width]))
        unsafe WorkMemory.deallocate(slots)
        unsafe slots = newSlots
        if let old = unsafe validity {
            let new = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: newCapacity)
            unsafe new.initialize(repeating: 1)
            for row in 0..<count { unsafe new[row] = old[row] }
            unsafe old.deallocate()
            unsafe validity = new
        }
        capacity = newCapacity
    }
}

// Reading and writing in bulk: one call a batch, never one a value in a hot loop.
extension Column {
    /// The slots of all rows. `T` must be the layout's element.
    public func withValues<T: BitwiseCopyable, R, E: Error>(
        as: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
    ) throws(E) -> R {
        precondition(MemoryLayout<T>.size == type.layout.slotByteCount)
        // SAFETY: the buffer has capacity >= count slots of T's size, aligned to 64.
        let bound = unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(slots.baseAddress!).assumingMemoryBound(to: T.self), count: count)
        return try unsafe body(bound)
    }

    /// `capacity` slots to write into: the `count` rows there are, then room. Follow with `setCount`.
    public func withMutableSlots<T: BitwiseCopyable, R, E: Error>(
        as: T.Type, _ body: (UnsafeMutableBufferPointer<T>) throws(E) -> R
    ) throws(E) -> R {
        precondition(MemoryLayout<T>.size == type.layout.slotByteCount)
        let bound = unsafe UnsafeMutableBufferPointer(
            start: slots.baseAddress!.assumingMemoryBound(to: T.self), count: capacity)
        return try unsafe body(bound)
    }

    /// The slots' memory for kernels that fill several columns row by row; valid until the next `reserve`.
    @unsafe public var slotBase: UnsafeMutableRawPointer { unsafe slots.baseAddress! }

    /// Declares the first `newCount` slots to be rows, none of the added ones null.
    public func setCount(_ newCount: Int) {
        precondition(newCount >= 0 && newCount <= capacity)
        if let validity = unsafe validity, newCount > count {
            for row in count..<newCount { unsafe validity[row] = 1 }
        }
        count = newCount
    }

    /// Marks `row`, which must have been counted, null and zeroes its slot (text: must be empty already).
    public func setNull(_ row: Int) {
        precondition(row < count)
        if unsafe validity == nil {
            let new = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: capacity)
            unsafe new.initialize(repeating: 1)
            unsafe validity = new
        }
        guard unsafe validity![row] == 1 else { return }
        unsafe validity![row] = 0
        nullCount += 1
        if type.layout != .text {
            let width = type.layout.slotByteCount
            unsafe (slots.baseAddress! + row * width).initializeMemory(
                as: UInt8.self, repeating: 0, count: width)
        }
    }

    /// Marks rows null in bulk: row `first + i` where `values[i]` is 0. A byte is 0 or 1.
    ///
    /// The rows must have been counted and be null nowhere yet, with zeroed slots where they become null (text: empty).
    public func setNulls(from first: Int, where values: UnsafeBufferPointer<UInt8>) {
        precondition(first >= 0 && values.count <= count - first)
        // SAFETY: the validity bytes have room for `capacity` rows, and first + values.count <= count <= capacity.
        var valueCount = 0
        for i in 0..<values.count { valueCount &+= unsafe Int(values[i]) }
        guard valueCount < values.count else { return }
        if unsafe validity == nil {
            let new = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: capacity)
            unsafe new.initialize(repeating: 1)
            unsafe validity = new
        }
        for i in 0..<values.count { unsafe validity![first &+ i] = values[i] }
        nullCount += values.count - valueCount
    }

    /// One byte a row, 1 where there is a value; nil when no row is null.
    public func withValidity<R, E: Error>(_ body: (UnsafeBufferPointer<UInt8>?) throws(E) -> R) throws(E) -> R
    {
        guard nullCount > 0, let validity = unsafe validity else { return try body(nil) }
        return try unsafe body(UnsafeBufferPointer(rebasing: validity[0..<count]))
    }

    public func isNull(_ row: Int) -> Bool {
        guard nullCount > 0, let validity = unsafe validity else { return false }
        return unsafe validity[row] == 0
    }

    /// Appends a value of this layout's element type.
    public func append<T: BitwiseCopyable>(_ value: T) {
        precondition(MemoryLayout<T>.size == type.layout.slotByteCount && type.layout != .text)
        reserve(count + 1)
        unsafe slots.storeBytes(of: value, toByteOffset: count * MemoryLayout<T>.size, as: T.self)
        setCount(count + 1)
    }

    /// Appends a row without a value.
    public func appendNull() {
        reserve(count + 1)
        if type.layout == .text {
            unsafe slots.storeBytes(of: UInt32(textByteCount), toByteOffset: count * 4, as: UInt32.self)
        }
        setCount(count + 1)
        setNull(count - 1)
    }

    /// Appends a row of text. The bytes must be UTF-8; the caller has checked.
    public func appendText(_ bytes: UnsafeRawBufferPointer) {
        precondition(type.layout == .text)
        let end = textByteCount + bytes.count
        precondition(end <= Int(UInt32.max))
        if unsafe end > text.count {
            let new = unsafe Self.allocate(max(end, text.count * 2))
            unsafe new.copyMemory(from: UnsafeRawBufferPointer(rebasing: text[0..<textByteCount]))
            unsafe WorkMemory.deallocate(text)
            unsafe text = new
        }
        if bytes.count > 0 {
            unsafe (text.baseAddress! + textByteCount).copyMemory(
                from: bytes.baseAddress!, byteCount: bytes.count)
        }
        textByteCount = end
        reserve(count + 1)
        unsafe slots.storeBytes(of: UInt32(end), toByteOffset: count * 4, as: UInt32.self)
        setCount(count + 1)
    }

    /// Appends a row of text.
    public func append(_ string: String) {
        var string = string
        string.withUTF8 { unsafe appendText(UnsafeRawBufferPointer($0)) }
    }

    /// The bytes of all text rows, one after the other; row `r` ends at `ends[r]` and starts where row `r-1` ends.
    public func withText<R, E: Error>(
        _ body: (_ ends: UnsafeBufferPointer<UInt32>, _ bytes: UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        precondition(type.layout == .text)
        let ends = unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(slots.baseAddress!).assumingMemoryBound(to: UInt32.self), count: count)
        return try unsafe body(ends, UnsafeRawBufferPointer(rebasing: text[0..<textByteCount]))
    }
}

// Text in bulk, for kernels that copy many rows at once.
extension Column {
    /// Makes room for `byteCount` bytes of text in all; keeps what is there. At most `UInt32.max`.
    public func reserveText(_ byteCount: Int) {
        precondition(type.layout == .text && byteCount <= Int(UInt32.max))
        guard unsafe byteCount > text.count else { return }
        let new = unsafe Self.allocate(max(byteCount, text.count * 2))
        unsafe new.copyMemory(from: UnsafeRawBufferPointer(rebasing: text[0..<textByteCount]))
        unsafe WorkMemory.deallocate(text)
        unsafe text = new
    }

    /// The text's memory, for kernels that write behind `textByteCount`; valid until the next `reserveText` or append.
    @unsafe public var textBase: UnsafeMutableRawPointer { unsafe text.baseAddress! }

    /// Declares the first `newByteCount` bytes to be text; follow with `setCount`, the rows' ends being written.
    public func setTextByteCount(_ newByteCount: Int) {
        precondition(type.layout == .text && newByteCount >= textByteCount)
        precondition(unsafe newByteCount <= text.count)
        textByteCount = newByteCount
    }
}
