import Dispatch

/// How many jobs may compute at a time. What waits for the disk gives its slot back first, so that the next job computes
/// meanwhile: flushing a finished output takes 2 to 9 ms, and a kline month takes about 25 to clean.
final class ProcessorSlots: Sendable {
    private let free: DispatchSemaphore

    init(count: Int) { free = DispatchSemaphore(value: count) }

    /// Blocks until there is a slot.
    func take() -> Slot {
        free.wait()
        return Slot(of: free)
    }

    /// A slot if one is free at this moment.
    func takeIfFree() -> Slot? { free.wait(timeout: .now()) == .success ? Slot(of: free) : nil }

    /// The right to compute, until it is given back or goes out of use.
    final class Slot {
        private var free: DispatchSemaphore?

        fileprivate init(of free: DispatchSemaphore) { self.free = free }

        /// Lets another job compute. Nothing happens the second time.
        func giveBack() {
            free?.signal()
            free = nil
        }

        deinit { free?.signal() }
    }
}
