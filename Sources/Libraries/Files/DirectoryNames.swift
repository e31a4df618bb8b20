import Glibc

/// What names a directory holds, and of what kind, as one number whatever their order; 0 for no directory.
///
/// Says by looking what a directory's own times cannot everywhere: not all file systems change them with the names.
package struct DirectoryNames: Hashable, Sendable {
    package private(set) var hash: UInt64 = 0

    /// Of a path where no directory is.
    package init() {}

    /// Nil where there is a symbolic link: what it leads to may change and its name not.
    package init?(_ entries: [DirectoryEntry]) {
        hash = 1
        for var entry in entries {
            guard entry.kind != .symbolicLink else { return nil }
            let kind = entry.kind
            entry.name.withUTF8 { name in
                var sum = NameSum()
                // SAFETY: the index is one of the buffer's.
                for index in name.indices { unsafe sum.add(name[index]) }
                hash &+= sum.finish(kind)
            }
        }
    }

    /// Of the directory that stands there now. Nil where it holds what cannot be told without a closer look.
    init?(at directory: Int32, _ path: UnsafePointer<CChar>) {
        let descriptor = unsafe openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        guard let stream = unsafe fdopendir(descriptor) else {
            close(descriptor)
            return nil
        }
        defer { unsafe closedir(stream) }
        hash = 1
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { return nil }
                return
            }
            // SAFETY: the system ends d_name with a zero inside the record it returned, which lives until the next readdir.
            var character = unsafe UnsafeRawPointer(entry).advanced(
                by: MemoryLayout<dirent>.offset(of: \.d_name)!
            ).assumingMemoryBound(to: UInt8.self)
            var sum = NameSum()
            var byteCount = 0
            var isDots = true
            while unsafe character.pointee != 0 {
                unsafe sum.add(character.pointee)
                if unsafe character.pointee != UInt8(ascii: ".") { isDots = false }
                byteCount += 1
                unsafe character += 1
            }
            if isDots, byteCount <= 2 { continue }
            switch Int(unsafe entry.pointee.d_type) {
            case Int(DT_REG): hash &+= sum.finish(.regularFile)
            case Int(DT_DIR): hash &+= sum.finish(.directory)
            case Int(DT_LNK), Int(DT_UNKNOWN): return nil
            default: hash &+= sum.finish(.other)
            }
        }
    }
}

/// FNV-1a over the bytes of a name, mixed so that sums of them tell sets of names apart.
private struct NameSum {
    private var sum: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01B3 }

    func finish(_ kind: DirectoryEntry.Kind) -> UInt64 {
        let code: UInt64 =
            switch kind {
            case .regularFile: 0xA076_1D64_78BD_642F
            case .directory: 0xE703_7ED1_A0B4_28DB
            case .symbolicLink, .other: 0x8EBC_6AF0_9C88_C6E3
            }
        let product = (sum ^ code).multipliedFullWidth(by: 0x5899_65CC_7537_4CC3 ^ code >> 1)
        return product.high ^ product.low
    }
}
