package import Bytes
package import Files
package import Graph

/// The disk as planning sees it: read only. A seam, so that tests plan over a table of files.
package protocol FileInspecting: Sendable {
    /// Of the regular file at a project-relative or absolute path; nil when there is none.
    func stamp(_ path: String) -> Stamp?
    /// Of each of very many paths, in their order. Called by several threads at once.
    func stamps(of paths: NameList) -> [Stamp?]
    /// Digests of a file's bytes, with the stamp they belong to; nil when it cannot be read steadily.
    func identity(_ path: String) -> (content: ContentIdentity, stamp: Stamp)?
}

extension FileInspecting {
    package func stamps(of paths: NameList) -> [Stamp?] { (0..<paths.count).map { stamp(paths[$0]) } }
}

/// What planning found out about one file from outside. What there is to do, and why, follows from it.
package enum RawFinding: UInt8, Sendable {
    /// No selected target needs it.
    case notInspected
    /// Its bytes are here and known.
    case current
    /// The same, under another stamp.
    case moved
    /// Of objects: to be downloaded, since
    /// it is to be downloaded whatever is recorded,
    case refetched
    /// nothing is recorded of it,
    case new
    /// it is another object now,
    case etagChanged, sizeChanged
    /// or its local copy is gone, or is not what was downloaded.
    case copyMissing, copyModified
    /// Of files read in place: never hashed, changed since, or not readable.
    case unhashed, changed, unreadable

    /// What must be done before an action can read the file.
    package var work: RawState.Work {
        switch self {
        case .notInspected, .current, .moved: .none
        case .refetched, .new, .etagChanged, .sizeChanged, .copyMissing, .copyModified: .fetch
        case .unhashed, .changed, .unreadable: .hash
        }
    }

    /// Whether what is recorded describes what is listed now, even if the local bytes are gone.
    package var isRecordCurrent: Bool {
        switch self {
        case .current, .moved, .copyMissing, .copyModified: true
        default: false
        }
    }

    /// The kind of reason that there is work; nil where there is none.
    package var reasonKind: ReasonKind? {
        switch self {
        case .notInspected, .current, .moved: nil
        case .refetched: .forced
        case .new, .unhashed: .upstreamNew
        case .etagChanged, .sizeChanged, .changed, .unreadable: .upstreamChanged
        case .copyMissing: .outputMissing
        case .copyModified: .outputModified
        }
    }
}

/// A finding with all that it means, for one target.
package struct RawState: Hashable, Sendable {
    package enum Work: Hashable, Sendable {
        /// Its bytes are here and known.
        case none
        /// Its bytes must be downloaded.
        case fetch
        /// Its bytes are here and were never hashed, or changed since.
        case hash
    }

    /// What the state holds of it, stamp brought up to date; nil if nothing.
    package var record: RawRecord?
    package var work: Work
    /// Why there is work; nil when there is none.
    package var reason: Reason?
}

/// A file that was hashed, since its stamp did not say enough. Nil where it could not be read.
typealias HashedFile = (content: ContentIdentity, stamp: Stamp)

/// Compares what is listed, recorded and on disk of one object; nil where only the bytes of the local copy can tell.
///
/// - Parameter stamp: of the local copy; nil when there is none.
func inspectObject(byteCount: Int, facts: RawFacts?, isForced: Bool, stamp: Stamp?) -> RawFinding? {
    if isForced { return .refetched }
    guard let facts else { return .new }
    if !facts.hasListedETag { return .etagChanged }
    if facts.byteCount != byteCount { return .sizeChanged }
    guard let stamp else { return .copyMissing }
    return stamp == facts.stamp ? .current : nil
}

/// Compares what is listed, recorded and on disk of one file that is read in place; nil where only its bytes can tell.
func inspectFile(stamp: Stamp?, facts: RawFacts?) -> RawFinding? {
    guard let facts else { return .unhashed }
    return stamp == facts.stamp ? .current : nil
}

extension RawFinding {
    /// What the bytes tell.
    ///
    /// - Parameters:
    ///   - file: nil where they could not be read.
    ///   - isRecorded: whether they are those that are recorded.
    init(isObject: Bool, file: HashedFile?, isRecorded: Bool) {
        if file == nil, !isObject {
            self = .unreadable
        } else if isRecorded {
            self = .moved
        } else {
            self = isObject ? .copyModified : .changed
        }
    }
}

extension RawFinding {
    /// Why there is work, in words.
    ///
    /// - Parameter now: SHA-256 of the bytes that are there, where they were hashed.
    func reason(_ raw: RawNode, record: RawRecord?, now: SHA256Digest?) -> Reason? {
        guard let kind = reasonKind else { return nil }
        let object = raw.object
        let recorded = record?.content.sha256.description
        let found = now?.description ?? "unreadable"
        return switch self {
        case .notInspected, .current, .moved: nil
        case .refetched: Reason(kind, input: raw.name, component: "refetch", now: object.etag)
        case .new: Reason(kind, input: raw.name, component: "etag", now: object.etag)
        case .etagChanged:
            Reason(kind, input: raw.name, component: "etag", was: record?.etag, now: object.etag)
        case .sizeChanged:
            Reason(
                kind, input: raw.name, component: "size", was: record.map { String($0.content.byteCount) },
                now: String(object.byteCount))
        case .copyMissing:
            Reason(kind, input: raw.path, component: "output", was: recorded, now: "no file")
        case .copyModified: Reason(kind, input: raw.path, component: "sha256", was: recorded, now: found)
        case .unhashed: Reason(kind, input: raw.name, component: "size", now: String(object.byteCount))
        case .changed, .unreadable:
            Reason(kind, input: raw.name, component: "sha256", was: recorded, now: found)
        }
    }
}
