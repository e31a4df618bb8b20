import ArgumentParser
import Foundation
import Scheduling
import WorkStealing

/// Measures what the scheduler costs a job, and how evenly it loads its workers.
@main
struct SchedulerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler",
        abstract: "Measures trivial jobs a second, and how busy workers are on a skewed load.")

    @Option(help: "Trivial jobs a run.") var jobs = 1_000_000
    @Option(help: "Worker threads.") var workers = 2
    @Option(help: "Runs of each case; printed is the median.") var runs = 5
    @Flag(help: "The skewed load, in place of trivial jobs.") var skewed = false
    @Flag(help: "One JSON object a line.") var json = false

    func validate() throws {
        guard (1...100_000_000).contains(jobs) else { throw ValidationError("--jobs: 1 to 100000000") }
        guard (1...256).contains(workers) else { throw ValidationError("--workers: 1 to 256") }
        guard (1...1_000).contains(runs) else { throw ValidationError("--runs: 1 to 1000") }
    }

    func run() async throws {
        if skewed { await runSkewed() } else { await runTrivial() }
    }

    private func runTrivial() async {
        await report("deque, owner and a thief") { await dequeRate(itemCount: jobs) }
        await report("tasks on the pool") { await taskRate(jobCount: jobs, workerCount: workers) }
        for shape in Shape.allCases {
            await report("schedule, \(shape.rawValue)") {
                await scheduleRate(shape, jobCount: jobs, workerCount: workers)
            }
        }
    }

    private func report(_ name: String, _ measure: () async -> Rate) async {
        var rates = [Rate]()
        for _ in 0..<runs { rates.append(await measure()) }
        rates.sort { $0.perSecond < $1.perSecond }
        let median = rates[rates.count / 2]
        if json {
            printLine(
                [
                    "case": name, "per_second": median.perSecond.rounded(), "steals": median.stealCount,
                    "least": rates[0].perSecond.rounded(), "most": rates[rates.count - 1].perSecond.rounded(),
                    "processor_ns_per_job": median.processorNanosecondsPerJob.rounded(),
                ])
        } else {
            let numbers = [median, rates[0], rates[rates.count - 1]].map {
                String(format: "%6.2f", $0.perSecond / 1e6)
            }
            print(
                "\(name.padding(toLength: 28, withPad: " ", startingAt: 0))\(numbers[0]) M/s (\(numbers[1]) ..\(numbers[2]))"
                    + String(format: "%6.0f ns of processor a job", median.processorNanosecondsPerJob))
        }
    }

    private func runSkewed() async {
        for load in SkewedLoad.allCases {
            for seed in 1...UInt64(load.isRandom ? runs : 1) {
                let shares = await busyShares(load, seed: seed, workerCount: workers)
                if json {
                    printLine(
                        [
                            "case": load.rawValue, "seed": Int(seed), "seconds": shares.seconds,
                            "position": shares.position, "busy": shares.busy,
                        ])
                } else {
                    let busy = shares.busy.map { String(format: "%6.2f %%", 100 * $0) }.joined(separator: " ")
                    print(
                        "\(load.rawValue.padding(toLength: 40, withPad: " ", startingAt: 0))"
                            + String(
                                format: "long job at %5d  %6.3f s  busy ", shares.position, shares.seconds)
                            + busy)
                }
            }
        }
    }

    private func printLine(_ object: [String: Any]) {
        let data = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
        print(String(decoding: data ?? Data(), as: UTF8.self))
    }
}

/// What one run came to.
struct Rate {
    var perSecond: Double
    var processorNanosecondsPerJob: Double
    var stealCount = 0

    /// - Parameter count: what `body` did.
    static func measure(count: Int, _ body: () async -> Void) async -> Rate {
        let (wall, processor) = (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID))
        await body()
        return Rate(
            perSecond: Double(count) / (seconds(CLOCK_MONOTONIC) - wall),
            processorNanosecondsPerJob: (seconds(CLOCK_PROCESS_CPUTIME_ID) - processor) * 1e9 / Double(count))
    }
}

func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
