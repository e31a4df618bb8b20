import Bytes
import Cleaning
import Columns
import Files
import Foundation
import Graph
import Planning
import Problems
import Publishing
import Recording
import Scheduling
import Synchronization

extension BuildRun {
    /// Runs the recipe into a staged file, publishes it unless the same bytes stand there already, and records it.
    ///
    /// - Parameter slot: given back once all is computed.
    func run(
        _ action: Action, inputs: [CurrentInput], record: ActionRecord?, slot: ProcessorSlots.Slot,
        as job: RunningJob
    ) async throws -> JobOutcome {
        let clock = ContinuousClock()
        let started = clock.now
        var job = job
        var inputs = inputs
        let destination = workspace.absolute(action.output)
        let output = StagedOutput(for: destination)
        let rejects = StagedOutput(for: destination + rejectsSuffix)
        for staged in [output, rejects] {
            try journal.willWrite(StagedFile.temporaryPath(for: staged.destination))
        }
        defer {
            for staged in [output, rejects] {
                journal.didFinish(StagedFile.temporaryPath(for: staged.destination))
            }
        }
        let fields = action.recipe.fields
        let made = try await RecipeRunner(workspace: workspace).make(
            action, recipe: fields,
            inputs: inputs.map {
                RecipeInput(
                    name: $0.input.name, path: $0.path, preference: $0.input.preference,
                    later: $0.later)
            }, output: output, rejects: rejects, spareProcessor: { [self] in spareProcessor() })
        knowledge.withLock { $0.publishingActionCount += 1 }
        defer { knowledge.withLock { $0.publishingActionCount -= 1 } }
        slot.giveBack()
        // At the end of a run: so that less is left to do when the last output is published.
        if hasIdleProcessors { recorder.writeSoon() }
        job.publishingAt = listings.clock.now()
        let finished = try output.finish()
        for index in inputs.indices {
            guard let later = inputs[index].later else { continue }
            let record = try later.record()
            inputs[index].raw = record
            inputs[index].stamp = record.stamp
        }
        try refuseMovedInputs(inputs)
        for (index, payload) in made.payloads.enumerated() where inputs[index].raw != nil {
            inputs[index].digest = payload
            inputs[index].raw?.payload = payload
        }
        try publishRejects(rejects)

        let content = finished.content
        let publication = try publishOutput(finished, recorded: record?.content)
        let isUnchanged = if case .unchanged = publication { true } else { false }
        let valueDigest = made.valueDigest ?? content.xxh3
        let elapsed = started.duration(to: clock.now).components
        let milliseconds = Int(elapsed.seconds) * 1000 + Int(elapsed.attoseconds / 1_000_000_000_000_000)
        let new = ActionRecord(
            rule: action.rule, output: action.output, bindings: action.bindings,
            recipe: fields, writer: writerVersion(for: action.recipe),
            inputs: inputRecords(inputs), content: content, valueDigest: valueDigest,
            stamp: publication.stamp,
            rowCount: made.rowCount, statistics: made.statistics, milliseconds: milliseconds, run: identifier)
        let event = event(
            job, action.output, eventKind(of: action.recipe), isUnchanged ? .unchanged : .done,
            byteCount: content.byteCount)
        knowledge.withLock { known in
            recorder.enqueue(
                note(inputs, in: &known) + [.action(new), .clearFailure(target: action.output), event])
            known.actions[action.output] = new
            known.failures[action.output] = nil
            known.wasBuilt.insert(action.output)
            if isUnchanged {
                known.report.unchanged += 1
            } else {
                known.report.built += 1
                known.report.rows += made.rowCount
            }
        }
        if isUnchanged {
            observer.observe(.unchanged(target: action.output))
            return .unchanged
        }
        observer.observe(
            .built(
                target: action.output, rowCount: made.rowCount, byteCount: content.byteCount,
                milliseconds: milliseconds))
        return record?.valueDigest == valueDigest ? .unchanged : .changed
    }

    /// Rows kept out stand beside the output; a sidecar of an earlier build that no row belongs to any more goes.
    private func publishRejects(_ rejects: StagedOutput) throws {
        if rejects.isBegun {
            _ = try rejects.finish().publish()
        } else {
            _ = try removeFile(rejects.destination)
        }
    }

    /// An input that changed between its hash and now may have been read half old, half new.
    private func refuseMovedInputs(_ inputs: [CurrentInput]) throws {
        for input in inputs {
            guard let expected = input.stamp else { continue }
            let now = (try? Stamp.of(path: input.path)) ?? nil
            // A stamp kept as untrusted has no change time to compare.
            let isSame =
                now?.byteCount == expected.byteCount && now?.modified == expected.modified
                && now?.inode == expected.inode
            guard isSame else { throw MovedInputProblem(path: input.path) }
        }
    }
}

/// A file changed while it was read.
struct MovedInputProblem: Problem, Hashable {
    var path: String

    var summary: String { "\(path.escapedForDisplay): changed while it was read" }
    var hint: String? { "build again when whatever writes it has finished" }
    var category: ProblemCategory { .upstream }
}

/// What is appended to an output's name for the Parquet file of its rejected rows. Not `.parquet`, so that a glob over
/// the dataset never reads it.
let rejectsSuffix = ".rejects"
