import ArgumentParser
import Building
import Problems

/// `graph`; a type named as its command would hide the module `Graph`.
struct GraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Show what is made from what: of the rules, or of one target, up and down.",
        discussion: """
            Without TARGET: the sources, rules and outputs of the Datafile. With TARGET: all that it is made from, and \
            all that is made from it, with states as the last listing and the records show them.

            datamake graph | dot -Tsvg > rules.svg
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case dot, mermaid, json }

    @Argument(help: "A partition, a local copy, or source:key; a glob for several.")
    var target: String?

    @Option(help: "dot (Graphviz), mermaid or json.")
    var format: Format?

    @Flag(help: "The same as --format json.")
    var json = false

    @Flag(help: "Only what TARGET is made from.")
    var up = false

    @Flag(help: "Only what is made from TARGET.")
    var down = false

    @Option(help: "Go at most this many steps from TARGET.")
    var depth: Int?

    @Flag(help: "Draw everything, however much. (JSON is never cut.)")
    var all = false

    @OptionGroup var global: GlobalOptions

    /// Graphviz draws this many in seconds. Mermaid refuses more than 500 arrows, and text of more than 50,000 characters.
    private static let dotLimit = 500
    private static let mermaidLimit = 200

    func validate() throws {
        if target == nil && (up || down || depth != nil) {
            throw ValidationError("--up, --down and --depth need a TARGET.")
        }
        if let depth, depth < 0 { throw ValidationError("--depth \(depth): not a number of steps.") }
        if json, let format, format != .json {
            throw ValidationError("--json and --format \(format.rawValue) exclude each other.")
        }
    }

    func run() async throws {
        let workspace = try global.workspace()
        var graph: DependencyGraph
        if let target {
            var request = TargetGraphRequest(targets: [workspace.pattern(target)])
            // Both together are what neither is: all.
            request.goesUp = up || !down
            request.goesDown = down || !up
            request.depth = depth
            graph = try await targetGraph(request, in: workspace, observer: Notes())
        } else {
            graph = try ruleGraph(in: workspace)
        }
        let format = format ?? (json ? .json : .dot)
        if format == .json { return try printJSON(graph) }
        let limit = format == .dot ? Self.dotLimit : Self.mermaidLimit
        if target != nil, !all, graph.nodes.count > limit {
            printError(
                "datamake: \(grouped(limit)) of \(grouped(graph.nodes.count)) targets are drawn; "
                    + "--all draws all, --depth fewer, and --format json lists all")
            graph = graph.cut(to: limit)
        }
        printResult(String((format == .dot ? graph.dot : graph.mermaid).dropLast()))
    }
}
