import Foundation
import Graph
import Planning
import Recording

/// How long something will take, in seconds: JSON. Null where no past run tells.
package struct PredictedTime: Hashable, Sendable, Codable {
    package var seconds: Double?
    /// The range that past actions and downloads span, four of five of them.
    package var low: Double?
    package var high: Double?
    /// How many past actions it is read off.
    package var history: Int
    /// Actions left out of it, as no past one is like them.
    package var unknown: Int

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(low, forKey: .low)
        try container.encode(high, forKey: .high)
        try container.encode(history, forKey: .history)
        try container.encode(unknown, forKey: .unknown)
    }
}

/// Predicts the wall time of what a plan does, from what past runs took.
struct Forecast {
    let costs: CostModel
    /// Bytes a second of past runs that downloaded: least, middle, most; nil where there was none.
    private let fetchRates: FetchRates?
    private let workers: Int

    init(_ plan: Plan, fetchRates: FetchRates?, workers: Int) {
        costs = CostModel(plan)
        self.fetchRates = fetchRates
        self.workers = workers
    }

    /// Wall time: downloads and actions go on at once, so the longer of the two counts.
    func time(of cost: Cost, fetching byteCount: Int) -> PredictedTime {
        let isTold = costs.actionCount > 0 && (byteCount == 0 || fetchRates != nil)
        func seconds(_ milliseconds: Double, _ rate: Double?) -> Double? {
            guard isTold else { return nil }
            let computing = max(milliseconds / Double(workers), cost.longestMilliseconds) / 1000
            let fetching = rate.map { Double(byteCount) / $0 } ?? 0
            return (max(computing, fetching) * 1000).rounded() / 1000
        }
        return PredictedTime(
            seconds: seconds(cost.milliseconds, fetchRates?.middle),
            low: seconds(cost.lowMilliseconds, fetchRates?.most),
            high: seconds(cost.highMilliseconds, fetchRates?.least), history: costs.actionCount,
            unknown: cost.unknownCount)
    }

    /// Seconds that one action and one download are expected to add to the wall time.
    func seconds(of cost: Cost, fetching byteCount: Int) -> Double {
        let fetching = fetchRates.map { Double(byteCount) / $0.middle } ?? 0
        return max(cost.milliseconds / 1000 / Double(workers), fetching)
    }
}

/// Bytes a second that past runs downloaded.
struct FetchRates: Hashable {
    var least: Double
    var middle: Double
    var most: Double
}

/// Of the last runs that downloaded something; nil where there was none.
func pastFetchRates(_ state: StateStore) throws -> FetchRates? {
    let rates = try state.runs().suffix(50).compactMap { run -> Double? in
        guard let finishedAt = run.finishedAt, finishedAt > run.startedAt, run.counts.fetchedByteCount > 0
        else { return nil }
        return Double(run.counts.fetchedByteCount) * 1000 / Double(finishedAt - run.startedAt)
    }.sorted()
    guard let least = rates.first, let most = rates.last else { return nil }
    return FetchRates(least: least, middle: rates[rates.count / 2], most: most)
}
