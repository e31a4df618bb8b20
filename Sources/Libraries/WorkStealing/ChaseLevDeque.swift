import Synchronization

/// A queue of machine words with one owner, who pushes and takes at the bottom, and any number of thieves, who steal at
/// the top, all without locks.
///
/// The owner may be a task that moves between threads: what counts is that its calls come one after another, each after
/// the one before has happened.
///
/// Chase and Lev, "Dynamic circular work-stealing deque" (2005), with the orderings of Lê, Pop, Cohen and Zappa
/// Nardelli, "Correct and efficient work-stealing for weak memory models" (2013). Their two full fences are written
/// here as sequentially consistent accesses of the variables on both sides, which is at least as strong, costs the
/// same on x86 (an `xchg` in place of an `mfence`), and is understood by the thread sanitizer, which fences are not.
///
/// Items with indices `top..<bottom` are in the queue; both only count up, except that ``take()`` moves the bottom down
/// by one and, when it finds nothing, back. 64 bits do not wrap.
@safe package struct ChaseLevDeque: ~Copyable, @unchecked Sendable {
    // Unchecked because of the pointer in `slots`: what it points to is only read and written atomically, lives as
    // long as this value, and `push` and `take` are by contract never called by two threads at a time.

    /// Thieves write here and the owner to `bottom`: the padding keeps them on different cache lines.
    private let top = Atomic<Int>(0)
    private let padding = InlineArray<15, UInt64>(repeating: 0)
    private let bottom = Atomic<Int>(0)
    /// Slot 0 holds the capacity, a power of two; slot 1 the array that this one replaced, as a bit pattern, or 0;
    /// then the items, index `i` in slot `2 + i % capacity`.
    private let slots: Atomic<UnsafeMutablePointer<Atomic<UInt>>>

    private static let headerCount = 2

    /// What came of a try to steal.
    package enum Theft: Hashable, Sendable {
        case item(UInt)
        /// Another thread got it; there may be more.
        case lost
        case empty
    }

    /// - Parameter capacity: items there is room for at first; a power of two.
    package init(capacity: Int = 256) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        unsafe slots = Atomic(Self.allocate(capacity: capacity, replacing: nil))
    }

    deinit {
        // No thread uses the queue any more, or it could not be destroyed: plain order suffices.
        var next: UnsafeMutablePointer<Atomic<UInt>>? = unsafe slots.load(ordering: .relaxed)
        while let array = unsafe next {
            let capacity = unsafe Int(array[0].load(ordering: .relaxed))
            unsafe next = UnsafeMutablePointer(bitPattern: array[1].load(ordering: .relaxed))
            unsafe array.deinitialize(count: capacity + Self.headerCount)
            unsafe array.deallocate()
        }
    }

    private static func allocate(
        capacity: Int, replacing old: UnsafeMutablePointer<Atomic<UInt>>?
    ) -> UnsafeMutablePointer<Atomic<UInt>> {
        let array = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: capacity + headerCount)
        // SAFETY: i stays below what was allocated.
        for i in 0..<(capacity + headerCount) { unsafe (array + i).initialize(to: Atomic(0)) }
        unsafe array[0].store(UInt(capacity), ordering: .relaxed)
        unsafe array[1].store(UInt(bitPattern: old), ordering: .relaxed)
        return unsafe array
    }

    /// Adds an item. Owner only.
    package borrowing func push(_ item: UInt) {
        // Only the owner writes `bottom` and `slots`.
        let b = bottom.load(ordering: .relaxed)
        // Acquire pairs with the thief's compare-exchange: a slot is used again only after the thief that emptied it
        // has read it. An old value only makes the queue look fuller than it is.
        let t = top.load(ordering: .acquiring)
        var array = unsafe slots.load(ordering: .relaxed)
        var mask = unsafe Int(array[0].load(ordering: .relaxed)) - 1
        if b - t > mask {
            unsafe array = grow(array, from: t, to: b)
            mask = 2 * mask + 1
        }
        // SAFETY: the index is at most mask + headerCount, the last slot.
        // Relaxed: the store of `bottom` publishes it.
        unsafe array[Self.headerCount + (b & mask)].store(item, ordering: .relaxed)
        // Release publishes the item and what it stands for to whoever reads this value of `bottom`. Sequentially
        // consistent for the pool, not for the queue: the pusher looks next whether anybody sleeps, and that look must
        // not come before this store (see `WorkStealingPool`, "Parking").
        bottom.store(b + 1, ordering: .sequentiallyConsistent)
    }

    /// Copies what is there to an array of twice the size.
    ///
    /// The old array stays until the queue goes: a thief may still read a slot of it, and since nobody writes to it
    /// any more, what it reads is right. All old arrays together are smaller than the present one.
    private borrowing func grow(
        _ old: UnsafeMutablePointer<Atomic<UInt>>, from t: Int, to b: Int
    ) -> UnsafeMutablePointer<Atomic<UInt>> {
        let capacity = unsafe Int(old[0].load(ordering: .relaxed))
        let new = unsafe Self.allocate(capacity: 2 * capacity, replacing: old)
        for i in t..<b {
            // SAFETY: both indices are reduced to their array's capacity.
            let item = unsafe old[Self.headerCount + (i & (capacity - 1))].load(ordering: .relaxed)
            unsafe new[Self.headerCount + (i & (2 * capacity - 1))].store(item, ordering: .relaxed)
        }
        // Release publishes the copies. A thief that sees an item pushed from now on sees this array too, because its
        // load of `bottom` acquires the later store.
        unsafe slots.store(new, ordering: .releasing)
        return unsafe new
    }

    /// Removes the item that was pushed last; nil when there is none. Owner only.
    package borrowing func take() -> UInt? {
        let b = bottom.load(ordering: .relaxed) - 1
        let array = unsafe slots.load(ordering: .relaxed)
        // This store and the next load are the owner's half of the agreement with thieves, who load `top` and then
        // `bottom`, all in one total order: if this load misses a thief's step to `b`, that step comes later in the
        // order, so the next thief's load of `bottom` comes later still, sees `b`, and leaves the item alone.
        bottom.store(b, ordering: .sequentiallyConsistent)
        let t = top.load(ordering: .sequentiallyConsistent)
        if t > b {
            // Relaxed: thieves that read the lower value only see an empty queue, which it is. One that reads this value
            // and an old `top` fails to move it: the load of `top` above acquired the step of whoever moved it to `t`, so
            // whoever reads this store comes after that step.
            bottom.store(b + 1, ordering: .relaxed)
            return nil
        }
        let mask = unsafe Int(array[0].load(ordering: .relaxed)) - 1
        // SAFETY: as in push.
        let item = unsafe array[Self.headerCount + (b & mask)].load(ordering: .relaxed)
        if t < b { return item }
        // The last item: thieves may want it too, so it goes to whoever moves `top` past it. Acquire on failure, so that the
        // store below comes after the winner's step. Relaxed, that store could be seen before; a thief could then win
        // an item that is below this value of `bottom` without having acquired it from `push`.
        let isOurs = top.compareExchange(
            expected: t, desired: t + 1, successOrdering: .sequentiallyConsistent, failureOrdering: .acquiring
        ).exchanged
        // Relaxed: whoever reads this value and an old `top` fails to move it, since it has been moved by now.
        bottom.store(b + 1, ordering: .relaxed)
        return isOurs ? item : nil
    }

    /// Removes the item that was pushed first. Any thread.
    package borrowing func steal() -> Theft {
        // In this order, and in the total order that `take` speaks of. The load of `bottom` also acquires the items
        // below it and the array that they are in.
        let t = top.load(ordering: .sequentiallyConsistent)
        let b = bottom.load(ordering: .sequentiallyConsistent)
        if t >= b { return .empty }
        let array = unsafe slots.load(ordering: .acquiring)
        let mask = unsafe Int(array[0].load(ordering: .relaxed)) - 1
        // Read before the exchange: afterwards the owner may use the slot again. If it did so already, `top` has moved
        // and the exchange fails.
        // SAFETY: as in push.
        let item = unsafe array[Self.headerCount + (t & mask)].load(ordering: .relaxed)
        // Sequentially consistent for `take`; it releases the read above to the owner's acquiring load in `push`.
        let isOurs = top.compareExchange(
            expected: t, desired: t + 1, successOrdering: .sequentiallyConsistent, failureOrdering: .relaxed
        ).exchanged
        return isOurs ? .item(item) : .lost
    }

    /// Whether a thief would find nothing now. Any thread; the answer of one moment, in the total order.
    package var isEmpty: Bool {
        let t = top.load(ordering: .sequentiallyConsistent)
        return bottom.load(ordering: .sequentiallyConsistent) <= t
    }
}
