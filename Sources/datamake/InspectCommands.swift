import ArgumentParser
import Building
import Foundation
import Graph
import Listing
import Planning
import Problems

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say why targets are stale, a line a changed component. Exit 0 fresh, 1 stale.")

    @Argument(help: "Targets, or with --summary patterns.")
    var targets: [String] = []

    @Flag(help: "Walk on to the root causes.")
    var root = false

    @Flag(help: "Group any number of stale targets by cause.")
    var summary = false

    @Flag(help: "One JSON object a target, or a cause.")
    var json = false

    @OptionGroup var refresh: RefreshOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if targets.isEmpty && !summary { throw ValidationError("why needs a TARGET, or --summary.") }
    }

    func run() async throws {
        let mode: RefreshMode = refresh.offline ? .none : refresh.refresh
        let workspace = try global.workspace()
        let printer = Notes()
        let targets = targets.map(workspace.pattern)
        if summary {
            let causes = try await summarizeCauses(
                of: SelectionRequest(patterns: targets), in: workspace, refresh: mode, observer: printer)
            for cause in causes {
                if json { try printJSON(cause) } else { printResult(describe(cause)) }
            }
            if causes.isEmpty && !json { printResult("everything is fresh") }
            if !causes.isEmpty { throw ExitCode(1) }
            return
        }
        let reports = try await explain(
            targets, in: workspace, refresh: mode, walksToRoots: root, observer: printer)
        for report in reports {
            if json {
                try printJSON(report)
            } else {
                let note = report.mayTurnOutUnchanged ? " (may turn out unchanged)" : ""
                printResult("\(report.target.escapedForDisplay): \(report.state)\(note)")
                for reason in report.reasons { printResult("    \(describe(reason))") }
            }
        }
        if reports.contains(where: { $0.state != "fresh" }) { throw ExitCode(1) }
    }
}

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Hash what is stored again and compare with the records. Exit 1 when something differs.")

    @OptionGroup var selection: SelectionOptions

    @Flag(help: "Compare with a fresh listing too.")
    var upstream = false

    @Flag(help: "Make each partition again in a side directory and compare bytes.")
    var rebuild = false

    @Option(help: "Check only this share of the targets: 0.01, or 1%.")
    var sample = "1"

    @Option(help: "Draws the sample.")
    var seed: UInt64 = 0

    @Option(name: [.customShort("j"), .long], help: "Worker threads.")
    var jobs: Int?

    @Flag(help: "One JSON object on standard output.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        var request = VerifyRequest()
        let workspace = try global.workspace()
        request.selection = try selection.request(in: workspace)
        request.asksUpstream = upstream
        request.rebuilds = rebuild
        request.seed = seed
        request.workers = try limit(jobs, flag: "--jobs", variable: "DATAMAKE_JOBS")
        let isPercent = sample.hasSuffix("%")
        guard let share = Double(isPercent ? String(sample.dropLast()) : sample),
            (0...1).contains(isPercent ? share / 100 : share)
        else {
            throw BuildProblem.badFlag("--sample \(sample): not a share", hint: "for instance 0.01 or 1%")
        }
        request.sample = isPercent ? share / 100 : share
        let report = try await verify(request, in: workspace, observer: Notes())
        if json {
            try printJSON(report)
        } else {
            show(report)
        }
        if !report.isClean { throw ExitCode(1) }
    }

    private func show(_ report: VerifyReport) {
        for entry in report.corrupt {
            printResult(
                "corrupt \(entry.target.escapedForDisplay): expected sha256 \(entry.expected), found \(entry.found)"
            )
            if let damage = entry.damage { printResult("    \(damage)") }
        }
        for target in report.missing { printResult("missing \(target.escapedForDisplay)") }
        for entry in report.notReproduced {
            printResult(
                "not reproduced \(entry.target.escapedForDisplay): recorded sha256 \(entry.expected), "
                    + "made again \(entry.found)")
        }
        if let upstream = report.upstream {
            for target in upstream.changed { printResult("changed upstream \(target.escapedForDisplay)") }
            for target in upstream.new { printResult("new upstream \(target.escapedForDisplay)") }
            for target in upstream.gone { printResult("gone upstream \(target.escapedForDisplay)") }
        }
        printResult(
            "checked \(grouped(report.checked)): \(grouped(report.ok)) ok, \(grouped(report.corrupt.count)) corrupt, "
                + "\(grouped(report.missing.count)) missing, \(grouped(report.notReproduced.count)) not reproduced"
        )
    }
}

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List targets with state, rows, bytes and digests, or show rows of them."
    )

    @OptionGroup var selection: SelectionOptions

    @Option(help: "Show the first N rows of each partition instead.")
    var rows: Int?

    @Flag(help: "One JSON object a line.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let workspace = try global.workspace()
        if let rows { return try await showRows(rows, in: workspace) }
        var lines = OutputLines()
        try await inventory(
            of: try selection.request(in: workspace), in: workspace, observer: Notes()
        ) { lines.append(json ? $0.json : line(of: $0)) }
        lines.flush()
    }

    private func line(of target: TargetListing) -> String {
        let size = target.bytes.map { byteText(Double($0)) } ?? "-"
        let rows = target.rows.map { "\(grouped($0)) rows" } ?? "-"
        return [
            padded(target.state, to: 11), padded(target.kind, to: 9), padded(size, to: 9, atStart: true),
            padded(rows, to: 14, atStart: true), padded(target.xxh3_128 ?? "-", to: 32),
            target.target.escapedForDisplay,
        ].joined(separator: "  ")
    }
}

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Count targets by rule and state.")

    @OptionGroup var selection: SelectionOptions

    @Flag(help: "One JSON object a rule.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let workspace = try global.workspace()
        let rows = try await statusByRule(
            of: try selection.request(in: workspace), in: workspace, observer: Notes())
        for row in rows {
            if json {
                try printJSON(row)
                continue
            }
            let counts = row.states.sorted { $0.key < $1.key }.map { "\(grouped($0.value)) \($0.key)" }
            printResult(
                "\(padded(row.rule, to: 24))  \(counts.joined(separator: ", "))"
                    + "  (\(grouped(row.rows)) rows, \(byteText(Double(row.bytes))))")
        }
        if rows.isEmpty && !json {
            printResult("no targets: the listings are empty, or no build has run yet")
        }
    }
}

func padded(_ text: String, to width: Int, atStart: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, width - text.count))
    return atStart ? fill + text : text + fill
}

/// Shows notes and warnings of commands that are no builds.
struct Notes: BuildObserver {
    func observe(_ event: BuildEvent) {
        switch event {
        case .note(let text): printError("datamake: \(text)")
        case .warning(let text): printError("datamake: warning: \(text)")
        default: break
        }
    }
}
