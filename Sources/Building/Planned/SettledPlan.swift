import Bytes
import Cleaning
import Files
import Graph
import Listing
import Planning
import Recording

/// The answer "nothing to do", kept with everything it follows from.
///
/// A plan is a function of the Datafile, the program, the records and the stamps that the disk shows. When one finds nothing
/// to do, or a run has done all of it, all of these are written down: the first three as one digest (`key`), the stamps as they
/// are recorded. While all
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

    /// Whether anything is kept, under whatever key.
    static func isKept(_ workspace: Workspace) -> Bool {
        ((try? isRegularFile(workspace.settledPath)) ?? nil) == true
    }

    /// What was kept under this key; nil where that is nothing. A part that is damaged holds for nothing.
    init?(_ workspace: Workspace, key: XXH3Digest) {
        guard let table = StampTable(path: workspace.settledPath), table.key == key else { return nil }
        self.workspace = workspace
        self.key = key
        self.table = table
        consideredCount = table.note
    }

    /// Whether the disk is as it was.
    var holds: Bool { table.matchesDisk(under: workspace.root, workerCount: processorCount()) }
}

extension Plan {
    /// Keeps the answer of this plan, which found nothing to do or was done: all stamps are as recorded, so the records say
    /// them.
    /// A file that cannot be written costs time later, no more.
    ///
    /// - Parameters:
    ///   - key: of the records as they are now.
    ///   - changed: stamps that were recorded since the plan was made.
    ///   - visits: directories that a listing read; nothing is kept where these cannot be compared later.
    ///   - besides: what was kept before, of which the plan is about a part only: files other than `paths` are as they were.
    func settle(
        _ workspace: Workspace, key: XXH3Digest, consideredCount: Int, visits: DirectoryVisits,
        changed: ChangedStamps = ChangedStamps(), besides settled: SettledPlan? = nil,
        replacing paths: Set<[UInt8]> = []
    ) {
        var table = StampTableWriter()
        if let settled {
            guard let rest = settled.table.writer(without: paths) else { return }
            table = rest
        }
        guard let directories = visits.names else { return }
        note(in: &table, changed: changed)
        for (directory, names) in directories { table.append(directory: directory, names: names) }
        let files = DiskFiles(workspace: workspace)
        for path in statisticsPaths(of: graph.project) { table.append(path: path, stamp: files.stamp(path)) }
        guard let bytes = table.finish(key: key, note: consideredCount) else { return }
        // Not durable: a torn file is not whole, and an older one has another key.
        try? writeFileAtomically(workspace.settledPath, bytes, durable: .nothing)
    }

    /// Writes down every file of the plan. Neighbours in a directory come one after the other.
    private func note(in table: inout StampTableWriter, changed: ChangedStamps) {
        var path = [UInt8]()
        for (list, objects) in graph.objects.enumerated() {
            let prefix = Array(graph.pathPrefix(list: list).utf8)
            for object in objects.indices {
                guard let raw = graph.raw(list: list, object: object), findings[raw.index] != .notInspected,
                    let stamp = changed.raws[raw] ?? facts(of: raw)?.stamp
                else { continue }
                path.removeAll(keepingCapacity: true)
                path += prefix
                objects.keys.copy(object, to: &path)
                table.append(path: path.span, stamp: stamp)
            }
        }
        for step in steps {
            table.append(
                path: graph.outputs[bytes: step.action.index],
                stamp: changed.actions[step.action] ?? facts(of: step.action)?.stamp)
        }
    }
}
