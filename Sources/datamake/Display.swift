import Building
import Glibc
import Logging
import Problems
import Synchronization

/// Shows a build while it runs: a bar on a terminal, a line every ten seconds elsewhere, JSON lines when asked for.
final class Display: BuildObserver {
    private struct State {
        var progress: Progress
        var alike = AlikeFailures()
        var shownLength = 0
        var isClosed = false
    }

    private let state: Mutex<State>
    private let logger: Logger
    private let isTerminal: Bool
    private let drawing: Mutex<Task<Void, Never>?>

    init(format: GlobalOptions.LogFormat, isQuietAboutTime: Bool) {
        state = Mutex(State(progress: Progress(started: .now)))
        let isJSON = format == .json
        isTerminal = !isJSON && isatty(STDERR_FILENO) == 1
        logger = Logger(label: "datamake") { _ -> any LogHandler in
            isJSON ? JSONLogHandler() : TextLogHandler()
        }
        drawing = Mutex(nil)
        guard isTerminal || !isQuietAboutTime else { return }
        let interval: Duration = isTerminal ? .milliseconds(100) : .seconds(10)
        let task = Task { [weak self] in
            while true {
                do { try await Task.sleep(for: interval) } catch { return }
                guard let self else { return }
                self.tick()
            }
        }
        drawing.withLock { $0 = task }
    }

    func observe(_ event: BuildEvent) {
        state.withLock { $0.progress.observe(event) }
        switch event {
        case .note(let text): log(.notice, text)
        case .warning(let text): log(.warning, text)
        case .listed(let source, let objectCount, let requestCount, let new, let changed, let gone):
            guard isVerbose else { break }
            log(
                .info, "listed \(source): \(grouped(objectCount)) objects",
                [
                    "source": "\(source)", "objects": .stringConvertible(objectCount),
                    "requests": .stringConvertible(requestCount),
                    "new": .stringConvertible(new), "changed": .stringConvertible(changed),
                    "gone": .stringConvertible(gone),
                ])
        case .fetched(let target, let byteCount, let attempts):
            guard isVerbose else { break }
            log(
                .info, "fetched \(target.escapedForDisplay)",
                [
                    "target": "\(target)", "bytes": .stringConvertible(byteCount),
                    "attempts": .stringConvertible(attempts),
                ])
        case .built(let target, let rowCount, let byteCount, let milliseconds):
            guard isVerbose else { break }
            log(
                .info, "built \(target.escapedForDisplay)",
                [
                    "target": "\(target)", "rows": .stringConvertible(rowCount),
                    "bytes": .stringConvertible(byteCount),
                    "milliseconds": .stringConvertible(milliseconds),
                ])
        case .unchanged(let target):
            guard isVerbose else { break }
            log(.info, "unchanged \(target.escapedForDisplay)", ["target": "\(target)"])
        case .failed(let target, _, let category, let message, let attempts):
            // Most messages begin with the place already.
            let shown = target.escapedForDisplay
            let text = message.escapedLines
            let isShown = state.withLock {
                $0.alike.isShown(target: shown, category: category, message: text)
            }
            guard isShown || isVerbose else { break }
            log(
                .error, text.hasPrefix(shown) ? text : "\(shown): \(text)",
                [
                    "target": "\(target)", "category": "\(category.rawValue)",
                    "attempts": .stringConvertible(attempts),
                ])
        case .abandoned(let target, let because):
            guard state.withLock({ $0.alike.isShownAbandoned() }) || isVerbose else { break }
            log(
                .warning,
                "\(target.escapedForDisplay): not built, because \(because.escapedForDisplay) failed",
                ["target": "\(target)", "because": "\(because)"])
        case .listing, .planned, .started, .received: break
        }
    }

    /// JSON logs are for machines, which can filter; people get what needs them.
    private var isVerbose: Bool { logger.handler is JSONLogHandler }

    private func log(_ level: Logger.Level, _ text: String, _ metadata: Logger.Metadata = [:]) {
        clearBar()
        logger.log(level: level, "\(text)", metadata: metadata)
    }

    /// Stops drawing, and says how many failures were not shown. Nothing is shown after this but the summary.
    func close() {
        drawing.withLock { $0?.cancel() }
        clearBar()
        let counts = isVerbose ? [] : state.withLock { $0.alike.lines }
        for line in counts { log(.error, line) }
        if !counts.isEmpty { log(.notice, "'datamake log what-failed' lists all of them") }
        state.withLock { $0.isClosed = true }
    }

    /// The closing lines: what was built, and how fast.
    func summarize(_ report: BuildReport, isDryRun: Bool, onStandardOutput: Bool) {
        let seconds = max(report.seconds, 0.001)
        var text: String
        if isDryRun {
            text = "would build \(grouped(report.plan?.count ?? 0)) of \(grouped(report.considered)), fetch "
            text += "\(grouped(report.fetches?.count ?? 0)); \(grouped(report.fresh)) fresh"
        } else {
            text = "built \(grouped(report.built)), unchanged \(grouped(report.unchanged)), fresh "
            text +=
                "\(grouped(report.fresh)), failed \(grouped(report.failed)) of \(grouped(report.considered))"
            text +=
                "; fetched \(grouped(report.fetched.objects)) objects, \(byteText(Double(report.fetched.bytes)))"
            text += " (\(byteText(Double(report.fetched.bytes) / seconds))/s); \(grouped(report.rows)) rows"
            text += " (\(grouped(Int(Double(report.rows) / seconds)))/s)"
        }
        if let left = report.left { text += "; \(grouped(left)) left for later by the budget" }
        text += "; \(decimalText(report.seconds, digits: 2)) s"
        if let signal = report.interrupted { text += "; interrupted by signal \(signal)" }
        if isVerbose {
            logger.info("\(text)", metadata: ["run": "\(report.run)"])
        } else if onStandardOutput {
            printResult(text)
        } else {
            printError(text)
        }
    }

    /// What `--stats` asks for.
    func show(_ statistics: BuildStatistics) {
        for line in statisticsLines(statistics) {
            if isVerbose { logger.info("\(line)", metadata: ["event": "stats"]) } else { printError(line) }
        }
    }

    private func tick() {
        let now = ContinuousClock.now
        let width = terminalWidth()
        state.withLock { state in
            guard !state.isClosed else { return }
            if isTerminal {
                let text = String(state.progress.bar(width: width, at: now).prefix(width - 1))
                let padding = String(repeating: " ", count: max(0, state.shownLength - text.count))
                writeError("\r" + text + padding)
                state.shownLength = text.count
            } else if isVerbose {
                logger.info("\(state.progress.line(at: now))", metadata: ["event": "progress"])
            } else {
                writeError(state.progress.line(at: now) + "\n")
            }
        }
    }

    private func clearBar() {
        guard isTerminal else { return }
        state.withLock { state in
            guard state.shownLength > 0 else { return }
            writeError("\r" + String(repeating: " ", count: state.shownLength) + "\r")
            state.shownLength = 0
        }
    }
}

extension String {
    /// Escaped, but keeping line breaks: hints stand on lines of their own.
    var escapedLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).escapedForDisplay }
            .joined(separator: "\n")
    }
}

private func writeError(_ text: String) {
    var text = text
    text.withUTF8 { unsafe _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// Columns of the terminal on standard error; 80 when it does not say.
private func terminalWidth() -> Int {
    var size = winsize()
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
    return Int(size.ws_col)
}
