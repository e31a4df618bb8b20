import Graph
import Planning
import Scheduling

/// What jobs are expected to take, from what is recorded and from the sizes of their inputs.
struct JobEstimates: Sendable {
    /// Until there is a record: 50 MB of compressed input a second, as klines took on the machine of docs/benchmarks.md.
    private static let firstMillisecondsPerByte = 1.0 / 50_000
    /// For the order of downloads only.
    private static let fetchBytesPerSecond = 20_000_000

    private let costs: CostModel?
    /// Of each rule: whether its inputs are named as zip or gzip.
    private let isPacked: [Bool]
    /// Estimated, of actions that are to be run.
    private var outputByteCounts: [ActionID: Int] = [:]

    init(of plan: Plan) {
        costs = plan.steps.contains { $0.state != .fresh } ? CostModel(plan) : nil
        isPacked = plan.graph.project.rules.map { rule in
            rule.inputs.contains { $0.pattern.text.hasSuffix(".zip") || $0.pattern.text.hasSuffix(".gz") }
        }
    }

    /// Of an action that is to be run, after those that make its inputs. Its time is at least 1 ms: an action is never light.
    mutating func estimate(of action: ActionID, in plan: Plan) -> (milliseconds: Int, needs: JobNeeds) {
        let inputByteCount = plan.graph.inputPlaces(of: action).reduce(0) { sum, place in
            let input = plan.graph.input(at: place)
            return sum + (input.action.flatMap { outputByteCounts[$0] } ?? plan.byteCount(of: input))
        }
        let cost = costs?.cost(of: action, in: plan) ?? Cost()
        let milliseconds =
            cost.milliseconds > 0
            ? cost.milliseconds : Double(inputByteCount) * Self.firstMillisecondsPerByte
        // A fifth more than last time, else half more than its rule makes of as much input, else as much as it reads. The
        // old output stays until the new one is whole.
        let outputByteCount =
            if let byteCount = plan.facts(of: action)?.byteCount {
                byteCount + byteCount / 5
            } else if cost.unknownCount == 0, cost.outputByteCount > 0 {
                cost.outputByteCount + cost.outputByteCount / 2
            } else {
                inputByteCount
            }
        outputByteCounts[action] = outputByteCount
        let rule = plan.graph.rule(of: action)
        return (
            1 + Int(min(milliseconds, 1e9)),
            JobNeeds(
                memoryByteCount: memoryByteCount(ofRule: rule, inputByteCount: inputByteCount, in: plan),
                diskByteCount: outputByteCount)
        )
    }

    /// Of a download: whole seconds, so that only large ones go before others. Among the rest, the inputs of one action
    /// stay together, and it starts sooner.
    static func fetchMilliseconds(byteCount: Int) -> Int { byteCount / fetchBytesPerSecond * 1_000 }

    /// What an action holds in memory at most, as far as the sizes of its inputs tell.
    ///
    /// Cleaning holds a row group that is read and one that is written, and up to 144 MiB of rows out of order, twice that
    /// where a window of so many does not put them right (docs/benchmarks.md: 216 to 434 MiB for a whole process); less where
    /// the input is smaller. A command is taken to hold its inputs, and no less than an interpreter with its libraries.
    private func memoryByteCount(ofRule rule: Int, inputByteCount: Int, in plan: Plan) -> Int {
        switch plan.graph.project.rules[rule].recipe {
        case .clean:
            // Zip and gzip make numbers as text 4 to 8 times smaller.
            let payload = inputByteCount.multipliedReportingOverflow(by: isPacked[rule] ? 8 : 1)
            return (16 << 20) + min(payload.overflow ? .max : payload.partialValue, 400 << 20)
        case .run:
            return max(64 << 20, min(inputByteCount, 4 << 30))
        }
    }
}
