/// Everything a Datafile declares, checked and with nothing left to look up.
package struct Project: Hashable, Sendable {
    /// In order of name.
    package var sources: [Source]
    /// In the order of the Datafile.
    package var rules: [Rule]
    package var settings: BuildSettings

    package init(sources: [Source], rules: [Rule], settings: BuildSettings = BuildSettings()) {
        self.sources = sources
        self.rules = rules
        self.settings = settings
    }

    package func source(named name: String) -> Source? { sources.first { $0.name == name } }
}

/// The Datafile's `build:` section: defaults for flags. Nil where the Datafile says nothing.
package struct BuildSettings: Hashable, Sendable {
    /// Worker threads, `1...1024`.
    package var jobs: Int?
    /// Connections over all hosts, `1...1024`.
    package var connections: Int?
    /// Bytes of memory for the jobs in flight.
    package var memoryByteCount: Int?
    /// Bytes that one build may add to the disk.
    package var diskByteCount: Int?

    package init(
        jobs: Int? = nil, connections: Int? = nil, memoryByteCount: Int? = nil, diskByteCount: Int? = nil
    ) {
        self.jobs = jobs
        self.connections = connections
        self.memoryByteCount = memoryByteCount
        self.diskByteCount = diskByteCount
    }
}

/// Where a thing was written: for messages.
package struct SourceLocation: Hashable, Sendable {
    package var file: String
    /// From 1; 0 when unknown.
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

/// Input patterns, one output pattern, a recipe. Wildcards make one rule into many actions.
package struct Rule: Hashable, Sendable {
    package var name: String
    /// In order of preference: a later one serves only days that no earlier one covers.
    package var inputs: [InputPattern]
    /// By wildcard name.
    package var constraints: [String: Constraint]
    /// A project-relative path.
    package var output: Pattern
    package var recipe: Recipe
    package var location: SourceLocation

    package init(
        name: String, inputs: [InputPattern], constraints: [String: Constraint], output: Pattern,
        recipe: Recipe,
        location: SourceLocation
    ) {
        self.name = name
        self.inputs = inputs
        self.constraints = constraints
        self.output = output
        self.recipe = recipe
        self.location = location
    }
}

/// One entry of a rule's `from`.
package struct InputPattern: Hashable, Sendable {
    /// The source that is listed for it, or nil for project-relative paths: other rules' outputs and files that lie there.
    package var source: String?
    package var pattern: Pattern

    package init(source: String?, pattern: Pattern) {
        self.source = source
        self.pattern = pattern
    }
}
