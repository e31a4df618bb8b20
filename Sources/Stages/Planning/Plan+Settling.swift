import Bytes
package import Files
package import Graph

/// What a run wrote into the records, as far as plans read it.
package struct RunChanges: Sendable {
    /// By raw's name: as fetched or hashed.
    package var raws: [String: RawRecord]
    /// By output: as built or confirmed.
    package var actions: [String: ActionRecord]

    package init(raws: [String: RawRecord], actions: [String: ActionRecord]) {
        self.raws = raws
        self.actions = actions
    }
}

/// Stamps that are in the records since a run; of all other files those that the plan found there count on.
package struct ChangedStamps: Sendable {
    package fileprivate(set) var raws: [RawID: Stamp] = [:]
    package fileprivate(set) var actions: [ActionID: Stamp] = [:]

    package init() {}
}

extension Plan {
    /// The stamps that a run of this plan changed, if nothing is left to do: another plan, made from the records as they are
    /// since, would find every target fresh on a disk where all files have the stamps that are recorded. Else nil.
    ///
    /// Asks for no file: whoever compares the disk with all these stamps later knows what a plan would say then, whatever
    /// happened to files meanwhile. Costs what looking at the changes costs, and a glance at each target.
    ///
    /// - Parameters:
    ///   - changes: of a run that did all of this plan without a failure.
    ///   - startedAt: nanoseconds since 1970, before this plan was made. A file of others that changed less than a tick before
    ///     may have changed again unseen, so there is no answer with it.
    package func stampsWhenDone(after changes: RunChanges, startedAt: Int64) -> ChangedStamps? {
        guard graph.conflicts.isEmpty else { return nil }
        var settling = Settling(plan: self, changes: changes, startedAt: startedAt)
        return settling.notesRaws() && settling.notesActions() ? settling.stamps : nil
    }
}

/// Goes through a plan after its run.
private struct Settling {
    let plan: Plan
    let changes: RunChanges
    let startedAt: Int64
    var stamps = ChangedStamps()
    /// What is recorded of raws since the run.
    private var raws: [RawID: RawFacts] = [:]

    init(plan: Plan, changes: RunChanges, startedAt: Int64) {
        self.plan = plan
        self.changes = changes
        self.startedAt = startedAt
    }

    /// Notes every file from outside that is recorded anew. False where one would be looked at again.
    mutating func notesRaws() -> Bool {
        let graph = plan.graph
        for (index, finding) in plan.findings.enumerated() where finding != .current {
            let raw = RawID(index)
            switch finding {
            case .current, .notInspected: continue
            case .moved:
                guard var facts = plan.facts(of: raw), let file = plan.hashedRaws[raw] else { return false }
                facts.stamp = file.stamp
                if let record = changes.raws[graph.name(of: raw)] {
                    facts = RawFacts(record, listedETag: graph[raw].object.etag)
                }
                guard note(raw, facts) else { return false }
            default:
                guard let record = changes.raws[graph.name(of: raw)],
                    note(raw, RawFacts(record, listedETag: graph[raw].object.etag))
                else { return false }
            }
        }
        // Of inputs that had not changed what is in the zip may be known only now.
        for step in plan.steps where step.state != .fresh {
            for place in graph.inputPlaces(of: step.action) {
                guard let raw = graph.input(at: place).raw, raws[raw] == nil,
                    let record = changes.raws[graph.name(of: raw)]
                else { continue }
                guard note(raw, RawFacts(record, listedETag: graph[raw].object.etag)) else { return false }
            }
        }
        return true
    }

    /// False where a plan would find something to do for this file, as it is recorded now.
    private mutating func note(_ raw: RawID, _ facts: RawFacts) -> Bool {
        let graph = plan.graph
        let isRemote = graph.isRemote(raw)
        let finding =
            isRemote
            ? inspectObject(
                byteCount: graph.byteCount(of: raw), facts: facts, isForced: false, stamp: facts.stamp)
            : inspectFile(stamp: graph.stamp(of: raw), facts: facts)
        // What a run downloads is its own, and the run waited until its stamp tells.
        let isOthers = !isRemote || plan.findings[raw.index] == .moved
        guard finding == .current, !isOthers || isTrusted(facts.stamp) else { return false }
        raws[raw] = facts
        stamps.raws[raw] = facts.stamp
        return true
    }

    /// Notes every output that is recorded anew. False where an action would run again.
    mutating func notesActions() -> Bool {
        let graph = plan.graph
        var bytesChanged = [Bool](repeating: false, count: raws.isEmpty ? 0 : graph.rawCount)
        for raw in raws.keys { bytesChanged[raw.index] = true }
        for step in plan.steps {
            let action = step.action
            if let moved = plan.movedOutputs[action] {
                guard isTrusted(moved) else { return false }
                stamps.actions[action] = moved
            }
            guard step.state == .fresh else {
                guard let stamp = stampWhenFresh(action) else { return false }
                stamps.actions[action] = stamp
                continue
            }
            // What did not run is fresh still if its inputs count as they did.
            guard !bytesChanged.isEmpty else { continue }
            for place in graph.inputPlaces(of: action) {
                guard let raw = graph.input(at: place).raw, bytesChanged[raw.index] else { continue }
                let recipe = graph.project.rules[graph.rule(of: action)].recipe
                guard let was = plan.facts(of: raw)?.digest(for: recipe),
                    raws[raw]?.digest(for: recipe) == was
                else { return false }
            }
        }
        return true
    }

    /// The stamp of an output that was built or confirmed, if it is fresh now by the function that decides.
    private func stampWhenFresh(_ id: ActionID) -> Stamp? {
        let graph = plan.graph
        let action = graph[id]
        guard let record = changes.actions[action.output] else { return nil }
        var inputs = [InputState]()
        for place in graph.inputPlaces(of: id) {
            let input = graph.input(at: place)
            let digest: XXH3Digest?
            if let raw = input.raw {
                digest = (raws[raw] ?? plan.facts(of: raw))?.digest(for: action.recipe)
            } else {
                digest = input.action.flatMap {
                    changes.actions[graph.output(of: $0)]?.valueDigest ?? plan.facts(of: $0)?.valueDigest
                }
            }
            guard let digest else { return nil }
            inputs.append(.known(digest))
        }
        let verdict = Graph.verdict(
            on: action, inputs: inputs, recipe: plan.recipes[graph.rule(of: id)],
            writer: plan.request.writer(action.recipe), record: record, output: .intact)
        return verdict == .fresh ? record.stamp : nil
    }

    /// Whether a change since would show in the stamp of a file that others write.
    private func isTrusted(_ stamp: Stamp) -> Bool {
        stamp.changed >= 0 && !stamp.isRacy(observedAt: startedAt)
    }
}
