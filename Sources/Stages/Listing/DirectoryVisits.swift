package import Files
import Synchronization

/// What names the directories held that listings read: as long as they hold the same, so do the listings' keys.
package final class DirectoryVisits: Sendable {
    private let notes = Mutex<[String: DirectoryNames]?>([:])

    package init() {}

    /// By path; nil where a directory could not be read, changed between two looks, or holds links.
    package var names: [String: DirectoryNames]? { notes.withLock { $0 } }

    func note(_ directory: String, _ names: DirectoryNames?) {
        notes.withLock { notes in
            guard let names, notes?[directory].map({ $0 == names }) ?? true else {
                notes = nil
                return
            }
            notes?[directory] = names
        }
    }
}
