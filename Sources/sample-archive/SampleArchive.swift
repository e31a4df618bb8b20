import ArgumentParser

/// Makes and serves a small archive of market data that looks like the real one, for tests, examples and measurements.
@main struct SampleArchive: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample-archive",
        abstract: "Make an archive of synthetic market data, and serve it as an S3 bucket on this machine.",
        subcommands: [MakeCommand.self, ServeCommand.self])
}
