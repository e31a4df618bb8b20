import Bytes
import Files
import Graph
import Listing
import Planning
import Problems
import WorkStealing

/// Hashes what is stored again and compares it with the records. Changes nothing.
package func verify(
    _ request: VerifyRequest, in workspace: Workspace, observer: some BuildObserver
) async throws -> VerifyReport {
    let view = try await ProjectView(
        workspace, refresh: request.asksUpstream ? .full : .none, only: request.selection, observer: observer)
    let selection = try select(
        request.selection, in: view.project, graph: view.graph, recorded: Array(view.records.actions.keys))
    let checks = sampled(storedFiles(selection, view: view), request: request)

    let pool = WorkStealingPool(workerCount: request.workers ?? processorCount())
    defer { pool.shutdown() }
    var report = await withTaskGroup(of: (Int, Finding).self, returning: VerifyReport.self) { group in
        var next = 0
        func addNext() {
            guard next < checks.count else { return }
            let index = next
            let check = checks[index]
            next += 1
            group.addTask(executorPreference: pool) { (index, compare(check, workspace: workspace)) }
        }
        for _ in 0..<(2 * (request.workers ?? processorCount())) { addNext() }
        var findings = [Finding?](repeating: nil, count: checks.count)
        while let (index, finding) = await group.next() {
            findings[index] = finding
            addNext()
        }
        var report = VerifyReport()
        report.checked = checks.count
        for (check, finding) in zip(checks, findings) {
            switch finding {
            case .ok?, nil: report.ok += 1
            case .missing?: report.missing.append(check.target)
            case .corrupt(let found, let damage)?:
                report.corrupt.append(
                    VerifyReport.Corrupt(
                        target: check.target, expected: check.content.sha256.description, found: found,
                        damage: damage))
            }
        }
        return report
    }
    if request.asksUpstream { report.upstream = compareUpstream(selection, view: view) }
    if request.rebuilds {
        let targets = Set(checks.map(\.target))
        report.notReproduced = await reproduce(
            selection.actions.filter { targets.contains(view.graph.actions[$0].output) }, view: view,
            workers: request.workers ?? processorCount())
    }
    return report
}

/// One file that the records vouch for.
private struct StoredFile: Sendable {
    /// Its name to the user.
    var target: String
    var path: String
    var content: ContentIdentity
    var isParquet = false
    /// Of a partition that cleaning made: the digest of its values.
    var valueDigest: XXH3Digest?
}

private enum Finding: Sendable {
    case ok, missing
    case corrupt(found: String, damage: String?)
}

/// Recorded partitions and local copies among what is selected; with no pattern, everything recorded, also what
/// no listing shows any more.
private func storedFiles(_ selection: Selection, view: ProjectView) -> [StoredFile] {
    let raws: [String]
    let outputs: [String]
    if selection.isEverything {
        raws = Array(view.records.raws.keys)
        outputs = Array(view.records.actions.keys)
    } else {
        raws = selection.raws.map { view.graph.raws[$0].name }
        outputs = selection.actions.map { view.graph.actions[$0].output }
    }
    let files = raws.sorted().compactMap { name -> StoredFile? in
        guard let record = view.records.raws[name], let path = view.path(of: record) else { return nil }
        let isCopy = view.project.source(named: record.source)?.mirror != nil
        return StoredFile(target: isCopy ? path : name, path: path, content: record.content)
    }
    return files
        + outputs.sorted().compactMap { output in
            view.records.actions[output].map { record in
                StoredFile(
                    target: output, path: output, content: record.content,
                    isParquet: record.statistics != nil || output.hasSuffix(".parquet"),
                    valueDigest: record.statistics == nil ? nil : record.valueDigest)
            }
        }
}

