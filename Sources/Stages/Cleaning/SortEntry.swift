/// A row that is sorted, and which of several sources it is in.
struct SortEntry {
    var prefix: UInt64
    var row: Int32
    var cursor: Int32 = 0
}

/// Puts entries of equal prefixes, which stand next to each other, in order.
func sortTies(in entries: inout [SortEntry], by isBefore: (SortEntry, SortEntry) -> Bool) {
    var first = 0
    while first + 1 < entries.count {
        guard entries[first].prefix == entries[first + 1].prefix else {
            first += 1
            continue
        }
        var end = first + 2
        while end < entries.count, entries[end].prefix == entries[first].prefix { end += 1 }
        if end - first > 2 {
            entries[first..<end].sort(by: isBefore)
        } else if isBefore(entries[first + 1], entries[first]) {
            entries.swapAt(first, first + 1)
        }
        first = end
    }
}

/// Sorts by prefix, entries equal in it in the order in which they are: a radix sort, byte by byte from the lowest,
/// that passes over bytes in which all agree.
///
/// - Parameter spare: memory that is kept from call to call.
func sortByPrefix(_ entries: inout [SortEntry], using spare: inout [SortEntry]) {
    guard let firstPrefix = entries.first?.prefix else { return }
    var differing: UInt64 = 0
    for entry in entries { differing |= entry.prefix ^ firstPrefix }
    guard differing != 0 else { return }
    if spare.count < entries.count {
        spare = entries
    } else {
        spare.removeLast(spare.count - entries.count)
    }
    for shift in stride(from: UInt64(0), to: 64, by: 8) where differing >> shift & 0xFF != 0 {
        unsafe entries.withUnsafeBufferPointer { source in
            unsafe spare.withUnsafeMutableBufferPointer { target in
                unsafe withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { places in
                    // SAFETY: a byte is below 256; places of all entries are different and below their count.
                    unsafe places.initialize(repeating: 0)
                    for index in 0..<source.count {
                        let byte = unsafe Int(truncatingIfNeeded: source[index].prefix >> shift & 0xFF)
                        unsafe places[byte] &+= 1
                    }
                    var total = 0
                    for byte in 0..<256 {
                        let count = unsafe places[byte]
                        unsafe places[byte] = total
                        total &+= count
                    }
                    for index in 0..<source.count {
                        let entry = unsafe source[index]
                        let byte = Int(truncatingIfNeeded: entry.prefix >> shift & 0xFF)
                        let place = unsafe places[byte]
                        unsafe target[place] = entry
                        unsafe places[byte] = place &+ 1
                    }
                }
            }
        }
        swap(&entries, &spare)
    }
}
