import Compression

/// A deflated member of an archive that is in memory, to be inflated together with others.
@safe package struct ShortMember {
    let member: ZipMember
    let archive: ZipArchive
    let output: UnsafeMutableRawBufferPointer

    package var byteCount: Int { member.byteCount }

    /// - Parameters:
    ///   - member: one of the archive's members.
    ///   - output: `member.byteCount` bytes of memory, which outlive the call this is made for.
    package init(_ member: ZipMember, of archive: ZipArchive, output: UnsafeMutableRawBufferPointer) {
        precondition(output.count == member.byteCount)
        self.member = member
        self.archive = archive
        unsafe self.output = output
    }
}

extension ZipArchive {
    /// How many members `readTogether` is best given at a time.
    package static var shortMemberCount: Int { shortStreamCount }

    /// Members up to this size are worth inflating together.
    package static var shortByteCount: Int { 512 << 10 }

    /// Whether `readTogether` can read this member.
    package func isShort(_ member: ZipMember) -> Bool {
        guard member.method == .deflate, member.byteCount <= Self.shortByteCount,
            VectorInflater.suits(compressedByteCount: member.compressedByteCount, byteCount: member.byteCount)
        else { return false }
        return unsafe file.bytesInMemory(member.dataRange) != nil
    }

    /// Reads members of any archives whole, several at a time.
    ///
    /// - Returns: for each whether its output holds the member's bytes, length and CRC-32 found right and the file unchanged.
    ///   Where not, a stream of the member (`open`) says what is wrong.
    package static func readTogether(_ members: [ShortMember]) -> [Bool] {
        let streams = members.map { short in
            // Bytes that are not in memory stand for a stream that ends at once: damaged, so read by the other way.
            unsafe ShortStream(
                input: short.archive.file.bytesInMemory(short.member.dataRange)
                    ?? UnsafeRawBufferPointer(start: nil, count: 0),
                output: short.output)
        }
        // The archives, and with them their bytes, are held by `members`, which is asked for more below.
        let areWhole = unsafe inflateTogether(streams)
        return zip(members, areWhole).map { short, isWhole in
            guard isWhole else { return false }
            var crc32 = CRC32()
            unsafe crc32.update(UnsafeRawBufferPointer(short.output))
            guard crc32.value == short.member.crc32 else { return false }
            do throws(ZipProblem) {
                try short.archive.file.checkUnchanged()
                return true
            } catch {
                return false
            }
        }
    }
}

extension ZipMember {
    /// Where its data lie, in bytes from the start of the file.
    fileprivate var dataRange: Range<Int> { dataOffset..<(dataOffset + compressedByteCount) }
}
