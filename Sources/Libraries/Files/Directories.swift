import Bytes
import Glibc

/// Makes a directory and all that are missing on the way, as `mkdir -p`.
///
/// - Returns: the directories that were made, outermost first.
@discardableResult
package func makeDirectories(_ path: String) throws(FileProblem) -> [String] {
    try refuseZeroByte(in: path, .makeDirectory)
    if path.isEmpty || path == "/" { return [] }
    // Most calls are for a directory that exists, or for one new directory in one that exists.
    if unsafe mkdir(path, 0o777) == 0 { return [path] }
    let number = errno
    switch number {
    case EEXIST:
        if try fileStatus(ofPath: path, followingLinks: true)?.isDirectory == true { return [] }
        throw FileProblem(.makeDirectory, path: path, errorNumber: ENOTDIR)
    case ENOENT:
        let parent = parentDirectory(of: path)
        if parent == path || parent == "." {
            throw FileProblem(.makeDirectory, path: path, errorNumber: number)
        }
        var made = try makeDirectories(parent)
        if unsafe mkdir(path, 0o777) == 0 {
            made.append(path)
        } else if errno != EEXIST {
            throw FileProblem(.makeDirectory, path: path, errorNumber: errno)
        }
        return made
    default:
        throw FileProblem(.makeDirectory, path: path, errorNumber: number)
    }
}

/// What comes before the last name: `a/b` of `a/b/c`, `.` of `c`, `/` of `/c`. Slashes at the end do not count.
package func parentDirectory(of path: String) -> String {
    var bytes = path.utf8[...]
    while bytes.last == 0x2F, bytes.count > 1 { bytes.removeLast() }
    guard let slash = bytes.lastIndex(of: 0x2F) else { return "." }
    var parent = bytes[..<slash]
    while parent.last == 0x2F { parent.removeLast() }
    return parent.isEmpty ? "/" : String(Substring(parent))
}

/// Waits until the names in a directory are on the disk.
package func syncDirectory(_ path: String) throws(FileProblem) {
    let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY, for: .sync)
    do throws(FileProblem) {
        try directory.sync(path: path)
    } catch {
        // Some network and user-space file systems have nothing to sync for a directory and say so.
        if error.errorNumber != EINVAL, error.errorNumber != ENOTSUP { throw error }
    }
}

/// One name in a directory.
package struct DirectoryEntry: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case regularFile, directory, symbolicLink, other
    }

    package var name: String
    /// Of the name itself: links are not followed.
    package var kind: Kind

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// The names in a directory in the order of their UTF-8 bytes, without `.` and `..`.
///
/// A name that is not UTF-8 is a problem: nothing in a Datafile could stand for it.
package func listDirectory(_ path: String) throws(FileProblem) -> [DirectoryEntry] {
    try refuseZeroByte(in: path, .list)
    guard let stream = unsafe opendir(path) else { throw FileProblem(.list, path: path, errorNumber: errno) }
    defer { unsafe closedir(stream) }
    var names = NameList()
    var kinds = [DirectoryEntry.Kind]()
    while true {
        errno = 0
        guard let entry = unsafe readdir(stream) else {
            if errno != 0 { throw FileProblem(.list, path: path, errorNumber: errno) }
            break
        }
        // SAFETY: the system ends d_name with a zero inside the record it returned, which lives until the next readdir.
        let characters = unsafe UnsafeRawPointer(entry).advanced(
            by: MemoryLayout<dirent>.offset(of: \.d_name)!
        )
        .assumingMemoryBound(to: CChar.self)
        guard let name = unsafe String(validatingCString: characters) else {
            throw FileProblem(.list, path: path, cause: .nameNotText(unsafe String(cString: characters)))
        }
        if name == "." || name == ".." { continue }
        let kind: DirectoryEntry.Kind
        switch Int(unsafe entry.pointee.d_type) {
        case Int(DT_REG): kind = .regularFile
        case Int(DT_DIR): kind = .directory
        case Int(DT_LNK): kind = .symbolicLink
        case Int(DT_UNKNOWN):
            // Gone since the name was read: not in the directory any more.
            guard let status = try fileStatus(ofPath: "\(path)/\(name)", followingLinks: false) else {
                continue
            }
            kind =
                status.isRegularFile
                ? .regularFile
                : status.isDirectory ? .directory : status.isSymbolicLink ? .symbolicLink : .other
        default: kind = .other
        }
        names.append(name)
        kinds.append(kind)
    }
    return names.ascendingOrder.map { DirectoryEntry(name: names[$0], kind: kinds[$0]) }
}

/// The path with every link, `.` and `..` resolved. The file must exist.
package func realPath(_ path: String) throws(FileProblem) -> String {
    try refuseZeroByte(in: path, .resolve)
    guard let resolved = unsafe realpath(path, nil) else {
        throw FileProblem(.resolve, path: path, errorNumber: errno)
    }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}

/// The absolute path of a directory; nil where there is none.
///
/// As it is written, from the working directory: no link is resolved unless `..` is in it, which means what is above the place that
/// a link leads to.
package func absoluteDirectory(_ path: String) throws(FileProblem) -> String? {
    var names = path.split(separator: "/").filter { $0 != "." }
    if names.contains("..") {
        guard try fileStatus(ofPath: path, followingLinks: true) != nil else { return nil }
        names = try realPath(path).split(separator: "/")
    } else if !path.hasPrefix("/") {
        names = try realPath(".").split(separator: "/") + names
    }
    let absolute = "/" + names.joined(separator: "/")
    guard try fileStatus(ofPath: absolute, followingLinks: true)?.isDirectory == true else { return nil }
    return absolute
}

/// Bytes that a process without privileges may still write on the file system of an existing path.
package func freeBytes(_ path: String) throws(FileProblem) -> Int {
    try refuseZeroByte(in: path, .measureFreeSpace)
    var status = statvfs()
    guard retryingInterrupted({ unsafe statvfs(path, &status) }) == 0 else {
        throw FileProblem(.measureFreeSpace, path: path, errorNumber: errno)
    }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflow ? .max : Int(clamping: bytes)
}
