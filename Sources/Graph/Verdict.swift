package import Bytes

/// Why a target is stale. The raw values are part of the JSON contract.
package enum ReasonKind: String, Hashable, Sendable, Codable, CaseIterable {
    case neverBuilt = "never-built"
    case outputMissing = "output-missing"
    case outputModified = "output-modified"
    case upstreamNew = "upstream-new"
    case upstreamChanged = "upstream-changed"
    case upstreamGone = "upstream-gone"
    case inputStale = "input-stale"
    case recipeChanged = "recipe-changed"
    case writerChanged = "writer-changed"
    case forced
    case failedBefore = "failed-before"
}

/// One component that differs, with its old and its new value.
///
/// In JSON every key is there, with null where there is no value.
package struct Reason: Hashable, Sendable, Codable {
    package var kind: ReasonKind
    /// The input it is about, or nil where it is about the action itself.
    package var input: String?
    /// The named component: `etag`, `payload`, `columns.open.type`, `sha256`, …
    package var component: String
    package var was: String?
    package var now: String?

    package init(
        _ kind: ReasonKind, input: String? = nil, component: String, was: String? = nil, now: String? = nil
    ) {
        self.kind = kind
        self.input = input
        self.component = component
        self.was = was
        self.now = now
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try container.encode(input, forKey: .input)
        try container.encode(component, forKey: .component)
        try container.encode(was, forKey: .was)
        try container.encode(now, forKey: .now)
    }
}

/// The decision about one action, and its explanation: made by the same code.
package enum Verdict: Hashable, Sendable {
    case fresh
    /// Must run.
    case stale([Reason])
    /// Must run unless its inputs turn out to hold what they held before.
    case undecided([Reason])

    package var reasons: [Reason] {
        switch self {
        case .fresh: []
        case .stale(let reasons), .undecided(let reasons): reasons
        }
    }
}

/// What is known about one input when a verdict is asked for.
package enum InputState: Hashable, Sendable {
    /// Its bytes are at hand, and their digest is this.
    case known(XXH3Digest)
    /// New bytes are to come or have come, digest unknown; the reason says what was noticed.
    case unknown(Reason)
    /// Another action must run first and may turn out unchanged.
    case stale(producer: String)
}

/// What the disk shows of an output.
package enum OutputState: Hashable, Sendable {
    case missing
    case intact
    /// Its SHA-256 now.
    case modified(SHA256Digest)
}

/// Decides whether an action must run.
///
/// Pure: it is asked while planning, and again, with more inputs known, when these have come (early cutoff).
/// Inputs count by their digests in reading order; their names only serve to explain, so a renamed input with
/// the same bytes in the same place is not a change.
///
/// - Parameters:
///   - inputs: the state of each of `action.inputs`, same order.
///   - recipe: `action.recipe.fields`, computed once a rule.
///   - writer: version of the code that would write the output.
package func verdict(
    on action: Action, inputs: [InputState], recipe: [RecipeField], writer: String, record: ActionRecord?,
    output: OutputState
) -> Verdict {
    guard let record else {
        return .stale([Reason(.neverBuilt, component: "record", now: "not built yet")])
    }
    var certain = [Reason]()
    switch output {
    case .intact: break
    case .missing:
        certain.append(
            Reason(
                .outputMissing, component: "output", was: record.content.sha256.description, now: "no file"))
    case .modified(let now):
        certain.append(
            Reason(
                .outputModified, component: "sha256", was: record.content.sha256.description,
                now: now.description))
    }
    if record.writer != writer {
        certain.append(Reason(.writerChanged, component: "writer", was: record.writer, now: writer))
    }
    certain += recipeReasons(was: record.recipe, now: recipe)
    let (changed, open) = inputDifferences(action: action, states: inputs, recorded: record.inputs)
    certain += changed
    if !certain.isEmpty { return .stale(certain + open) }
    return open.isEmpty ? .fresh : .undecided(open)
}

/// One reason a field that was added, removed or changed. Both lists are sorted by name.
package func recipeReasons(was: [RecipeField], now: [RecipeField]) -> [Reason] {
    if was == now { return [] }
    let old = Dictionary(was.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    let new = Dictionary(now.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    return Set(old.keys).union(new.keys).sorted().compactMap { name in
        old[name] == new[name]
            ? nil : Reason(.recipeChanged, component: name, was: old[name], now: new[name])
    }
}

/// Reasons that are certain, and reasons that may dissolve once unknown inputs are known.
private func inputDifferences(
    action: Action, states: [InputState], recorded: [InputRecord]
) -> (certain: [Reason], open: [Reason]) {
    var isSame = states.count == recorded.count
    var open = [Reason]()
    for (index, state) in states.enumerated() {
        switch state {
        case .known(let digest):
            if isSame, recorded[index].digest != digest { isSame = false }
        case .unknown(let reason): open.append(reason)
        case .stale(let producer):
            open.append(
                Reason(.inputStale, input: producer, component: "input", was: "fresh", now: "stale"))
        }
    }
    if isSame { return ([], open) }

    // The sequence differs: say where, by name.
    var certain = [Reason]()
    let old = Dictionary(recorded.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first })
    var names = Set<String>()
    for (input, state) in zip(action.inputs, states) {
        names.insert(input.name)
        guard case .known(let digest) = state else { continue }
        guard let was = old[input.name] else {
            certain.append(
                Reason(.upstreamNew, input: input.name, component: "payload", now: digest.description))
            continue
        }
        if was != digest {
            certain.append(
                Reason(
                    .upstreamChanged, input: input.name, component: "payload", was: was.description,
                    now: digest.description))
        }
    }
    for input in recorded where !names.contains(input.name) {
        certain.append(
            Reason(
                .upstreamGone, input: input.name, component: "payload", was: input.digest.description,
                now: "not listed"))
    }
    // Another number of inputs is another output, whatever the unknown ones hold.
    if states.count != recorded.count { return (certain + open, []) }
    if certain.isEmpty && open.isEmpty {
        certain.append(
            Reason(
                .upstreamChanged, component: "input order",
                was: recorded.map(\.name).joined(separator: " "),
                now: action.inputs.map(\.name).joined(separator: " ")))
    }
    return (certain, open)
}
