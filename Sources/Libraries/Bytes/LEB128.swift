/// Integers in as many bytes as they need, seven bits each, the lowest first (LEB128, as DWARF has it).
extension [UInt8] {
    package mutating func append(leb128 value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Signed integers as unsigned ones that are small near zero: 0, -1, 1, -2, ...
extension Int64 {
    package init(zigzag value: UInt64) {
        self = Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    package var zigzag: UInt64 { UInt64(bitPattern: self << 1 ^ self >> 63) }
}
