import CVector

extension ContentIdentity {
    /// The identities of some files' bytes, in their order: as from an `IdentityHasher` for each, and sooner, since SHA-256 takes
    /// two of them at a time.
    ///
    /// - Parameter usesKernel: tests turn it off to compare with the twin.
    package static func identities(
        of files: [HeldBytes], usesKernel: Bool = shaKernelIsThere
    ) -> [ContentIdentity] {
        guard usesKernel, files.count > 1 else {
            return files.map { file in
                var hasher = IdentityHasher()
                unsafe hasher.update(file.bytes)
                return hasher.finish()
            }
        }
        return zip(files, sha256(of: files)).map { file, digest in
            var xxh3 = XXH3Hasher()
            unsafe xxh3.update(file.bytes)
            return ContentIdentity(byteCount: file.count, xxh3: xxh3.digest(), sha256: digest)
        }
    }

    /// Two lanes, each of which takes the next file when it is done with one; what one has left alone is libcrypto's.
    private static func sha256(of files: [HeldBytes]) -> [SHA256Digest] {
        var digests = [SHA256Digest?](repeating: nil, count: files.count)
        var lane = Lane(file: 0, of: files)
        var other = Lane(file: 1, of: files)
        var next = 2
        while true {
            Lane.advance(&lane, &other)
            if lane.blocksLeft > 0 { swap(&lane, &other) }
            digests[lane.file] = lane.finish()
            guard next < files.count else { break }
            lane = Lane(file: next, of: files)
            next += 1
        }
        digests[other.file] = other.finish()
        return digests.map { $0! }
    }
}

/// Whether this processor hashes two files in little more than the time of one.
package let shaKernelIsThere = vector_has_sha() != 0

/// SHA-256 of one file as far as it has come, in whole blocks.
private struct Lane: ~Copyable {
    let file: Int
    private let held: HeldBytes
    private var hasher = SHA256Hasher()
    private var offset = 0

    init(file: Int, of files: [HeldBytes]) {
        self.file = file
        held = files[file]
    }

    var blocksLeft: Int { (held.count - offset) / SHA256Hasher.blockByteCount }

    /// What is not hashed yet.
    @unsafe private var rest: UnsafeRawBufferPointer {
        // SAFETY: offset is at most the file's length.
        unsafe UnsafeRawBufferPointer(rebasing: held.bytes[offset...])
    }

    /// Takes both on by as many blocks as either has.
    static func advance(_ lane: inout Lane, _ other: inout Lane) {
        let count = min(lane.blocksLeft, other.blocksLeft)
        unsafe SHA256Hasher.update(&lane.hasher, lane.rest, &other.hasher, other.rest, blocks: count)
        lane.offset += count * SHA256Hasher.blockByteCount
        other.offset += count * SHA256Hasher.blockByteCount
    }

    consuming func finish() -> SHA256Digest {
        unsafe hasher.update(rest)
        return hasher.finish()
    }
}
