/// A value of Thrift's compact protocol, as the slowest possible reader gives it.
indirect enum ThriftValue: Hashable {
    case bool(Bool)
    case integer(Int64)
    case binary([UInt8])
    case list([ThriftValue])
    case structure([Int: ThriftValue])

    /// A struct's field; a trap, and so a failing test, where there is none.
    subscript(_ id: Int) -> ThriftValue { self.field(id)! }

    func field(_ id: Int) -> ThriftValue? {
        guard case .structure(let fields) = self else { return nil }
        return fields[id]
    }

    var int: Int {
        guard case .integer(let value) = self else { preconditionFailure("\(self) is no integer") }
        return Int(value)
    }

    var elements: [ThriftValue] {
        guard case .list(let elements) = self else { preconditionFailure("\(self) is no list") }
        return elements
    }
}

extension SlowReader {
    /// A struct of Thrift's compact protocol.
    mutating func structure() -> ThriftValue {
        var fields: [Int: ThriftValue] = [:]
        var id = 0
        while true {
            let head = byte()
            if head == 0 { return .structure(fields) }
            id = head >> 4 == 0 ? Int(zigzag()) : id + Int(head >> 4)
            fields[id] = value(type: head & 15, isElement: false)
        }
    }

    private mutating func value(type: UInt8, isElement: Bool) -> ThriftValue {
        switch type {
        case 1, 2: return .bool(isElement ? byte() == 1 : type == 1)
        case 4, 5, 6: return .integer(zigzag())
        case 8:
            let count = Int(varint())
            defer { offset += count }
            return .binary(Array(bytes[offset..<offset + count]))
        case 9:
            let head = byte()
            let count = head >> 4 == 15 ? Int(varint()) : Int(head >> 4)
            return .list((0..<count).map { _ in value(type: head & 15, isElement: true) })
        case 12: return structure()
        default: preconditionFailure("Thrift type \(type) before byte \(offset)")
        }
    }
}

/// The footer of a file (parquet.thrift `FileMetaData`).
func footer(of file: [UInt8]) -> ThriftValue {
    let length = file.suffix(8).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    var reader = SlowReader(file)
    reader.offset = file.count - 8 - length
    return reader.structure()
}

/// The metadata of each chunk of a row group (parquet.thrift `ColumnMetaData`).
func chunks(of file: [UInt8], rowGroup: Int = 0) -> [ThriftValue] {
    footer(of: file)[4].elements[rowGroup][1].elements.map { $0[3] }
}

/// The encoding of a chunk's data pages, by its raw value in parquet.thrift.
func dataEncoding(_ chunk: ThriftValue) -> Int { chunk[2].elements[0].int }
