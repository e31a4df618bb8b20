/// One file in an archive, as the directory describes it and its local header confirms.
package struct ZipMember: Hashable, Sendable {
    package enum Method: Hashable, Sendable { case stored, deflate }

    /// Its name, decoded: UTF-8 where the archive says so, else CP437. Matched and shown, never used as a path.
    package let name: String
    package let method: Method
    /// Bytes in the archive.
    package let compressedByteCount: Int
    /// Bytes when read.
    package let byteCount: Int
    /// CRC-32 of the uncompressed bytes.
    package let crc32: UInt32
    /// Where its local header starts, in bytes from the start of the file.
    package let headerOffset: Int
    /// Where its data start.
    package let dataOffset: Int

    /// Whether it stands for a directory: its name ends in a slash. Such a member has no bytes.
    package var isDirectory: Bool { name.utf8.last == UInt8(ascii: "/") }
}

/// How much an archive may ask for.
package struct ZipLimits: Hashable, Sendable {
    /// Most members an archive may have.
    package var memberCount = 10_000
    /// Most bytes of its directory.
    package var directoryByteCount = 64 << 20
    /// A member may inflate to this many times its compressed bytes (deflate itself ends at about 1,032)…
    package var ratio = 200
    /// … or to this many bytes, whichever is more.
    package var ratioFreeByteCount = 1 << 30

    package init() {}
}
