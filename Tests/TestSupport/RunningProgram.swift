import Foundation
import Synchronization

/// A program in a process of its own, with what it has written so far. Killed when the value goes.
package final class RunningProgram: Sendable {
    package let processIdentifier: Int32
    private let process: Process
    private let outputs: TemporaryDirectory
    private let ended = DispatchSemaphore(value: 0)

    /// Where the build puts its programs: beside the one that runs these tests.
    package static func built(_ name: String) -> String {
        let tests = Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
        let directory = tests.resolvingSymlinksInPath().deletingLastPathComponent()
        return directory.appending(path: name).path
    }

    /// - Parameter environment: added to this process's own.
    package init(
        _ executable: String, _ arguments: [String], directory: String? = nil,
        environment: [String: String] = [:]
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        if let directory { process.currentDirectoryURL = URL(filePath: directory) }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        outputs = try TemporaryDirectory()
        for name in ["out", "err"] { try outputs.write("", to: name) }
        process.standardOutput = try FileHandle(forWritingTo: outputs.url.appending(path: "out"))
        process.standardError = try FileHandle(forWritingTo: outputs.url.appending(path: "err"))
        process.standardInput = FileHandle.nullDevice
        let ended = self.ended
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        self.process = process
        processIdentifier = process.processIdentifier
    }

    deinit { if process.isRunning { signal(SIGKILL) } }

    package var isRunning: Bool { process.isRunning }
    package var standardOutput: String { text("out") }
    package var standardError: String { text("err") }

    /// Sends a signal to the program and to what it has started.
    package func signal(_ number: Int32) {
        kill(getpgid(processIdentifier) == processIdentifier ? -processIdentifier : processIdentifier, number)
    }

    /// Waits for the end, but not longer than this.
    ///
    /// - Returns: whether it has ended.
    package func waitForEnd(atMost limit: Duration = .seconds(120)) -> Bool {
        let (seconds, attoseconds) = limit.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        guard ended.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success else { return false }
        ended.signal()
        return true
    }

    /// Waits for the end, and says how it was. Kills a program that does not end in two minutes: status -1.
    package func finish() -> Peer.Output {
        guard waitForEnd() else {
            signal(SIGKILL)
            return Peer.Output(
                status: -1, standardOutput: standardOutput, standardError: "no end: " + standardError)
        }
        let isSignal = process.terminationReason == .uncaughtSignal
        return Peer.Output(
            status: process.terminationStatus + (isSignal ? 128 : 0), standardOutput: standardOutput,
            standardError: standardError)
    }

    private func text(_ name: String) -> String {
        String(decoding: (try? outputs.read(name)) ?? Data(), as: UTF8.self)
    }
}

/// Asks again and again until something holds.
///
/// - Returns: false where it did not within half a minute.
package func eventually(_ holds: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if try holds() { return true }
        usleep(500)
    }
    return false
}
