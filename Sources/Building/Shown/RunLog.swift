import Files
package import Graph
package import Problems
import Recording

/// What past runs did, read from the records alone: neither the Datafile nor the disk is looked at.
package struct RunLog: Sendable {
    private let workspace: Workspace
    private let state: StateStore
    /// Newest first.
    package let runs: [LoggedRun]

    /// Reads the runs; beside a build that goes on, those up to now.
    package init(_ workspace: Workspace, observer: some BuildObserver) throws {
        self.workspace = workspace
        state = try openState(workspace, access: .reader, observer: observer)
        let records = Array(try state.runs().reversed())
        runs = records.enumerated().map { index, record in
            // Only the last one can still be going on: there is one build at a time.
            let isRunning =
                index == 0 && record.finishedAt == nil && FileLock.isHeld(workspace.lockPath)
            return LoggedRun(record: record, isRunning: isRunning)
        }
    }

    /// The run that a word stands for: its id, the beginning of just one id, or `last`.
    ///
    /// - Throws: `LogProblem`.
    package func run(_ word: String) throws(LogProblem) -> LoggedRun {
        guard let last = runs.first else { throw .noRuns(directory: workspace.stateDirectory) }
        if word == "last" { return last }
        if let exact = runs.first(where: { $0.record.id == word }) { return exact }
        let found = runs.filter { !word.isEmpty && $0.record.id.hasPrefix(word) }
        if found.count == 1 { return found[0] }
        if !found.isEmpty { throw .ambiguous(word, ids: found.prefix(3).map(\.record.id)) }
        let ids = ["last"] + runs.map(\.record.id)
        throw .unknownRun(word, suggested: suggestion(for: word, among: ids))
    }

    /// Hands over a run's events in the order in which they ended, one after the other. `body` must not use the log.
    package func forEachEvent(of run: LoggedRun, _ body: (RunEvent) throws -> Void) throws {
        try state.forEachEvent(ofRun: run.record.id, body)
    }

    package func events(of run: LoggedRun) throws -> [RunEvent] {
        try state.events(ofRun: run.record.id)
    }

    /// The jobs of a run that took longest, longest first.
    package func slowest(_ count: Int, of run: LoggedRun) throws -> [RunEvent] {
        var slowest = [RunEvent]()
        try forEachEvent(of: run) { event in
            guard event.kind.isJob, count > 0 else { return }
            if slowest.count == count, let least = slowest.last, least.microseconds >= event.microseconds {
                return
            }
            let place = slowest.firstIndex { $0.microseconds < event.microseconds } ?? slowest.count
            slowest.insert(event, at: place)
            if slowest.count > count { slowest.removeLast() }
        }
        return slowest
    }

    /// What failed in a run, and what was not done because of that, each with its cause.
    package func failures(of run: LoggedRun) throws -> [LoggedFailure] {
        var found = [RunEvent]()
        try forEachEvent(of: run) { event in
            switch event.outcome {
            case .failed, .abandoned: found.append(event)
            case .done, .unchanged, .cancelled: break
            }
        }
        // An event keeps the beginning of a long message; the whole of it stands in the records while it is the last.
        var messages = [String: String]()
        if !found.isEmpty {
            for failure in try state.failures() { messages[failure.target] = failure.message }
        }
        var targets = [Int: String]()
        for event in found { targets[event.number] = event.target }
        return found.map { event in
            var failure = LoggedFailure(event: event, message: event.message)
            let beginning = event.message.hasSuffix("…") ? event.message.dropLast() : event.message[...]
            if let whole = messages[event.target], !beginning.isEmpty, whole.hasPrefix(beginning) {
                failure.message = whole
            }
            if event.outcome == .abandoned { failure.cause = event.after.flatMap { targets[$0] } }
            return failure
        }
    }

    /// The chain of jobs that a run's end came from.
    ///
    /// - Throws: `LogProblem` where the run did nothing, or recorded too little to tell.
    package func criticalPath(of run: LoggedRun) throws -> CriticalPath {
        var last: RunEvent?
        var lastJob: RunEvent?
        try forEachEvent(of: run) { event in
            if event.endedAt >= last?.endedAt ?? .min { last = event }
            if event.kind.isJob, event.outcome.hasRun, event.endedAt >= lastJob?.endedAt ?? .min {
                lastJob = event
            }
        }
        guard let last = lastJob ?? last else { throw LogProblem.noEvents(run: run.record.id) }
        guard !last.kind.isJob || last.after != nil else {
            throw LogProblem.noDependencies(run: run.record.id)
        }
        return try CriticalPath(of: run, endingWith: last) { number in
            try state.event(ofRun: run.record.id, number: number)
        }
    }
}

