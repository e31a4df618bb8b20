import CXXHash

/// Finds names of a `NameList` by their bytes: a hash table of places, which keeps no names itself.
///
/// Open addressing with linear steps, at most half full.
package struct NameIndex: Sendable {
    /// Upper half: 32 bits of the hash; lower half: the place plus one. Zero is free. A power of two of them.
    private var slots: [UInt64] = []
    package private(set) var count = 0

    package init() {}

    /// A 64-bit hash of a name, the same in every process; good to compare names by where an accident may only mislead.
    package static func hash(_ name: Span<UInt8>) -> UInt64 {
        // SAFETY: the hash reads `count` bytes; of none it reads none.
        unsafe name.withUnsafeBufferPointer { unsafe XXH3_64bits($0.baseAddress, $0.count) }
    }

    /// The place of `name` in `names`, or nil.
    package func place(of name: Span<UInt8>, in names: NameList) -> Int? {
        guard !slots.isEmpty else { return nil }
        let hash = Self.hash(name)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let entry = slots[slot]
            let place = Int(UInt32(truncatingIfNeeded: entry)) - 1
            if entry >> 32 == hash >> 32, names.equals(place, name) { return place }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// The place of `name` in `names`, to whose end it is added where it is new.
    package mutating func intern(_ name: Span<UInt8>, in names: inout NameList) -> Int {
        if let known = place(of: name, in: names) { return known }
        let place = names.count
        names.append(name)
        add(hash: Self.hash(name), place: place, names: names)
        return place
    }

    /// An index of names that all differ.
    package init(_ names: NameList) {
        resize(toHold: names.count)
        for place in 0..<names.count { put(hash: Self.hash(names[bytes: place]), place: place) }
        count = names.count
    }

    private mutating func add(hash: UInt64, place: Int, names: NameList) {
        precondition(place < Int(UInt32.max), "a list of names has no more than 2^32 - 2")
        if 2 * (count + 1) > slots.count { resize(toHold: max(16, 2 * count), rehashing: names) }
        put(hash: hash, place: place)
        count += 1
    }

    private mutating func put(hash: UInt64, place: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = (hash & ~0xFFFF_FFFF) | UInt64(place + 1)
    }

    private mutating func resize(toHold count: Int, rehashing names: NameList? = nil) {
        var size = 16
        while size < 2 * count { size *= 2 }
        let old = slots
        slots = [UInt64](repeating: 0, count: size)
        guard let names else { return }
        for entry in old where entry != 0 {
            let place = Int(UInt32(truncatingIfNeeded: entry)) - 1
            put(hash: Self.hash(names[bytes: place]), place: place)
        }
    }
}
