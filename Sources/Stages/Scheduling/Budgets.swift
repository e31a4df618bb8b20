/// Budgets that a job can lack.
struct Shortage: OptionSet, Sendable {
    var rawValue: UInt8

    static let memory = Shortage(rawValue: 1)
    static let disk = Shortage(rawValue: 2)
}

/// Memory and disk: how much there is, and how much of it the jobs in flight hold.
struct Budgets: Sendable {
    private let memoryByteCount: Int
    private var memoryInUse = 0
    /// What the run may still add; `Int.max` is no limit.
    private var diskAllowance: Int
    /// What the disk had free when it was last measured, less what jobs have kept since; `Int.max` is not measured.
    private var diskMeasured: Int
    private var diskInUse = 0

    init(memoryByteCount: Int?, diskByteCount: Int?, freeDiskByteCount: Int?) {
        self.memoryByteCount = max(1, memoryByteCount ?? .max)
        diskAllowance = max(0, diskByteCount ?? .max)
        diskMeasured = max(0, freeDiskByteCount ?? .max)
    }

    /// Bytes for the jobs in flight and all to come.
    var diskLeft: Int { min(diskAllowance, diskMeasured) }

    /// What is missing for this job to start now.
    func shortage(of needs: JobNeeds) -> Shortage {
        var shortage: Shortage = []
        // What is larger than the whole budget fits once nobody else holds any of it.
        let memory = min(needs.memoryByteCount, memoryByteCount)
        if memory > memoryByteCount - memoryInUse { shortage.insert(.memory) }
        if needs.diskByteCount > 0, needs.diskByteCount > diskLeft - diskInUse { shortage.insert(.disk) }
        return shortage
    }

    /// Whether nothing in flight will give any disk back.
    var isDiskUnused: Bool { diskInUse == 0 }

    /// What a job has to do with.
    static func uses(of needs: JobNeeds) -> Shortage {
        var uses: Shortage = []
        if needs.memoryByteCount > 0 { uses.insert(.memory) }
        if needs.diskByteCount > 0 { uses.insert(.disk) }
        return uses
    }

    mutating func take(_ needs: JobNeeds) {
        memoryInUse += min(needs.memoryByteCount, memoryByteCount)
        diskInUse += needs.diskByteCount
    }

    mutating func giveBack(_ needs: JobNeeds, keptDiskByteCount kept: Int) {
        memoryInUse -= min(needs.memoryByteCount, memoryByteCount)
        diskInUse -= needs.diskByteCount
        if diskAllowance != .max { diskAllowance = max(0, diskAllowance - kept) }
        if diskMeasured != .max { diskMeasured = max(0, diskMeasured - kept) }
    }

    /// Only while nothing in flight holds any: what it has written already would count twice.
    mutating func measure(freeDiskByteCount: Int) { diskMeasured = max(0, freeDiskByteCount) }
}

/// How long jobs that could have run had to wait, and for what.
package struct ScheduleWaits: Hashable, Sendable {
    /// Time during which at least one job waited.
    package struct Wait: Hashable, Sendable {
        package var nanoseconds: Int64 = 0
        /// Jobs that were passed over for it; counted for memory and disk only.
        package var jobs = 0
    }
    package var connections = Wait()
    package var workers = Wait()
    package var memory = Wait()
    package var disk = Wait()

    package init() {}
}
