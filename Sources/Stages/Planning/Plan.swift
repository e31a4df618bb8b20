import Bytes
package import Files
package import Graph

/// What must be done: read off graph, records and disk, nothing touched.
///
/// Eight bytes a target say what was decided; the reasons, with old and new values, are worked out for the targets that
/// somebody asks about (`verdict(of:)`), by the function that also decides when inputs have come (`Graph.verdict`).
package struct Plan: Sendable {
    /// One action that was selected or that a selected one needs.
    package struct Step: Hashable, Sendable {
        package enum State: UInt8, Sendable {
            case fresh
            /// Must run.
            case stale
            /// Must run unless its inputs turn out to hold what they held before.
            case undecided
        }

        package var action: ActionID
        package var state: State
        /// Whether the user's patterns picked it.
        package var isSelected: Bool
        /// Kinds of reason that it is not fresh.
        package var causes: CauseSet
    }

    package let graph: BuildGraph
    package let request: PlanRequest
    /// In the graph's order: producers first.
    package internal(set) var steps: [Step] = []
    /// By raw of the graph.
    package internal(set) var findings: [RawFinding]
    /// Files that were hashed, as their stamps did not say enough.
    var hashedRaws: [RawID: HashedFile] = [:]
    var hashedOutputs: [ActionID: HashedFile] = [:]
    /// Place of each action's record in `records.actions`; -1 where it has none.
    let recordPlaces: [Int32]
    /// Fields of the recipe of each of the project's rules.
    package let recipes: [[RecipeField]]

    /// Outputs whose bytes are as recorded under another stamp.
    package internal(set) var movedOutputs: [ActionID: Stamp] = [:]

    init(graph: BuildGraph, request: PlanRequest) {
        self.graph = graph
        self.request = request
        findings = Array(repeating: .notInspected, count: graph.rawCount)
        recordPlaces = request.records.actions.places(in: graph)
        recipes = graph.project.rules.map(\.recipe.fields)
    }

    /// Raws to download, ascending.
    package var fetches: [RawID] {
        findings.indices.filter { findings[$0].work == .fetch }.map { RawID($0) }
    }

    /// Raws that are as recorded under another stamp, with the new one.
    package var movedRaws: [(raw: RawID, stamp: Stamp)] {
        hashedRaws.filter { findings[$0.key.index] == .moved }.map { ($0.key, $0.value.stamp) }
            .sorted { $0.raw < $1.raw }
    }

    /// Whether a stamp did not say enough about some file, so that the file was read.
    package var tookHashing: Bool { !hashedRaws.isEmpty || !hashedOutputs.isEmpty }

    package func work(of raw: RawID) -> RawState.Work { findings[raw.index].work }

    /// What is recorded of an action; nil where nothing is.
    package func facts(of action: ActionID) -> ActionFacts? {
        let place = recordPlaces[action.index]
        return place < 0 ? nil : request.records.actions.facts[Int(place)]
    }

    /// What is recorded of a raw; nil where nothing is.
    package func facts(of raw: RawID) -> RawFacts? {
        request.records.raws[Int(graph.rawLists[raw.index])][Int(graph.rawObjects[raw.index])]
    }
}

/// What a plan is asked for, and what it is made from beside the graph and the disk.
package struct PlanRequest: Sendable {
    package var selection: Selection
    /// Version of the code that writes an output, by kind of recipe.
    package var writer: @Sendable (Recipe) -> String
    package var records: RecordTable
    package var lookup: any RecordLookup
    /// Actions to run whatever the records say.
    package var forced: Set<ActionID> = []
    /// Raws to download whatever the records say.
    package var refetched: Set<RawID> = []
    /// Whether files are looked at whose state changes no verdict: local copies of objects, and outputs of actions that must
    /// run anyway. Without, `fetches` leaves out copies that are missing or damaged.
    package var looksAtAllFiles = true

    package init(
        selection: Selection, writer: @escaping @Sendable (Recipe) -> String, records: RecordTable,
        lookup: any RecordLookup
    ) {
        self.selection = selection
        self.writer = writer
        self.records = records
        self.lookup = lookup
    }
}

/// Kinds of reason, as bits.
package struct CauseSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ kind: ReasonKind) {
        rawValue = 1 << UInt16(ReasonKind.allCases.firstIndex(of: kind) ?? 15)
    }

    /// In the order of `ReasonKind.allCases`.
    package var kinds: [ReasonKind] { ReasonKind.allCases.filter { contains(CauseSet($0)) } }
}
