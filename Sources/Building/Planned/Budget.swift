import DatafileLoading
import Graph
import Planning
import Problems

/// What a build may take at most.
package enum Budget: Hashable, Sendable {
    /// Wall time: a plan takes what is predicted from past runs to fit, and its run starts nothing once the time is over.
    case seconds(Double)
    /// Downloads.
    case bytes(Int)

    /// Nil for a budget of bytes.
    var seconds: Double? {
        if case .seconds(let seconds) = self { seconds } else { nil }
    }

    /// Reads `90s`, `30min`, `2h`, `1d`, `500MB`, `200 GB`, `1.5TB`.
    package init(_ text: String) throws(BuildProblem) {
        if let byteCount = byteCount(text) {
            self = .bytes(byteCount)
            return
        }
        let units: [String: Double] = ["s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400]
        let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        guard let number = Double(digits), number > 0,
            let seconds = units[String(text.dropFirst(digits.count).drop { $0 == " " })],
            number * seconds < 1e12
        else {
            throw .badFlag(
                "--budget \(text.escapedForDisplay): neither a time nor a size",
                hint: "for instance 2h or 200GB")
        }
        self = .seconds(number * seconds)
    }
}

extension Plan {
    /// The part of this plan that fits a budget: what makes most targets fresh for what it costs goes first, newer days before
    /// older ones where that is the same.
    ///
    /// A target counts for itself and for the stale targets that are made from it. What is left stays stale, and is what the
    /// next build finds to do.
    ///
    /// - Returns: the part, and how many selected targets are left.
    func within(_ budget: Budget, _ forecast: Forecast) throws(BuildProblem) -> (plan: Plan, leftCount: Int) {
        let stale = steps.indices.filter { steps[$0].state != .fresh }
        if case .seconds = budget, forecast.costs.actionCount == 0, !stale.isEmpty {
            throw .badFlag(
                "--budget: no time can be predicted, as nothing was built here before",
                hint: "give a budget in bytes such as 200GB, or build once without")
        }
        var ledger = Ledger(plan: self, budget: budget, forecast: forecast)
        for place in byWorth(stale, forecast, budget) { ledger.take(place) }
        // Copies that are lost and that nothing waits for, as far as there is room.
        var repairs = Set<RawID>()
        let awaited = Set(
            stale.flatMap { place in
                graph.inputPlaces(of: steps[place].action).compactMap { graph.input(at: $0).raw }
            })
        for raw in fetches where !awaited.contains(raw) && ledger.take(download: raw) { repairs.insert(raw) }
        let part = restricted(
            keepsFresh: true, keepsFetch: { repairs.contains($0) }, isKept: { ledger.isTaken[$0] })
        return (part, stale.count { steps[$0].isSelected && !ledger.isTaken[$0] })
    }

    /// Places of selected stale steps, the most worth for its cost first.
    private func byWorth(_ stale: [Int], _ forecast: Forecast, _ budget: Budget) -> [Int] {
        var places = [Int](repeating: -1, count: graph.actionCount)
        for place in stale { places[steps[place].action.index] = place }
        // A target counts once for itself and for each that is made from it, consumers first.
        var worth = [Double](repeating: 0, count: steps.count)
        for place in stale.reversed() {
            worth[place] += steps[place].isSelected ? 1 : 0
            for input in graph.inputPlaces(of: steps[place].action) {
                if let producer = graph.input(at: input).action, places[producer.index] >= 0 {
                    worth[places[producer.index]] += worth[place]
                }
            }
        }
        let order = stale.filter { steps[$0].isSelected }.map { place in
            let action = steps[place].action
            var fetchByteCount = 0
            for input in graph.inputPlaces(of: action) {
                if let raw = graph.input(at: input).raw, work(of: raw) == .fetch {
                    fetchByteCount += byteCount(of: raw)
                }
            }
            let cost: Double =
                switch budget {
                case .seconds:
                    forecast.seconds(of: forecast.costs.cost(of: action, in: self), fetching: fetchByteCount)
                case .bytes: Double(fetchByteCount)
                }
            return (place: place, costOfOne: cost / worth[place], day: graph[action].days?.start ?? .min)
        }
        return order.sorted { a, b in
            if a.costOfOne != b.costOfOne { return a.costOfOne < b.costOfOne }
            return a.day != b.day ? a.day > b.day : a.place < b.place
        }.map(\.place)
    }
}

/// What was taken so far, and what that costs.
private struct Ledger {
    let plan: Plan
    let budget: Budget
    let forecast: Forecast
    private(set) var isTaken: [Bool]
    private var isFetched: [Bool]
    private var spent = 0.0

    init(plan: Plan, budget: Budget, forecast: Forecast) {
        self.plan = plan
        self.budget = budget
        self.forecast = forecast
        isTaken = Array(repeating: false, count: plan.steps.count)
        isFetched = Array(repeating: false, count: plan.graph.rawCount)
    }

    /// Takes a step with all that must run before it, if there is room for that.
    mutating func take(_ place: Int) {
        guard !isTaken[place] else { return }
        var places = [place]
        var downloads = [RawID]()
        var next = 0
        while next < places.count {
            for input in plan.graph.inputPlaces(of: plan.steps[places[next]].action) {
                let input = plan.graph.input(at: input)
                if let raw = input.raw {
                    if plan.work(of: raw) == .fetch, !isFetched[raw.index], !downloads.contains(raw) {
                        downloads.append(raw)
                    }
                } else if let producer = input.action, let other = plan.place(of: producer),
                    plan.steps[other].state != .fresh, !isTaken[other], !places.contains(other)
                {
                    places.append(other)
                }
            }
            next += 1
        }
        let cost = places.reduce(0) { $0 + self.cost(of: plan.steps[$1].action) } + self.cost(of: downloads)
        guard spent + cost <= limit else { return }
        spent += cost
        for place in places { isTaken[place] = true }
        for raw in downloads { isFetched[raw.index] = true }
    }

    /// Takes a download that no step waits for, if there is room for it; false if not.
    mutating func take(download raw: RawID) -> Bool {
        let cost = cost(of: [raw])
        guard spent + cost <= limit else { return false }
        spent += cost
        return true
    }

    private var limit: Double {
        switch budget {
        case .seconds(let seconds): seconds
        case .bytes(let bytes): Double(bytes)
        }
    }

    private func cost(of action: ActionID) -> Double {
        if case .bytes = budget { return 0 }
        return forecast.seconds(of: forecast.costs.cost(of: action, in: plan), fetching: 0)
    }

    private func cost(of downloads: [RawID]) -> Double {
        let byteCount = downloads.reduce(0) { $0 + plan.byteCount(of: $1) }
        if case .bytes = budget { return Double(byteCount) }
        return forecast.seconds(of: Cost(), fetching: byteCount)
    }
}
