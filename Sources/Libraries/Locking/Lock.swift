import Glibc

/// A value that one thread at a time may touch.
///
/// As `Synchronization.Mutex`, on a mutex of the C library: the thread sanitizer knows those. Of `Mutex` it sees nothing
/// and takes every use of the value for a race, so that real ones would drown.
@safe package struct Lock<Value: ~Copyable & Sendable>: ~Copyable, @unchecked Sendable {
    // Unchecked because of the pointers: `value` is only touched between lock and unlock of `mutex`.

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    package init(_ value: consuming Value) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe self.value = .allocate(capacity: 1)
        unsafe self.value.initialize(to: value)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
    }

    /// Runs `body` while no other thread does. Short, and never with a call that could come back here.
    package borrowing func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try unsafe body(&value.pointee)
    }
}
