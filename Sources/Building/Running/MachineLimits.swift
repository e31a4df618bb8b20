import Files
import Foundation
import Glibc

/// What this machine has for a build, where nobody says: read anew at each call.
enum MachineLimits {
    /// Half of the memory that this process may have: the rest is for the page cache, which holds what was just downloaded,
    /// and for whatever else runs.
    static var memoryByteCount: Int {
        let physical = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        return min(physical, controlGroupMemoryLimit() ?? .max) / 2
    }

    /// Bytes that files below `path` may take up, less a reserve that keeps the state's database and others going: a
    /// twentieth of the file system, at most 1 GiB. Nil where the system does not say.
    static func freeDiskByteCount(at path: String) -> Int? {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
        let blockByteCount = Double(status.f_frsize)
        let free = Double(status.f_bavail) * blockByteCount
        let reserve = min(Double(status.f_blocks) * blockByteCount / 20, Double(1 << 30))
        return Int(max(0, free - reserve))
    }
}
