package import Graph

/// What a Datafile's rules read and make: sources, rules, and the paths between them. Needs neither listing nor state.
package func ruleGraph(in workspace: Workspace) throws -> DependencyGraph {
    ruleGraph(of: try loadProject(workspace).project)
}

/// Sources by name, then rules in the order of the Datafile, each with what it makes.
package func ruleGraph(of project: Project) -> DependencyGraph {
    var graph = DependencyGraph()
    for source in project.sources {
        let place =
            switch source.location {
            case .s3(let list, _): list
            case .directory(let path): path
            }
        graph.nodes.append(
            .init(id: "source \(source.name)", kind: .source, name: source.name, detail: place))
    }
    let outputs = project.rules.map { PathSet($0.output, constraints: $0.constraints) }
    var files = Set<String>()
    for rule in project.rules {
        let id = "rule \(rule.name)"
        graph.nodes.append(
            .init(id: id, kind: .rule, name: rule.name, rule: rule.name, detail: rule.recipe.shortText))
        graph.nodes.append(
            .init(id: "output \(rule.name)", kind: .output, name: rule.output.text, rule: rule.name))
        for input in rule.inputs {
            let text = input.pattern.text
            if let source = input.source {
                graph.edges.append(.init(from: "source \(source)", to: id, label: text))
                continue
            }
            let paths = PathSet(input.pattern, constraints: rule.constraints)
            let makers = project.rules.indices.filter { outputs[$0].overlaps(paths) }
            for maker in makers {
                let from = "output \(project.rules[maker].name)"
                graph.edges.append(.init(from: from, to: id, label: text))
            }
            guard makers.isEmpty else { continue }
            if files.insert(text).inserted {
                graph.nodes.append(.init(id: "files \(text)", kind: .files, name: text))
            }
            graph.edges.append(.init(from: "files \(text)", to: id))
        }
        graph.edges.append(.init(from: id, to: "output \(rule.name)"))
    }
    return graph
}

extension Recipe {
    /// What it does, in a few words.
    fileprivate var shortText: String {
        switch self {
        case .clean(let table): "table \(table.name)"
        case .run(let command): "run \(command.text)"
        }
    }
}
