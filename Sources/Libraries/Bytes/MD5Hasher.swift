import CCrypto

/// MD5 over bytes that arrive in pieces, by libcrypto: finds accidents where a server names nothing better (S3's ETags). Proof
/// against nobody.
@safe public struct MD5Hasher: ~Copyable {
    private var context = MD5_CTX()

    public init() { unsafe MD5_Init(&context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe MD5_Update(&context, base, bytes.count)
    }

    /// 32 lower-case hex digits.
    public consuming func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            // SAFETY: writes exactly 16 bytes, the buffer's length.
            _ = unsafe MD5_Final(buffer.baseAddress, &context)
        }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
