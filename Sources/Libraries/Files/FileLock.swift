import Glibc
package import Problems

/// The one build of a project: an exclusive lock on a file, held as long as the value lives.
///
/// The lock is the system's (`flock`), so it ends with its process however that dies; what is written in the file
/// only names the holder for others. The file itself stays: removing it would let two processes lock two files.
package struct FileLock: ~Copyable {
    /// Who has the lock, as far as the file tells.
    package struct Holder: Hashable, Sendable {
        package var processID: Int32
        package var host: String

        package init(processID: Int32, host: String) {
            self.processID = processID
            self.host = host
        }
    }

    private let file: Descriptor

    /// Takes the lock.
    ///
    /// - Parameters:
    ///   - path: the lock file; made, with its directories, when missing.
    ///   - wait: whether to wait for another holder; if not, that is a problem.
    ///   - willWait: called once before waiting.
    package init(path: String, wait: Bool, willWait: (Holder?) -> Void = { _ in }) throws(LockProblem) {
        file = try Self.take(path, wait: wait, willWait: willWait)
    }

    deinit {
        _ = ftruncate(file.number, 0)
        // Closing alone would leave the lock to a child that has been forked and has yet to replace its program.
        _ = flock(file.number, LOCK_UN)
    }

    /// Ends the lock; so does dropping the value.
    package consuming func release() {}

    private static func take(
        _ path: String, wait: Bool, willWait: (Holder?) -> Void
    ) throws(LockProblem) -> Descriptor {
        var hasTold = false
        while true {
            do throws(FileProblem) {
                try makeDirectories(parentDirectory(of: path))
                let file = try Descriptor(
                    opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, permissions: 0o666, for: .lock)
                if try lock(file, path: path, wait: hasTold) {
                    // Somebody may have removed the file since it was opened; then this lock is on a file that nobody
                    // else finds.
                    let ours = try file.status(path: path)
                    if let found = try fileStatus(ofPath: path, followingLinks: false),
                        found.isSameFile(as: ours)
                    {
                        try write("\(getpid()) \(hostName())\n", to: file, path: path)
                        return file
                    }
                    continue
                }
            } catch { throw .file(error) }
            let holder = holder(path)
            guard wait else { throw .held(path: path, by: holder) }
            willWait(holder)
            hasTold = true
        }
    }

    /// False when another has it and `wait` is not set.
    private static func lock(
        _ file: borrowing Descriptor, path: String, wait: Bool
    ) throws(FileProblem) -> Bool {
        let number = file.number
        if retryingInterrupted({ flock(number, wait ? LOCK_EX : LOCK_EX | LOCK_NB) }) == 0 { return true }
        if errno == EWOULDBLOCK, !wait { return false }
        throw FileProblem(.lock, path: path, errorNumber: errno)
    }

    /// Who holds the lock of this path by its file, or nil when the file names nobody.
    package static func holder(_ path: String) -> Holder? {
        guard let bytes = try? readSmallFile(path, limit: 4096) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let processID = Int32(words[0]), processID > 0 else { return nil }
        return Holder(processID: processID, host: String(words[1]))
    }

    /// Whether somebody holds the lock of this path now. Asked without taking it, but where a holder was killed and left its
    /// name: then it is taken for a moment, in which a build that does not wait would be turned away.
    package static func isHeld(_ path: String) -> Bool {
        guard holder(path) != nil,
            let file = try? Descriptor(opening: path, O_RDONLY | O_NOFOLLOW, for: .lock)
        else { return false }
        let number = file.number
        guard retryingInterrupted({ flock(number, LOCK_SH | LOCK_NB) }) == 0 else {
            return errno == EWOULDBLOCK
        }
        _ = flock(number, LOCK_UN)
        return false
    }

    private static func write(
        _ text: String, to file: borrowing Descriptor, path: String
    ) throws(FileProblem) {
        guard ftruncate(file.number, 0) == 0 else { throw FileProblem(.lock, path: path, errorNumber: errno) }
        var problem: FileProblem?
        let bytes = Array(text.utf8)
        unsafe bytes.withUnsafeBytes { buffer in
            do throws(FileProblem) { unsafe try file.write(buffer, path: path) } catch { problem = error }
        }
        if let problem { throw problem }
    }
}

private func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    // One byte is kept back: a name that is cut off need not end with a zero.
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? "unknown" : text
}

/// Why a lock was not taken.
package enum LockProblem: Problem, Hashable {
    /// Another process has it; nil when its file does not tell who.
    case held(path: String, by: FileLock.Holder?)
    case file(FileProblem)

    package var category: ProblemCategory { .disk }

    package var summary: String {
        switch self {
        case .held(let path, let holder?):
            "\(path.escapedForDisplay): locked by process \(holder.processID) on \(holder.host.escapedForDisplay)"
        case .held(let path, nil): "\(path.escapedForDisplay): locked by another process"
        case .file(let problem): problem.summary
        }
    }

    package var hint: String? {
        switch self {
        case .held: "wait for that build to end, or stop it"
        case .file(let problem): problem.hint
        }
    }
}
