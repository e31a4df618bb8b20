import Bytes
import CLinux
import Glibc

/// Finished files that are published together, with one wait for the disk instead of two for each.
///
/// For many small files: all are written, then everything on the file system is synced with one call, then all are renamed,
/// then the directories are synced. Nothing is renamed before its bytes are on the disk. 2,000 files of 60 KB, one thread,
/// ext4, a busy virtual machine: 4.0 s, against 24 s one by one and 3 to 5 s without any sync.
package struct StagedBatch: ~Copyable {
    private struct Entry {
        var path: String
        var destination: String
        var identity: FileStatus
        var changedDirectories: [String]
    }

    private let root: Descriptor
    private let rootPath: String
    private let device: UInt64
    private var entries: [Entry] = []
    /// Of all files added.
    package private(set) var byteCount = 0

    package var count: Int { entries.count }

    /// More directories than this are synced with the whole file system in one call.
    private static let directoryLimit = 8

    /// - Parameter directory: any on the file system that the files are on. Files elsewhere are taken too, and are synced one
    ///   by one.
    package init(onFileSystemOf directory: String) throws(FileProblem) {
        // Open before the first file is written: the system reports write errors since then to this descriptor.
        let root = try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY, for: .sync)
        device = try root.status(path: directory).device
        rootPath = directory
        self.root = root
    }

    deinit {
        for entry in entries { removeTemporaryFile(entry.path, identity: entry.identity) }
    }

    /// Takes a file over; it is closed, and removed if the batch is dropped.
    package mutating func add(_ file: consuming FinishedFile) throws(FileProblem) {
        if file.temporary.identity.device != device { try file.temporary.sync() }
        try file.temporary.close()
        entries.append(
            Entry(
                path: file.temporary.path, destination: file.temporary.destination,
                identity: file.temporary.identity, changedDirectories: file.temporary.changedDirectories))
        byteCount += file.content.byteCount
        file.temporary.handOver()
    }

    /// Publishes all files.
    ///
    /// - Returns: for each file, in the order in which they were added, its stamp or why it is not published. When the
    ///   disk refuses the bytes, none is.
    package consuming func publish() -> [Result<Stamp, FileProblem>] {
        if entries.isEmpty { return [] }
        // Final when it fails, like a failed sync of one file: the files are removed with the value.
        if let problem = syncFileSystem() { return entries.map { _ in .failure(problem) } }

        var results = [Result<Stamp, FileProblem>]()
        // In the order of the first file of each.
        var directories = [String]()
        var entriesOfDirectory = [String: [Int]]()
        for (index, entry) in entries.enumerated() {
            do throws(FileProblem) {
                results.append(
                    .success(try moveIntoPlace(entry.path, to: entry.destination, identity: entry.identity)))
                for directory in [parentDirectory(of: entry.destination)] + entry.changedDirectories {
                    if entriesOfDirectory[directory] == nil { directories.append(directory) }
                    entriesOfDirectory[directory, default: []].append(index)
                }
            } catch {
                results.append(.failure(error))
                removeTemporaryFile(entry.path, identity: entry.identity)
            }
        }
        let areOnOneFileSystem = entries.allSatisfy { $0.identity.device == device }
        if areOnOneFileSystem, directories.count > Self.directoryLimit {
            if let problem = syncFileSystem() { results = entries.map { _ in .failure(problem) } }
        } else {
            for directory in directories {
                do throws(FileProblem) { try syncDirectory(directory) } catch {
                    for index in entriesOfDirectory[directory] ?? [] { results[index] = .failure(error) }
                }
            }
        }
        entries = []
        return results
    }

    private borrowing func syncFileSystem() -> FileProblem? {
        let number = root.number
        if retryingInterrupted({ syncfs(number) }) == 0 { return nil }
        return FileProblem(.sync, path: rootPath, errorNumber: errno)
    }
}
