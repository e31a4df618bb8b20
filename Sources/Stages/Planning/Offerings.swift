package import Graph

/// What listings and the project's own tree offer to the rules.
package struct Offerings: Sendable {
    /// Objects by source name.
    package var objects: [String: ObjectList]
    /// Files under the project root that match a source-less pattern; keys are project-relative paths. Those that a rule
    /// makes are not read as files.
    package var localFiles: ObjectList

    package init(objects: [String: ObjectList], localFiles: ObjectList = ObjectList()) {
        self.objects = objects
        self.localFiles = localFiles
    }
}
