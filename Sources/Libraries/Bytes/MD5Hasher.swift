import CCrypto

/// MD5 over bytes that arrive in pieces, by libcrypto: finds accidents where a server names nothing better (S3's ETags). Proof
/// against nobody.
@safe public struct MD5Hasher: ~Copyable {
    private let context: OpaquePointer

    public init() {
        // Null only when malloc fails, which the process cannot survive anyway.
        unsafe context = EVP_MD_CTX_new()!
        unsafe EVP_DigestInit_ex(context, EVP_md5(), nil)
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe EVP_DigestUpdate(context, base, bytes.count)
    }

    /// 32 lower-case hex digits.
    public consuming func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            // SAFETY: EVP_md5 writes exactly 16 bytes, the buffer's length.
            _ = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
        }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
