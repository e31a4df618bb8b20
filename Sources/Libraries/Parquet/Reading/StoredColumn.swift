import Columns

/// How the values of a column become slots of `Columns.Column`.
enum SlotConversion: Hashable, Sendable {
    /// The bytes are slots as they are.
    case none
    /// INT32 to 64 bits: decimals of up to 9 digits.
    case widen
    /// Milliseconds and nanoseconds to microseconds.
    case fromMilliseconds, fromNanoseconds
    /// Two's complement, most significant byte first, of the physical type's length.
    case bigEndian
    /// The same, each of its own length.
    case bigEndianTexts
}

/// A column as the file stores it.
struct StoredColumn: Hashable, Sendable {
    var field: Field
    var physicalType: PhysicalType
    /// Bytes of a value in PLAIN encoding; 0 for BOOLEAN and BYTE_ARRAY.
    var width: Int
    var conversion: SlotConversion
    /// Byte of the footer at which its schema element begins.
    var schemaOffset: Int
}

/// One element of the footer's schema.
///
/// Format: parquet.thrift `SchemaElement`, parquet-format `LogicalTypes.md`.
struct SchemaElement {
    /// What a value means. Types that are not known count as none, as the format asks of readers.
    enum Annotation: Hashable {
        case none, text, date
        case decimal(precision: Int, scale: Int)
        case timestamp(SlotConversion)
        case integer(bitCount: Int, isSigned: Bool)
        case other(String)

        /// What messages call values of this meaning in a column of this type.
        func name(in physical: PhysicalType) -> String {
            switch self {
            case .none: "type \(physical.name) without a meaning"
            case .text: "text in a column of \(physical.name)"
            case .date: "a date in a column of \(physical.name)"
            case .decimal: "a decimal in a column of \(physical.name)"
            case .timestamp: "a time in a column of \(physical.name)"
            case .integer(let bitCount, let isSigned):
                "\(isSigned ? "a signed" : "an unsigned") integer of \(bitCount) bits in a column of \(physical.name)"
            case .other(let name): name
            }
        }
    }

    var name = ""
    var physicalType: Int?
    var typeLength: Int?
    var repetition: Int?
    var childCount: Int?
    var convertedType: Int?
    var scale: Int?
    var precision: Int?
    var logicalType: Annotation?
    var offset = 0

    init(from reader: inout CompactReader) throws(Fault) {
        let start = reader.offset
        offset = start
        var name: String?
        var (physicalType, typeLength, repetition, childCount): (Int?, Int?, Int?, Int?) = (
            nil, nil, nil, nil
        )
        var (convertedType, scale, precision): (Int?, Int?, Int?) = (nil, nil, nil)
        var logicalType: Annotation?
        let natural = 0...Int(Int32.max)
        try reader.structure("a schema element") { reader, field throws(Fault) in
            switch field.id {
            case 1: physicalType = try reader.integer(field, "a column's type", in: 0...7)
            case 2: typeLength = try reader.integer(field, "type_length", in: natural)
            case 3: repetition = try reader.integer(field, "repetition_type", in: 0...2)
            case 4: name = try reader.string(field, "a column's name")
            case 5: childCount = try reader.integer(field, "num_children", in: natural)
            case 6: convertedType = try reader.integer(field, "converted_type", in: 0...21)
            case 7: scale = try reader.integer(field, "scale", in: natural)
            case 8: precision = try reader.integer(field, "precision", in: natural)
            case 10: logicalType = try Self.logicalType(from: &reader)
            default: return false
            }
            return true
        }
        self.name = try required(name, "a column's name", at: start)
        self.physicalType = physicalType
        self.typeLength = typeLength
        self.repetition = repetition
        self.childCount = childCount
        self.convertedType = convertedType
        self.scale = scale
        self.precision = precision
        self.logicalType = logicalType
    }

    private static func logicalType(from reader: inout CompactReader) throws(Fault) -> Annotation {
        var result = Annotation.none
        try reader.structure("a logical type") { reader, field throws(Fault) in
            switch field.id {
            case 5:
                result = try decimal(from: &reader)
                return true
            case 8:
                result = try timestamp(from: &reader)
                return true
            case 10:
                result = try integer(from: &reader)
                return true
            case 1, 4, 12: result = .text
            case 2: result = .other("a MAP")
            case 3: result = .other("a LIST")
            case 6: result = .date
            case 7: result = .other("TIME")
            case 11: result = .other("a column of type NULL")
            case 13: result = .other("BSON")
            case 14: result = .other("UUID")
            case 15: result = .other("FLOAT16")
            case 16: result = .other("VARIANT")
            case 17: result = .other("GEOMETRY")
            case 18: result = .other("GEOGRAPHY")
            default: break
            }
            return false
        }
        return result
    }

    private static func decimal(from reader: inout CompactReader) throws(Fault) -> Annotation {
        let start = reader.offset
        var (scale, precision): (Int?, Int?) = (nil, nil)
        try reader.structure("a decimal type") { reader, field throws(Fault) in
            switch field.id {
            case 1: scale = try reader.integer(field, "scale", in: 0...Int(Int32.max))
            case 2: precision = try reader.integer(field, "precision", in: 0...Int(Int32.max))
            default: return false
            }
            return true
        }
        return .decimal(
            precision: try required(precision, "a decimal's precision", at: start),
            scale: try required(scale, "a decimal's scale", at: start))
    }

