import Dispatch
import Synchronization

/// Gathers changes from many workers into few transactions: a commit for each would cost more than most actions.
///
/// A batch is written when it has 512 changes, or 50 ms after its first. What a change tells of must be on disk under its
/// final name before the change comes here: after a crash the records are behind the files, never ahead of them.
package final class RecordingQueue: Sendable {
    private struct Pending {
        var changes: [StateChange] = []
        /// A write is due for the batch that is being gathered.
        var isScheduled = false
        /// The first that went wrong; after it nothing is written.
        var failure: StateProblem?
    }

    /// Of changes in a batch, and the longest time one waits for others.
    private static let batchSize = 512
    private static let patience = DispatchTimeInterval.milliseconds(50)
    /// So that a backlog does not make one endless transaction.
    private static let transactionSize = 8_192

    private let store: StateStore
    private let pending = Mutex(Pending())
    private let writer = DispatchQueue(label: "datamake.recording")

    package init(store: StateStore) { self.store = store }

    /// Takes changes over and returns at once. They are written together and in this order, after those that came before.
    package func enqueue(_ changes: [StateChange]) {
        let due: DispatchTimeInterval? = pending.withLock { pending in
            if changes.isEmpty || pending.failure != nil { return nil }
            let wasFull = pending.changes.count >= Self.batchSize
            pending.changes.append(contentsOf: changes)
            if !wasFull, pending.changes.count >= Self.batchSize { return .nanoseconds(0) }
            if pending.isScheduled { return nil }
            pending.isScheduled = true
            return Self.patience
        }
        guard let due else { return }
        writer.asyncAfter(deadline: .now() + due) { self.write() }
    }

    package func enqueue(_ change: StateChange) { enqueue([change]) }

    /// Has what gathered until now written without waiting for more. Returns at once.
    package func writeSoon() { writer.async { self.write() } }

    /// What went wrong with a write since the start, so that a run need not go on in vain.
    package var failure: StateProblem? { pending.withLock { $0.failure } }

    /// Returns when everything that was enqueued before is recorded. It is durable with the next durable change, such as
    /// `StateStore.finishRun`.
    ///
    /// Writes on the calling thread what is left to write: to wake another and be woken by it took 2 ms on a machine with
    /// as many busy threads as processors.
    ///
    /// - Throws: `StateProblem`, also for a batch that was written before: then changes are lost and the run has failed.
    package func flush() throws {
        writer.sync { self.write() }
        if let failure { throw failure }
    }

    /// Writes what has gathered. Runs on the writer's queue alone.
    private func write() {
        let changes = pending.withLock { pending in
            defer { pending.changes = [] }
            pending.isScheduled = false
            return pending.failure == nil ? pending.changes : []
        }
        do {
            var start = 0
            while start < changes.count {
                let end = min(changes.count, start + Self.transactionSize)
                try store.record(Array(changes[start..<end]), isDurable: false)
                start = end
            }
        } catch {
            let problem =
                error as? StateProblem ?? StateProblem(.unexpected, path: store.path, detail: "\(error)")
            pending.withLock { if $0.failure == nil { $0.failure = problem } }
        }
    }
}
