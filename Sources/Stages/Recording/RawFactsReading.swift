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
        /// Whether directories have so many files that a walk for each costs little. Otherwise one reader walks through all.
        var isDense = false
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
            while let part = nextPart(last: last) {
                if part.isDense {
                    for place in part.places {
                        try readRows(of: place...place, into: facts, in: database, session)
                    }
                } else {
                    try readRows(of: part.places, into: facts, in: database, session)
                }
            }
        }
    }

    private func nextPart(last: Int64) -> (places: ClosedRange<Int64>, isDense: Bool)? {
        parts.withLock { parts in
            if parts.last == nil {
                parts.last = last
                parts.isDense = lists.reduce(0) { $0 + $1.objects.count } >= 16 * Int(last)
                parts.width = max(1, parts.isDense ? last / Self.partCount : last)
            }
            guard !parts.isOver, let end = parts.last else { return nil }
            let first = parts.next
            parts.next += parts.width
            return (first...min(first + parts.width - 1, end), parts.isDense)
        }
    }

    /// Reads the rows of one directory after the other, or of all these in one walk.
    private func readRows(
        of places: ClosedRange<Int64>, into facts: [RawFactsColumn], in database: Database,
        _ session: StateStore.Session
    ) throws {
        guard places.count == 1 else {
            var directory: Directory?
            try unsafe session.scan(.raw, places: places, in: database) { place, name, row in
                if directory?.place != place.number {
                    directory = Directory(place, lists: lists, facts: facts)
                }
                // Of a source that the Datafile has no more.
                guard let list = directory?.list else { return true }
                return unsafe directory!.take(name, &row, list)
            }
            return
        }
        // What has no text was lost with it.
        guard let text = try session.coder.texts.string(places.lowerBound, in: database) else { return }
        let place = StateStore.Session.Place(number: places.lowerBound, text: text)
        var directory = Directory(place, lists: lists, facts: facts)
        guard let list = directory.list, list.objectCount > 0 else { return }
        // The list stands outside the walk: taken for each row, it would be counted by all readers at once.
        try unsafe session.scan(.raw, places: places, in: database) { _, name, row in
            unsafe directory.take(name, &row, list)
        }
    }
}

/// What the rows of one place have in common, while one reader goes through them.
private struct Directory {
    /// The parts of a list that rows are compared with, and where they go.
    struct List {
        let keys: NameList
        let etags: NameList
        let facts: RawFactsColumn
        var objectCount: Int { facts.count }
    }

    let place: Int64
    let list: List?
    /// With what separates names.
    private let directory: [UInt8]
    private var etag = [UInt8]()
    private var next = 0

    init(
        _ place: StateStore.Session.Place, lists: [(source: String, objects: ObjectList)],
        facts: [RawFactsColumn]
    ) {
        self.place = place.number
        let colon = place.text.utf8.firstIndex(of: UInt8(ascii: ":"))
        directory = Array(
            colon.map { place.text.utf8[place.text.utf8.index(after: $0)...] } ?? place.text.utf8[...])
        let source = colon == nil ? "" : place.source
        list = lists.firstIndex { $0.source == source }.map { index in
            List(keys: lists[index].objects.keys, etags: lists[index].objects.etags, facts: facts[index])
        }
    }

    /// The place of this directory's file in a list.
    private func place(of name: UnsafeRawBufferPointer, in keys: NameList) -> Int? {
        // Names come in the order of keys: the next row is mostly of the next object.
        if next < keys.count, unsafe keys.equals(next, directory, name) { return next }
        let key = unsafe directory + name
        return keys.place(of: key.span)
    }

    /// Takes over a row of this place; false where it cannot be read.
    mutating func take(_ name: UnsafeRawBufferPointer, _ row: inout RowReader, _ list: List) -> Bool {
        guard let object = unsafe place(of: name, in: list.keys) else { return true }
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
        // A key has one row, and a row is in one part: nobody else fills this entry.
        list.facts.fill(
            object,
            RawFacts(
                byteCount: content.byteCount, xxh3: content.xxh3, payload: payload, stamp: stamp,
                hasListedETag: list.etags.equals(object, etag.span)))
        return true
    }
}
