package import Problems

/// Where a project lies on disk: its root, its Datafile, and the directory of its state.
///
/// Paths in the Datafile and in records are relative to the root, so a project may be moved or renamed freely.
package struct Workspace: Hashable, Sendable {
    /// Absolute, without a slash at the end.
    package let root: String
    /// Absolute, or relative to the root.
    package let datafile: String

    package init(root: String, datafile: String = "Datafile") {
        self.root = root
        self.datafile = datafile
    }

    package var stateDirectory: String { root + "/.datamake" }
    package var settledPath: String { stateDirectory + "/settled" }
    package var lockPath: String { stateDirectory + "/lock" }
    package var journalPath: String { stateDirectory + "/in-flight" }
    /// For files that memory has no room for; nothing in it has a name for longer than a moment.
    package var scratchDirectory: String { stateDirectory + "/scratch" }
    package var manifestDirectory: String { root + "/manifests" }
    package var datafilePath: String { absolute(datafile) }

    /// The absolute path of a project-relative path; absolute ones stay.
    package func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : root + "/" + path
    }
}

/// Something about the whole run that keeps it from starting or going on.
package enum BuildProblem: Problem, Hashable {
    case noDatafile(path: String)
    case lostState(String)
    case badFlag(String, hint: String)

    package var summary: String {
        switch self {
        case .noDatafile(let path): "\(path): there is no Datafile here"
        case .lostState(let detail): "the state could not be written: \(detail)"
        case .badFlag(let what, _): what
        }
    }

    package var hint: String? {
        switch self {
        case .noDatafile: "'datamake init' writes one to start from; -C DIR or -f FILE name another place"
        case .lostState: "outputs already published are safe; the next build repeats what was not recorded"
        case .badFlag(_, let hint): hint
        }
    }

    package var category: ProblemCategory {
        switch self {
        case .lostState: .disk
        default: .internal
        }
    }
}
