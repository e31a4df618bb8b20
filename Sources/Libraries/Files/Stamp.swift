/// Cheap identity of a file on disk. A cache of "the digest is still right", never an identity of content.
package struct Stamp: Hashable, Sendable {
    package var byteCount: Int64
    /// Nanoseconds since 1970.
    package var modified: Int64
    /// Nanoseconds since 1970: inode change time, which `touch -d` and `cp -p` cannot set.
    package var changed: Int64
    package var inode: UInt64

    package init(byteCount: Int64, modified: Int64, changed: Int64, inode: UInt64) {
        self.byteCount = byteCount
        self.modified = modified
        self.changed = changed
        self.inode = inode
    }
}
