/// Decoders that follow the format's text word by word, a bit or a value at a time: what kernels are compared with.
struct SlowReader {
    let bytes: [UInt8]
    var offset = 0

    init(_ bytes: [UInt8], offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    mutating func byte() -> UInt8 {
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func varint() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = byte()
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
            shift += 7
        }
    }

    mutating func zigzag() -> Int64 {
        let value = varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
    }

    /// `count` integers of `width` bits; the bits of the last byte that are left over are dropped.
    mutating func packed(_ count: Int, width: Int) -> [UInt64] {
        var values = [UInt64]()
        for i in 0..<count {
            var value: UInt64 = 0
            for bit in 0..<width {
                let position = i * width + bit
                value |= UInt64(bytes[offset + position / 8] >> UInt8(position % 8) & 1) << UInt64(bit)
            }
            values.append(value)
        }
        offset += (count * width + 7) / 8
        return values
    }

    /// The hybrid of runs and packed groups, up to `count` values.
    mutating func hybrid(_ count: Int, width: Int) -> [UInt32] {
        var values = [UInt32]()
        while values.count < count {
            let header = varint()
            if header & 1 == 1 {
                values += packed(Int(header >> 1) * 8, width: width).map { UInt32($0) }
            } else {
                var value: UInt32 = 0
                for shift in 0..<(width + 7) / 8 { value |= UInt32(byte()) << UInt32(8 * shift) }
                values += Array(repeating: value, count: Int(header >> 1))
            }
        }
        return Array(values[..<count])
    }

    /// DELTA_BINARY_PACKED, wrapping in `T`.
    mutating func deltas<T: FixedWidthInteger>(as: T.Type) -> [T] {
        let blockCount = Int(varint())
        let miniblocks = Int(varint())
        let count = Int(varint())
        var values = [T(truncatingIfNeeded: zigzag())]
        guard count > 0 else { return [] }
        while values.count < count {
            let smallest = zigzag()
            let widths = (0..<miniblocks).map { _ in Int(byte()) }
            for width in widths where values.count < count {
                for delta in packed(blockCount / miniblocks, width: width) where values.count < count {
                    values.append(
                        values[values.count - 1] &+ T(truncatingIfNeeded: smallest)
                            &+ T(truncatingIfNeeded: delta))
                }
            }
        }
        return values
    }

    /// The integers among the fields of a Thrift struct; all else is passed over.
    mutating func thriftIntegers() -> [Int: Int64] {
        var fields = [Int: Int64]()
        var id = 0
        while true {
            let head = byte()
            if head == 0 { return fields }
            id = head >> 4 > 0 ? id + Int(head >> 4) : Int(zigzag())
            switch head & 15 {
            case 1, 2: break
            case 4, 5, 6: fields[id] = zigzag()
            case 8: offset += Int(varint())
            case 12: _ = thriftIntegers()
            default: fatalError("no page header has Thrift type \(head & 15)")
            }
        }
    }
}
