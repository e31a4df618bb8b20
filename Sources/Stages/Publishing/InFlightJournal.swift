package import Files
import Synchronization

/// The temporary files of this run by name, so that the next one can remove what a killed one left.
///
/// A text file, one path a line, each written with one call before its file is made: a kill at any instant leaves at
/// most names without files. (A power cut may lose names that were never synced; `gc` finds those files.) Newlines and
/// backslashes in a path are written `\n` and `\\`; a last line without a newline was never acted on and does not count.
///
/// The journal is rewritten with the names still in flight whenever it has grown to ``compactionByteCount``, so a run
/// over any number of files keeps it small.
package final class InFlightJournal: Sendable {
    private struct State: ~Copyable {
        var log: AppendedFile
        var inFlight: Set<String> = []
        var compactAt: Int
    }

    private let path: String
    private let root: String
    private let state: Mutex<State>

    /// Size in bytes from which it is worth while to leave out names that are done.
    private let compactionByteCount: Int
    private static let byteLimit = 1 << 30

    /// Opens the journal or makes an empty one. The build's lock must be held.
    ///
    /// - Parameters:
    ///   - path: of the journal, such as `.datamake/in-flight`.
    ///   - root: the project's directory: relative paths start there, and nothing outside is ever removed.
    package init(
        path: String, root: String = ".", compactionByteCount: Int = 1 << 20
    ) throws(FileProblem) {
        self.path = path
        self.root = root
        self.compactionByteCount = compactionByteCount
        let log = try AppendedFile(path: path)
        state = Mutex(State(log: log, compactAt: compactionByteCount))
    }

    /// Notes a temporary file that is about to be made. Any thread.
    package func willWrite(_ temporaryPath: String) throws(FileProblem) {
        try state.withLock { state throws(FileProblem) in
            state.inFlight.insert(temporaryPath)
            if state.log.byteCount >= state.compactAt { try compact(&state) }
            try state.log.append(Self.line(temporaryPath))
        }
    }

    /// Notes and makes the temporary file of a destination. Any thread.
    package func stage(for destination: String) throws(FileProblem) -> StagedFile {
        try willWrite(StagedFile.temporaryPath(for: destination))
        return try StagedFile(for: destination)
    }

    /// Forgets a temporary file that was published or removed. Any thread.
    package func didFinish(_ temporaryPath: String) {
        state.withLock { _ = $0.inFlight.remove(temporaryPath) }
    }

    /// Removes what the last run left and forgets its names. At the beginning of a run.
    ///
    /// Only regular files with the suffix of temporary files, in directories that are really inside the root, links
    /// resolved, are touched.
    ///
    /// - Returns: the paths of the files that were removed, in order.
    package func sweep() throws(FileProblem) -> [String] {
        try state.withLock { state throws(FileProblem) in
            let bytes = try readSmallFile(path, limit: Self.byteLimit) ?? []
            var removed = [String]()
            for name in Set(Self.names(bytes)).sorted() where try isOurs(name) {
                if try removeFile(resolved(name)) { removed.append(name) }
            }
            // The journal's own, of a kill while it was rewritten.
            let ownTemporary = StagedFile.temporaryPath(for: path)
            if try isRegularFile(ownTemporary) { try removeFile(ownTemporary) }
            try state.log.truncate()
            state.inFlight = []
            return removed
        }
    }

    /// Forgets all names. At the end of a run that left no temporary file.
    package func clear() throws(FileProblem) {
        try state.withLock { state throws(FileProblem) in
            try state.log.truncate()
            state.inFlight = []
        }
    }

    private func resolved(_ name: String) -> String { name.hasPrefix("/") ? name : root + "/" + name }

    private func isOurs(_ name: String) throws(FileProblem) -> Bool {
        guard name.utf8.count > StagedFile.temporaryPath(for: "").utf8.count,
            name.hasSuffix(StagedFile.temporaryPath(for: "")), !name.utf8.contains(0)
        else { return false }
        let file = resolved(name)
        guard try isRegularFile(file) else { return false }
        let directory = try realPath(parentDirectory(of: file))
        let root = try realPath(self.root)
        return directory == root || root == "/" || directory.hasPrefix(root + "/")
    }

    /// Replaces the journal by one with the names in flight. The old one stays until the new one is whole.
    private func compact(_ state: inout State) throws(FileProblem) {
        let bytes = state.inFlight.sorted().flatMap(Self.line)
        try writeFileAtomically(path, bytes, durable: .nothing)
        state.log = try AppendedFile(path: path)
        state.compactAt = max(compactionByteCount, 2 * bytes.count)
    }

    private static func line(_ path: String) -> [UInt8] {
        var line = [UInt8]()
        line.reserveCapacity(path.utf8.count + 1)
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "\n"): line += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), UInt8(ascii: "\\")]
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func names(_ bytes: [UInt8]) -> [String] {
        var names = [String]()
        var name = [UInt8]()
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                name.append(byte == UInt8(ascii: "n") ? UInt8(ascii: "\n") : byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\n") {
                if let text = String(validating: name, as: UTF8.self) { names.append(text) }
                name = []
            } else {
                name.append(byte)
            }
        }
        return names
    }
}
