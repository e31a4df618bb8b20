package import Bytes

/// A zip archive whose headers all agree, open for reading its members.
///
/// Opening reads the headers alone, and refuses whatever two readers could read differently (see `ZipDirectory`). Bytes come
/// through `pread`: members may be read from several threads at once.
///
/// Format: PKWARE APPNOTE.TXT 6.3.10 with zip64; members stored or deflated, not encrypted.
package final class ZipArchive: Sendable {
    /// In the order of the archive's directory.
    package let members: [ZipMember]
    let file: ZipFile

    package var path: String { file.path }
    package var fileByteCount: Int { file.byteCount }

    /// - Parameter isHashed: whether `identity` will be asked for: the file is then hashed as members are read.
    package convenience init(path: String, isHashed: Bool = false) throws(ZipProblem) {
        try self.init(ZipFile(path: path, isHashed: isHashed), limits: ZipLimits())
    }

    /// An archive whose bytes were read before; the path is for messages.
    package convenience init(path: String, contents: HeldBytes) throws(ZipProblem) {
        try self.init(ZipFile(path: path, contents: contents), limits: ZipLimits())
    }

    package convenience init(path: String, limits: ZipLimits) throws(ZipProblem) {
        try self.init(ZipFile(path: path, isHashed: false), limits: limits)
    }

    private init(_ file: ZipFile, limits: ZipLimits) throws(ZipProblem) {
        members = try ZipDirectory(of: file, limits: limits).members()
        try file.checkUnchanged()
        self.file = file
    }

    /// What the archive holds as a file, if it was to be hashed: of one member that was read from end to end, only what is around it is
    /// read again. To be called once.
    package func identity() throws(ZipProblem) -> ContentIdentity? { try file.identity() }

    /// A stream of the member's uncompressed bytes; `member` is one of `members`.
    ///
    /// - Complexity: O(1); holds up to 256 KiB for compressed bytes, and the decoder's 90 KiB.
    package func open(_ member: ZipMember) throws(ZipProblem) -> ZipMemberStream {
        ZipMemberStream(member, of: self)
    }
}
