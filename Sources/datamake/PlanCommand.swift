import ArgumentParser
import Building
import Problems

struct PlanTargets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what build would do and why: by rule, by root cause, in bytes, disk and time.")

    @OptionGroup var selection: SelectionOptions
    @OptionGroup var part: PartOptions
    @OptionGroup var refresh: RefreshOptions

    @Option(
        name: [.customShort("j"), .long],
        help: "Worker threads to predict for (DATAMAKE_JOBS; default: the processors).")
    var jobs: Int?

    @Option(name: .shortAndLong, help: "Save the plan to FILE, for 'build --plan FILE'.")
    var output: String?

    @Flag(help: "One JSON object on standard output.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let workspace = try global.workspace()
        var request = BuildRequest()
        request.selection = try selection.request(in: workspace)
        request.isOffline = refresh.offline
        request.refresh = refresh.refresh
        request.workers = try limit(jobs, flag: "--jobs", variable: "DATAMAKE_JOBS")
        request.toolVersion = toolVersion
        try part.narrow(&request)
        let summary = try await summarizePlan(
            request, savingTo: output.map(absolutePath), in: workspace, observer: Notes())
        if json { try printJSON(summary) } else { printResult(describe(summary)) }
    }
}

/// The figures first, then the causes with what differs, then where the plan is.
private func describe(_ summary: PlanSummary) -> String {
    let count = summary.stale + summary.undecided
    var lines = [
        "would build \(grouped(count)) of \(grouped(summary.considered))"
            + (summary.undecided > 0 ? " (\(grouped(summary.undecided)) may turn out unchanged)" : "")
            + ", fetch \(grouped(summary.fetch.objects)) objects, \(byteText(Double(summary.fetch.bytes)))"
    ]
    if summary.left > 0 { lines.append("the budget leaves \(grouped(summary.left)) for later") }
    for rule in summary.rules {
        let note = rule.undecided > 0 ? " (\(grouped(rule.undecided)) may turn out unchanged)" : ""
        lines.append("    \(padded(grouped(rule.targets), to: 12, atStart: true))  \(rule.rule)\(note)")
    }
    if count > 0 || summary.fetch.objects > 0 {
        lines.append("takes \(describe(summary.time))")
        let free = summary.disk.free
        lines.append(
            "disk \(byteText(Double(summary.disk.needed))) needed"
                + (free.map { ", \(byteText(Double($0))) free" } ?? "")
                + (summary.disk.needed > free ?? .max ? ": NOT ENOUGH" : ""))
    }
    for cause in summary.causes { lines.append(describe(cause)) }
    for problem in summary.problems { lines.append("not listed: \(problem)") }
    if let saved = summary.saved { lines.append("saved to \(saved.escapedForDisplay)") }
    return lines.joined(separator: "\n")
}
