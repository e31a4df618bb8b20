import Foundation
import TestSupport

/// The built program.
enum SampleArchiveProgram {
    static let path = Peer.packageRoot.appending(path: ".build/debug/sample-archive").path

    static func make(_ directory: String, _ arguments: String...) throws -> Peer.Output {
        try Peer.run(path, ["make", directory] + arguments)
    }

    /// All files below a directory by their paths in it.
    static func files(of directory: TemporaryDirectory) throws -> [String: Data] {
        let root = directory.url.resolvingSymlinksInPath()
        var files: [String: Data] = [:]
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        for name in names {
            let url = root.appending(path: name)
            if try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
                files[name] = try Data(contentsOf: url)
            }
        }
        return files
    }

    /// A running server, ended with the value.
    final class Server {
        private let process = Process()
        private let output = Pipe()
        /// `http://127.0.0.1:PORT`.
        let origin: String

        init(_ directory: String, _ arguments: String...) throws {
            process.executableURL = URL(filePath: path)
            process.arguments = ["serve", directory] + arguments
            process.standardOutput = output
            try process.run()
            var line = Data()
            while line.last != UInt8(ascii: "\n") {
                guard let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else {
                    break
                }
                line += byte
            }
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard
                let url = words.last.flatMap({
                    URL(string: $0.trimmingCharacters(in: .whitespacesAndNewlines))
                }),
                let port = url.port
            else { throw CocoaError(.fileReadUnknown) }
            origin = "http://127.0.0.1:\(port)"
        }

        /// Asks it to end, and how it did.
        func stop() -> Int32 {
            process.terminate()
            process.waitUntilExit()
            return process.terminationStatus
        }

        deinit { if process.isRunning { _ = stop() } }
    }
}
