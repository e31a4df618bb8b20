/// Ready jobs, highest priority first, then lowest number: a binary heap of one word a job.
struct ReadyQueue: Sendable {
    /// Complement of the priority in the upper half, number in the lower: the smallest word goes first.
    private var words: [UInt64] = []

    var isEmpty: Bool { words.isEmpty }
    var count: Int { words.count }

    /// The one that goes first.
    var first: Int32? { words.first.map { Int32(truncatingIfNeeded: $0) } }

    /// Orders jobs of several queues: the smallest goes first. Nil when there is none.
    var firstKey: UInt64? { words.first }

    static func key(_ index: Int32, priority: UInt32) -> UInt64 {
        UInt64(~priority) << 32 | UInt64(UInt32(bitPattern: index))
    }

    mutating func insert(_ index: Int32, priority: UInt32) {
        let word = Self.key(index, priority: priority)
        words.append(word)
        var hole = words.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 2
            if words[parent] <= word { break }
            words[hole] = words[parent]
            hole = parent
        }
        words[hole] = word
    }

    mutating func removeFirst() -> Int32? {
        guard let first = words.first, let last = words.popLast() else { return nil }
        let count = words.count
        if count > 0 {
            // Down to a leaf along the smaller children, then up to where `last` belongs: it came from the bottom and
            // mostly goes back there, which saves a comparison at every level.
            var hole = 0
            while 2 * hole + 2 < count {
                let left = 2 * hole + 1
                let child = words[left + 1] < words[left] ? left + 1 : left
                words[hole] = words[child]
                hole = child
            }
            if 2 * hole + 1 < count {
                words[hole] = words[2 * hole + 1]
                hole = 2 * hole + 1
            }
            while hole > 0 {
                let parent = (hole - 1) / 2
                if words[parent] <= last { break }
                words[hole] = words[parent]
                hole = parent
            }
            words[hole] = last
        }
        return Int32(truncatingIfNeeded: first)
    }
}
