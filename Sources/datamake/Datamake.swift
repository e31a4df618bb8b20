import ArgumentParser
import Building
import Files
import Foundation
import Listing

/// The program's version, part of the records it writes.
let toolVersion = "0.1.0"

/// The root command.
struct Datamake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datamake",
        abstract: "Make for data: keeps public archives as clean Parquet, and knows why.",
        discussion: """
            A Datafile declares remote files, how they become clean Parquet partitions, and where those go.
            -C DIR, -f FILE and --log-format may stand before the command too.

            A PATTERN is a rule name, a glob over target names (*, **, ?, {a,b}), or source:glob.
            Exit codes: 0 done; 1 some targets failed or differ; 2 wrong usage or Datafile, nothing ran;
            3 the world moved since the plan was saved (build --plan), nothing ran; 75 another build holds the lock (--no-wait); 128+n signal.
            """,
        version: toolVersion,
        subcommands: [
            Build.self, PlanTargets.self, Why.self, Rebuild.self, Verify.self, List.self, Status.self,
            GraphCommand.self, LogCommand.self, Initialize.self,
        ])
}

/// Options every command takes.
struct GlobalOptions: ParsableArguments {
    enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(name: [.customShort("C"), .long], help: "The project's directory.")
    var directory = "."

    @Option(name: [.customShort("f"), .long], help: "The Datafile, relative to the project.")
    var datafile = "Datafile"

    @Option(help: "How messages on standard error look: text or json (one object a line).")
    var logFormat = LogFormat.text

    func workspace() throws -> Workspace {
        guard let root = try absoluteDirectory(directory) else {
            throw BuildProblem.badFlag("-C \(directory): no such directory", hint: "name one that exists")
        }
        return Workspace(root: root, datafile: datafile)
    }
}

/// Options that pick targets.
struct SelectionOptions: ParsableArguments {
    @Argument(help: "Rule names, globs over targets, or source:glob. None: everything.")
    var patterns: [String] = []

    @Option(
        name: .customLong("where"),
        help: "Narrows by a wildcard: name=glob, or name=range such as date=2024-01..")
    var narrowing: [String] = []

    @Option(name: .customLong("except"), help: "Leaves out what this pattern matches.")
    var excluded: [String] = []
}

/// Options of commands that look at the sources.
struct RefreshOptions: ParsableArguments {
    @Option(help: "How much to ask the sources: auto, full or none.")
    var refresh = RefreshMode.auto

    @Flag(help: "Use no network: the last listing stands.")
    var offline = false
}

extension RefreshMode: ExpressibleByArgument {}

/// Writes one value as one line of JSON on standard output, keys in alphabetical order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    printResult(String(decoding: try encoder.encode(value), as: UTF8.self))
}
