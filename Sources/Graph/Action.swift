/// A name the user may ask for. Names are unique over all kinds.
package enum Target: Hashable, Sendable {
    /// An object of a source: `binance:data/x.zip`.
    case remote(source: String, key: String)
    /// The local copy of an object, by project-relative path.
    case raw(path: String)
    /// An output of a rule, by project-relative path.
    case partition(path: String)

    package var name: String {
        switch self {
        case .remote(let source, let key): "\(source):\(key)"
        case .raw(let path), .partition(let path): path
        }
    }
}

/// Recipe x one assignment of the output's wildcards: the unit that is planned, run and recorded.
package struct Action: Hashable, Sendable {
    package var rule: String
    /// Project-relative path; its name.
    package var output: String
    /// Of the output's wildcards.
    package var bindings: Bindings
    /// The days the output is named for, or nil.
    package var days: DayRange?
    /// In the order in which their rows are read.
    package var inputs: [ActionInput]
    package var recipe: Recipe

    package init(
        rule: String, output: String, bindings: Bindings, days: DayRange?, inputs: [ActionInput],
        recipe: Recipe
    ) {
        self.rule = rule
        self.output = output
        self.bindings = bindings
        self.days = days
        self.inputs = inputs
        self.recipe = recipe
    }
}

/// One file an action reads.
package struct ActionInput: Hashable, Sendable {
    /// Where its bytes come from.
    package enum Origin: Hashable, Sendable {
        /// An object of an S3 source, mirrored at a project-relative path.
        case object(source: String, key: String, mirrorPath: String)
        /// A file of a directory source, read in place.
        case file(source: String, key: String, path: String)
        /// A project-relative path that another rule makes.
        case output(path: String)
        /// A project-relative path that no rule makes.
        case local(path: String)
    }

    package var origin: Origin
    /// Index of the `from` pattern that matched; lower wins where rows conflict.
    package var preference: Int
    /// The days its name covers, or nil.
    package var days: DayRange?

    package init(origin: Origin, preference: Int, days: DayRange?) {
        self.origin = origin
        self.preference = preference
        self.days = days
    }

    /// Where its bytes lie: project-relative, or absolute.
    package var path: String {
        switch origin {
        case .object(_, _, let path), .file(_, _, let path), .output(let path), .local(let path): path
        }
    }

    /// The name a user knows it by.
    package var name: String {
        switch origin {
        case .object(let source, let key, _), .file(let source, let key, _): "\(source):\(key)"
        case .output(let path), .local(let path): path
        }
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
        case .object(_, _, let path), .file(_, _, let path), .output(let path), .local(let path): path
        }
    }

    /// Whether its bytes must be downloaded before an action can read them.
    package var isRemote: Bool {
        if case .object = origin { true } else { false }
    }
}
