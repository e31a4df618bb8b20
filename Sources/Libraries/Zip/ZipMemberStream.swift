import Compression

/// The uncompressed bytes of one member, pulled in pieces.
///
/// Never hands out more bytes than the directory says, and vouches for them only at the end: a consumer that keeps what it made of
/// earlier pieces must have seen the zero.
@safe package struct ZipMemberStream: ~Copyable {
    package let member: ZipMember
    /// Uncompressed bytes handed out so far.
    package private(set) var producedByteCount = 0

    private let archive: ZipArchive
    private let input: UnsafeMutableRawBufferPointer
    /// The part of `input` that the inflater has not taken yet.
    private var pending = 0..<0
    /// Compressed bytes read from the file so far.
    private var loadedByteCount = 0
    private var inflater: Inflater
    private var crc32 = CRC32()
    private var isVerified = false
    private var failure: ZipProblem?

    /// Compressed bytes read at a time.
    private static let inputByteCount = 256 << 10

    init(_ member: ZipMember, of archive: ZipArchive) {
        self.member = member
        self.archive = archive
        inflater = Inflater(
            compressedByteCount: member.compressedByteCount, byteCount: member.byteCount)
        unsafe input = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(Self.inputByteCount, max(1, member.compressedByteCount)), alignment: 64)
    }

    deinit { unsafe input.deallocate() }

    /// Fills the buffer with the next uncompressed bytes; fewer than it holds only at the end.
    ///
    /// Buffers of 256 KiB and more are best. The call that hands out the last bytes has already found length and CRC-32 right.
    ///
    /// - Parameter output: not empty.
    /// - Returns: how many bytes; 0 only at the end, after length and CRC-32 were found right and the file unchanged.
    /// - Throws: what is wrong; and the same again if called again.
    package mutating func read(into output: UnsafeMutableRawBufferPointer) throws(ZipProblem) -> Int {
        precondition(output.count > 0, "an empty buffer cannot tell the end from no progress")
        if isVerified { return 0 }
        if let failure { throw failure }
        do throws(ZipProblem) {
            let count = min(output.count, member.byteCount - producedByteCount)
            let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: output[..<count])
            switch member.method {
            case .stored: try unsafe archive.file.read(into: piece, at: member.dataOffset + producedByteCount)
            case .deflate: try unsafe inflate(into: piece)
            }
            unsafe crc32.update(UnsafeRawBufferPointer(piece))
            producedByteCount += count
            if producedByteCount == member.byteCount { try verifyEnd() }
            return count
        } catch {
            failure = error
            throw error
        }
    }

    /// Fills all of `output`, which is not longer than what the member has left.
    private mutating func inflate(into output: UnsafeMutableRawBufferPointer) throws(ZipProblem) {
        var done = 0
        while done < output.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: output[done...])
            let step = try unsafe inflateStep(into: rest)
            done += step.writtenByteCount
            if step.isFinished, done < output.count {
                throw problem(.tooShort(expected: member.byteCount, found: producedByteCount + done))
            }
        }
    }

    /// One step of the inflater that makes progress, with compressed bytes read as needed.
    private mutating func inflateStep(
        into output: UnsafeMutableRawBufferPointer
    ) throws(ZipProblem) -> InflateStep {
        while true {
            if pending.isEmpty { try load() }
            let step: InflateStep
            do throws(CompressionProblem) {
                step = try unsafe inflater.inflate(
                    from: UnsafeRawBufferPointer(rebasing: input[pending]), into: output)
            } catch {
                throw problem(.badStream(error.kind.text), at: member.dataOffset + error.inputOffset)
            }
            pending = (pending.lowerBound + step.readByteCount)..<pending.upperBound
            if step.isFinished || step.writtenByteCount > 0 { return step }
            guard step.readByteCount == 0 else { continue }
            guard pending.isEmpty else {
                throw problem(.badStream("the decoder makes no progress"), at: member.dataOffset)
            }
            if loadedByteCount == member.compressedByteCount {
                throw problem(.streamEndsEarly, at: member.dataOffset + loadedByteCount)
            }
        }
    }

    /// Reads the next compressed bytes; none are left at the end of the member.
    private mutating func load() throws(ZipProblem) {
        let count = unsafe min(input.count, member.compressedByteCount - loadedByteCount)
        try unsafe archive.file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: input[..<count]),
            at: member.dataOffset + loadedByteCount)
        loadedByteCount += count
        pending = 0..<count
    }

    /// Sees to it that the stream ends here, and vouches for all that was handed out.
    private mutating func verifyEnd() throws(ZipProblem) {
        if member.method == .deflate {
            var extra: UInt8 = 0
            let step = try unsafe withUnsafeMutableBytes(of: &extra) {
                (buffer) throws(ZipProblem) -> InflateStep in
                try unsafe inflateStep(into: buffer)
            }
            guard step.writtenByteCount == 0 else { throw problem(.tooLong(expected: member.byteCount)) }
            let surplus = member.compressedByteCount - inflater.inputByteCount
            guard surplus == 0 else {
                throw problem(
                    .dataAfterStream(byteCount: surplus),
                    at: member.dataOffset + member.compressedByteCount - surplus)
            }
        }
        guard crc32.value == member.crc32 else {
            throw problem(.wrongChecksum(expected: member.crc32, found: crc32.value))
        }
        try archive.file.checkUnchanged()
        isVerified = true
    }

    private func problem(_ kind: ZipProblem.Kind, at offset: Int? = nil) -> ZipProblem {
        ZipProblem(kind, path: archive.path, member: member.name, offset: offset ?? member.headerOffset)
    }
}
