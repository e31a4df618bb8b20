import Bytes
import Cleaning
import Files
import Graph
import Listing
import Planning
import Recording
import Synchronization

/// The answer "nothing to do", kept with everything it follows from.
///
/// A plan is a function of the Datafile, the program, the records and the stamps that the disk shows. When one finds nothing
/// to do, all of these are written down: the first three as one digest (`key`), the stamps as they were asked for. While all
/// are the same, so is the answer, and neither objects nor records need be read to give it. Anything else, also a file that is
/// missing or damaged, means that a plan is made as ever.
struct SettledPlan {
    private let workspace: Workspace
    private let key: XXH3Digest
    /// What was counted when the answer was given.
    let consideredCount: Int
    fileprivate let table: StampTable

    /// Digest of all that the answer follows from but the disk; nil where that cannot be known.
    ///
    /// - Parameter generation: of the records, read before them.
    static func key(
        of loaded: LoadedProject, in workspace: Workspace, generation: [UInt8]?, toolVersion: String
    ) -> XXH3Digest? {
        guard let generation, let program = (try? Stamp.of(path: "/proc/self/exe")) ?? nil else { return nil }
        var bytes = [UInt8]()
        func add(_ part: some Collection<UInt8>) {
            bytes += "\(part.count):".utf8
            bytes += part
        }
        add("\(program.byteCount) \(program.modified) \(program.changed) \(program.inode)".utf8)
        add(toolVersion.utf8)
        add(Cleaning.writerVersion.utf8)
        add(workspace.datafile.utf8)
        for text in loaded.text { add(text) }
        add(generation)
        return XXH3Digest(of: bytes)
    }

    /// What was kept under this key; nil where that is nothing, or not whole.
    init?(_ workspace: Workspace, key: XXH3Digest) {
        guard let bytes = (try? readSmallFile(workspace.settledPath, limit: 1 << 32)) ?? nil,
            let table = StampTable(bytes), table.key == key
        else { return nil }
        self.workspace = workspace
        self.key = key
        self.table = table
        consideredCount = table.note
    }

    /// Whether the disk is as it was.
    var holds: Bool { table.matchesDisk(under: workspace.root, workerCount: processorCount()) }
}

/// The disk, with every stamp that is asked for written down.
final class NotedFiles: FileInspecting {
    private let files: DiskFiles
    private let notes = Mutex(StampTableWriter())
    /// Whether only stamps were asked for: an answer that took reading files is not repeated by looking at stamps.
    private let isSimple = Mutex(true)

    init(_ files: DiskFiles) { self.files = files }

    func stamp(_ path: String) -> Stamp? {
        let stamp = files.stamp(path)
        notes.withLock { $0.append(path: path, stamp: stamp) }
        return stamp
    }

    func identity(_ path: String) -> (content: ContentIdentity, stamp: Stamp)? {
        isSimple.withLock { $0 = false }
        return files.identity(path)
    }

    /// Files that a listing looked at, and the directories it read. False where these cannot be compared later.
    func note(filesOf plan: Plan, in graph: BuildGraph, visits: DirectoryVisits) -> Bool {
        guard let directories = visits.names else { return false }
        notes.withLock { notes in
            for index in plan.raws.keys.sorted() where !graph.raws[index].isRemote {
                notes.append(path: graph.raws[index].path, stamp: graph.raws[index].object.stamp)
            }
            for (directory, names) in directories { notes.append(directory: directory, names: names) }
        }
        return true
    }

    /// Keeps the answer of a plan that found nothing to do. A file that cannot be written costs time later, no more.
    ///
    /// - Parameter settled: what was kept before, of which the plan looked at a part only: files other than `paths` are as
    ///   they were.
    func settle(
        _ workspace: Workspace, key: XXH3Digest, consideredCount: Int, besides settled: SettledPlan? = nil,
        replacing paths: Set<[UInt8]> = []
    ) {
        guard isSimple.withLock({ $0 }) else { return }
        var table = StampTableWriter()
        if let settled {
            guard let rest = settled.table.writer(without: paths) else { return }
            table = rest
        }
        notes.withLock { notes in
            table.append(notes)
            notes = StampTableWriter()
        }
        guard let bytes = table.finish(key: key, note: consideredCount) else { return }
        // Not durable: a torn file is not whole, and an older one has another key.
        try? writeFileAtomically(workspace.settledPath, bytes, durably: false)
    }
}

extension Plan {
    /// Whether all of it is as the records say, with nothing to write down either.
    func isSettled(in graph: BuildGraph) -> Bool {
        graph.conflicts.isEmpty && movedOutputs.isEmpty && steps.allSatisfy { $0.verdict == .fresh }
            && raws.values.allSatisfy { $0.work == .none && !$0.needsStamp }
    }
}
