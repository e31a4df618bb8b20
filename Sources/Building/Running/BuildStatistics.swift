import Scheduling
import WorkStealing

/// How a build's jobs were spread over time and workers: what `--stats` shows. The JSON contract, key `stats`.
package struct BuildStatistics: Hashable, Sendable, Codable {
    /// One thread of the pool.
    package struct Worker: Hashable, Sendable, Codable {
        package var worker: Int
        /// Downloads and actions.
        package var jobs: Int
        /// Pieces of tasks: a job is one, and one more for each time it waited.
        package var pieces: Int
        /// Taken from another worker's queue.
        package var steals: Int
        /// How often it went to sleep for want of work.
        package var parks: Int
        package var idleSeconds: Double
        /// With jobs, including their own waits: for the disk, or for one of the processors, of which there are fewer.
        package var busySeconds: Double
        package var processorSeconds: Double

        enum CodingKeys: String, CodingKey {
            case worker, jobs, pieces, steals, parks
            case idleSeconds = "idle_seconds"
            case busySeconds = "busy_seconds"
            case processorSeconds = "processor_seconds"
        }
    }
    package struct Longest: Hashable, Sendable, Codable {
        package var target: String
        /// `fetch` or `build`.
        package var kind: String
        package var seconds: Double

        init(target: String, kind: BuildEvent.WorkKind, duration: Duration) {
            self.target = target
            self.kind = kind.rawValue
            seconds = Building.seconds(duration)
        }

        var duration: Duration { .seconds(seconds) }
    }
    /// Jobs that could have run but for one thing.
    package struct Wait: Hashable, Sendable, Codable {
        /// Time during which at least one job waited for it.
        package var seconds: Double
        /// Jobs that were passed over for it; left out where that is not counted.
        package var jobs: Int?
    }
    package struct Waits: Hashable, Sendable, Codable {
        package var connections: Wait
        package var workers: Wait
        package var memory: Wait
        package var disk: Wait
    }

    package var workers: [Worker] = []
    package var longest: Longest?
    package var waits: Waits
    /// The budgets, in bytes. Disk: what the run might add when it began; left out where nobody knows.
    package var memoryBytes: Int?
    package var diskBytes: Int?

    enum CodingKeys: String, CodingKey {
        case workers, longest, waits
        case memoryBytes = "memory_bytes"
        case diskBytes = "disk_bytes"
    }

    /// Of a build that had nothing to do.
    package init() { self.init(workers: [], waits: ScheduleWaits()) }

    init(workers counts: [WorkerCounts], waits: ScheduleWaits) {
        workers = counts.enumerated().map { index, counts in
            Worker(
                worker: index, jobs: counts.jobs, pieces: counts.pieces, steals: counts.steals,
                parks: counts.parks,
                idleSeconds: seconds(counts.idle), busySeconds: seconds(counts.busy),
                processorSeconds: seconds(counts.processor))
        }
        func wait(_ wait: ScheduleWaits.Wait, countsJobs: Bool) -> Wait {
            Wait(seconds: seconds(.nanoseconds(wait.nanoseconds)), jobs: countsJobs ? wait.jobs : nil)
        }
        self.waits = Waits(
            connections: wait(waits.connections, countsJobs: false),
            workers: wait(waits.workers, countsJobs: false),
            memory: wait(waits.memory, countsJobs: true), disk: wait(waits.disk, countsJobs: true))
    }
}

/// To the microsecond.
private func seconds(_ duration: Duration) -> Double {
    let microseconds = duration.components.attoseconds / 1_000_000_000_000
    return Double(duration.components.seconds * 1_000_000 + microseconds) / 1e6
}
