import Bytes
import Files
import Foundation
import Graph
import Problems
import Synchronization

/// A `run` recipe that did not make its output.
struct CommandProblem: Problem, Hashable {
    enum Kind: Hashable {
        case exit(status: Int32, lastLines: String)
        case signal(Int32, lastLines: String)
        case noOutput
        case notStarted(String)
    }
    var output: String
    var command: String
    var kind: Kind

    var summary: String {
        let what = "\(output.escapedForDisplay): '\(command.escapedForDisplay)'"
        return switch kind {
        case .exit(let status, let lines):
            "\(what) ended with status \(status)\(lines.isEmpty ? "" : ": \(lines)")"
        case .signal(let number, let lines):
            "\(what) was ended by signal \(number)\(lines.isEmpty ? "" : ": \(lines)")"
        case .noOutput: "\(what) ended well but wrote no file at {output}"
        case .notStarted(let why): "\(what) could not be started: \(why)"
        }
    }
    var hint: String? {
        switch kind {
        case .noOutput: "the command must write to the path that {output} stands for"
        case .notStarted: "no shell is used; name a program that is on PATH"
        default: "run it by hand in the project's directory to see more"
        }
    }
    var category: ProblemCategory { .recipe }
}

/// One run of a command that makes an action's output.
///
/// The command writes a private file; its bytes are then taken into the staged output. It runs in the project's
/// directory and dies with this process, so it can never write to a published path, nor after the build has ended.
struct CommandRun: Sendable {
    let workspace: Workspace
    let action: Action
    let command: Command

    func run(inputs: [RecipeInput], output: StagedOutput) async throws {
        let directory = workspace.stateDirectory + "/work/\(XXH3Digest(of: Array(output.destination.utf8)))"
        try? FileManager.default.removeItem(atPath: directory)
        _ = try makeDirectories(directory)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let name = action.output.split(separator: "/").last.map(String.init) ?? "output"
        let privateOutput = directory + "/" + name
        let words = command.words(
            inputs: inputs.map { workspace.relative($0.path) }, output: workspace.relative(privateOutput),
            bindings: action.bindings)

        let errors = directory + "/.standard-error"
        let status = try await spawn(words, errorsTo: errors)
        switch status {
        case .exited(0): break
        case .exited(let code): throw problem(.exit(status: code, lastLines: lastLines(of: errors)))
        case .signalled(let number): throw problem(.signal(number, lastLines: lastLines(of: errors)))
        }
        guard try Stamp.of(path: privateOutput) != nil,
            let handle = FileHandle(forReadingAtPath: privateOutput)
        else { throw problem(.noOutput) }
        defer { try? handle.close() }
        try output.begin()
        while let block = try handle.read(upToCount: 1 << 20), !block.isEmpty {
            try unsafe block.withUnsafeBytes { try unsafe output.write($0) }
        }
    }

    private func problem(_ kind: CommandProblem.Kind) -> CommandProblem {
        CommandProblem(output: action.output, command: command.text, kind: kind)
    }

    private enum ExitStatus {
        case exited(Int32)
        case signalled(Int32)
    }

    private func spawn(_ words: [String], errorsTo errors: String) async throws -> ExitStatus {
        let process = Process()
        // util-linux's setpriv asks the kernel to kill the command when this process dies, however that happens.
        let setpriv = "/usr/bin/setpriv"
        let hasSetpriv = FileManager.default.isExecutableFile(atPath: setpriv)
        process.executableURL = URL(filePath: hasSetpriv ? setpriv : "/usr/bin/env")
        process.arguments = (hasSetpriv ? ["--pdeathsig", "KILL", "--"] : ["--"]) + words
        process.currentDirectoryURL = URL(filePath: workspace.root)
        try writeFileAtomically(errors, [])
        guard let sink = FileHandle(forWritingAtPath: errors) else {
            throw problem(.notStarted("no log file"))
        }
        defer { try? sink.close() }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = sink
        process.standardError = sink
        let group = Mutex<Int32>(0)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                process.terminationHandler = { ended in
                    continuation.resume(
                        returning: ended.terminationReason == .exit
                            ? .exited(ended.terminationStatus) : .signalled(ended.terminationStatus))
                }
                do {
                    try process.run()
                    group.withLock { $0 = process.processIdentifier }
                } catch {
                    process.terminationHandler = nil
                    continuation.resume(throwing: problem(.notStarted("\(error)".escapedForDisplay)))
                }
            }
        } onCancel: {
            let identifier = group.withLock { $0 }
            if identifier > 0 { kill(identifier, SIGTERM) }
        }
    }

    /// The end of what a command said, for a message.
    private func lastLines(of path: String) -> String {
        guard let bytes = try? readSmallFile(path, limit: 1 << 24) else { return "" }
        let lines = String(decoding: bytes.suffix(4096), as: UTF8.self).split(separator: "\n").suffix(5)
        return lines.map { String($0).escapedForDisplay }.joined(separator: " | ")
    }
}

extension Command {
    /// The words to run: `{input}` alone becomes one word an input, elsewhere the inputs joined by spaces.
    func words(inputs: [String], output: String, bindings: Bindings) -> [String] {
        arguments.flatMap { word -> [String] in
            if word == "{input}" { return inputs }
            var text = word.replacing("{input}", with: inputs.joined(separator: " "))
                .replacing("{output}", with: output)
            for (name, value) in bindings { text = text.replacing("{\(name)}", with: value) }
            return [text]
        }
    }
}

extension Workspace {
    /// Project-relative if it lies in the project, else as it is.
    func relative(_ path: String) -> String {
        path.hasPrefix(root + "/") ? String(path.dropFirst(root.utf8.count + 1)) : path
    }
}
