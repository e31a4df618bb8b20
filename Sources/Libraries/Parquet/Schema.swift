import Columns

/// A column's type on disk. The raw values are those of parquet.thrift's `Type`.
enum PhysicalType: Int {
    case boolean = 0
    case int32 = 1
    case int64 = 2
    case float = 4
    case double = 5
    case byteArray = 6
    case fixedLengthByteArray = 7
}

/// How values lie in a page. The raw values are those of parquet.thrift's `Encoding`.
enum Encoding: Int, Hashable {
    case plain = 0
    case rle = 3
    case deltaBinaryPacked = 5
    case deltaLengthByteArray = 6
    case rleDictionary = 8
    case byteStreamSplit = 9
}

extension ColumnType {
    /// Decimals follow their layout in memory: INT64 up to 18 digits, 16 bytes from there.
    var physicalType: PhysicalType {
        switch layout {
        case .int32: .int32
        case .int64: .int64
        case .int128: .fixedLengthByteArray
        case .float32: .float
        case .float64: .double
        case .bool: .boolean
        case .text: .byteArray
        }
    }
}

extension CompactWriter {
    /// The `schema` list of the footer: a root and one element a field.
    ///
    /// Format: parquet.thrift `SchemaElement`; annotations as in parquet-format `LogicalTypes.md`, each also in its
    /// older form (`ConvertedType`) for readers that know only that.
    mutating func schema(_ id: Int, _ fields: [Field]) {
        list(id, of: .structure, count: fields.count + 1) { list in
            list.structure { root in
                root.string(4, "schema")
                root.i32(5, fields.count)
            }
            for field in fields { list.structure { $0.schemaElement(field) } }
        }
    }

    private mutating func schemaElement(_ field: Field) {
        let physical = field.type.physicalType
        i32(1, physical.rawValue)
        if physical == .fixedLengthByteArray { i32(2, 16) }
        i32(3, field.isNullable ? 1 : 0)
        string(4, field.name)
        switch field.type {
        case .text:
            i32(6, 0)
            structure(10) { $0.emptyStructure(1) }
        case .decimal(let precision, let scale):
            i32(6, 5)
            i32(7, scale)
            i32(8, precision)
            structure(10) { logical in
                logical.structure(5) { decimal in
                    decimal.i32(1, scale)
                    decimal.i32(2, precision)
                }
            }
        case .date:
            i32(6, 6)
            structure(10) { $0.emptyStructure(6) }
        case .timestamp:
            i32(6, 10)
            structure(10) { logical in
                logical.structure(8) { timestamp in
                    timestamp.bool(1, true)
                    timestamp.structure(2) { $0.emptyStructure(2) }
                }
            }
        case .int32, .int64, .float32, .float64, .bool: break
        }
    }
}