/// Keeps each file with the asked probability; the same seed keeps the same files.
private func sampled(_ files: [StoredFile], request: VerifyRequest) -> [StoredFile] {
    guard request.sample < 1 else { return files }
    let limit = UInt64(request.sample * 0x1p53)
    return files.filter { file in
        XXH3Digest(of: Array("\(request.seed) \(file.target)".utf8)).low >> 11 < limit
    }
}

private func compare(_ file: StoredFile, workspace: Workspace) -> Finding {
    let path = workspace.absolute(file.path)
    do {
        guard try Stamp.of(path: path) != nil else { return .missing }
        let found = try identity(ofFile: path).content
        guard found != file.content else { return .ok }
        return .corrupt(
            found: found.sha256.description,
            damage: file.isParquet ? parquetDamage(path: path, valueDigest: file.valueDigest) : nil)
    } catch {
        return .corrupt(found: "unreadable: \(error.summary)", damage: nil)
    }
}

/// What the fresh listing that `view` was made with says of the recorded raws.
private func compareUpstream(_ selection: Selection, view: ProjectView) -> VerifyReport.Upstream {
    var upstream = VerifyReport.Upstream()
    var indices = Set(selection.raws)
    for action in selection.actions {
        indices.formUnion(view.graph.actions[action].inputs.compactMap { view.graph.rawIndex[$0.name] })
    }
    for index in indices.sorted() {
        let raw = view.graph.raws[index]
        guard let record = view.records.raws[raw.name] else {
            upstream.new.append(raw.name)
            continue
        }
        if raw.isRemote {
            if record.etag != raw.object.etag || record.content.byteCount != raw.object.byteCount {
                upstream.changed.append(raw.name)
            }
        }
    }
    guard selection.isEverything else { return upstream }
    let listed = Set(view.graph.raws.map(\.name))
    upstream.gone = view.records.raws.keys.filter { !listed.contains($0) && !view.isStillListed($0) }.sorted()
    return upstream
}

/// Makes partitions again in a side directory and names those whose bytes differ.
private func reproduce(_ actions: [Int], view: ProjectView, workers: Int) async -> [VerifyReport.Corrupt] {
    let pool = WorkStealingPool(workerCount: workers)
    defer { pool.shutdown() }
    var differing = [VerifyReport.Corrupt]()
    await withTaskGroup(of: (ActionRecord, String).self) { group in
        var waiting = actions.makeIterator()
        func addNext() {
            while let index = waiting.next() {
                let action = view.graph.actions[index]
                guard let record = view.records.actions[action.output] else { continue }
                group.addTask(executorPreference: pool) {
                    do {
                        return (record, try await remake(action, view: view).sha256.description)
                    } catch {
                        return (record, "could not be made: \(described(error).summary)")
                    }
                }
                return
            }
        }
        for _ in 0..<workers { addNext() }
        while let (record, found) = await group.next() {
            addNext()
            let expected = record.content.sha256.description
            guard found != expected else { continue }
            differing.append(VerifyReport.Corrupt(target: record.output, expected: expected, found: found))
        }
    }
    return differing.sorted { $0.target < $1.target }
}

/// Runs an action's recipe again over its inputs as they are, and says what came out. Nothing is published.
private func remake(_ action: Action, view: ProjectView) async throws -> ContentIdentity {
    let workspace = view.workspace
    let side = workspace.stateDirectory + "/verify/\(XXH3Digest(of: Array(action.output.utf8)))"
    let output = StagedOutput(for: side)
    let rejects = StagedOutput(for: side + rejectsSuffix)
    let inputs = action.inputs.map { input -> RecipeInput in
        let path = view.graph.rawIndex[input.name].map { view.graph.raws[$0].path } ?? input.name
        return RecipeInput(name: input.name, path: workspace.absolute(path), preference: input.preference)
    }
    _ = try await RecipeRunner(workspace: workspace).make(
        action, recipe: action.recipe.fields, inputs: inputs, output: output, rejects: rejects)
    rejects.discard()
    let finished = try output.finish()
    let content = finished.content
    finished.discard()
    return content
}
