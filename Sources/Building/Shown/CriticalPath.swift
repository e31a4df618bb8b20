package import Graph

/// The chain of jobs that a run's end came from: each is the last that the next one had waited for.
///
/// Between the end of one and the start of the next nothing kept the next one back but the want of a worker, or of a connection:
/// that is its waiting. Times are those of the events, so a run can be looked at whatever was built since.
package struct CriticalPath: Sendable {
    package struct Link: Sendable {
        package enum Work: Sendable, Hashable {
            case event(RunEvent.Kind)
            /// What came before the first event: Datafile and records read.
            case load
            /// What came after the last job: statistics written, records flushed.
            case record
        }
        /// What a job that could start waits for.
        package enum Shortage: String, Sendable, Encodable { case worker, connection }

        package var target: String
        package var work: Work
        /// Microseconds since 1970.
        package var startedAt: Int64
        package var microseconds: Int
        /// Between the end of the link before and the start of this one.
        package var waitedMicroseconds: Int
        package var waitedFor: Shortage?
        package var outcome: RunEvent.Outcome?
        /// Of the run's time: of the waiting and the work together, `0...1`.
        package var share: Double
    }

    package private(set) var links: [Link] = []
    /// The number of an event that the first link waited for and that is not there any more.
    package private(set) var missing: Int?

    /// Walks back from the run's last event.
    package init(
        of run: LoggedRun, endingWith last: RunEvent, event: (_ number: Int) throws -> RunEvent?
    ) rethrows {
        var events = [last]
        while let number = events[events.count - 1].after {
            // Numbers only go down, so damage cannot make this a ring.
            guard number < events[events.count - 1].number, let before = try event(number) else {
                missing = number
                break
            }
            events.append(before)
        }
        let runStart = run.record.startedAt * 1_000
        let runEnd = max(run.record.finishedAt.map { $0 * 1_000 } ?? last.endedAt, last.endedAt)
        let total = Double(max(1, runEnd - runStart))
        let first = events[events.count - 1]
        var readyAt = first.startedAt
        if missing == nil, runStart < readyAt {
            links.append(
                Link(
                    target: "", work: .load, startedAt: runStart, microseconds: Int(readyAt - runStart),
                    waitedMicroseconds: 0, waitedFor: nil, outcome: nil,
                    share: Double(readyAt - runStart) / total))
        }
        for event in events.reversed() {
            let waited = Int(max(0, event.startedAt - readyAt))
            links.append(
                Link(
                    target: event.target, work: .event(event.kind), startedAt: event.startedAt,
                    microseconds: event.microseconds, waitedMicroseconds: waited,
                    waitedFor: waited > 0 ? event.shortage : nil, outcome: event.outcome,
                    share: Double(waited + event.microseconds) / total))
            readyAt = event.endedAt
        }
        guard run.record.finishedAt != nil, runEnd > readyAt else { return }
        links.append(
            Link(
                target: "", work: .record, startedAt: readyAt, microseconds: Int(runEnd - readyAt),
                waitedMicroseconds: 0, waitedFor: nil, outcome: nil,
                share: Double(runEnd - readyAt) / total))
    }
}

extension RunEvent {
    /// What a job like this waits for once nothing else keeps it back.
    fileprivate var shortage: CriticalPath.Link.Shortage? {
        switch kind {
        case .list, .plan: nil
        case .fetch: .connection
        // A worker's bytes, or those of a local copy that was taken over in place of a download.
        case .hash: worker < 0 ? .connection : .worker
        case .clean, .command: .worker
        }
    }
}
