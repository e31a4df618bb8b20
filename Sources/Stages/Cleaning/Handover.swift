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

/// A thread that helps another one and is waited for in the end.
final class HelperThread {
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    private var thread = pthread_t()
    private var isRunning = true

    /// Nil where the system has no thread to give. What `body` uses is its own until ``join()``, but for queues.
    init?(_ body: @escaping () -> Void) {
        let start = unsafe Unmanaged.passRetained(Start(body))
        // Signals are for the threads that the program waits for them on.
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                // SAFETY: the one release of the reference that was retained for this thread.
                unsafe Unmanaged<Start>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            unsafe start.release()
            isRunning = false
            return nil
        }
    }

    /// Waits until the body has returned.
    func join() {
        guard isRunning else { return }
        isRunning = false
        _ = pthread_join(thread, nil)
    }

    deinit { join() }
}
