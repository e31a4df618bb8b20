import Bytes
package import Graph

/// A snapshot made current by a listing, and what that changed.
package struct SnapshotUpdate: Hashable, Sendable {
    /// The new snapshot, in the order of the keys' bytes.
    package var objects: [RemoteObject] = []
    package var new: [RemoteObject] = []
    /// As they are now; the old object of each is in `before`, at the same index.
    package var changed: [RemoteObject] = []
    package var before: [RemoteObject] = []
    package var gone: [RemoteObject] = []

    /// Whether nothing is new, changed or gone.
    package var isEmpty: Bool { new.isEmpty && changed.isEmpty && gone.isEmpty }
}

/// Brings a snapshot up to date with a listing.
///
/// An object of the snapshot that the listing does not show is gone only when a full and complete sweep of its prefix, from
/// below its key on, would have shown it, and one of the listing's patterns would have taken it. Otherwise it stays: unswept
/// prefixes, news-only sweeps and listings that broke off say nothing about it.
///
/// - Parameter previous: the snapshot, in any order.
package func merge(previous: [RemoteObject], listing: SourceListing) -> SnapshotUpdate {
    let isSorted = zip(previous, previous.dropFirst()).allSatisfy { $0.key.precedesInBytes($1.key) }
    let previous = isSorted ? previous : previous.sorted { $0.key.precedesInBytes($1.key) }
    let judge = GoneJudge(listing)
    var update = SnapshotUpdate()
    update.objects.reserveCapacity(max(previous.count, listing.objects.count))
    var (old, now) = (0, 0)
    while old < previous.count || now < listing.objects.count {
        if now == listing.objects.count
            || (old < previous.count && previous[old].key.precedesInBytes(listing.objects[now].key))
        {
            if judge.isGone(previous[old].key) {
                update.gone.append(previous[old])
            } else {
                update.objects.append(previous[old])
            }
            old += 1
            continue
        }
        let object = listing.objects[now]
        now += 1
        update.objects.append(object)
        if old < previous.count, previous[old].key.equalsInBytes(object.key) {
            if !object.isSame(as: previous[old]) {
                update.changed.append(object)
                update.before.append(previous[old])
            }
            old += 1
        } else {
            update.new.append(object)
        }
    }
    return update
}

extension RemoteObject {
    /// Identity is (etag, size); without an etag the stamp, and without that the time, must do.
    fileprivate func isSame(as other: RemoteObject) -> Bool {
        guard etag == other.etag, byteCount == other.byteCount, stamp == other.stamp else { return false }
        return !etag.isEmpty || stamp != nil || lastModified == other.lastModified
    }
}

/// Says of keys that a listing does not show whether that means anything.
private struct GoneJudge {
    /// Full and complete sweeps by the directory part of their prefix.
    private var sweeps: [String: [SweptPrefix]] = [:]
    private let patterns: [Pattern]

    init(_ listing: SourceListing) {
        patterns = listing.patterns
        for swept in listing.sweptPrefixes where swept.isFull && swept.isComplete {
            sweeps[String(swept.prefix.directoryPrefix), default: []].append(swept)
        }
    }

    func isGone(_ key: String) -> Bool {
        guard let candidates = sweeps[String(key.directoryPrefix)] else { return false }
        let isSwept = candidates.contains { swept in
            key.hasBytePrefix(swept.prefix) && swept.startAfter.precedesInBytes(key)
        }
        return isSwept && patterns.contains { $0.matches(key) }
    }
}
