package import Bytes
package import Files
package import Graph

/// What planning found out about one file from outside.
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
    /// Whether `record` describes the identity that is listed now, even if the local bytes are gone.
    package var isRecordCurrent: Bool
    /// Whether only the stamp moved, so the record needs writing again.
    package var needsStamp: Bool

    package init(
        record: RawRecord?, work: Work, reason: Reason?, isRecordCurrent: Bool, needsStamp: Bool = false
    ) {
        self.record = record
        self.work = work
        self.reason = reason
        self.isRecordCurrent = isRecordCurrent
        self.needsStamp = needsStamp
    }
}

/// The disk as planning sees it: read only. A seam, so that tests plan over a table of files.
package protocol FileInspecting: Sendable {
    /// Of the regular file at a project-relative or absolute path; nil when there is none.
    func stamp(_ path: String) -> Stamp?
    /// Digests of a file's bytes, with the stamp they belong to; nil when it cannot be read steadily.
    func identity(_ path: String) -> (content: ContentIdentity, stamp: Stamp)?
}

/// Compares what is listed, what is recorded and what is on disk of one file from outside.
func inspect(_ raw: RawNode, record: RawRecord?, files: some FileInspecting, isForced: Bool) -> RawState {
    raw.isRemote
        ? inspectObject(raw, record: record, files: files, isForced: isForced)
        : inspectFile(raw, record: record, files: files)
}

private func inspectObject(
    _ raw: RawNode, record: RawRecord?, files: some FileInspecting, isForced: Bool
) -> RawState {
    let object = raw.object
    if isForced {
        let reason = Reason(.forced, input: raw.name, component: "refetch", now: object.etag)
        return RawState(record: record, work: .fetch, reason: reason, isRecordCurrent: false)
    }
    guard var record else {
        let reason = Reason(.upstreamNew, input: raw.name, component: "etag", now: object.etag)
        return RawState(record: nil, work: .fetch, reason: reason, isRecordCurrent: false)
    }
    if record.etag != object.etag || record.content.byteCount != object.byteCount {
        let reason =
            record.etag != object.etag
            ? Reason(.upstreamChanged, input: raw.name, component: "etag", was: record.etag, now: object.etag)
            : Reason(
                .upstreamChanged, input: raw.name, component: "size", was: String(record.content.byteCount),
                now: String(object.byteCount))
        return RawState(record: record, work: .fetch, reason: reason, isRecordCurrent: false)
    }
    guard let stamp = files.stamp(raw.path) else {
        let reason = Reason(
            .outputMissing, input: raw.path, component: "output", was: record.content.sha256.description,
            now: "no file")
        return RawState(record: record, work: .fetch, reason: reason, isRecordCurrent: true)
    }
    if stamp == record.stamp {
        return RawState(record: record, work: .none, reason: nil, isRecordCurrent: true)
    }
    let identity = files.identity(raw.path)
    guard let found = identity, found.content == record.content else {
        let now = identity?.content.sha256.description ?? "unreadable"
        let reason = Reason(
            .outputModified, input: raw.path, component: "sha256", was: record.content.sha256.description,
            now: now)
        return RawState(record: record, work: .fetch, reason: reason, isRecordCurrent: true)
    }
    record.stamp = found.stamp
    return RawState(record: record, work: .none, reason: nil, isRecordCurrent: true, needsStamp: true)
}

private func inspectFile(_ raw: RawNode, record: RawRecord?, files: some FileInspecting) -> RawState {
    guard var record else {
        let reason = Reason(
            .upstreamNew, input: raw.name, component: "size", now: String(raw.object.byteCount))
        return RawState(record: nil, work: .hash, reason: reason, isRecordCurrent: false)
    }
    if raw.object.stamp == record.stamp {
        return RawState(record: record, work: .none, reason: nil, isRecordCurrent: true)
    }
    guard let found = files.identity(raw.path) else {
        let reason = Reason(
            .upstreamChanged, input: raw.name, component: "sha256", was: record.content.sha256.description,
            now: "unreadable")
        return RawState(record: record, work: .hash, reason: reason, isRecordCurrent: false)
    }
    if found.content == record.content {
        record.stamp = found.stamp
        return RawState(record: record, work: .none, reason: nil, isRecordCurrent: true, needsStamp: true)
    }
    let reason = Reason(
        .upstreamChanged, input: raw.name, component: "sha256", was: record.content.sha256.description,
        now: found.content.sha256.description)
    return RawState(record: record, work: .hash, reason: reason, isRecordCurrent: false)
}
