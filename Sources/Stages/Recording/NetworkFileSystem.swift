#if canImport(Darwin)
    import Darwin
#else
    import CSQLite
#endif

/// Whether `directory` lies where other machines may write too, or where memory maps of a file are not shared:
/// SQLite's write-ahead log needs both. Unknown counts as local.
func isOnNetworkFileSystem(_ directory: String) -> Bool {
    #if canImport(Darwin)
        var status = statfs()
        guard unsafe statfs(directory, &status) == 0 else { return false }
        return status.f_flags & UInt32(MNT_LOCAL) == 0
    #else
        return isNetworkFileSystem(UInt32(truncatingIfNeeded: unsafe datamake_file_system_magic(directory)))
    #endif
}

/// By the magic numbers of statfs(2) and of the Linux headers.
package func isNetworkFileSystem(_ magic: UInt32) -> Bool {
    switch magic {
    case 0x6969: true  // NFS
    case 0x517B, 0xFF53_4D42, 0xFE53_4D42: true  // SMB, CIFS, SMB2
    case 0x6573_5546: true  // FUSE: sshfs, s3fs and others
    case 0x0102_1997: true  // 9P
    case 0x5346_414F, 0x6B41_4653, 0x7375_7245: true  // AFS (two kinds), Coda
    case 0x00C3_6400: true  // Ceph
    case 0x0BD0_0BD0, 0x4750_4653, 0x1983_0326: true  // Lustre, GPFS, BeeGFS
    case 0x0116_1970, 0x7461_636F: true  // GFS2, OCFS2
    case 0x786F_4256: true  // VirtualBox shared folders
    default: false
    }
}
