package import Bytes
package import Files

/// Everything one source lists, in byte order of the keys: columns instead of one `RemoteObject` each.
///
/// A million objects take some 130 MB as columns and half a gigabyte as values with three strings each.
package struct ObjectList: Sendable, RandomAccessCollection {
    package private(set) var keys = NameList()
    /// As `CompactText` has them.
    package private(set) var etags = NameList()
    /// As `CompactText` has them.
    private var times = NameList()
    package private(set) var byteCounts: [Int] = []
    /// Of files in directories; empty where no object has one.
    private var stamps: [Stamp?] = []

    package init() {}

    /// - Parameter objects: in any order, no key twice.
    package init(_ objects: [RemoteObject]) {
        let isSorted = zip(objects, objects.dropFirst()).allSatisfy { $0.key.precedesInBytes($1.key) }
        for object in isSorted ? objects : objects.sorted(by: { $0.key.precedesInBytes($1.key) }) {
            append(object)
        }
    }

    /// Makes room for `count` more objects, whose keys have `keyByteCount` bytes in all.
    package mutating func reserve(count: Int, keyByteCount: Int) {
        keys.reserve(count: count, byteCount: keyByteCount)
        etags.reserve(count: count, byteCount: count * CompactText.commonETagByteCount)
        times.reserve(count: count, byteCount: count * CompactText.commonTimeByteCount)
        byteCounts.reserveCapacity(byteCounts.count + count)
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { byteCounts.count }

    package subscript(index: Int) -> RemoteObject {
        RemoteObject(
            key: keys[index], etag: CompactText.etag(etags[bytes: index]), byteCount: byteCounts[index],
            lastModified: CompactText.time(times[bytes: index]), stamp: stamp(index))
    }

    package func stamp(_ index: Int) -> Stamp? { stamps.isEmpty ? nil : stamps[index] }

    /// Appends an object; keys must come in byte order, or `sortByKey` be called after the last.
    package mutating func append(_ object: RemoteObject) {
        keys.append(object.key)
        etags.append { CompactText.append(etag: object.etag, to: &$0) }
        times.append { CompactText.append(time: object.lastModified, to: &$0) }
        append(byteCount: object.byteCount, stamp: object.stamp)
    }

    /// Whether an object is this one, the keys being the same.
    ///
    /// Identity is (etag, size); without an etag the stamp, and without that the time, must do.
    ///
    /// - Parameter scratch: overwritten; for one object after the other.
    package func isSame(_ index: Int, as object: RemoteObject, scratch: inout [UInt8]) -> Bool {
        scratch.removeAll(keepingCapacity: true)
        CompactText.append(etag: object.etag, to: &scratch)
        guard etags.equals(index, scratch.span), byteCounts[index] == object.byteCount,
            stamp(index) == object.stamp
        else { return false }
        return !object.etag.isEmpty || object.stamp != nil
            || CompactText.time(times[bytes: index]) == object.lastModified
    }

    /// Appends an object that is written as bytes, etag and time as `CompactText` has them. Nothing is appended where `write`
    /// says it could not.
    package mutating func append(
        key: (inout [UInt8]) -> Void,
        rest write: (_ etag: inout NameList, _ time: inout NameList) -> (Int, Stamp?)?
    ) -> Bool {
        let before = etags.count
        guard let (byteCount, stamp) = write(&etags, &times) else {
            etags.truncate(to: before)
            times.truncate(to: before)
            return false
        }
        keys.append(writing: key)
        append(byteCount: byteCount, stamp: stamp)
        return true
    }

    /// Appends an object of another list.
    package mutating func append(_ index: Int, of other: ObjectList) {
        keys.append(index, of: other.keys)
        etags.append(index, of: other.etags)
        times.append(index, of: other.times)
        append(byteCount: other.byteCounts[index], stamp: other.stamp(index))
    }

    private mutating func append(byteCount: Int, stamp: Stamp?) {
        if stamp != nil, stamps.isEmpty { stamps = Array(repeating: nil, count: byteCounts.count) }
        if stamp != nil || !stamps.isEmpty { stamps.append(stamp) }
        byteCounts.append(byteCount)
    }

    /// Brings the keys into byte order, where they are not.
    package mutating func sortByKey() {
        guard !keys.isAscending else { return }
        var sorted = ObjectList()
        for index in keys.ascendingOrder { sorted.append(index, of: self) }
        self = sorted
    }

    /// The place of a key, or nil.
    package func place(of key: String) -> Int? {
        let key = Array(key.utf8)
        return keys.place(of: key.span)
    }
}
