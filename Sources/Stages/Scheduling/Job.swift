/// A job of one schedule: the number of ``Schedule/add(kind:expectedMilliseconds:needs:after:)`` calls before its own.
package struct JobID: Hashable, Sendable {
    package var index: Int32

    package init(index: Int32) { self.index = index }
}

/// What a job mostly waits for, and so whose runners take it.
package enum JobKind: UInt8, Hashable, Sendable, CaseIterable {
    case fetch, compute
}

/// How a job ended.
package enum JobOutcome: UInt8, Hashable, Sendable {
    /// Its result is new.
    case changed
    /// Its result is what it was. Dependants are still asked: whether there is work for them is their own decision.
    case unchanged
    /// Nothing that depends on it can run.
    case failed
}

/// What a job that ended leaves behind.
package struct JobResult: Hashable, Sendable {
    package var outcome: JobOutcome
    /// Bytes that are on the disk now and were not before; negative where it freed some.
    package var keptDiskByteCount: Int

    package init(_ outcome: JobOutcome, keptDiskByteCount: Int = 0) {
        self.outcome = outcome
        self.keptDiskByteCount = keptDiskByteCount
    }
}

/// What a job takes, from its start to its end, of what all jobs share. Estimates; negative ones count as 0.
package struct JobNeeds: Hashable, Sendable {
    package var memoryByteCount: Int
    /// The most it has on the disk at any time beyond what is there before.
    package var diskByteCount: Int
    /// Of a fetch: whom it asks, as an index into ``ScheduleLimits/hostConnections``.
    package var host: Int

    package init(memoryByteCount: Int = 0, diskByteCount: Int = 0, host: Int = 0) {
        self.memoryByteCount = max(0, memoryByteCount)
        self.diskByteCount = max(0, diskByteCount)
        self.host = host
    }
}

/// How much may be in use at a time. Counts less than 1 count as 1.
package struct ScheduleLimits: Hashable, Sendable {
    /// Fetches in flight over all hosts.
    package var connections: Int
    /// Fetches in flight to each host. A host that is not listed has only the limit over all.
    package var hostConnections: [Int]
    /// Computations in flight.
    package var workers: Int
    /// Bytes of memory for the jobs in flight together; nil is no limit. A job that needs more runs alone: beside it no
    /// other that needs memory.
    package var memoryByteCount: Int?
    /// Bytes that the run may add to the disk in all; nil is no limit but the disk's own.
    package var diskByteCount: Int?

    package init(
        connections: Int, hostConnections: [Int] = [], workers: Int, memoryByteCount: Int? = nil,
        diskByteCount: Int? = nil
    ) {
        self.connections = connections
        self.hostConnections = hostConnections
        self.workers = workers
        self.memoryByteCount = memoryByteCount
        self.diskByteCount = diskByteCount
    }
}

/// A job that was given up before it began: the disk budget has too little left for it, and nobody will give any back.
package struct Refusal: Hashable, Sendable {
    package var job: JobID
    package var neededByteCount: Int
    package var leftByteCount: Int
}
