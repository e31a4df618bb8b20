package import Problems

/// What a build tells whoever watches it. Values only: the watcher decides what a person or a log sees.
package enum BuildEvent: Sendable {
    /// Something worth one line, such as damaged history.
    case note(String)
    /// Something that makes the result incomplete but does not fail a target.
    case warning(String)
    case listing(source: String)
    case listed(source: String, objectCount: Int, requestCount: Int, new: Int, changed: Int, gone: Int)
    case planned(PlanCounts)
    case started(target: String, kind: WorkKind)
    /// More bytes of downloads have come in.
    case received(byteCount: Int)
    case fetched(target: String, byteCount: Int, attempts: Int)
    case built(target: String, rowCount: Int, byteCount: Int, milliseconds: Int)
    /// Cut off early: what changed made no difference.
    case unchanged(target: String)
    case failed(target: String, kind: WorkKind, category: ProblemCategory, message: String, attempts: Int)
    /// Not tried because something it needs failed.
    case abandoned(target: String, because: String)

    package enum WorkKind: String, Sendable { case fetch, build }
}

/// The size of what is to be done.
package struct PlanCounts: Hashable, Sendable, Codable {
    /// Partitions selected.
    package var considered = 0
    package var fresh = 0
    /// Partitions that must be built.
    package var stale = 0
    /// Partitions that will be built unless their inputs turn out to hold what they held.
    package var undecided = 0
    /// Objects to download, and their listed bytes.
    package var fetchCount = 0
    package var fetchByteCount = 0

    package init() {}
}

/// Sees a build's events, from any thread, in the order in which each thread sends them.
package protocol BuildObserver: Sendable {
    func observe(_ event: BuildEvent)
}

/// Sees nothing: for a look that is made again in the open when it does not suffice.
struct SilentObserver: BuildObserver {
    func observe(_ event: BuildEvent) {}
}
