import ArgumentParser
import Building
import CLinux
import DatafileLoading
import Files
import Glibc
import Planning
import Problems

/// Reads the command line, runs one command, and turns how it ended into an exit code.
@main
struct Main {
    static func main() async {
        // A closed pipe is an error to handle where it happens, not a reason to die in mid-publish.
        signal(SIGPIPE, SIG_IGN)
        unblockSignals()
        keepFreedMemory()
        do {
            var command = try Datamake.parseAsRoot(
                globalOptionsLast(Array(CommandLine.arguments.dropFirst())))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let problem as any Problem {
            printProblem(problem)
            exit(exitCode(for: problem))
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch {
            endOfParsing(error)
        }
    }

    /// Help and version are no errors; anything else the parser throws is a wrong command line.
    private static func endOfParsing(_ error: any Error) -> Never {
        let code = Datamake.exitCode(for: error)
        let message = Datamake.fullMessage(for: error)
        if code == .success {
            printResult(message)
            exit(0)
        }
        printError(message)
        exit(code == .validationFailure ? 2 : 1)
    }
}

/// Some parents start their children with signals blocked; an interrupt must get through all the same.
private func unblockSignals() {
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_UNBLOCK, &all, nil)
}

/// Keeps freed blocks of up to 32 MiB, the most glibc allows, in the process: those that `WorkMemory` does not keep itself,
/// such as a reader's. Given back to the kernel for each partition, their pages are cleared and mapped again.
private func keepFreedMemory() {
    _ = malloc_keep_freed(32 << 20)
    // There are more threads than processors, since some wait for the disk. With a heap for each of them, each touches fresh pages
    // where another one's would do.
    _ = malloc_share_heaps(Int32(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    // By default a heap grows by a page or two at a time, with a call each, for which all threads' page faults wait.
    _ = malloc_spare(1 << 20)
}

/// `datamake -C DIR build` and `datamake build -C DIR` mean the same: options before the command move behind it.
func globalOptionsLast(_ arguments: [String]) -> [String] {
    let withValue: Set<String> = ["-C", "-f", "--log-format", "--directory", "--datafile"]
    var moved = [String]()
    var index = 0
    while index < arguments.count {
        let word = arguments[index]
        if withValue.contains(word), index + 1 < arguments.count {
            moved += [word, arguments[index + 1]]
            index += 2
        } else if word.hasPrefix("--log-format=") || word.hasPrefix("--directory=")
            || word.hasPrefix("--datafile=")
        {
            moved.append(word)
            index += 1
        } else {
            break
        }
    }
    guard index < arguments.count, !arguments[index].hasPrefix("-") else { return arguments }
    let command = arguments[index]
    var rest = Array(arguments[(index + 1)...])
    // `log` has commands of its own, and what stands before those belongs to them, too.
    if command == "log", !rest.isEmpty {
        rest = globalOptionsLast(rest)
        if !rest[0].hasPrefix("-") { return [command, rest[0]] + moved + rest.dropFirst() }
    }
    return [command] + moved + rest
}

/// The table of exit codes for a command that could not start or go on.
func exitCode(for problem: any Problem) -> Int32 {
    switch problem {
    case LockProblem.held: 75
    case is DatafileProblems, is SelectionProblem, is RootCauseProblem, SavedPlanProblem.unreadable: 2
    case SavedPlanProblem.moved: 3
    case let problem as LogProblem: problem.isUsage ? 2 : 1
    case GraphProblem.nothingListed: 2
    case BuildProblem.noDatafile, BuildProblem.badFlag: 2
    default: 1
    }
}

/// Lines for standard output, written many at a time.
struct OutputLines {
    private static let gatheredByteCount = 64 << 10

    private var text = ""

    mutating func append(_ line: String) {
        if !text.isEmpty { text += "\n" }
        text += line
        if text.utf8.count >= Self.gatheredByteCount { flush() }
    }

    /// To be called after the last line.
    mutating func flush() {
        if !text.isEmpty { printResult(text) }
        text = ""
    }
}

/// Writes a line of results to standard output. A result that nobody can get is a failure, so a write error ends the
/// program; only a closed pipe does not, because `| head` is no error.
func printResult(_ text: String) {
    var text = text + "\n"
    let isWritten = text.withUTF8 { bytes -> Bool in
        var start = 0
        while start < bytes.count {
            // SAFETY: start < count, so the bytes from there on are the buffer's.
            let count = unsafe write(STDOUT_FILENO, bytes.baseAddress! + start, bytes.count - start)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return false }
            start += count
        }
        return true
    }
    guard !isWritten, errno != EPIPE else { return }
    printError("datamake: standard output: \(unsafe String(cString: strerror(errno)))")
    exit(1)
}

/// Writes to standard error; a closed one is nobody's problem.
func printError(_ text: String) {
    var text = text + "\n"
    text.withUTF8 { unsafe _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// The one printer of problems.
func printProblem(_ problem: any Problem) {
    printError("datamake: \(problem.summary)")
    if let hint = problem.hint { printError("  hint: \(hint)") }
}
