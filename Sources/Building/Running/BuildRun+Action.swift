import Bytes
import Cleaning
import Fetching
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
    /// Runs one action: reads its inputs' digests, asks again whether it must run, runs its recipe, publishes, records.
    ///
    /// Blocks its worker: cleaning is computing. It does so in a processor slot, which it leaves to publish.
    ///
    /// - Parameter job: begins once it has the slot; what comes before is waiting.
    /// - Returns: nil where the budget of time was over when it had the slot: nothing was done.
    func runAction(_ step: Plan.Step, as job: RunningJob) async -> JobOutcome? {
        var job = job
        let action = graph[step.action]
        var inputs: [CurrentInput] = []
        let slot = processors.take()
        defer { slot.giveBack() }
        if isOverTime { return nil }
        observer.observe(.started(target: action.output, kind: .build))
        job.startedAt = listings.clock.now()
        do {
            let repeated = knowledge.withLock { $0.failures[action.output] }.flatMap {
                $0.isQuarantined ? $0 : nil
            }
            inputs = try currentInputs(
                of: action, step.action, hashingLater: step.state != .undecided && repeated == nil)
            let record = try record(of: step.action)
            if step.state == .undecided {
                try readPayloads(of: &inputs, for: action)
                if isFresh(action, step.action, inputs: inputs, record: record) {
                    confirm(action, inputs: inputs, record: record, as: job)
                    return .unchanged
                }
            }
            job.hashingMicroseconds = Int(listings.clock.now() - job.startedAt)
            if let repeated, repeated.subject == subjectOfFailure(action, inputs: inputs),
                !request.forgetsRecords
            {
                // The same rows under the same recipe would fail the same way.
                throw RepeatedFailure(record: repeated)
            }
            return try await run(action, inputs: inputs, record: record, slot: slot, as: job)
        } catch {
            let kind = eventKind(of: action.recipe)
            if Task.isCancelled {
                recorder.enqueue(event(job, action.output, kind, .cancelled))
                return .failed
            }
            let problem = described(error)
            recorder.enqueue(
                event(
                    job, action.output, kind, .failed(problem.category), message: problem.summary))
            let attempts = (error as? RepeatedFailure)?.record.attempts ?? 1
            knowledge.withLock { $0.report.failed += 1 }
            fail(
                action.output, .build, problem, attempts: attempts,
                isQuarantined: isSettled(problem.category),
                subject: inputs.isEmpty ? "" : subjectOfFailure(action, inputs: inputs))
            return .failed
        }
    }

    /// Whether the same bytes under the same recipe would fail the same way again.
    private func isSettled(_ category: ProblemCategory) -> Bool { category == .data || category == .checksum }

    // MARK: inputs

    /// One input as it is now.
    struct CurrentInput {
        var input: ActionInput
        /// Absolute.
        var path: String
        /// Nil for another rule's output.
        var raw: RawRecord?
        /// By which the input counts for this recipe; nil until read.
        var digest: XXH3Digest?
        /// Stamp of the bytes that `raw` or the producer's record describes.
        var stamp: Stamp?
        /// A file that is hashed when the recipe reads it, so that it is read once; `raw` is what was known before.
        var later: HashedOnReading?
    }

    /// Brings the records of an action's inputs up to date, hashing files in place where needed.
    ///
    /// - Parameter hashingLater: whether nobody needs the digests before the recipe has run.
    private func currentInputs(
        of action: Action, _ id: ActionID, hashingLater: Bool
    ) throws -> [CurrentInput] {
        try zip(action.inputs, graph.inputPlaces(of: id)).map { input, place in
            guard let raw = graph.input(at: place).raw else {
                let producer = try graph.input(at: place).action.flatMap { try self.record(of: $0) }
                return CurrentInput(
                    input: input, path: workspace.absolute(input.name), raw: nil,
                    digest: producer?.valueDigest, stamp: producer?.stamp)
            }
            let node = graph[raw]
            var record = try self.record(of: raw)
            var later: HashedOnReading?
            if plan.work(of: raw) == .hash {
                if hashingLater, case .clean = action.recipe, isWorthReading(node) {
                    later = HashedOnReading(path: workspace.absolute(node.path)) { [self, record] in
                        try self.record(of: node, found: $0, known: record)
                    }
                } else {
                    let found = try identity(ofFile: workspace.absolute(node.path))
                    record = try self.record(of: node, found: found, known: record)
                }
            }
            return CurrentInput(
                input: input, path: workspace.absolute(node.path), raw: record,
                digest: record.flatMap { $0.digest(for: action.recipe) }, stamp: record?.stamp, later: later)
        }
    }

    /// Whether a recipe may read a file before all of it is hashed. A large one with a published digest should be the right file
    /// first: what is wrong with a damaged copy is not its rows.
    private func isWorthReading(_ node: RawNode) -> Bool {
        node.object.byteCount <= HashedOnReading.smallByteCount
            || project.source(named: node.source)?.checksum == nil
    }

    /// The record of a file that is read in place and was hashed now; it keeps what was known of the same bytes.
    private func record(
        of node: RawNode, found: HashedOnReading.Found, known: RawRecord?
    ) throws -> RawRecord {
        if let known, known.content == found.content, known.stamp == found.stamp { return known }
        let record = RawRecord(
            source: node.source, key: node.object.key, etag: "", lastModified: node.object.lastModified,
            content: found.content, payload: known?.content == found.content ? known?.payload : nil,
            stamp: found.stamp, checksum: try checkPublishedDigest(of: node, content: found.content))
        knowledge.withLock { $0.raws[node.name] = record }
        return record
    }

    /// Compares a file of a directory source with the checksum file beside it, where the source asks for one.
    private func checkPublishedDigest(
        of node: RawNode, content: ContentIdentity
    ) throws -> RawRecord.ChecksumOutcome {
        guard let source = project.source(named: node.source), let policy = source.checksum,
            case .directory(let directory) = source.location
        else { return .notRequired }
        let key = policy.checksumKey(for: node.object.key)
        let path = workspace.absolute(directory + "/" + key)
        guard let bytes = try readSmallFile(path, limit: ChecksumFile.byteLimit) else {
            if policy.whenMissing == .accept { return .missing }
            throw PublishedChecksumProblem(target: node.name, key: key, kind: .missing)
        }
        let name = node.object.key.split(separator: "/").last.map(String.init) ?? node.object.key
        let published: SHA256Digest
        do {
            published = try ChecksumFile.digest(for: name, in: bytes)
        } catch {
            throw PublishedChecksumProblem(target: node.name, key: key, kind: .unreadable(error.reason))
        }
        guard published == content.sha256 else {
            throw PublishedChecksumProblem(
                target: node.name, key: key, kind: .different(published: published, found: content.sha256))
        }
        return .verified
    }

    /// Inflates and hashes the inputs whose payload is not known yet: enough to tell whether a re-made zip matters.
    private func readPayloads(of inputs: inout [CurrentInput], for action: Action) throws {
        guard case .clean = action.recipe else { return }
        for index in inputs.indices where inputs[index].digest == nil {
            guard var record = inputs[index].raw else { continue }
            let payload = try payloadDigest(ofFile: inputs[index].path, name: inputs[index].input.name)
            record.payload = payload.digest
            inputs[index].raw = record
            inputs[index].digest = payload.digest
            knowledge.withLock { $0.raws[inputs[index].input.name] = record }
        }
    }

    /// The planning verdict, asked again now that every digest is known.
    private func isFresh(
        _ action: Action, _ id: ActionID, inputs: [CurrentInput], record: ActionRecord?
    ) -> Bool {
        let states = inputs.map { input -> InputState in
            input.digest.map(InputState.known)
                ?? .unknown(Reason(.upstreamNew, input: input.input.name, component: "payload"))
        }
        let output: OutputState = isIntact(action, id, record: record) ? .intact : .missing
        return verdict(
            on: action, inputs: states, recipe: plan.recipes[graph.rule(of: id)],
            writer: writerVersion(for: action.recipe), record: record, output: output) == .fresh
    }

    private func isIntact(_ action: Action, _ id: ActionID, record: ActionRecord?) -> Bool {
        guard let record else { return false }
        let stamp = (try? Stamp.of(path: workspace.absolute(action.output))) ?? nil
        if stamp == record.stamp { return true }
        return stamp != nil && plan.movedOutputs[id] == stamp
    }

    /// Records that what changed made no difference.
    private func confirm(
        _ action: Action, inputs: [CurrentInput], record: ActionRecord?, as job: RunningJob
    ) {
        var changes = [event(job, action.output, .hash, .unchanged)]
        var confirmed = record
        confirmed?.inputs = inputRecords(inputs)
        confirmed?.run = identifier
        if let confirmed { changes.append(.action(confirmed)) }
        changes.append(.clearFailure(target: action.output))
        knowledge.withLock { known in
            recorder.enqueue(note(inputs, in: &known) + changes)
            known.actions[action.output] = confirmed
            known.report.unchanged += 1
            known.failures[action.output] = nil
        }
        observer.observe(.unchanged(target: action.output))
    }

    /// Notes what was found out about files from outside.
    ///
    /// Of two actions that read one file at once, one may know what is in the zip and the other not: what the first knows must
    /// not be lost. So this is noted, merged and enqueued under one lock, and records say what `knowledge` says.
    ///
    /// - Returns: what there is to record.
    func note(_ inputs: [CurrentInput], in known: inout Knowledge) -> [StateChange] {
        // When it was hashed counts, not now: a recipe may run for long. The start of the run is before that.
        let startedAt = listings.clock.startedAt * 1_000
        return inputs.compactMap { input in
            guard var record = input.raw else { return nil }
            if record.payload == nil, let other = known.raws[input.input.name],
                other.content == record.content
            {
                record.payload = other.payload
            }
            known.raws[input.input.name] = record
            if case .object = input.input.origin {
            } else {
                record.stamp = record.stamp.trusted(observedAt: startedAt)
            }
            return .raw(record)
        }
    }

    func inputRecords(_ inputs: [CurrentInput]) -> [InputRecord] {
        inputs.map { InputRecord(name: $0.input.name, digest: $0.digest ?? XXH3Digest(high: 0, low: 0)) }
    }

    /// What a deterministic failure belongs to: bytes, recipe and writer.
    private func subjectOfFailure(_ action: Action, inputs: [CurrentInput]) -> String {
        var text = writerVersion(for: action.recipe) + "\n"
        for field in action.recipe.fields {
            text += "\(field.name)=\(field.value)\n"
        }
        for input in inputs {
            // What the recipe did not come to is hashed now.
            let raw = input.later.map { try? $0.record() } ?? input.raw
            text += (raw?.content.sha256.description ?? "\(input.digest, default: "-")") + "\n"
        }
        return XXH3Digest(of: Array(text.utf8)).description
    }
}

