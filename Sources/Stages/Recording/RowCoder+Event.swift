import Graph
import Problems

/// The layout of `event.body`.
///
/// A run has one row a job, so a row is small: what is mostly zero takes a byte, and the event that was waited for is named by
/// how many numbers it lies before this one. Format 1 had times in milliseconds and less to tell; its rows begin with the kind
/// alone, those of today with the kind and a bit.
extension RowCoder {
    private static let isToday: UInt8 = 0x80

    /// On disk by their place here: only ever added to.
    private static let reasons: [ReasonKind] = [
        .neverBuilt, .outputMissing, .outputModified, .upstreamNew, .upstreamChanged, .upstreamGone,
        .inputStale, .recipeChanged, .writerChanged, .forced, .failedBefore,
    ]

    func event(_ event: RunEvent, place: Int64, name: some StringProtocol) -> [UInt8] {
        seal(.event, place: place, name: name) { row in
            row.byte(Self.isToday | event.kind.rawValue)
            row.signed(event.startedAt)
            row.count(event.microseconds)
            row.signed(Int64(event.worker))
            row.count(event.after.map { event.number &- $0 } ?? 0)
            // A kind that the list above lacks would be lost, not wrong.
            row.byte(
                event.reason.flatMap { Self.reasons.firstIndex(of: $0) }.map { UInt8($0 + 1) } ?? 0)
            row.count(event.hashingMicroseconds)
            row.count(event.publishingMicroseconds)
            row.count(event.byteCount)
            switch event.outcome {
            case .done: row.byte(0)
            case .unchanged: row.byte(1)
            case .cancelled: row.byte(2)
            case .failed(let category):
                row.byte(3)
                row.text(category.rawValue)
                row.text(event.message)
            case .abandoned: row.byte(4)
            }
        }
    }

    func event(_ row: inout RowReader, run: String, number: Int, target: String) -> RunEvent? {
        let first = row.byte()
        guard let kind = RunEvent.Kind(rawValue: first & ~Self.isToday) else { return nil }
        var event = RunEvent(
            run: run, number: number, target: target, kind: kind, startedAt: row.signed(),
            microseconds: row.count(), outcome: .done, worker: Int(row.signed()))
        let isToday = first & Self.isToday != 0
        if isToday {
            let distance = row.count()
            event.after = distance == 0 ? nil : number &- distance
            let reason = Int(row.byte())
            guard reason <= Self.reasons.count else { return nil }
            event.reason = reason == 0 ? nil : Self.reasons[reason - 1]
            event.hashingMicroseconds = row.count()
            event.publishingMicroseconds = row.count()
            event.byteCount = row.count()
        } else {
            event.startedAt &*= 1_000
            event.microseconds &*= 1_000
        }
        switch row.byte() {
        case 0: event.outcome = .done
        case 1: event.outcome = .unchanged
        case 2: event.outcome = .cancelled
        case 3:
            guard let category = ProblemCategory(rawValue: row.text()) else { return nil }
            event.outcome = .failed(category)
            if isToday { event.message = row.text() }
        case 4 where isToday: event.outcome = .abandoned
        default: return nil
        }
        return row.isFinished ? event : nil
    }
}
