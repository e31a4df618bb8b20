import CCrypto
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

// The state is the value's own: whoever has the one has the other.
extension XXH3Hasher: @unchecked Sendable {}

/// SHA-256 over bytes that arrive in pieces, by libcrypto (which uses the processor's SHA instructions).
@safe public struct SHA256Hasher: ~Copyable, Sendable {
    private var context = SHA256_CTX()

    public init() { unsafe SHA256_Init(&context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe SHA256_Update(&context, base, bytes.count)
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
