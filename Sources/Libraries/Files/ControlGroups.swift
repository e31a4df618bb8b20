/// The least memory limit of the control groups that this process is in (a container's, for instance), in bytes; nil
/// without any.
///
/// Interface: cgroups(7), both versions.
///
/// - Parameter root: where `proc` and `sys` lie.
package func controlGroupMemoryLimit(root: String = "") -> Int? {
    guard let groups = smallText(root + "/proc/self/cgroup") else { return nil }
    var least: Int?
    for line in groups.split(separator: "\n") {
        // `hierarchy:controllers:path`; hierarchy 0 without controllers is version 2.
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { continue }
        let isSecond = fields[0] == "0" && fields[1].isEmpty
        guard isSecond || fields[1].split(separator: ",").contains("memory") else { continue }
        let mount = root + (isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory")
        let file = isSecond ? "memory.max" : "memory.limit_in_bytes"
        // A group's limit binds all groups in it. In a container the path may be one that only the host sees: then only the
        // mount itself has the file.
        var names = fields[2].split(separator: "/").map(String.init)
        while true {
            let path = ([mount] + names + [file]).joined(separator: "/")
            if let text = smallText(path), let limit = Int(text.prefix { $0 != "\n" }), limit > 0 {
                least = min(limit, least ?? .max)
            }
            if names.popLast() == nil { break }
        }
    }
    return least
}

/// Nil where there is none, or none that can be read.
private func smallText(_ path: String) -> String? {
    guard let bytes = try? readSmallFile(path, limit: 64 << 10) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
}
