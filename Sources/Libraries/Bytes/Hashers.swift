import CCrypto
import CVector
import CXXHash

/// XXH3-128 over bytes that arrive in pieces.
@safe public struct XXH3Hasher: ~Copyable {
    private let state: OpaquePointer

    public init() {
        // Null only when malloc fails, which the process cannot survive anyway.
        unsafe state = XXH3_createState()!
        unsafe XXH3_128bits_reset(state)
    }

    deinit { unsafe XXH3_freeState(state) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe xxh3_128_update(state, base, bytes.count)
    }

    /// The digest of all bytes so far; more may follow.
    public func digest() -> XXH3Digest {
        let hash = unsafe XXH3_128bits_digest(state)
        return XXH3Digest(high: hash.high64, low: hash.low64)
    }
}

// Unchecked because the state is the value's own: whoever has the one, and nobody else, has the other.
extension XXH3Hasher: @unchecked Sendable {}

/// SHA-256 over bytes that arrive in pieces, by libcrypto (which uses the processor's SHA instructions).
@safe public struct SHA256Hasher: ~Copyable, Sendable {
    private var context = SHA256_CTX()

    public init() { unsafe SHA256_Init(&context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe SHA256_Update(&context, base, bytes.count)
    }

    static let blockByteCount = 64

    /// Hashes as many whole blocks of either's bytes, two messages at a time. Both have hashed whole blocks only.
    ///
    /// - Parameters:
    ///   - bytes: of `first`, at least `blocks` blocks.
    ///   - otherBytes: of `second`, as many.
    static func update(
        _ first: inout SHA256Hasher, _ bytes: UnsafeRawBufferPointer,
        _ second: inout SHA256Hasher, _ otherBytes: UnsafeRawBufferPointer, blocks: Int
    ) {
        precondition(first.context.num == 0 && second.context.num == 0)
        precondition(min(bytes.count, otherBytes.count) >= blocks * blockByteCount)
        // SAFETY: `h` is the eight words of the state, and there are as many blocks of bytes.
        unsafe withUnsafeMutableBytes(of: &first.context.h) { state in
            unsafe withUnsafeMutableBytes(of: &second.context.h) { otherState in
                unsafe vector_sha256_two(
                    state.assumingMemoryBound(to: UInt32.self).baseAddress!,
                    bytes.assumingMemoryBound(to: UInt8.self).baseAddress,
                    otherState.assumingMemoryBound(to: UInt32.self).baseAddress!,
                    otherBytes.assumingMemoryBound(to: UInt8.self).baseAddress, blocks)
            }
        }
        first.count(blocks: blocks)
        second.count(blocks: blocks)
    }

    /// libcrypto keeps the message's length in bits, in two words.
    private mutating func count(blocks: Int) {
        let bits =
            (UInt64(context.Nh) << 32 | UInt64(context.Nl)) + UInt64(blocks * Self.blockByteCount) * 8
        context.Nl = UInt32(truncatingIfNeeded: bits)
        context.Nh = UInt32(truncatingIfNeeded: bits >> 32)
    }

    public consuming func finish() -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            // SAFETY: writes exactly 32 bytes, the buffer's length.
            _ = unsafe SHA256_Final(buffer.baseAddress, &context)
        }
        return SHA256Digest(bytes: bytes)!
    }
}

/// Both digests and the length of one stream, in one pass.
public struct IdentityHasher: ~Copyable, Sendable {
    private var xxh3 = XXH3Hasher()
    private var sha256 = SHA256Hasher()
    public private(set) var byteCount = 0

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe xxh3.update(bytes)
        unsafe sha256.update(bytes)
        byteCount += bytes.count
    }

    public consuming func finish() -> ContentIdentity {
        let fast = xxh3.digest()
        return ContentIdentity(byteCount: byteCount, xxh3: fast, sha256: sha256.finish())
    }
}

extension XXH3Digest {
    /// The digest of these bytes, all at once.
    public init(of bytes: some Collection<UInt8>) {
        var hasher = XXH3Hasher()
        let copy = Array(bytes)
        unsafe copy.withUnsafeBytes { unsafe hasher.update($0) }
        self = hasher.digest()
    }
}

extension ContentIdentity {
    /// The identity of these bytes, all at once.
    public init(of bytes: some Collection<UInt8>) {
        var hasher = IdentityHasher()
        let copy = Array(bytes)
        unsafe copy.withUnsafeBytes { unsafe hasher.update($0) }
        self = hasher.finish()
    }
}
