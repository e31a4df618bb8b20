/// Who may start next: first come, first served within a host, hosts in turn, under two limits.
///
/// A state machine without threads: the client's loop asks, starts, and reports ends.
struct TransferQueue<Element> {
    private struct Line {
        /// Nil where handed out.
        var waiting: [Element?] = []
        /// Index of the first that waits; everything before has been handed out.
        var first = 0
        var activeCount = 0

        var isIdle: Bool { activeCount == 0 && first == waiting.count }
    }

    let limit: Int
    private var lines: [Endpoint: Line] = [:]
    /// Hosts in the order in which they are asked next.
    private var turn: [Endpoint] = []
    private(set) var activeCount = 0
    private(set) var waitingCount = 0

    /// - Parameter limit: active elements over all hosts.
    init(limit: Int) { self.limit = limit }

    mutating func append(_ element: Element, for endpoint: Endpoint) {
        if lines[endpoint] == nil { turn.append(endpoint) }
        lines[endpoint, default: Line()].waiting.append(element)
        waitingCount += 1
    }

    /// The next that may start, counted as active from now on.
    ///
    /// - Parameter hostLimit: how many may be active to its host at once, asked of the first in each line.
    mutating func next(hostLimit: (Element) -> Int) -> (element: Element, endpoint: Endpoint)? {
        guard activeCount < limit, waitingCount > 0 else { return nil }
        for index in turn.indices {
            let endpoint = turn[index]
            guard let line = lines[endpoint], line.first < line.waiting.count else { continue }
            guard let element = line.waiting[line.first] else { continue }
            guard line.activeCount < max(1, hostLimit(element)) else { continue }
            take(from: endpoint)
            turn.remove(at: index)
            turn.append(endpoint)
            return (element, endpoint)
        }
        return nil
    }

    /// One active element of this host has ended.
    mutating func finish(_ endpoint: Endpoint) {
        activeCount -= 1
        lines[endpoint]?.activeCount -= 1
        if lines[endpoint]?.isIdle == true {
            lines[endpoint] = nil
            turn.removeAll { $0 == endpoint }
        }
    }

    /// Everything that still waits, taken out.
    mutating func removeAllWaiting() -> [Element] {
        let all = turn.flatMap { lines[$0].map { $0.waiting[$0.first...].compactMap { $0 } } ?? [] }
        for endpoint in turn {
            lines[endpoint]?.waiting = []
            lines[endpoint]?.first = 0
        }
        waitingCount = 0
        return all
    }

    private mutating func take(from endpoint: Endpoint) {
        activeCount += 1
        waitingCount -= 1
        guard var line = lines.removeValue(forKey: endpoint) else { return }
        line.activeCount += 1
        line.waiting[line.first] = nil
        line.first += 1
        // Amortised: each element is moved at most once per halving.
        if line.first > 64, line.first * 2 > line.waiting.count {
            line.waiting.removeFirst(line.first)
            line.first = 0
        }
        lines[endpoint] = line
    }
}
