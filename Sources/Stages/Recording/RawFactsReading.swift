import Bytes
import GRDB
package import Graph
import Synchronization

/// What is recorded of the files of listed objects, read by as many threads as there are to read it.
///
/// The records are read in parts, of some directories each. Whoever reads takes the next part until there is none left.
package final class RawFactsReading: Sendable {
    /// Of each source, and of the project's own files under the empty name.
    private let lists: [(source: String, objects: ObjectList)]
    /// For each list, an entry an object; none before somebody reads.
    private let columns = Mutex<[RawFactsColumn]>([])
    private let parts = Mutex(Parts())

    private struct Parts {
        /// First place of the next part.
        var next: Int64 = 1
        /// The last place of all; nil before anybody looked.
        var last: Int64?
        var width: Int64 = 1
        var isOver: Bool { last.map { next > $0 } ?? false }
    }

    /// Enough that two threads end at about the same time.
    private static let partCount: Int64 = 64

    package init(_ lists: [(source: String, objects: ObjectList)]) {
        self.lists = lists
    }

    /// Whether every part is read or being read.
    package var isOver: Bool { parts.withLock { $0.isOver } }

    /// For each list, an entry an object. To be looked at when whoever called `read` has returned.
    package var facts: [RawFactsColumn] { columns.withLock { $0 } }

    /// Reads part after part until none is left. May be called from several threads, with a store each.
    package func read(_ store: StateStore) throws {
        // By whoever reads first: to touch as much memory takes a while.
        let facts = columns.withLock { columns in
            if columns.isEmpty { columns = lists.map { RawFactsColumn(count: $0.objects.count) } }
            return columns
        }
        try store.read { database, session in
            try session.coder.texts.loadAll(in: database)
            let last = session.coder.texts.lastNumber
            while let places = nextPart(last: last) {
                for place in places {
                    // What has no text was lost with it, and what no list has is not asked for.
                    guard let text = try session.coder.texts.string(place, in: database),
                        let (list, directory) = directory(at: text)
                    else { continue }
                    try readRows(of: place, directory, list, into: facts[list], in: database, session)
                }
            }
        }
    }

    private func nextPart(last: Int64) -> ClosedRange<Int64>? {
        parts.withLock { parts in
            if parts.last == nil {
                parts.last = last
                parts.width = max(1, last / Self.partCount)
            }
            guard !parts.isOver, let end = parts.last else { return nil }
            let first = parts.next
            parts.next += parts.width
            return first...min(first + parts.width - 1, end)
        }
    }

    /// The list a place belongs to, and the directory it stands for, with what separates names.
    private func directory(at place: String) -> (list: Int, directory: [UInt8])? {
        let colon = place.utf8.firstIndex(of: UInt8(ascii: ":"))
        let source = colon.map { place[..<$0] } ?? ""
        guard let list = lists.firstIndex(where: { $0.source == source }) else { return nil }
        return (list, Array(colon.map { place.utf8[place.utf8.index(after: $0)...] } ?? place.utf8[...]))
    }

    private func readRows(
        of place: Int64, _ directory: [UInt8], _ list: Int, into facts: RawFactsColumn, in database: Database,
        _ session: StateStore.Session
    ) throws {
        let keys = lists[list].objects.keys
        let etags = lists[list].objects.etags
        var key = directory
        var etag = [UInt8]()
        // Names come in the order of keys: the next row is mostly of the next object.
        var next = 0
        try unsafe session.scan(.raw, places: place...place, in: database) { _, name, row in
            key.removeLast(key.count - directory.count)
            unsafe key.append(contentsOf: name)
            guard let object = keys.place(of: key.span, hint: next) else { return true }
            next = object + 1

            let flags = row.byte()
            guard flags < 8 else { return false }
            etag.removeAll(keepingCapacity: true)
            row.copyETag(to: &etag)
            row.skipTime()
            let content = row.content()
            let payload = flags & 4 == 0 ? nil : row.digest()
            let stamp = row.stamp(byteCount: content.byteCount)
            guard row.isFinished else { return false }
            // A key has one row, and a place is in one part: nobody else fills this entry.
            facts.fill(
                object,
                RawFacts(
                    byteCount: content.byteCount, xxh3: content.xxh3, payload: payload, stamp: stamp,
                    hasListedETag: etags.equals(object, etag.span)))
            return true
        }
    }
}
