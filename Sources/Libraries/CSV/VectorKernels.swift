import CVector

/// The kernels in vector instructions: whether they run here, and what they leave over.
///
/// Measured on an AMD EPYC (Zen 5), aggTrades: float64 9 -> 2.1 ns a field, int64 4 -> 1.0 ns, bool 2.9 -> 1.1 ns,
/// scan 1.4 -> 0.4 ns a separator, against the twins in Swift.
/// With AVX-512 they take four fields at a time instead of two: on an Intel Xeon (Emerald Rapids) float64 4.9 -> 3.1 ns a field,
/// int64 2.1 -> 1.9 ns, bool 2.4 -> 1.5 ns.
package enum VectorKernels {
    /// Whether the processor has what they need; the twins in Swift run anywhere.
    package static let areThere = vector_kernels_run() != 0

    /// Decides the rows that a kernel left over by its twin.
    ///
    /// - Returns: how many of them are not ok.
    @inline(__always) @unsafe static func settle<Value>(
        _ fields: FieldSlice, _ values: UnsafeMutablePointer<Value>, _ status: UnsafeMutablePointer<UInt8>,
        undecided: Int, twin: (UnsafePointer<UInt8>, Int) -> (value: Value, status: FieldStatus)
    ) -> Int {
        guard undecided > 0 else { return 0 }
        var exceptions = 0
        // SAFETY: row < fields.count, for which the caller gave room.
        for row in 0..<(unsafe fields.count) where unsafe status[row] == UInt8(VECTOR_UNDECIDED) {
            let start = unsafe fields.start(row)
            let (value, result) = unsafe twin(fields.bytes + start, fields.end(row) &- start)
            unsafe values[row] = value
            unsafe status[row] = result.rawValue
            if result != .ok { exceptions &+= 1 }
        }
        return exceptions
    }
}
