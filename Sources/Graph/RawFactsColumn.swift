/// What is recorded of the files of one list: an entry an object, nil where nothing is.
///
/// Not an array, because threads fill it side by side (`fill`), and there are many.
///
/// Unchecked because its memory is written by `fill`, whose callers see to it that no two write one entry, or else by the one value
/// that has it.
@safe package struct RawFactsColumn: @unchecked Sendable {
    @safe private final class Storage {
        let entries: UnsafeMutableBufferPointer<RawFacts?>

        init(count: Int) {
            unsafe entries = .allocate(capacity: count)
            unsafe entries.initialize(repeating: nil)
        }

        init(copyOf other: Storage) {
            unsafe entries = .allocate(capacity: other.entries.count)
            _ = unsafe entries.initialize(fromContentsOf: other.entries)
        }

        deinit { unsafe entries.deallocate() }
    }

    private var storage: Storage
    /// The storage's. Here as well, since whoever reads an entry need not count references to the storage then.
    private var entries: UnsafeMutableBufferPointer<RawFacts?>

    /// - Parameter count: of entries, all nil.
    package init(count: Int) {
        storage = Storage(count: count)
        unsafe entries = storage.entries
    }

    package var count: Int { unsafe entries.count }

    package subscript(index: Int) -> RawFacts? {
        get {
            precondition(index >= 0 && index < count)
            return unsafe entries[index]
        }
        set {
            precondition(index >= 0 && index < count)
            if !isKnownUniquelyReferenced(&storage) {
                storage = Storage(copyOf: storage)
                unsafe entries = storage.entries
            }
            unsafe entries[index] = newValue
        }
    }

    /// Sets an entry for all who have a copy of this value. Several threads may fill different entries; what they filled is
    /// read when they are done.
    package func fill(_ index: Int, _ facts: RawFacts) {
        precondition(index >= 0 && index < count)
        unsafe entries[index] = facts
    }
}
