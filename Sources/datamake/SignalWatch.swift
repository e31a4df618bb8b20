import Dispatch
import Glibc
import Synchronization

/// Watches for SIGINT, SIGTERM and SIGHUP while a build runs.
///
/// The first one asks the build to stop: what is in flight is finished or undone. If that has not happened two seconds
/// later, or a second signal comes, the process ends at once; the next build clears what is left.
final class SignalWatch: Sendable {
    private let first = Mutex<Int32?>(nil)

    init(onFirst: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "signals")
        for number in [SIGINT, SIGTERM, SIGHUP] {
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            // The handler holds its own source: it stays until the process ends.
            source.setEventHandler { [weak self] in
                withExtendedLifetime(source) { self?.receive(number, queue: queue, onFirst: onFirst) }
            }
            source.resume()
        }
    }

    private func receive(_ number: Int32, queue: DispatchQueue, onFirst: @Sendable () -> Void) {
        let isSecond = first.withLock { seen in
            defer { seen = seen ?? number }
            return seen != nil
        }
        if isSecond { _exit(128 + number) }
        onFirst()
        queue.asyncAfter(deadline: .now() + .milliseconds(1900)) { _exit(128 + number) }
    }

    /// The signal that came, if one did.
    var received: Int32? { first.withLock { $0 } }
}
