import Files
import Graph
import Planning
import Recording
import Scheduling
import Synchronization

/// What jobs may use, and what happens to one for which there is too little.
extension BuildRun {
    /// Whether the budget of time is used up: what was predicted to fit it took longer.
    var isOverTime: Bool { deadline.map { $0 <= .now } ?? false }

    /// Whether every action that is not done has a processor: when one of them waits for the disk, nothing else computes there.
    var hasIdleProcessors: Bool { knowledge.withLock { $0.unfinishedActionCount } <= workerCount }

    /// A processor that no action will ask for, as long as what is returned is held: there are fewer left than processors.
    func spareProcessor() -> ProcessorSlots.Slot? {
        guard knowledge.withLock({ $0.unfinishedActionCount - $0.publishingActionCount }) < workerCount
        else { return nil }
        return processors.takeIfFree()
    }

    var connectionCount: Int {
        request.connections ?? project.settings.connections ?? defaultConnectionCount
    }

    /// Bytes of an object that are not here yet: neither in a part that a download can go on from, nor in a whole file that
    /// only its record was lost of.
    func missingByteCount(of raw: RawID) -> Int {
        let path = workspace.absolute(graph[raw].path)
        let byteCount = plan.byteCount(of: raw)
        if plan.facts(of: raw) == nil, byteCountOfFile(path) == byteCount { return 0 }
        return max(0, byteCount - byteCountOfFile(StagedFile.temporaryPath(for: path)))
    }

    /// What a job makes, and where.
    func subject(of job: Job) -> (target: String, path: String, kind: BuildEvent.WorkKind) {
        switch job {
        case .fetch(let raw):
            let node = graph[raw]
            return (node.name, workspace.absolute(node.path), .fetch)
        case .run(let step):
            let output = graph.output(of: step.action)
            return (output, workspace.absolute(output), .build)
        }
    }

    /// A job for which the disk has no room fails before it begins.
    func refuse(_ refusal: Refusal, _ job: Job) {
        let problem = DiskBudgetProblem(
            target: subject(of: job).target, neededByteCount: refusal.neededByteCount,
            leftByteCount: refusal.leftByteCount, isLimited: diskByteCount != nil)
        let now = RunningJob(id: refusal.job, worker: -1, startedAt: listings.clock.now())
        func record(_ kind: RunEvent.Kind) {
            recorder.enqueue(
                event(now, problem.target, kind, .failed(problem.category), message: problem.summary))
        }
        switch job {
        case .fetch(let raw):
            record(.fetch)
            refuseFetch(graph[raw], problem)
        case .run(let step):
            record(eventKind(of: project.rules[graph.rule(of: step.action)].recipe))
            knowledge.withLock { known in
                known.report.failed += 1
                known.end(step)
            }
            fail(problem.target, .build, problem, attempts: 0, isQuarantined: false, subject: "")
        }
    }

    var memoryByteCount: Int {
        request.memoryByteCount ?? project.settings.memoryByteCount ?? MachineLimits.memoryByteCount
    }

    /// Nil: as much as is free.
    var diskByteCount: Int? { request.diskByteCount ?? project.settings.diskByteCount }
}

/// 0 where there is none.
func byteCountOfFile(_ path: String) -> Int {
    Int(((try? Stamp.of(path: path)) ?? nil)?.byteCount ?? 0)
}
