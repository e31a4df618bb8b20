import ArgumentParser
import Building
import Files
import Foundation
import Graph
import Problems

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show past runs: what they did, what failed, and what they spent their time on.",
        discussion: """
            RUN is a run's id, the beginning of one, or 'last'. Kept are the last 1,000 runs, and 2,000,000 of the jobs \
            that they did, by whole runs.
            """,
        subcommands: [
            LogRuns.self, LogWhatRan.self, LogWhatFailed.self, LogSlowest.self, LogCriticalPath.self,
            LogTrace.self,
        ], defaultSubcommand: LogRuns.self)
}

/// Options that all but `runs` share.
struct RunOptions: ParsableArguments {
    @Argument(help: "A run's id, the beginning of one, or last.")
    var run = "last"

    /// The log and the run that was asked for.
    func open(_ workspace: Workspace) throws -> (log: RunLog, run: LoggedRun) {
        let log = try RunLog(workspace, observer: Notes())
        return (log, try log.run(run))
    }
}

struct LogRuns: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List runs, newest first.")

    @Option(name: .customShort("n"), help: "Show no more than this many.")
    var count: Int?

    @Flag(help: "One JSON object a run.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func validate() throws { try checkCount(count) }

    func run() async throws {
        let workspace = try global.workspace()
        let log = try RunLog(workspace, observer: Notes())
        if log.runs.isEmpty {
            printProblem(LogProblem.noRuns(directory: workspace.stateDirectory))
        }
        for run in log.runs.prefix(count ?? .max) {
            if json { try printJSON(RunLine(run)) } else { printResult(run.line) }
        }
    }
}

struct LogWhatRan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "what-ran", abstract: "List what a run did, in the order in which it ended.")

    @OptionGroup var options: RunOptions

    @Flag(help: "One JSON object a job.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let (log, run) = try options.open(try global.workspace())
        var eventCount = 0
        try log.forEachEvent(of: run) { event in
            eventCount += 1
            if json { try printJSON(EventLine(event)) } else { printResult(event.line(in: run)) }
        }
        if eventCount == 0 { printProblem(LogProblem.noEvents(run: run.record.id)) }
    }
}

struct LogWhatFailed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "what-failed",
        abstract: "List what failed in a run, and what was not begun because of that.")

    @OptionGroup var options: RunOptions

    @Flag(help: "One JSON object a target.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let (log, run) = try options.open(try global.workspace())
        let failures = try log.failures(of: run)
        for failure in failures {
            if json {
                try printJSON(FailureLine(failure))
                continue
            }
            let target = failure.event.target.escapedForDisplay
            if let category = failure.event.outcome.category {
                printResult("failed (\(category.rawValue)) \(target)")
                if !failure.message.isEmpty { printResult("    \(failure.message.escapedForDisplay)") }
            } else {
                let cause = failure.cause.map { ", because \($0.escapedForDisplay) failed" } ?? ""
                printResult("not begun \(target)\(cause)")
            }
        }
        if failures.isEmpty && !json { printError("datamake: nothing failed in run \(run.record.id)") }
    }
}

struct LogSlowest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slowest", abstract: "List the jobs of a run that took longest, longest first.")

    @OptionGroup var options: RunOptions

    @Option(name: .customShort("n"), help: "Show no more than this many.")
    var count = 10

    @Flag(help: "One JSON object a job.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func validate() throws { try checkCount(count) }

    func run() async throws {
        let (log, run) = try options.open(try global.workspace())
        let events = try log.slowest(count, of: run)
        for event in events {
            if json { try printJSON(EventLine(event)) } else { printResult(event.line(in: run)) }
        }
        if events.isEmpty { printProblem(LogProblem.noEvents(run: run.record.id)) }
    }
}

struct LogCriticalPath: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "critical-path",
        abstract: "Show the chain of jobs that a run's end came from, and what they waited for.",
        discussion: """
            Each job is the last that the next one needed. Making one of them faster makes the run shorter, until \
            another chain is the longest; making any other job faster does not, unless it frees a worker for one of \
            these.
            """)

    @OptionGroup var options: RunOptions

    @Flag(help: "One JSON object a job.")
    var json = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let (log, run) = try options.open(try global.workspace())
        let path = try log.criticalPath(of: run)
        if let missing = path.missing {
            printError(
                "datamake: warning: event \(missing), which the first of these waited for, is damaged or gone"
            )
        }
        for link in path.links {
            if json { try printJSON(LinkLine(link)) } else { printResult(link.line(in: run)) }
        }
    }
}

struct LogTrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Write a run as a Chrome trace, for chrome://tracing or ui.perfetto.dev.")

    @OptionGroup var options: RunOptions

    @Option(name: .shortAndLong, help: "The file to write; default: standard output.")
    var output: String?

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let (log, run) = try options.open(try global.workspace())
        let events = try log.events(of: run)
        guard !events.isEmpty else { throw LogProblem.noEvents(run: run.record.id) }
        let trace = ChromeTrace(of: run, events: events)
        var buffer = ""
        let flushByteCount = 1 << 16
        guard let output else {
            trace.write { text in
                buffer += text
                if buffer.utf8.count > flushByteCount, buffer.hasSuffix("\n") {
                    printResult(String(buffer.dropLast()))
                    buffer = ""
                }
            }
            return printResult(String(buffer.dropLast()))
        }
        let path = absolutePath(output)
        // A staged file would make it.
        guard FileManager.default.fileExists(atPath: URL(filePath: path).deletingLastPathComponent().path)
        else {
            throw BuildProblem.badFlag(
                "-o \(output.escapedForDisplay): there is no such directory", hint: "name one that exists")
        }
        do {
            // In place at once or not at all: a trace that is cut off is no JSON.
            var file = try StagedFile(for: path)
            try trace.write { text in
                buffer += text
                guard buffer.utf8.count > flushByteCount else { return }
                try file.write(Array(buffer.utf8).span)
                buffer = ""
            }
            try file.write(Array(buffer.utf8).span)
            _ = try file.finish().publish(durably: false)
        } catch let problem as FileProblem {
            throw BuildProblem.badFlag(
                "-o \(output.escapedForDisplay): \(problem.summary)",
                hint: "name a file in a directory that you may write to")
        }
    }
}

private func checkCount(_ count: Int?) throws {
    if let count, count < 1 { throw ValidationError("-n \(count): not a number of lines; choose 1 or more.") }
}
