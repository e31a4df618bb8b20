package import Foundation

/// What `build --json` says in numbers, apart from rows, bytes and time.
package struct BuildCounts: Hashable, Sendable, Decodable {
    package var considered: Int
    package var fresh: Int
    package var built: Int
    package var unchanged: Int
    package var failed: Int
    /// Objects downloaded.
    package var fetched: Int

    package init(
        considered: Int, fresh: Int = 0, built: Int = 0, unchanged: Int = 0, failed: Int = 0, fetched: Int = 0
    ) {
        self.considered = considered
        self.fresh = fresh
        self.built = built
        self.unchanged = unchanged
        self.failed = failed
        self.fetched = fetched
    }
}

/// How a build ended, read from its JSON as a script would.
package struct BuildOutcome: Sendable {
    package struct Failure: Hashable, Sendable, Decodable {
        package var target: String
        package var category: String
        package var message: String
        package var attempts: Int
    }

    package var status: Int32
    package var counts: BuildCounts
    package var rows: Int
    package var fetchedByteCount: Int
    package var failures: [Failure]
    package var standardError: String
}

/// A project in a temporary directory, and the built `datamake` to run in it.
package final class ProjectDirectory: Sendable {
    /// What a command was expected to print, and did not.
    package struct UnexpectedOutput: Error, CustomStringConvertible {
        package var description: String
    }

    private let enclosing: TemporaryDirectory
    package let url: URL
    package var path: String { url.path }

    /// - Parameter name: of the directory.
    package init(_ datafile: String, name: String = "project") throws {
        enclosing = try TemporaryDirectory()
        url = enclosing.url.resolvingSymlinksInPath().appending(path: name)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try write(datafile, to: "Datafile")
    }

    package func path(_ relative: String) -> String { url.appending(path: relative).path }

    package func write(_ text: String, to relative: String) throws {
        try write(Data(text.utf8), to: relative)
    }

    package func write(_ data: Data, to relative: String) throws {
        let file = url.appending(path: relative)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
    }

    package func read(_ relative: String) throws -> Data {
        try Data(contentsOf: url.appending(path: relative))
    }

    package func text(_ relative: String) throws -> String {
        String(decoding: try read(relative), as: UTF8.self)
    }

    package func exists(_ relative: String) -> Bool { FileManager.default.fileExists(atPath: path(relative)) }

    /// Replaces text of the Datafile.
    package func edit(_ old: String, to new: String) throws {
        let text = try text("Datafile")
        guard text.contains(old) else { throw UnexpectedOutput(description: "the Datafile has no '\(old)'") }
        try write(text.replacing(old, with: new), to: "Datafile")
    }

    /// Paths of all regular files below `directory` that end so.
    package func files(in directory: String = ".", suffix: String = "") -> [String] {
        let base = directory == "." ? url : url.appending(path: directory)
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: base.path)) ?? []
        return names.filter { name in
            guard name.hasSuffix(suffix) else { return false }
            var status = stat()
            return unsafe lstat(base.appending(path: name).path, &status) == 0
                && status.st_mode & S_IFMT != S_IFDIR
        }.map { directory == "." ? $0 : directory + "/" + $0 }.sorted()
    }

    /// The bytes of every file below `directory` that ends so, by path.
    package func contents(of directory: String, suffix: String = ".parquet") throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for file in files(in: directory, suffix: suffix) { contents[file] = try read(file) }
        return contents
    }

    /// Starts `datamake` in the project.
    package func start(_ arguments: [String], environment: [String: String] = [:]) throws -> RunningProgram {
        try RunningProgram(
            RunningProgram.built("datamake"), arguments, directory: path, environment: environment)
    }

    /// Runs `datamake` in the project to its end.
    package func datamake(_ arguments: [String], environment: [String: String] = [:]) throws -> Peer.Output {
        try start(arguments, environment: environment).finish()
    }

    package func datamake(_ arguments: String...) throws -> Peer.Output { try datamake(arguments) }

    /// Runs `datamake build --json` and reads what it says.
    package func build(_ arguments: String..., environment: [String: String] = [:]) throws -> BuildOutcome {
        try build(arguments: arguments, environment: environment)
    }

    /// The same with arguments that are at hand.
    package func build(
        arguments: [String], environment: [String: String] = [:]
    ) throws -> BuildOutcome {
        try outcome(of: try datamake(["build", "--json"] + arguments, environment: environment))
    }

    /// Reads the JSON of a build or rebuild.
    package func outcome(of output: Peer.Output) throws -> BuildOutcome {
        struct Report: Decodable {
            struct Fetched: Decodable { var objects: Int, bytes: Int }
            var considered: Int, fresh: Int, built: Int, unchanged: Int, failed: Int, rows: Int
            var fetched: Fetched
            var failures: [BuildOutcome.Failure]
        }
        let report: Report = try decode(output)
        return BuildOutcome(
            status: output.status,
            counts: BuildCounts(
                considered: report.considered, fresh: report.fresh, built: report.built,
                unchanged: report.unchanged, failed: report.failed, fetched: report.fetched.objects),
            rows: report.rows, fetchedByteCount: report.fetched.bytes, failures: report.failures,
            standardError: output.standardError)
    }

    /// Reads what a command printed with `--json` as one value.
    package func decode<Value: Decodable>(_ output: Peer.Output, as type: Value.Type = Value.self) throws
        -> Value
    {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(output.standardOutput.utf8))
        } catch {
            throw UnexpectedOutput(
                description:
                    "status \(output.status), no \(Value.self) in '\(output.standardOutput)': \(error)\n"
                    + output.standardError)
        }
    }

    /// Reads what a command printed with `--json` as one value a line.
    package func decodeLines<Value: Decodable>(
        _ output: Peer.Output, as type: Value.Type = Value.self
    ) throws -> [Value] {
        try output.standardOutput.split(separator: "\n").map {
            try decode(
                Peer.Output(
                    status: output.status, standardOutput: String($0), standardError: output.standardError))
        }
    }
}