    private static func timestamp(from reader: inout CompactReader) throws(Fault) -> Annotation {
        let start = reader.offset
        var unit: SlotConversion?
        try reader.structure("a timestamp type") { reader, field throws(Fault) in
            guard field.id == 2 else { return false }
            try reader.structure("a time unit") { _, field throws(Fault) in
                unit = [1: .fromMilliseconds, 2: SlotConversion.none, 3: .fromNanoseconds][field.id]
                return false
            }
            return true
        }
        return .timestamp(try required(unit, "a timestamp's unit", at: start))
    }

    private static func integer(from reader: inout CompactReader) throws(Fault) -> Annotation {
        let start = reader.offset
        var bitCount: Int?
        var isSigned: Bool?
        try reader.structure("an integer type") { reader, field throws(Fault) in
            switch field.id {
            case 1: bitCount = try reader.integer(field, "an integer's bits", in: 8...64)
            case 2: isSigned = try reader.bool(field, "an integer's sign")
            default: return false
            }
            return true
        }
        return .integer(
            bitCount: try required(bitCount, "an integer's bits", at: start),
            isSigned: try required(isSigned, "an integer's sign", at: start))
    }

    /// The logical type, or else what the older form of it says.
    private var annotation: Annotation {
        if let logicalType, logicalType != .none { return logicalType }
        switch convertedType {
        case 0, 4, 19: return .text
        case 1, 2: return .other("a MAP")
        case 3: return .other("a LIST")
        case 5: return .decimal(precision: precision ?? 0, scale: scale ?? 0)
        case 6: return .date
        case 7, 8: return .other("TIME")
        case 9: return .timestamp(.fromMilliseconds)
        case 10: return .timestamp(.none)
        case let type? where (11...14).contains(type):
            return .integer(bitCount: 8 << (type - 11), isSigned: false)
        case let type? where (15...18).contains(type):
            return .integer(bitCount: 8 << (type - 15), isSigned: true)
        case 20: return .other("BSON")
        case 21: return .other("INTERVAL")
        default: return .none
        }
    }

    /// The column this element stands for.
    func column() throws(Fault) -> StoredColumn {
        func unsupported(_ what: String) -> Fault {
            Fault(.unsupported("\(what) (column '\(name)')"), at: offset)
        }
        if let childCount, childCount > 0 { throw unsupported("a nested column") }
        let repetition = try required(repetition, "the repetition of column '\(name)'", at: offset)
        guard repetition != 2 else { throw unsupported("a repeated column") }
        let number = try required(physicalType, "the type of column '\(name)'", at: offset)
        guard let physical = PhysicalType(rawValue: number) else { throw unsupported("type INT96") }
        let annotation = annotation
        if case .other(let what) = annotation { throw unsupported(what) }
        guard
            let (type, conversion) = try Self.slots(of: physical, annotation, length: typeLength, at: offset)
        else { throw unsupported(annotation.name(in: physical)) }
        return StoredColumn(
            field: Field(name: name, type: type, isNullable: repetition == 1), physicalType: physical,
            width: physical.width ?? typeLength ?? 0, conversion: conversion, schemaOffset: offset)
    }

    private static func slots(
        of physical: PhysicalType, _ annotation: Annotation, length: Int?, at offset: Int
    ) throws(Fault) -> (ColumnType, SlotConversion)? {
        if case .decimal(let precision, let scale) = annotation {
            let digits =
                switch physical {
                case .int32: 9
                case .int64: 18
                case .byteArray, .fixedLengthByteArray: 38
                default: 0
                }
            guard digits > 0 else { return nil }
            guard (1...digits).contains(precision), (0...precision).contains(scale) else {
                throw Fault(
                    .malformed("decimal(\(precision),\(scale)) cannot be in a column of \(physical.name)"),
                    at: offset)
            }
        }
        switch (physical, annotation) {
        case (.boolean, .none): return (.bool, .none)
        case (.int32, .none): return (.int32, .none)
        // Unsigned ones of 8 and 16 bits fit.
        case (.int32, .integer(let bitCount, let isSigned)) where bitCount <= (isSigned ? 32 : 16):
            return (.int32, .none)
        case (.int32, .date): return (.date, .none)
        case (.int32, .decimal(let precision, let scale)):
            return (.decimal(precision: precision, scale: scale), .widen)
        case (.int64, .none), (.int64, .integer(_, true)): return (.int64, .none)
        case (.int64, .timestamp(let conversion)): return (.timestamp, conversion)
        case (.int64, .decimal(let precision, let scale)):
            return (.decimal(precision: precision, scale: scale), .none)
        case (.float, .none): return (.float32, .none)
        case (.double, .none): return (.float64, .none)
        case (.byteArray, .none), (.byteArray, .text): return (.text, .none)
        case (.byteArray, .decimal(let precision, let scale)):
            return (.decimal(precision: precision, scale: scale), .bigEndianTexts)
        case (.fixedLengthByteArray, .decimal(let precision, let scale)):
            guard let length, (1...16).contains(length) else { return nil }
            return (.decimal(precision: precision, scale: scale), .bigEndian)
        default: return nil
        }
    }
}

extension PhysicalType {
    /// The format's name.
    var name: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .int32: "INT32"
        case .int64: "INT64"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .byteArray: "BYTE_ARRAY"
        case .fixedLengthByteArray: "FIXED_LEN_BYTE_ARRAY"
        }
    }

    /// Bytes of a value in PLAIN encoding; nil where the type alone does not say.
    var width: Int? {
        switch self {
        case .int32, .float: 4
        case .int64, .double: 8
        case .boolean, .byteArray: 0
        case .fixedLengthByteArray: nil
        }
    }
}
