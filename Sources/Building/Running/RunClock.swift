import Files
import Synchronization

/// The time of one run: by the machine's clock when it began, and from there on by one that no one sets.
///
/// So what lasted longer is longer in the records, and what came later is later, whatever is done to the clock meanwhile.
struct RunClock: Sendable {
    private let start = ContinuousClock.now
    /// Microseconds since 1970.
    let startedAt = Stamp.now() / 1_000

    /// Microseconds since 1970.
    func now() -> Int64 {
        let elapsed = start.duration(to: .now).components
        return startedAt + elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
    }
}

/// Passes a build's events on, and takes the time of its listings: these are done before there is a run to record them.
struct ListingWatch: BuildObserver {
    /// One listing of a source, in microseconds since 1970.
    struct Listing: Sendable {
        var source: String
        var startedAt: Int64
        var endedAt: Int64
    }

    let clock = RunClock()
    private let next: any BuildObserver
    private let noted = Noted()

    private final class Noted: Sendable {
        /// One entry each time that a source was listed; the end is 0 until it is known.
        let listings = Mutex<[Listing]>([])
    }

    init(_ next: some BuildObserver) { self.next = next }

    /// Those that ended, in the order in which they began.
    var listings: [Listing] { noted.listings.withLock { $0.filter { $0.endedAt > 0 } } }

    func observe(_ event: BuildEvent) {
        switch event {
        case .listing(let source):
            let now = clock.now()
            noted.listings.withLock { $0.append(Listing(source: source, startedAt: now, endedAt: 0)) }
        case .listed(let source, _, _, _, _, _):
            let now = clock.now()
            noted.listings.withLock { listings in
                guard let index = listings.lastIndex(where: { $0.source == source }) else { return }
                listings[index].endedAt = now
            }
        default: break
        }
        next.observe(event)
    }
}
