import Bytes
package import Graph

/// A snapshot made current by a listing, and what that changed.
package struct SnapshotUpdate: Sendable {
    /// The new snapshot.
    package var objects = ObjectList()
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
package func merge(previous: ObjectList, listing: SourceListing) -> SnapshotUpdate {
    let judge = GoneJudge(listing)
    var update = SnapshotUpdate()
    /// What the new snapshot is made of, while it differs from the old one: places there, or objects of the listing.
    var merged = [(isOld: Bool, place: Int)]()
    merged.reserveCapacity(max(previous.count, listing.objects.count))
    var scratch: [UInt8] = []
    var (old, now) = (0, 0)
    while old < previous.count || now < listing.objects.count {
        let order =
            now == listing.objects.count
            ? -1 : old == previous.count ? 1 : previous.compareKey(old, with: listing.objects[now].key)
        if order < 0 {
            if judge.isGone(previous.keys[old]) {
                update.gone.append(previous[old])
            } else {
                merged.append((true, old))
            }
            old += 1
            continue
        }
        let object = listing.objects[now]
        if order == 0 {
            if previous.isSame(old, as: object, scratch: &scratch) {
                merged.append((true, old))
            } else {
                update.changed.append(object)
                update.before.append(previous[old])
                merged.append((false, now))
            }
            old += 1
        } else {
            update.new.append(object)
            merged.append((false, now))
        }
        now += 1
    }
    if update.isEmpty {
        update.objects = previous
        return update
    }
    for (isOld, place) in merged {
        if isOld {
            update.objects.append(place, of: previous)
        } else {
            update.objects.append(listing.objects[place])
        }
    }
    return update
}

extension ObjectList {
    /// Negative, zero or positive as an object's key comes before `key`, equals it, or comes after it.
    fileprivate func compareKey(_ index: Int, with key: String) -> Int {
        var key = key
        return key.withUTF8 { unsafe keys.compare(index, with: $0.span) }
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
