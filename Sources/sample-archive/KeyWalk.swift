import Bytes

/// Visits the keys of a store in the order of their bytes, from some point on.
///
/// Only directories that can hold a key in question are looked at, so a page of a listing costs what is on it.
struct KeyWalk {
    enum Bound {
        case start
        /// Keys after this one.
        case after(String)
        /// Keys that neither start with this nor sort before it.
        case past(prefix: String)

        /// Whether a key, or all keys in a directory, lie before the bound.
        func excludes(_ path: String, isDirectory: Bool) -> Bool {
            switch self {
            case .start: false
            case .after(let key):
                !key.precedesInBytes(path) && !(isDirectory && key.hasBytePrefix(path))
            case .past(let prefix):
                path.hasBytePrefix(prefix)
                    || path.precedesInBytes(prefix) && !(isDirectory && prefix.hasBytePrefix(path))
            }
        }
    }

    enum Next {
        case proceed
        /// Goes on behind all keys with this prefix.
        case skip(prefix: String)
        case stop
    }

    private let store: ObjectStore
    private let prefix: String
    private var bound: Bound

    init(_ store: ObjectStore, prefix: String, from bound: Bound) {
        self.store = store
        self.prefix = prefix
        self.bound = bound
    }

    mutating func run(_ visit: (String) -> Next) { _ = descend(into: "", visit) }

    /// False once the visitor has stopped the walk.
    private mutating func descend(into directory: String, _ visit: (String) -> Next) -> Bool {
        let entries = store.entries(of: directory)
        // Everything before the bound or the prefix is at the front.
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(directory + entries[middle].name, isDirectory: entries[middle].isDirectory) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        for entry in entries[low...] {
            let path = directory + entry.name
            guard leadsToPrefix(path, isDirectory: entry.isDirectory) else { break }
            if bound.excludes(path, isDirectory: entry.isDirectory) { continue }
            if entry.isDirectory {
                guard descend(into: path, visit) else { return false }
            } else {
                switch visit(path) {
                case .proceed: break
                case .stop: return false
                case .skip(let prefix):
                    bound = .past(prefix: prefix)
                    if directory.hasBytePrefix(prefix) { return true }
                }
            }
        }
        return true
    }

    private func isBefore(_ path: String, isDirectory: Bool) -> Bool {
        bound.excludes(path, isDirectory: isDirectory)
            || path.precedesInBytes(prefix) && !leadsToPrefix(path, isDirectory: isDirectory)
    }

    private func leadsToPrefix(_ path: String, isDirectory: Bool) -> Bool {
        path.hasBytePrefix(prefix) || isDirectory && prefix.hasBytePrefix(path)
    }
}
