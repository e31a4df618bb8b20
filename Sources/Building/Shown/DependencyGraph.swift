/// What is made from what, as it is shown: of a Datafile's rules, or of one target. Plain values, in a fixed order.
package struct DependencyGraph: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, Encodable {
        /// Of a Datafile: a place that is listed, files of the project that no rule makes, a rule, what a rule makes.
        case source, files, rule, output
        /// Of a target, in the words of `ls`: the local copy of an object, a file read in place, an output file.
        case raw, remote, partition
        /// Stands for nodes that are not shown.
        case rest
    }

    package struct Node: Hashable, Sendable, Encodable {
        /// Unique in the graph.
        package var id: String
        package var kind: Kind
        package var name: String
        package var rule: String?
        /// `fresh`, `stale`, `missing`, `failed` or `quarantined`; nil for what has no state.
        package var state: String?
        /// One thing more to know: where a source lies, what a rule does, the object that a local copy is of.
        package var detail: String?

        package init(
            id: String, kind: Kind, name: String, rule: String? = nil, state: String? = nil,
            detail: String? = nil
        ) {
            self.id = id
            self.kind = kind
            self.name = name
            self.rule = rule
            self.state = state
            self.detail = detail
        }

        /// Every key is there, with null where there is no value.
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(id, forKey: .id)
            try container.encode(kind, forKey: .kind)
            try container.encode(name, forKey: .name)
            try container.encode(rule, forKey: .rule)
            try container.encode(state, forKey: .state)
            try container.encode(detail, forKey: .detail)
        }

        private enum CodingKeys: String, CodingKey { case id, kind, name, rule, state, detail }
    }

    /// From what is read to what is made of it.
    package struct Edge: Hashable, Sendable, Encodable {
        /// Ids of nodes.
        package var from: String
        package var to: String
        /// The pattern by which a rule takes what it reads.
        package var label: String?

        package init(from: String, to: String, label: String? = nil) {
            self.from = from
            self.to = to
            self.label = label
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(from, forKey: .from)
            try container.encode(to, forKey: .to)
            try container.encode(label, forKey: .label)
        }

        private enum CodingKeys: String, CodingKey { case from, to, label }
    }

    /// What was asked for first, then the others by their distance from it.
    package var nodes: [Node]
    package var edges: [Edge]

    package init(nodes: [Node] = [], edges: [Edge] = []) {
        self.nodes = nodes
        self.edges = edges
    }

    /// The first `limit` nodes, with one that says how many more there are beside each that lost neighbours.
    package func cut(to limit: Int) -> DependencyGraph {
        guard nodes.count > limit else { return self }
        var result = DependencyGraph(nodes: Array(nodes.prefix(max(1, limit))))
        let kept = Set(result.nodes.map(\.id))
        var lostInputs = [String: Int]()
        var lostConsumers = [String: Int]()
        for edge in edges {
            switch (kept.contains(edge.from), kept.contains(edge.to)) {
            case (true, true): result.edges.append(edge)
            case (false, true): lostInputs[edge.to, default: 0] += 1
            case (true, false): lostConsumers[edge.from, default: 0] += 1
            case (false, false): break
            }
        }
        for node in result.nodes {
            // A character that no path or key has keeps these ids apart from all others.
            if let count = lostInputs[node.id] {
                let id = "\0inputs \(node.id)"
                result.nodes.append(
                    Node(id: id, kind: .rest, name: "… and \(count) more \(count == 1 ? "input" : "inputs")"))
                result.edges.append(Edge(from: id, to: node.id))
            }
            if let count = lostConsumers[node.id] {
                let id = "\0consumers \(node.id)"
                result.nodes.append(
                    Node(id: id, kind: .rest, name: "… and \(count) more made from it"))
                result.edges.append(Edge(from: node.id, to: id))
            }
        }
        return result
    }
}

extension DependencyGraph: Encodable {
    private enum CodingKeys: String, CodingKey { case nodes, edges }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(nodes, forKey: .nodes)
        try container.encode(edges, forKey: .edges)
    }
}
