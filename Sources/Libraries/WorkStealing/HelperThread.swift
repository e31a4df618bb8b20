import Glibc

/// A thread that helps another one and is waited for in the end.
package final class HelperThread {
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    private var thread = pthread_t()
    private var isRunning = true

    /// Nil where the system has no thread to give. What `body` uses is its own until ``join()``, but for queues.
    package init?(_ body: @escaping () -> Void) {
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
    package func join() {
        guard isRunning else { return }
        isRunning = false
        _ = pthread_join(thread, nil)
    }

    deinit { join() }
}