/// A failure that was seen before with the same input and recipe, reported without trying again.
struct RepeatedFailure: Problem {
    var record: FailureRecord

    var summary: String { record.message }
    var hint: String? {
        "not tried again: input and recipe are those that failed at \(record.lastAttempt); 'datamake rebuild' tries anyway"
    }
    var category: ProblemCategory { record.category }
}

/// The checksum file beside a file does not bear it out.
struct PublishedChecksumProblem: Problem, Hashable {
    enum Kind: Hashable {
        case missing
        case unreadable(String)
        case different(published: SHA256Digest, found: SHA256Digest)
    }
    var target: String
    var key: String
    var kind: Kind

    var summary: String {
        switch kind {
        case .missing: "\(target.escapedForDisplay): no checksum is published at \(key.escapedForDisplay)"
        case .unreadable(let reason):
            "\(target.escapedForDisplay): \(key.escapedForDisplay) cannot be used: \(reason)"
        case .different(let published, let found):
            "\(target.escapedForDisplay): SHA-256 is \(found), but \(key.escapedForDisplay) says \(published)"
        }
    }
    var hint: String? {
        switch kind {
        case .missing: "set 'checksum-missing: accept' if the source publishes none for some files"
        case .unreadable: "it should hold 64 hex digits, two spaces and the file's name"
        case .different: "copy the file again; if it stays, the published checksum may be wrong"
        }
    }
    var category: ProblemCategory { .checksum }
}
