import Bytes
import Files
import Planning

/// The disk under a workspace, as planning looks at it.
struct DiskFiles: FileInspecting {
    let workspace: Workspace

    func stamp(_ path: String) -> Stamp? {
        // A directory or a pipe where a file should be is no file: it is found missing, and publishing says what is wrong.
        (try? Stamp.of(path: workspace.absolute(path))) ?? nil
    }

    func stamps(of paths: NameList) -> [Stamp?] {
        var look = DirectoryStamps()
        var stamps = [Stamp?]()
        stamps.reserveCapacity(paths.count)
        let root = Array((workspace.root + "/").utf8)
        let slash = [UInt8(ascii: "/")]
        var path = [UInt8]()
        for index in 0..<paths.count {
            path.removeAll(keepingCapacity: true)
            if !paths.hasPrefix(index, slash.span) { path += root }
            paths.copy(index, to: &path)
            stamps.append(look.stampIfThere(path.span))
        }
        return stamps
    }

    func identity(_ path: String) -> (content: ContentIdentity, stamp: Stamp)? {
        try? Files.identity(ofFile: workspace.absolute(path))
    }
}

extension Stamp {
    /// This stamp if it can be trusted later; else one that no file has, so that the file is hashed next time.
    ///
    /// For files that others write: a change within the clock's tick of `observedAt` would not show in the stamp.
    func trusted(observedAt: Int64) -> Stamp {
        guard isRacy(observedAt: observedAt) else { return self }
        return Stamp(byteCount: byteCount, modified: modified, changed: -1, inode: inode)
    }
}
