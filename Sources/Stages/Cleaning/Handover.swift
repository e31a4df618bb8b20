import Glibc

/// A queue between two threads, of at most as many elements as it has room for. Who has to wait sleeps.
@safe final class Handover<Element>: @unchecked Sendable {
    // Unchecked because of the pointers and elements: all are only touched between lock and unlock of `mutex`, and an
    // element belongs to one thread at a time: who puts it lets go of it.

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let capacity: Int
    private var elements: [Element] = []
    private var isClosed = false

    init(capacity: Int) {
        self.capacity = capacity
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe changed = .allocate(capacity: 1)
        unsafe changed.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(changed, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe changed.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Waits for room; false once the queue is closed, and then the element is dropped.
    @discardableResult
    func put(_ element: Element) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while elements.count == capacity, !isClosed { unsafe pthread_cond_wait(changed, mutex) }
        guard !isClosed else { return false }
        elements.append(element)
        unsafe pthread_cond_broadcast(changed)
        return true
    }

    /// Waits for an element; nil once the queue is closed.
    func take() -> Element? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while elements.isEmpty, !isClosed { unsafe pthread_cond_wait(changed, mutex) }
        guard !isClosed else { return nil }
        let element = elements.removeFirst()
        unsafe pthread_cond_broadcast(changed)
        return element
    }

    /// Wakes who waits, and drops what is in the queue.
    func close() {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        isClosed = true
        elements.removeAll()
        unsafe pthread_cond_broadcast(changed)
    }
}
