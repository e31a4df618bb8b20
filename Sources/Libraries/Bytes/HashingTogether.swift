import CCrypto
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
        let digests = sha256(of: files)
        return zip(files, digests).map { file, digest in
            var xxh3 = XXH3Hasher()
            unsafe xxh3.update(file.bytes)
            return ContentIdentity(byteCount: file.count, xxh3: xxh3.digest(), sha256: digest)
        }
    }

    /// Two lanes, each of which takes the next file when it is done with one; what one has left alone is libcrypto's.
    private static func sha256(of files: [HeldBytes]) -> [SHA256Digest] {
        var digests = [SHA256Digest?](repeating: nil, count: files.count)
        var lane = SHA256Lane(file: 0)
        var other = SHA256Lane(file: 1)
        var next = 2
        while true {
            let count = min(lane.blocksLeft(of: files), other.blocksLeft(of: files))
            // SAFETY: both have as many whole blocks left.
            unsafe lane.withStateAndBytes(files) { state, bytes in
                unsafe other.withStateAndBytes(files) { otherState, otherBytes in
                    unsafe vector_sha256_two(state, bytes, otherState, otherBytes, count)
                }
            }
            lane.advance(blocks: count)
            other.advance(blocks: count)
            if lane.blocksLeft(of: files) > 0 { swap(&lane, &other) }
            digests[lane.file] = lane.finish(files)
            guard next < files.count else { break }
            lane = SHA256Lane(file: next)
            next += 1
        }
        digests[other.file] = other.finish(files)
        return digests.map { $0! }
    }
}

/// Whether this processor hashes two files in the time of one.
package let shaKernelIsThere = vector_has_sha() != 0

/// SHA-256 of one file as far as it has come, in whole blocks.
private struct SHA256Lane {
    static let blockByteCount = 64

    let file: Int
    private var context = SHA256_CTX()
    private var offset = 0

    init(file: Int) {
        self.file = file
        unsafe SHA256_Init(&context)
    }

    func blocksLeft(of files: [HeldBytes]) -> Int { (files[file].count - offset) / Self.blockByteCount }

    /// - Parameter body: gets the eight words of the state, and the next byte.
    mutating func withStateAndBytes(
        _ files: [HeldBytes], _ body: (UnsafeMutablePointer<UInt32>, UnsafePointer<UInt8>?) -> Void
    ) {
        let bytes = unsafe files[file].bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe withUnsafeMutableBytes(of: &context.h) { state in
            // SAFETY: `h` is eight words; offset is at most the file's length.
            unsafe body(
                state.assumingMemoryBound(to: UInt32.self).baseAddress!, bytes.map { unsafe $0 + offset })
        }
    }

    /// The state was taken on by so many blocks: libcrypto counts their bits.
    mutating func advance(blocks: Int) {
        offset += blocks * Self.blockByteCount
        let bits = UInt64(offset) * 8
        context.Nl = UInt32(truncatingIfNeeded: bits)
        context.Nh = UInt32(truncatingIfNeeded: bits >> 32)
    }

    mutating func finish(_ files: [HeldBytes]) -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        let rest = unsafe UnsafeRawBufferPointer(rebasing: files[file].bytes[offset...])
        if let start = rest.baseAddress { unsafe SHA256_Update(&context, start, rest.count) }
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            // SAFETY: writes exactly 32 bytes, the buffer's length.
            _ = unsafe SHA256_Final(buffer.baseAddress, &context)
        }
        return SHA256Digest(bytes: bytes)!
    }
}
