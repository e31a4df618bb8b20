package import Foundation

/// Other people's programs as judges: Python with pyarrow, DuckDB, Polars, fastparquet and moto.
package enum Peer {
    /// The Python that `scripts/setup` has filled with judges: `$DATAMAKE_PYTHON`, else `.venv/bin/python` in the
    /// package, else nil, and tests that need it are skipped with that reason.
    package static let python: String? = {
        if let path = ProcessInfo.processInfo.environment["DATAMAKE_PYTHON"] { return path }
        let path = packageRoot.appending(path: ".venv/bin/python").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    /// The directory that holds `Package.swift`.
    package static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder of real samples: `$DATAMAKE_SAMPLES`, else the shared one beside the package, where there is one.
    package static let samples: URL? = {
        if let path = ProcessInfo.processInfo.environment["DATAMAKE_SAMPLES"] { return URL(filePath: path) }
        let url = packageRoot.deletingLastPathComponent().appending(path: "shared/samples")
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }()

    /// Graphviz, where it is installed: judges the graphs that are drawn for it.
    package static let graphviz: String? = {
        let path = "/usr/bin/dot"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    package struct Output: Sendable {
        package var status: Int32
        package var standardOutput: String
        package var standardError: String

        package init(status: Int32, standardOutput: String, standardError: String) {
            self.status = status
            self.standardOutput = standardOutput
            self.standardError = standardError
        }
    }

    /// Runs a program to its end. Both outputs are read as they come, so neither can block it.
    package static func run(
        _ executable: String, _ arguments: [String], directory: String? = nil,
        environment: [String: String]? = nil
    ) throws -> Output {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        if let directory { process.currentDirectoryURL = URL(filePath: directory) }
        if let environment { process.environment = environment }
        let scratch = try TemporaryDirectory()
        let names = ["out", "err"]
        for name in names { try scratch.write("", to: name) }
        process.standardOutput = try FileHandle(forWritingTo: scratch.url.appending(path: names[0]))
        process.standardError = try FileHandle(forWritingTo: scratch.url.appending(path: names[1]))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus,
            standardOutput: String(decoding: try scratch.read(names[0]), as: UTF8.self),
            standardError: String(decoding: try scratch.read(names[1]), as: UTF8.self))
    }
}