/// A run, and whether it still goes on.
package struct LoggedRun: Sendable {
    package enum Outcome: String, Sendable, Encodable {
        case done, failed, cancelled, running
        /// It never came to its end: killed, or the machine went down.
        case killed
    }

    package let record: RunRecord
    private let isRunning: Bool

    package init(record: RunRecord, isRunning: Bool = false) {
        self.record = record
        self.isRunning = isRunning
    }

    package var outcome: Outcome {
        switch record.outcome {
        case .done: .done
        case .failed: .failed
        case .cancelled: .cancelled
        case nil: isRunning ? .running : .killed
        }
    }

    /// Microseconds from its start to its end; nil without an end.
    package var microseconds: Int? {
        record.finishedAt.map { Int($0 - record.startedAt) * 1_000 }
    }
}

/// What failed in a run.
package struct LoggedFailure: Sendable {
    package var event: RunEvent
    package var message: String
    /// What failed before, so that this was not begun.
    package var cause: String?
}

extension RunEvent.Kind {
    /// Whether it is work on one target, not the listing and planning before it.
    package var isJob: Bool {
        switch self {
        case .list, .plan: false
        case .fetch, .hash, .clean, .command: true
        }
    }

    package var name: String { "\(self)" }
}

extension RunEvent.Outcome {
    package var name: String {
        switch self {
        case .done: "done"
        case .unchanged: "unchanged"
        case .cancelled: "cancelled"
        case .failed: "failed"
        case .abandoned: "abandoned"
        }
    }

    package var category: ProblemCategory? {
        if case .failed(let category) = self { category } else { nil }
    }

    /// Whether the job was begun.
    package var hasRun: Bool { self != .abandoned }
}

/// Why a question about past runs has no answer.
package enum LogProblem: Problem, Hashable {
    case noRuns(directory: String)
    case unknownRun(String, suggested: String?)
    case ambiguous(String, ids: [String])
    case noEvents(run: String)
    case noDependencies(run: String)

    package var summary: String {
        switch self {
        case .noRuns(let directory): "\(directory.escapedForDisplay): no run is recorded here yet"
        case .unknownRun(let word, _): "there is no run '\(word.escapedForDisplay)'"
        case .ambiguous(let word, _): "several runs begin with '\(word.escapedForDisplay)'"
        case .noEvents(let run): "run \(run) has no events: it had nothing to do, or they were dropped since"
        case .noDependencies(let run):
            "run \(run) was recorded by a version that did not note what waited for what"
        }
    }

    package var hint: String? {
        switch self {
        case .noRuns: "'datamake build' makes the first; -C DIR names another project"
        case .unknownRun(_, let suggested?): "did you mean '\(suggested)'? 'datamake log' lists all runs"
        case .unknownRun(_, nil): "'datamake log' lists all runs; 'last' is the newest"
        case .ambiguous(_, let ids): "for instance \(ids.joined(separator: ", ")); write more of it"
        case .noEvents: "'datamake log' shows how much each run did"
        case .noDependencies: "runs from now on do; 'datamake log slowest' works for this one, too"
        }
    }

    package var category: ProblemCategory { .internal }

    /// Whether the command line named something that is not there.
    package var isUsage: Bool {
        switch self {
        case .noRuns, .unknownRun, .ambiguous: true
        case .noEvents, .noDependencies: false
        }
    }
}
