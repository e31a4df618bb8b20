import Bytes
import Files
import Graph
import Problems

/// Levels of a directory: keys are paths relative to it, `/` between names.
///
/// Links to files are followed, and so are links to directories: the walk is as deep as its patterns, so no link can make it
/// endless.
struct DirectoryLevels: Levels {
    let root: String
    let source: String

    var concurrency: Int { 4 }

    let visits: DirectoryVisits?
    /// Files whose keys none of these match are not looked at.
    private let patterns: [Pattern]

    init(root: String, source: String, patterns: [Pattern], visits: DirectoryVisits? = nil) {
        self.visits = visits
        self.patterns = patterns
        var root = root[...]
        while root.count > 1, root.last == "/" { root = root.dropLast() }
        self.root = String(root)
        self.source = source
    }

    func list(prefix: String, startAfter: String, kind: LevelKind) async throws -> Level {
        try Task.checkCancellation()
        var level = Level()
        do throws(FileProblem) {
            try read(prefix, startAfter, kind, into: &level)
        } catch {
            level.problems.append(
                ListingProblem(.directory(reason: error.summary), source: source, prefix: prefix))
        }
        return level
    }

    private func read(
        _ prefix: String, _ startAfter: String, _ kind: LevelKind, into level: inout Level
    ) throws(FileProblem) {
        let parent = String(prefix.directoryPrefix)
        let directory = parent.isEmpty ? root : "\(root)/\(parent.dropLast())"
        let entries: [DirectoryEntry]
        do throws(FileProblem) {
            entries = try listDirectory(directory)
        } catch {
            // A literal segment of a pattern need not exist: that is an empty level. The root must.
            if !parent.isEmpty, error.isAbsence, isDirectory(root) {
                visits?.note(directory, DirectoryNames())
                return
            }
            visits?.note(directory, nil)
            throw error
        }
        visits?.note(directory, DirectoryNames(entries))
        var stamps = DirectoryStamps()
        for entry in entries {
            let key = parent + entry.name
            guard key.hasBytePrefix(prefix), startAfter.precedesInBytes(key) else { continue }
            switch (kind, entry.kind) {
            case (.prefixes, .directory): level.prefixes.append(key + "/")
            case (.prefixes, .symbolicLink):
                if isDirectory("\(root)/\(key)") { level.prefixes.append(key + "/") }
            case (.objects, .regularFile) where isWanted(key):
                if let stamp = try stamps.stamp(of: "\(root)/\(key)") {
                    level.objects.append(Self.object(key, stamp))
                }
            case (.objects, .symbolicLink) where isWanted(key):
                // Dangling, or to something that is no file: no object.
                if let stamp = try? Stamp.of(path: "\(root)/\(key)") {
                    level.objects.append(Self.object(key, stamp))
                }
            default: continue
            }
        }
    }

    private func isWanted(_ key: String) -> Bool { patterns.contains { $0.matches(key) } }

    /// Of a link: whether it leads to a directory, or to something that is no file and reads as an empty one.
    private func isDirectory(_ path: String) -> Bool {
        do throws(FileProblem) {
            _ = try Stamp.of(path: path)
            return false
        } catch { return error.cause == .notRegularFile }
    }

    private static func object(_ key: String, _ stamp: Stamp) -> RemoteObject {
        RemoteObject(
            key: key, etag: "", byteCount: Int(stamp.byteCount),
            lastModified: rfc3339(nanoseconds: stamp.modified, withMilliseconds: true),
            stamp: stamp)
    }
}

extension FileProblem {
    fileprivate var isAbsence: Bool { errorNumber == 2 || errorNumber == 20 }
}
