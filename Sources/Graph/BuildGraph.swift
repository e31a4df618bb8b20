/// Every action the Datafile and the listings give rise to, in an order in which producers come before consumers.
package struct BuildGraph: Sendable {
    package var actions: [Action]
    /// Index into `actions` by output path.
    package var actionIndex: [String: Int]
    /// Objects and source files that at least one action reads, in order of first use.
    package var raws: [RawNode]
    /// Index into `raws` by target name.
    package var rawIndex: [String: Int]
    /// Two actions for one path, and the like: the targets concerned have failed before they start.
    package var conflicts: [GraphConflict]

    package init() {
        actions = []
        actionIndex = [:]
        raws = []
        rawIndex = [:]
        conflicts = []
    }
}

/// A file that comes from outside: an object with its local copy, a file of a directory source, or a plain local file.
package struct RawNode: Hashable, Sendable {
    package var origin: ActionInput.Origin
    /// As listed last.
    package var object: RemoteObject
    /// What the wildcards of the pattern that found it matched: for the manifest.
    package var bindings: Bindings
    package var pattern: String

    package init(origin: ActionInput.Origin, object: RemoteObject, bindings: Bindings, pattern: String) {
        self.origin = origin
        self.object = object
        self.bindings = bindings
        self.pattern = pattern
    }

    /// Name of the source, or empty for a project file that no rule makes.
    package var source: String {
        switch origin {
        case .object(let source, _, _), .file(let source, _, _): source
        case .output, .local: ""
        }
    }

    /// `source:key`, or the path of a plain local file.
    package var name: String { source.isEmpty ? object.key : "\(source):\(object.key)" }

    /// Where its bytes lie once they are here: project-relative, or absolute.
    package var path: String {
        switch origin {
        case .object(_, _, let mirrorPath): mirrorPath
        case .file(_, _, let path), .output(let path), .local(let path): path
        }
    }

    /// Whether its bytes must be downloaded before an action can read them.
    package var isRemote: Bool {
        if case .object = origin { true } else { false }
    }
}

/// A path that the graph cannot serve, with the reason.
package struct GraphConflict: Hashable, Sendable {
    package var output: String
    package var message: String

    package init(output: String, message: String) {
        self.output = output
        self.message = message
    }
}
