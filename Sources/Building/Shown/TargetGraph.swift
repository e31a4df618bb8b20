import Graph
import Listing
import Planning
package import Problems

/// What is asked of the graph around some targets.
package struct TargetGraphRequest: Sendable {
    /// As the user names them: a partition, a local copy, `source:key`, or a glob over these.
    package var targets: [String]
    /// Everything that they are made from, and everything that is made from them.
    package var goesUp = true
    package var goesDown = true
    /// How many steps to go; nil for all.
    package var depth: Int?

    package init(targets: [String]) { self.targets = targets }
}

/// Everything that targets are made from, and everything made from them, with states. Asks no source and writes nothing.
///
/// This file is all that the shown graph knows of plans and of the graph that builds use.
package func targetGraph(
    _ request: TargetGraphRequest, in workspace: Workspace, observer: some BuildObserver
) async throws -> DependencyGraph {
    let view = try await view(for: request, in: workspace, observer: observer)
    let selection: Selection
    do {
        selection = try view.select(SelectionRequest(patterns: request.targets))
    } catch {
        if view.graph.rawCount == 0 { throw GraphProblem.nothingListed(error.pattern) }
        throw error
    }
    if selection.actions.isEmpty && selection.raws.isEmpty {
        throw GraphProblem.notMade(request.targets.joined(separator: ", "))
    }
    var walk = TargetWalk(view.graph)
    walk.add(selection)
    if request.goesUp { walk.goUp(from: selection, depth: request.depth ?? .max) }
    if request.goesDown { walk.goDown(from: selection, depth: request.depth ?? .max) }
    return walk.shown(in: view)
}

/// A view of what the request is about: as little as can be told from one output's name, else of everything.
private func view(
    for request: TargetGraphRequest, in workspace: Workspace, observer: some BuildObserver
) async throws -> ProjectView {
    if request.targets.count == 1, let target = request.targets.first {
        let project = try loadProject(workspace).project
        let output = onlyOutput(madeFrom: target, in: project) ?? target
        // What other rules make of it, or of a local copy by its path, is not in the small view.
        let isRead = project.rules.contains { rule in
            rule.inputs.contains { input in
                input.source == nil
                    && (input.pattern.match(output) != nil || input.pattern.match(target) != nil)
            }
        }
        if !(request.goesDown && isRead),
            let small = try ProjectView(workspace, output: output, observer: observer)
        {
            return small
        }
    }
    return try await ProjectView(
        workspace, refresh: .none, only: SelectionRequest(patterns: request.targets), observer: observer)
}

/// The one output that is made from an object, where names alone tell that there is no other.
///
/// - Parameter target: `source:key`, or the path of the local copy.
private func onlyOutput(madeFrom target: String, in project: Project) -> String? {
    guard Glob.isLiteral(target) else { return nil }
    var outputs = [String]()
    for source in project.sources {
        guard let key = key(of: target, in: source) else { continue }
        for rule in project.rules {
            for input in rule.inputs where input.source == source.name {
                guard let bindings = input.pattern.match(key) else { continue }
                let output = rule.output.prefix(under: bindings)
                // A name that may be read in two ways, or that leaves a wildcard open, could mean several.
                guard input.pattern.hasOneReading, rule.output.match(output) != nil,
                    rule.output.wildcardNames.allSatisfy({ bindings[$0] != nil })
                else { return nil }
                outputs.append(output)
            }
        }
    }
    return outputs.count == 1 ? outputs[0] : nil
}

/// The key that a name of an object or of its local copy holds; nil where it is not of this source.
private func key(of target: String, in source: Source) -> String? {
    if target.hasPrefix(source.name + ":") { return String(target.dropFirst(source.name.count + 1)) }
    guard let mirror = source.mirror, target.hasPrefix(mirror + "/") else { return nil }
    let key = String(target.dropFirst(mirror.count + 1))
    return (try? mirrorPath(for: key)) == key ? key : nil
}

