import Bytes
import Graph
import Scheduling

/// What jobs are expected to take, from what is recorded and from the sizes of their inputs.
struct JobEstimates: Sendable {
    /// Recorded time and output by input bytes: of one rule, or of all.
    private struct Rate {
        var milliseconds = 0
        var byteCount = 0
        var outputByteCount = 0
        var sampleCount = 0

        var millisecondsPerByte: Double? {
            byteCount > 0 ? Double(milliseconds) / Double(byteCount) : nil
        }
    }

    /// Records of one rule beyond which more would tell no more.
    private static let samplesPerRule = 64
    /// Until there is a record: 50 MB of compressed input a second, as klines took on the machine of docs/benchmarks.md.
    private static let firstMillisecondsPerByte = 1.0 / 50_000
    /// For the order of downloads only.
    private static let fetchBytesPerSecond = 20_000_000

    private var byRule: [String: Rate] = [:]
    private var all = Rate()

    /// Actions that are looked at for records.
    private static let actionLimit = 20_000

    init() {}

    /// From what is recorded of the graph's actions.
    init(of graph: BuildGraph, records: [String: ActionRecord]) {
        for action in graph.actions.prefix(Self.actionLimit) where wants(action.rule) {
            guard let record = records[action.output] else { continue }
            add(
                rule: action.rule,
                inputByteCount: graph.inputByteCount(of: action) { records[$0]?.content.byteCount ?? 0 },
                outputByteCount: record.content.byteCount, milliseconds: record.milliseconds)
        }
    }

    /// Whether another record of this rule would add anything.
    func wants(_ rule: String) -> Bool { byRule[rule]?.sampleCount ?? 0 < Self.samplesPerRule }

    /// Learns from what an action took before.
    mutating func add(rule: String, inputByteCount: Int, outputByteCount: Int, milliseconds: Int) {
        byRule[rule, default: Rate()].sampleCount += 1
        byRule[rule]?.byteCount += inputByteCount
        byRule[rule]?.outputByteCount += outputByteCount
        byRule[rule]?.milliseconds += milliseconds
        all.byteCount += inputByteCount
        all.milliseconds += milliseconds
    }

    /// Of an action: what it took last, else what its input takes at the rate of its rule, of all rules, or of the first build.
    /// At least 1: an action is never light.
    func milliseconds(rule: String, inputByteCount: Int, recorded: Int?) -> Int {
        if let recorded { return max(1, recorded) }
        let rate =
            byRule[rule]?.millisecondsPerByte ?? all.millisecondsPerByte ?? Self.firstMillisecondsPerByte
        return 1 + Int(min(Double(inputByteCount) * rate, 1e9))
    }

    /// Of a download: whole seconds, so that only large ones go before others. Among the rest, the inputs of one action
    /// stay together, and it starts sooner.
    func fetchMilliseconds(byteCount: Int) -> Int { byteCount / Self.fetchBytesPerSecond * 1_000 }

    /// What an action holds in memory at most, as far as the sizes of its inputs tell.
    ///
    /// Cleaning holds a row group that is read and one that is written, and up to 128 MiB of rows out of order, twice where
    /// they have to be read again (docs/benchmarks.md: 222 to 401 MiB for 300 MB of CSV); less where the input is smaller. A
    /// command is taken to hold its inputs, and no less than an interpreter with its libraries.
    static func memoryByteCount(of action: Action, inputByteCount: Int) -> Int {
        switch action.recipe {
        case .clean:
            // Zip and gzip make numbers as text 4 to 8 times smaller.
            let isPacked = action.inputs.contains { $0.name.hasSuffix(".zip") || $0.name.hasSuffix(".gz") }
            let payload = inputByteCount.multipliedReportingOverflow(by: isPacked ? 8 : 1)
            return (16 << 20) + min(payload.overflow ? .max : payload.partialValue, 384 << 20)
        case .run:
            return max(64 << 20, min(inputByteCount, 4 << 30))
        }
    }

    /// What an action writes at most: a fifth more than last time, else half more than its rule makes of as much input, else
    /// as much as it reads. The old output stays until the new one is whole.
    func outputByteCount(rule: String, inputByteCount: Int, recorded: Int?) -> Int {
        if let recorded { return recorded + recorded / 5 }
        guard let rate = byRule[rule], rate.byteCount > 0 else { return inputByteCount }
        let share = 1.5 * Double(rate.outputByteCount) / Double(rate.byteCount)
        return Int(min(Double(inputByteCount) * share, 1e15))
    }
}

extension BuildGraph {
    /// Bytes that an action reads, as listed.
    ///
    /// - Parameter outputByteCount: of another action's output, by its path.
    func inputByteCount(of action: Action, outputByteCount: (String) -> Int) -> Int {
        action.inputs.reduce(0) { sum, input in
            if case .output(let path) = input.origin { return sum + outputByteCount(path) }
            return sum + (rawIndex[input.name].map { raws[$0].object.byteCount } ?? 0)
        }
    }
}
