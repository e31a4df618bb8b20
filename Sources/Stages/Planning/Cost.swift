import Bytes
package import Graph

/// What running actions is expected to take, from what past runs took. One processor's time.
package struct Cost: Hashable, Sendable {
    /// Milliseconds: as on average, and the range in which four of five past actions of the rule lay.
    package var milliseconds = 0.0
    package var lowMilliseconds = 0.0
    package var highMilliseconds = 0.0
    /// The longest single action.
    package var longestMilliseconds = 0.0
    /// Bytes of the outputs.
    package var outputByteCount = 0
    /// Actions whose rule has not run before: they are expected to take what others do on average.
    package var unknownCount = 0

    package init() {}

    package mutating func add(_ other: Cost) {
        milliseconds += other.milliseconds
        lowMilliseconds += other.lowMilliseconds
        highMilliseconds += other.highMilliseconds
        longestMilliseconds = max(longestMilliseconds, other.longestMilliseconds)
        outputByteCount += other.outputByteCount
        unknownCount += other.unknownCount
    }
}

/// What past actions took, a rate for each rule.
///
/// An action that ran before is expected to take what it took; another of its rule what its rule takes for as many bytes.
package struct CostModel: Sendable {
    /// How many past actions it is made from.
    package private(set) var actionCount = 0
    private var rates: [Rate?] = []
    /// Of all rules together.
    private var common: Rate?

    private struct Rate: Sendable {
        var millisecondsPerByte: Double
        var millisecondsPerAction: Double
        var outputBytesPerByte: Double
        var outputBytesPerAction: Double
        /// What a tenth of past actions took less than, and a tenth more, as factors of the average.
        var low = 1.0
        var high = 1.0

        func milliseconds(forBytes byteCount: Int) -> Double {
            millisecondsPerByte > 0 ? Double(byteCount) * millisecondsPerByte : millisecondsPerAction
        }
    }

    /// More of a rule would not tell more.
    private static let sampleLimit = 10_000

    package init(_ plan: Plan) {
        var all = [(bytes: Int, facts: ActionFacts)]()
        for range in plan.graph.actionsOfRules {
            let step = max(1, range.count / Self.sampleLimit)
            var samples = [(bytes: Int, facts: ActionFacts)]()
            for index in stride(from: range.lowerBound, to: range.upperBound, by: step) {
                guard let facts = plan.facts(of: ActionID(index)) else { continue }
                samples.append((plan.inputByteCount(of: ActionID(index)), facts))
            }
            actionCount += samples.count
            rates.append(Self.rate(samples))
            all += samples
        }
        common = Self.rate(all)
    }

    private static func rate(_ samples: [(bytes: Int, facts: ActionFacts)]) -> Rate? {
        guard !samples.isEmpty else { return nil }
        let bytes = Double(samples.reduce(0) { $0 + $1.bytes })
        let milliseconds = Double(samples.reduce(0) { $0 + $1.facts.milliseconds })
        let outputBytes = Double(samples.reduce(0) { $0 + $1.facts.byteCount })
        let count = Double(samples.count)
        var rate = Rate(
            millisecondsPerByte: bytes > 0 ? milliseconds / bytes : 0,
            millisecondsPerAction: milliseconds / count,
            outputBytesPerByte: bytes > 0 ? outputBytes / bytes : 0, outputBytesPerAction: outputBytes / count
        )
        let factors = samples.compactMap { sample -> Double? in
            let expected = rate.milliseconds(forBytes: sample.bytes)
            return expected > 0 ? Double(sample.facts.milliseconds) / expected : nil
        }.sorted()
        if !factors.isEmpty {
            // The average lies within the range, whatever the outliers did to it.
            rate.low = min(1, factors[factors.count / 10])
            rate.high = max(1, factors[factors.count * 9 / 10])
        }
        return rate
    }

    /// What running an action is expected to take.
    package func cost(of action: ActionID, in plan: Plan) -> Cost {
        var cost = Cost()
        let facts = plan.facts(of: action)
        let own = rates[plan.graph.rule(of: action)]
        if own == nil { cost.unknownCount = 1 }
        guard let rate = own ?? common else { return cost }
        let byteCount = facts == nil ? plan.inputByteCount(of: action) : 0
        let expected = facts.map { Double($0.milliseconds) } ?? rate.milliseconds(forBytes: byteCount)
        cost.milliseconds = expected
        cost.lowMilliseconds = expected * rate.low
        cost.highMilliseconds = expected * rate.high
        cost.longestMilliseconds = expected
        cost.outputByteCount =
            facts?.byteCount
            ?? Int(
                rate.outputBytesPerByte > 0
                    ? Double(byteCount) * rate.outputBytesPerByte : rate.outputBytesPerAction)
        return cost
    }
}

extension Plan {
    /// As listed.
    package func byteCount(of raw: RawID) -> Int {
        graph.byteCount(of: raw)
    }

    /// As listed, or as last made.
    package func byteCount(of input: InputID) -> Int {
        if let raw = input.raw { return byteCount(of: raw) }
        guard let action = input.action, let facts = facts(of: action) else { return 0 }
        return facts.byteCount
    }

    /// Of all that an action reads.
    package func inputByteCount(of action: ActionID) -> Int {
        // No closure: one that holds the plan costs more than the sum.
        var sum = 0
        for place in graph.inputPlaces(of: action) { sum += byteCount(of: graph.input(at: place)) }
        return sum
    }
}