/// Why there is no graph to show.
package enum GraphProblem: Problem, Hashable {
    case nothingListed(String)
    case notMade(String)

    package var summary: String {
        switch self {
        case .nothingListed(let target):
            "no target matches '\(target.escapedForDisplay)': nothing is listed yet"
        case .notMade(let target):
            "\(target.escapedForDisplay): no rule makes it any more, or none of its inputs is listed"
        }
    }

    package var hint: String? {
        switch self {
        case .nothingListed: "the first build lists the sources; 'datamake graph' alone shows the rules"
        case .notMade: "'datamake why' says what became of it; 'datamake graph' alone shows the rules"
        }
    }

    package var category: ProblemCategory { .internal }
}

/// Collects what lies around some targets.
private struct TargetWalk {
    /// A node of the graph that builds use.
    private enum Place: Hashable {
        case action(ActionID)
        case raw(RawID)
    }

    private let graph: BuildGraph
    /// In the order in which they were found.
    private var found = [Place]()
    private var seen = Set<Place>()

    init(_ graph: BuildGraph) { self.graph = graph }

    private mutating func add(_ place: Place) -> Bool {
        guard seen.insert(place).inserted else { return false }
        found.append(place)
        return true
    }

    private static func places(of selection: Selection) -> [Place] {
        selection.actions.map(Place.action) + selection.raws.map(Place.raw)
    }

    mutating func add(_ selection: Selection) {
        for place in Self.places(of: selection) { _ = add(place) }
    }

    /// Adds all that these are made from, nearest first.
    mutating func goUp(from selection: Selection, depth: Int) {
        var level = Self.places(of: selection)
        var visited = Set(level)
        var step = 0
        while !level.isEmpty, step < depth {
            var next = [Place]()
            for place in level {
                for input in inputs(of: place) {
                    _ = add(input)
                    if visited.insert(input).inserted { next.append(input) }
                }
            }
            level = next
            step += 1
        }
    }

    /// Adds all that is made from these, nearest first.
    mutating func goDown(from selection: Selection, depth: Int) {
        // The graph leads from what is made to what it is made from. Chains of rules are short, so a look at all actions for
        // each step costs less than the graph turned around.
        var level = Set(Self.places(of: selection))
        var visited = level
        var step = 0
        while !level.isEmpty, step < depth {
            var next = Set<Place>()
            for action in graph.actionIDs {
                let consumer = Place.action(action)
                guard !visited.contains(consumer), inputs(of: consumer).contains(where: level.contains)
                else { continue }
                _ = add(consumer)
                next.insert(consumer)
            }
            visited.formUnion(next)
            level = next
            step += 1
        }
    }

    private func inputs(of place: Place) -> [Place] {
        guard case .action(let action) = place else { return [] }
        return graph.inputPlaces(of: action).compactMap { place in
            let input = graph.input(at: place)
            return input.raw.map(Place.raw) ?? input.action.map(Place.action)
        }
    }

    /// What was found, with states as `ls` shows them, and every edge between two that were found.
    func shown(in view: ProjectView) -> DependencyGraph {
        var actions = [ActionID]()
        var raws = [RawID]()
        for place in found {
            switch place {
            case .action(let action): actions.append(action)
            case .raw(let raw): raws.append(raw)
            }
        }
        let plan = view.plan(
            Selection(actions: actions.sorted(), raws: raws.sorted(), isEverything: false))
        var result = DependencyGraph()
        for place in found {
            switch place {
            case .action(let action):
                result.nodes.append(
                    .init(
                        id: name(of: place), kind: .partition, name: name(of: place),
                        rule: graph.project.rules[graph.rule(of: action)].name,
                        state: plan.step(of: action).map { targetState(of: $0, in: plan) }))
            case .raw(let raw):
                let isRemote = graph.isRemote(raw)
                let name = graph.name(of: raw)
                result.nodes.append(
                    .init(
                        id: self.name(of: place), kind: isRemote ? .raw : .remote, name: self.name(of: place),
                        state: rawState(raw, name: name, in: plan), detail: isRemote ? name : nil))
            }
        }
        for place in found {
            for input in inputs(of: place) where seen.contains(input) {
                result.edges.append(.init(from: name(of: input), to: name(of: place)))
            }
        }
        return result
    }

    private func name(of place: Place) -> String {
        switch place {
        case .action(let action): graph.output(of: action)
        case .raw(let raw): graph.isRemote(raw) ? graph[raw].path : graph.name(of: raw)
        }
    }
}
