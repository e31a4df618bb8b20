import Files
import Graph
import Listing
import TestSupport
import Testing

private func object(_ key: String, _ etag: String = "e", _ byteCount: Int = 1) -> RemoteObject {
    RemoteObject(key: key, etag: etag, byteCount: byteCount, lastModified: "t")
}

private func listing(_ objects: [RemoteObject], _ swept: [SweptPrefix], patterns: [String] = ["d/{x}"]) throws
    -> SourceListing
{
    SourceListing(
        source: "s", patterns: try patterns.map { try Pattern(parsing: $0) }, objects: objects,
        sweptPrefixes: swept,
        isComplete: true, problems: [], requestCount: 0)
}

private func swept(
    _ prefix: String, after: String = "", isFull: Bool = true, isComplete: Bool = true
) -> SweptPrefix {
    SweptPrefix(prefix: prefix, startAfter: after, isFull: isFull, isComplete: isComplete, state: nil)
}

@Suite("merging a listing into a snapshot")
struct SnapshotTests {
    private let previous = ["d/a", "d/b", "d/c"].map { object($0) }

    @Test("new, changed, gone and unchanged")
    func differences() throws {
        let now = [object("d/a"), object("d/b", "f"), object("d/d")]
        let update = merge(previous: ObjectList(previous), listing: try listing(now, [swept("d/")]))
        #expect(Array(update.objects) == now)
        #expect(update.new == [object("d/d")])
        #expect(update.changed == [object("d/b", "f")])
        #expect(update.before == [object("d/b")])
        #expect(update.gone == [object("d/c")])
    }

    @Test("order of the snapshot does not matter")
    func unsorted() throws {
        let update = merge(
            previous: ObjectList(previous.reversed()), listing: try listing([object("d/b")], [swept("d/")]))
        #expect(update.gone.map(\.key) == ["d/a", "d/c"])
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var swept: [SweptPrefix]
        var gone: [String]
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "nothing swept", swept: [], gone: []),
        Case(name: "news only", swept: [swept("d/", after: "d/c", isFull: false)], gone: []),
        Case(name: "broken off", swept: [swept("d/", isComplete: false)], gone: []),
        Case(name: "another directory", swept: [swept("e/"), swept("")], gone: []),
        Case(name: "part of the directory", swept: [swept("d/b")], gone: ["d/b"]),
        Case(name: "from a key on", swept: [swept("d/", after: "d/a")], gone: ["d/b", "d/c"]),
        Case(
            name: "one of two broken off", swept: [swept("d/a"), swept("d/b", isComplete: false)],
            gone: ["d/a"]),
    ]

    @Test("gone is only what a full and complete sweep would have shown", arguments: cases)
    func gone(_ c: Case) throws {
        let update = merge(previous: ObjectList(previous), listing: try listing([], c.swept))
        #expect(update.gone.map(\.key) == c.gone)
        #expect(update.objects.map(\.key) == ["d/a", "d/b", "d/c"].filter { !c.gone.contains($0) })
    }

    @Test("what no pattern would have taken is not gone, nor what lies deeper")
    func patterns() throws {
        let update = merge(
            previous: ObjectList([object("d/a.csv"), object("d/a.zip"), object("d/x/a.zip")]),
            listing: try listing([], [swept("d/")], patterns: ["d/{x}.zip", "d/{x}/{y}.zip"]))
        #expect(update.gone.map(\.key) == ["d/a.zip"])
    }

    @Test("a stamp or time decides where there is no etag")
    func identity() throws {
        let stamp = Stamp(byteCount: 1, modified: 1, changed: 1, inode: 1)
        let touched = Stamp(byteCount: 1, modified: 2, changed: 2, inode: 1)
        var before = object("d/a", "")
        before.stamp = stamp
        var after = before
        #expect(merge(previous: ObjectList([before]), listing: try listing([after], [])).changed.isEmpty)
        after.stamp = touched
        #expect(merge(previous: ObjectList([before]), listing: try listing([after], [])).changed.count == 1)
        var later = object("d/a")
        later.lastModified = "u"
        #expect(
            merge(previous: ObjectList([object("d/a")]), listing: try listing([later], [])).changed.isEmpty)
        #expect(
            merge(
                previous: ObjectList([object("d/a", "")]),
                listing: try listing(
                    [
                        {
                            var o = later
                            o.etag = ""
                            return o
                        }()
                    ], [])
            ).changed.count == 1)
    }

    @Test("keys that are equal to Swift and differ in bytes stay two")
    func normalization() throws {
        let composed = object("d/\u{E9}")
        let decomposed = object("d/e\u{301}")
        let update = merge(
            previous: ObjectList([decomposed]), listing: try listing([composed], [swept("d/")]))
        #expect(update.new.count == 1)
        #expect(update.gone.count == 1)
    }
}
