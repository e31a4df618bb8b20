import ArgumentParser
import Building
import DatafileLoading
import Foundation
import Problems

/// Options that `build` and `rebuild` share.
struct BuildOptions: ParsableArguments {
    @Flag(name: [.customShort("n"), .long], help: "Show what would be done and why; do nothing.")
    var dryRun = false

    @Option(
        name: [.customShort("j"), .long], help: "Worker threads (DATAMAKE_JOBS; default: the processors).")
    var jobs: Int?

    @Option(help: "Downloads at once over all hosts (DATAMAKE_CONNECTIONS; default: 16).")
    var connections: Int?

    @Option(
        help: ArgumentHelp(
            "Memory for the jobs in flight, as in 8GB (DATAMAKE_MEMORY; default: half of the machine's).",
            valueName: "size"))
    var memory: String?

    @Option(
        help: ArgumentHelp(
            "What the build may add to the disk, as in 200GB (DATAMAKE_DISK; default: what is free).",
            valueName: "size"))
    var disk: String?

    @Flag(help: "What each worker did, the longest job, and what jobs waited for; with --json as 'stats'.")
    var stats = false

    @Flag(help: "If another build holds the lock, exit with 75 instead of waiting.")
    var noWait = false

    @Flag(help: "One JSON object on standard output.")
    var json = false

    /// The request these options and the environment make. A flag wins over the environment, that over the Datafile.
    func request(
        selection: SelectionOptions, refresh: RefreshOptions, in workspace: Workspace
    ) throws -> BuildRequest {
        var request = BuildRequest()
        request.selection = try selection.request(in: workspace)
        request.isDryRun = dryRun
        request.workers = try limit(jobs, flag: "--jobs", variable: "DATAMAKE_JOBS")
        request.connections = try limit(connections, flag: "--connections", variable: "DATAMAKE_CONNECTIONS")
        request.memoryByteCount = try size(memory, flag: "--memory", variable: "DATAMAKE_MEMORY")
        request.diskByteCount = try size(disk, flag: "--disk", variable: "DATAMAKE_DISK")
        request.isOffline = refresh.offline
        request.refresh = refresh.refresh
        request.waitsForLock = !noWait
        request.toolVersion = toolVersion
        return request
    }
}

/// A count from a flag, else from the environment, checked to lie in `1...1024`.
func limit(_ value: Int?, flag: String, variable: String) throws -> Int? {
    let range = 1...1024
    if let value {
        guard range.contains(value) else {
            throw BuildProblem.badFlag(
                "\(flag) \(value): not in 1...1024", hint: "choose a number in that range")
        }
        return value
    }
    guard let text = environmentValue(variable), !text.isEmpty else { return nil }
    guard let number = Int(text), range.contains(number) else {
        throw BuildProblem.badFlag(
            "\(variable)=\(text.escapedForDisplay): not a number in 1...1024",
            hint: "unset it or set a number")
    }
    return number
}

private func environmentValue(_ variable: String) -> String? {
    unsafe getenv(variable).map { unsafe String(cString: $0) }
}

/// A number of bytes with its unit from a flag, else from the environment.
func size(_ value: String?, flag: String, variable: String) throws -> Int? {
    let (text, place) =
        value.map { ($0, flag + " ") } ?? (
            environmentValue(variable) ?? "", variable + "="
        )
    if value == nil && text.isEmpty { return nil }
    guard let count = byteCount(text) else {
        throw BuildProblem.badFlag(
            "\(place)\(text.escapedForDisplay): no size",
            hint: "write it as in 8GB; the units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB")
    }
    return count
}

/// Options that take a part of what is stale.
struct PartOptions: ParsableArguments {
    @Option(help: "Only what is stale because of KIND:RULE, as 'why --summary' names it.")
    var cause: String?

    @Option(
        help:
            "Only what fits a time or downloads, such as 2h or 200GB: most targets first; the rest stays stale."
    )
    var budget: String?

    func narrow(_ request: inout BuildRequest) throws {
        request.cause = cause
        request.budget = try budget.map { try Budget($0) }
    }
}

/// A path on the command line, from where the command was given.
func absolutePath(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

struct Build: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Bring targets up to date: list, plan, fetch, clean, publish, record.")

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var part: PartOptions
    @OptionGroup var options: BuildOptions
    @OptionGroup var refresh: RefreshOptions
    @OptionGroup var global: GlobalOptions

    @Option(help: "Do exactly what this plan says that 'plan -o' saved; exit 3 if the world moved since.")
    var plan: String?

    func validate() throws {
        let isNarrowed =
            !selection.patterns.isEmpty || !selection.narrowing.isEmpty || !selection.excluded.isEmpty
            || part.cause != nil || part.budget != nil
        if plan != nil && isNarrowed {
            throw ValidationError("--plan says all there is to do; no PATTERN or other option can narrow it.")
        }
    }

    func run() async throws {
        let workspace = try global.workspace()
        var request = try options.request(selection: selection, refresh: refresh, in: workspace)
        try part.narrow(&request)
        if let plan {
            let saved = try SavedPlan(path: absolutePath(plan))
            request.savedPlan = saved
            request.selection = saved.selection
        }
        try await runBuild(request, workspace: workspace, options: options, global: global)
    }
}

struct Rebuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Clean rebuild: forget what is recorded, durably, then build.")

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var options: BuildOptions
    @OptionGroup var refresh: RefreshOptions
    @OptionGroup var global: GlobalOptions

    @Flag(help: "Also download the inputs again.")
    var refetch = false

    func validate() throws {
        if selection.patterns.isEmpty && selection.narrowing.isEmpty {
            throw ValidationError("rebuild needs a PATTERN ('**' for everything).")
        }
    }

    func run() async throws {
        let workspace = try global.workspace()
        var request = try options.request(selection: selection, refresh: refresh, in: workspace)
        request.forgetsRecords = true
        request.refetches = refetch
        try await runBuild(request, workspace: workspace, options: options, global: global)
    }
}

/// Runs a build under a display and under signals, and ends with the contract's exit code.
private func runBuild(
    _ request: BuildRequest, workspace: Workspace, options: BuildOptions, global: GlobalOptions
) async throws {
    let display = Display(format: global.logFormat, isQuietAboutTime: request.isDryRun)
    let task = Task { try await build(request, in: workspace, observer: display) }
    let signals = SignalWatch { task.cancel() }
    let result = await task.result
    display.close()
    var report: BuildReport
    do {
        report = try result.get()
    } catch {
        // Interrupted before there was a plan: nothing to report.
        if let signal = signals.received { throw ExitCode(128 + signal) }
        throw error
    }
    report.interrupted = signals.received
    // Where nothing had to be done, nobody counted.
    report.stats = options.stats ? report.stats ?? BuildStatistics() : nil
    if options.json {
        try printJSON(report)
    } else if request.isDryRun {
        let text = describePlan(report)
        if !text.isEmpty { printResult(String(text.dropLast())) }
    }
    display.summarize(report, isDryRun: request.isDryRun, onStandardOutput: !options.json)
    if let statistics = report.stats { display.show(statistics) }
    if let signal = report.interrupted { throw ExitCode(128 + signal) }
    if report.failed > 0 || !report.failures.isEmpty { throw ExitCode(1) }
}
