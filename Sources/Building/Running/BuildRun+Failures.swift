import Graph
import Problems
import Recording
import Synchronization

/// How failures come into state, report and manifest.
extension BuildRun {
    /// Notes a failure in state, report and manifest.
    ///
    /// - Parameter subject: what failed, so that something new is tried afresh.
    func fail(
        _ target: String, _ kind: BuildEvent.WorkKind, _ problem: any Problem, attempts: Int,
        isQuarantined: Bool,
        subject: String
    ) {
        let record = FailureRecord(
            target: target, category: problem.category, message: problem.summary, attempts: attempts,
            isQuarantined: isQuarantined, subject: subject, lastAttempt: timestampText())
        knowledge.withLock { known in
            known.failures[target] = record
            known.report.failures.append(
                BuildReport.Failure(
                    target: target, category: problem.category, message: problem.summary, attempts: attempts))
        }
        recorder.enqueue([.failure(record)])
        observer.observe(
            .failed(
                target: target, kind: kind, category: problem.category, message: problem.description,
                attempts: attempts))
    }

    /// Paths that two rules claim have failed before anything ran.
    func countFailuresOfTheGraph() {
        for conflict in graph.conflicts {
            knowledge.withLock { known in
                known.report.failed += 1
                known.report.failures.append(
                    BuildReport.Failure(
                        target: conflict.output, category: .recipe, message: conflict.message, attempts: 0))
            }
            observer.observe(
                .failed(
                    target: conflict.output, kind: .build, category: .recipe, message: conflict.message,
                    attempts: 0))
            recordConflict(conflict.output, message: conflict.message)
        }
    }
}
