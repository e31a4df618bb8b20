#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Negative, zero or positive as `a` sorts before, with or after `b` by unsigned bytes: UTF-8 text's column order.
///
/// Format: parquet.thrift, `ColumnOrder`, "UTF8 - unsigned byte-wise comparison".
@inline(__always)
func compareBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    let common = min(a.count, b.count)
    if common > 0 {
        // SAFETY: both have at least `common` bytes.
        let order = unsafe memcmp(a.baseAddress!, b.baseAddress!, common)
        if order != 0 { return Int(order) }
    }
    return a.count - b.count
}
