/// All that was measured on one workload: for each step the time of every run.
struct Measurements {
    struct Step {
        var name: String
        /// Seconds of processor time, one a run.
        var samples: [Double] = []
        /// Values the step works on; 0 where bytes are what counts.
        var valueCount = 0
        var byteCount = 0
        /// What it came to: a ratio, a number of entries.
        var note = ""

        var seconds: Double {
            let sorted = samples.sorted()
            let middle = sorted.count / 2
            return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        }
        var nanosecondsPerValue: Double? { valueCount > 0 ? seconds * 1e9 / Double(valueCount) : nil }
        var gigabytesPerSecond: Double? {
            byteCount > 0 && seconds > 0 ? Double(byteCount) / seconds / 1e9 : nil
        }
    }

    private(set) var steps: [Step] = []

    /// Adds one run of a step.
    mutating func add(
        _ name: String, _ stopwatch: Stopwatch, values: Int = 0, bytes: Int = 0, note: String = ""
    ) {
        var index = steps.firstIndex { $0.name == name }
        if index == nil {
            index = steps.count
            steps.append(Step(name: name))
        }
        steps[index!].samples.append(stopwatch.seconds)
        steps[index!].valueCount = values
        steps[index!].byteCount = bytes
        steps[index!].note = note
    }

    /// Seconds of the step all others are compared with.
    var floor: Double { steps.first { $0.name == Self.floorName }?.seconds ?? 0 }

    static let floorName = "inflate (ISA-L)"
}
