import Foundation

/// `sample-archive serve` over a directory. Ends with the value.
package final class Origin: Sendable {
    package struct NotStarted: Error {}

    /// Path style, bucket included.
    package let url: String
    private let server: RunningProgram

    package init(_ directory: String, _ arguments: String...) throws {
        server = try RunningProgram(
            RunningProgram.built("sample-archive"), ["serve", directory, "--port", "0"] + arguments)
        let server = server
        var line = ""
        let isReady = eventually {
            line = server.standardOutput
            return line.hasSuffix("\n") || !server.isRunning
        }
        guard isReady, let url = line.split(separator: " ").last?.split(separator: "\n").first else {
            throw NotStarted()
        }
        self.url = String(url)
    }

    deinit { server.signal(SIGTERM) }
}
