import Bytes
import Files
import Graph
import Listing
import Planning
import Problems
import Recording
import WorkStealing

/// Hashes what is stored again and compares it with the records. Changes nothing.
package func verify(
    _ request: VerifyRequest, in workspace: Workspace, observer: some BuildObserver
) async throws -> VerifyReport {
    let view = try await ProjectView(
        workspace, refresh: request.asksUpstream ? .full : .none, only: request.selection, observer: observer)
    let selection = try view.select(request.selection)
    let checks = sampled(try storedFiles(selection, view: view), request: request)

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
    if request.asksUpstream { report.upstream = try compareUpstream(selection, view: view) }
    if request.rebuilds {
        let targets = Set(checks.map(\.target))
        report.notReproduced = await reproduce(
            selection.actions.filter { targets.contains(view.graph.output(of: $0)) }, view: view,
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
private func storedFiles(_ selection: Selection, view: ProjectView) throws -> [StoredFile] {
    var copies = [(name: String, file: StoredFile)]()
    var partitions = [StoredFile]()
    func add(_ record: RawRecord?) {
        guard let record, let path = view.path(of: record) else { return }
        let name = record.source.isEmpty ? record.key : "\(record.source):\(record.key)"
        let isCopy = view.project.source(named: record.source)?.mirror != nil
        copies.append((name, StoredFile(target: isCopy ? path : name, path: path, content: record.content)))
    }
    func add(_ record: ActionRecord?) {
        guard let record else { return }
        partitions.append(
            StoredFile(
                target: record.output, path: record.output, content: record.content,
                isParquet: record.statistics != nil || record.output.hasSuffix(".parquet"),
                valueDigest: record.statistics == nil ? nil : record.valueDigest))
    }
    if selection.isEverything {
        try view.state.forEachRawRecord { add($0) }
        try view.state.forEachActionRecord { add($0) }
    } else {
        for raw in selection.raws {
            let object = view.graph[raw]
            add(try view.lookup.rawRecord(source: object.source, key: object.object.key))
        }
        for action in selection.actions {
            add(try view.lookup.actionRecord(output: view.graph.output(of: action)))
        }
    }
    return copies.sorted { $0.name < $1.name }.map(\.file) + partitions.sorted { $0.target < $1.target }
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
private func compareUpstream(_ selection: Selection, view: ProjectView) throws -> VerifyReport.Upstream {
    var upstream = VerifyReport.Upstream()
    for raw in raws(of: selection, in: view.graph).sorted() {
        let list = Int(view.graph.rawLists[raw.index])
        let object = Int(view.graph.rawObjects[raw.index])
        guard let facts = view.records.raws[list][object] else {
            upstream.new.append(view.graph.name(of: raw))
            continue
        }
        let isSame =
            facts.hasListedETag && facts.byteCount == view.graph.objects[list].byteCounts[object]
        if view.graph.isRemote(raw), !isSame { upstream.changed.append(view.graph.name(of: raw)) }
    }
    guard selection.isEverything else { return upstream }
    try view.state.forEachRawRecord { record in
        let name = record.source.isEmpty ? record.key : "\(record.source):\(record.key)"
        if view.graph.raw(named: name) == nil, !view.isStillListed(record) { upstream.gone.append(name) }
    }
    upstream.gone.sort()
    return upstream
}

/// Makes partitions again in a side directory and names those whose bytes differ.
private func reproduce(_ actions: [ActionID], view: ProjectView, workers: Int) async -> [VerifyReport.Corrupt]
{
    let pool = WorkStealingPool(workerCount: workers)
    defer { pool.shutdown() }
    var differing = [VerifyReport.Corrupt]()
    await withTaskGroup(of: (ActionRecord, String).self) { group in
        var waiting = actions.makeIterator()
        func addNext() {
            while let id = waiting.next() {
                let action = view.graph[id]
                guard let record = (try? view.lookup.actionRecord(output: action.output)) ?? nil else {
                    continue
                }
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
    let inputs = action.inputs.map { input in
        RecipeInput(
            name: input.name, path: workspace.absolute(input.path), preference: input.preference)
    }
    _ = try await RecipeRunner(workspace: workspace).make(
        action, recipe: action.recipe.fields, inputs: inputs, output: output, rejects: rejects)
    rejects.discard()
    let finished = try output.finish()
    let content = finished.content
    finished.discard()
    return content
}
