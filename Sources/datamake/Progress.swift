import Building
import Foundation

/// What a build has done so far, and the lines that say so. A plain value: who draws it when is the display's business.
struct Progress {
    private(set) var plan = PlanCounts()
    private(set) var builtCount = 0
    private(set) var unchangedCount = 0
    private(set) var failedCount = 0
    private(set) var runningBuilds = 0
    private(set) var runningFetches = 0
    private(set) var fetchedCount = 0
    private(set) var receivedByteCount = 0
    private(set) var rowCount = 0
    private(set) var isPlanned = false
    private(set) var listedCount = 0
    let started: ContinuousClock.Instant

    init(started: ContinuousClock.Instant) { self.started = started }

    mutating func observe(_ event: BuildEvent) {
        switch event {
        case .note, .warning, .listing: break
        case .listed(_, let objectCount, _, _, _, _): listedCount += objectCount
        case .planned(let counts):
            plan = counts
            isPlanned = true
        case .started(_, .fetch): runningFetches += 1
        case .started(_, .build): runningBuilds += 1
        case .received(let byteCount): receivedByteCount += byteCount
        case .fetched:
            runningFetches -= 1
            fetchedCount += 1
        case .built(_, let rows, _, _):
            runningBuilds -= 1
            builtCount += 1
            rowCount += rows
        case .unchanged:
            runningBuilds -= 1
            unchangedCount += 1
        case .failed(_, .fetch, _, _, _): runningFetches -= 1
        case .failed(_, .build, _, _, _):
            runningBuilds -= 1
            failedCount += 1
        case .abandoned: failedCount += 1
        }
    }

    /// Steps that are known to be over: fresh ones count, so the bar starts where the work does.
    private var doneCount: Int { plan.fresh + builtCount + unchangedCount + failedCount }

    private func seconds(at now: ContinuousClock.Instant) -> Double {
        let elapsed = started.duration(to: now).components
        return max(0.001, Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
    }

    /// `[=====---    ] 12/31 done, 2 building, 3 fetching; 40 MB at 12 MB/s, 1.2M rows/s`: `=` done, `-` running,
    /// blank not known yet, because an unchanged input may stop the wave.
    func bar(width: Int, at now: ContinuousClock.Instant) -> String {
        guard isPlanned else { return listingLine(at: now) }
        let cells = max(10, min(40, width - 70))
        let total = max(1, plan.considered)
        let done = min(cells, doneCount * cells / total)
        let running = min(cells - done, (runningBuilds * cells + total - 1) / total)
        let blank = cells - done - running
        let picture =
            String(repeating: "=", count: done) + String(repeating: "-", count: running)
            + String(repeating: " ", count: blank)
        return "[\(picture)] \(line(at: now))"
    }

    /// What there is to say before it is known what there is to do.
    private func listingLine(at now: ContinuousClock.Instant) -> String {
        "listing, \(Int(seconds(at: now))) s"
            + (listedCount > 0 ? ", \(grouped(listedCount)) objects so far" : "")
    }

    /// The same without the picture.
    func line(at now: ContinuousClock.Instant) -> String {
        guard isPlanned else { return listingLine(at: now) }
        let time = seconds(at: now)
        var text = "\(grouped(doneCount))/\(grouped(plan.considered)) done, \(runningBuilds) building"
        if plan.fetchCount > 0 {
            text += ", \(grouped(fetchedCount))/\(grouped(plan.fetchCount)) fetched"
            text +=
                ", \(byteText(Double(receivedByteCount))) at \(byteText(Double(receivedByteCount) / time))/s"
        }
        if rowCount > 0 { text += ", \(grouped(Int(Double(rowCount) / time))) rows/s" }
        if failedCount > 0 { text += ", \(grouped(failedCount)) failed" }
        return text
    }
}
