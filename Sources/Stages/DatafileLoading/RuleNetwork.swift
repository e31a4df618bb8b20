import Graph
import Problems

/// What rules are to each other: two that make one path, and rules that wait for themselves.
struct RuleNetwork {
    let diagnostics: Diagnostics
    private let rules: [DeclaredRule]
    /// What each rule makes; nil where that could not be read.
    private let outputs: [PathSet?]

    init(_ rules: [DeclaredRule], diagnostics: Diagnostics) {
        self.diagnostics = diagnostics
        self.rules = rules
        outputs = rules.map { rule in rule.output.map { PathSet($0.pattern, constraints: rule.constraints) } }
    }

    /// Reports, for every rule, the first rule before it that may make the same path.
    func reportClashes() {
        for later in rules.indices {
            guard let paths = outputs[later], let output = rules[later].output else { continue }
            for earlier in 0..<later {
                guard let others = outputs[earlier], let other = rules[earlier].output else { continue }
                guard paths.overlaps(others) else { continue }
                let isSame = output.pattern.text == other.pattern.text
                diagnostics.report(
                    output.place,
                    "rule '\(rules[later].name)' can make the same path as rule '\(rules[earlier].name)'"
                        + (isSame ? "" : ", which makes '\(other.pattern.text.escapedForDisplay)'"),
                    hint:
                        "write different paths, or limit both with 'where' (\(diagnostics.name(of: other.place)))"
                )
                break
            }
        }
    }

    /// Reports every ring of rules that read each other's outputs, each once, the shortest way round.
    func reportCycles() {
        let readers = readers()
        for component in stronglyConnected(readers) {
            guard let cycle = shortestCycle(in: component, readers) else { continue }
            let first = rules[cycle[0]]
            if cycle.count == 1 {
                let input = first.inputs.first { reads($0.input, cycle[0], by: cycle[0]) }
                diagnostics.report(
                    input?.place ?? first.place,
                    "rule '\(first.name)' can read what it makes, '\(first.output?.pattern.text.escapedForDisplay ?? "")'",
                    hint: "write to another directory, or give the wildcards of the input a kind")
                continue
            }
            let names = (cycle + [cycle[0]]).map { rules[$0].name }
            diagnostics.report(
                first.place, "the rules wait for each other: \(names.joined(separator: " -> "))",
                hint: "an arrow leads from a rule to one that reads its output")
        }
    }

    /// For each rule, the rules that may read what it makes.
    private func readers() -> [[Int]] {
        var readers: [[Int]] = Array(repeating: [], count: rules.count)
        for (reader, rule) in rules.enumerated() {
            for (input, _) in rule.inputs where input.source == nil {
                let paths = PathSet(input.pattern, constraints: rule.constraints)
                for (maker, output) in outputs.enumerated() {
                    if let output, paths.overlaps(output), !readers[maker].contains(reader) {
                        readers[maker].append(reader)
                    }
                }
            }
        }
        return readers
    }

    private func reads(_ input: InputPattern, _ maker: Int, by reader: Int) -> Bool {
        guard input.source == nil, let output = outputs[maker] else { return false }
        return PathSet(input.pattern, constraints: rules[reader].constraints).overlaps(output)
    }

    /// Groups of rules that all reach each other, by their first rule (S. R. Kosaraju's way: two walks, no recursion).
    private func stronglyConnected(_ next: [[Int]]) -> [[Int]] {
        var previous: [[Int]] = Array(repeating: [], count: next.count)
        for (from, targets) in next.enumerated() { for to in targets { previous[to].append(from) } }
        var order: [Int] = []
        var isSeen = Array(repeating: false, count: next.count)
        for start in next.indices where !isSeen[start] {
            var path = [(node: start, edge: 0)]
            isSeen[start] = true
            while let (node, edge) = path.last {
                if edge < next[node].count {
                    path[path.count - 1].edge += 1
                    let target = next[node][edge]
                    guard !isSeen[target] else { continue }
                    isSeen[target] = true
                    path.append((target, 0))
                } else {
                    order.append(node)
                    path.removeLast()
                }
            }
        }
        var components: [[Int]] = []
        isSeen = Array(repeating: false, count: next.count)
        for start in order.reversed() where !isSeen[start] {
            var component: [Int] = []
            var pending = [start]
            isSeen[start] = true
            while let node = pending.popLast() {
                component.append(node)
                for target in previous[node] where !isSeen[target] {
                    isSeen[target] = true
                    pending.append(target)
                }
            }
            components.append(component.sorted())
        }
        return components.sorted { $0[0] < $1[0] }
    }

    /// The shortest way from a rule of the component back to itself; nil where there is none.
    private func shortestCycle(in component: [Int], _ next: [[Int]]) -> [Int]? {
        let members = Set(component)
        var shortest: [Int]?
        // Of very large components the first rules will do.
        for start in component.prefix(100) {
            var cameFrom: [Int: Int] = [:]
            var queue = [start]
            var position = 0
            search: while position < queue.count {
                let node = queue[position]
                position += 1
                for target in next[node] where members.contains(target) {
                    if target == start {
                        var way = [node]
                        while let before = cameFrom[way[0]] { way.insert(before, at: 0) }
                        if way.count < shortest?.count ?? .max { shortest = way }
                        break search
                    }
                    guard target != start, cameFrom[target] == nil else { continue }
                    cameFrom[target] = node
                    queue.append(target)
                }
            }
            if shortest?.count == 1 { break }
        }
        return shortest
    }
}
