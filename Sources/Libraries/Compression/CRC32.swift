import CISAL

/// CRC-32 as zip and gzip use it (reflected, polynomial 0xEDB88320), over bytes that arrive in pieces.
///
/// By ISA-L, with carry-less multiplication where the processor has it.
package struct CRC32: Hashable, Sendable {
    /// The sum of all bytes so far; of no bytes: zero.
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        // SAFETY: reads `bytes.count` bytes from the buffer's start.
        unsafe value = crc32_gzip_refl(
            value, base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
    }

    /// The sum of these bytes, all at once.
    package init(of bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }
}
