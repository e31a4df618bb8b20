/// Reads structs of Thrift's compact protocol and takes no byte on trust.
///
/// Every length and count is checked against the bytes that are left, so what is read takes no more memory than a
/// small multiple of them; nesting is limited. Fields that are not known are skipped.
///
/// Format: Apache Thrift, `doc/specs/thrift-compact-protocol.md`.
@safe struct CompactReader: ~Copyable {
    /// A field's id and its four-bit type.
    struct Header {
        var id: Int
        var type: UInt8
        /// Where the field begins.
        var offset: Int

        var isInteger: Bool { (3...6).contains(type) }
    }

    /// Deepest nesting; Parquet's own structs take six.
    private static let depthLimit = 32

    private let bytes: UnsafeRawBufferPointer
    /// Bytes read so far.
    private(set) var offset = 0
    private var depth = 0

    /// The bytes must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

    private var remaining: Int { unsafe bytes.count - offset }

    mutating func byte() throws(Fault) -> UInt8 {
        guard remaining > 0 else { throw endOfBytes(needing: 1) }
        defer { offset += 1 }
        return unsafe bytes[offset]
    }

    private func endOfBytes(needing count: Int) -> Fault {
        Fault(
            .cutShort("a Thrift struct", byteCount: unsafe bytes.count, expected: offset + count), at: offset)
    }

    mutating func varint() throws(Fault) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            let next = try byte()
            if shift == 63, next > 1 { break }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
        }
        throw Fault(.malformed("an integer has more than 64 bits"), at: start)
    }

    /// Walks the fields of a struct.
    ///
    /// - Parameters:
    ///   - name: what messages call the struct.
    ///   - body: reads the field's value and returns true, or returns false to have it skipped.
    mutating func structure(
        _ name: String, _ body: (inout CompactReader, Header) throws(Fault) -> Bool
    ) throws(Fault) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw Fault(.malformed("structs are nested more than \(Self.depthLimit) deep"), at: offset)
        }
        var last = 0
        while true {
            let start = offset
            let head = try byte()
            if head == 0 { return }
            let step = Int(head >> 4)
            if step > 0 {
                last += step
            } else {
                let id = unzigzag(try varint())
                guard let id = Int16(exactly: id) else {
                    throw Fault(.malformed("\(name) has a field of number \(id)"), at: start)
                }
                last = Int(id)
            }
            let header = Header(id: last, type: head & 0x0F, offset: start)
            if try !body(&self, header) { try skip(header.type) }
        }
    }

    /// Skips a value of this type.
    mutating func skip(_ type: UInt8) throws(Fault) {
        switch type {
        case 1, 2: break
        case 3: _ = try byte()
        case 4, 5, 6: _ = try varint()
        case 7: try skipBytes(8)
        case 8: try skipBytes(try length("a Thrift text"))
        case 9, 10:
            let (count, element) = try listHeader("a Thrift list")
            depth += 1
            defer { depth -= 1 }
            try checkDepth()
            // True and false take a byte each in a list.
            if element <= 2 { return try skipBytes(count) }
            for _ in 0..<count { try skip(element) }
        case 11:
            let count = try length("a Thrift map")
            guard count > 0 else { return }
            let types = try byte()
            depth += 1
            defer { depth -= 1 }
            try checkDepth()
            for _ in 0..<count {
                for type in [types >> 4, types & 0x0F] {
                    if type <= 2 { _ = try byte() } else { try skip(type) }
                }
            }
        case 12: try structure("a Thrift struct") { _, _ throws(Fault) in false }
        case 13: try skipBytes(16)
        default: throw Fault(.malformed("there is no Thrift type \(type)"), at: offset)
        }
    }

    private func checkDepth() throws(Fault) {
        guard depth <= Self.depthLimit else {
            throw Fault(.malformed("lists are nested more than \(Self.depthLimit) deep"), at: offset)
        }
    }

    private mutating func skipBytes(_ count: Int) throws(Fault) {
        guard count <= remaining else { throw endOfBytes(needing: count) }
        offset += count
    }

    /// A byte or element count, which cannot be more than the bytes that are left.
    private mutating func length(_ name: String) throws(Fault) -> Int {
        let start = offset
        let value = try varint()
        guard value <= UInt64(remaining) else {
            throw Fault(
                .outOfRange("the length of \(name)", value: Int(clamping: value), allowed: 0...remaining),
                at: start)
        }
        return Int(value)
    }

    private mutating func listHeader(_ name: String) throws(Fault) -> (count: Int, element: UInt8) {
        let head = try byte()
        let short = Int(head >> 4)
        guard short == 15 else {
            guard short <= remaining else { throw endOfBytes(needing: short) }
            return (short, head & 0x0F)
        }
        return (try length(name), head & 0x0F)
    }
}

// Values of known fields.
extension CompactReader {
    private func expect(_ header: Header, _ name: String, _ types: ClosedRange<UInt8>, _ what: String)
        throws(Fault)
    {
        guard types.contains(header.type) else {
            throw Fault(
                .malformed("\(name) is of Thrift type \(header.type), expected \(what)"), at: header.offset)
        }
    }

    /// An integer of any size that lies in `allowed`.
    mutating func integer(
        _ header: Header, _ name: String, in allowed: ClosedRange<Int> = Int.min...Int.max
    ) throws(Fault) -> Int {
        try expect(header, name, 3...6, "an integer")
        return try integerElement(header.type, name, in: allowed, at: header.offset)
    }

    /// A list's integer.
    mutating func integerElement(
        _ type: UInt8, _ name: String, in allowed: ClosedRange<Int> = Int.min...Int.max, at start: Int? = nil
    ) throws(Fault) -> Int {
        let start = start ?? offset
        let value = type == 3 ? Int(Int8(bitPattern: try byte())) : Int(unzigzag(try varint()))
        guard allowed.contains(value) else {
            throw Fault(.outOfRange(name, value: value, allowed: allowed), at: start)
        }
        return value
    }

    mutating func bool(_ header: Header, _ name: String) throws(Fault) -> Bool {
        try expect(header, name, 1...2, "a boolean")
        return header.type == 1
    }

    mutating func binary(_ header: Header, _ name: String) throws(Fault) -> [UInt8] {
        try expect(header, name, 8...8, "bytes")
        return try binaryElement(name)
    }

    /// A list's bytes.
    mutating func binaryElement(_ name: String) throws(Fault) -> [UInt8] {
        let count = try length(name)
        let start = offset
        offset += count
        // SAFETY: `length` has checked that `count` bytes are left.
        return unsafe Array(bytes[start..<offset])
    }

    /// A text; what is not UTF-8 is damage.
    mutating func string(_ header: Header, _ name: String) throws(Fault) -> String {
        let start = header.offset
        guard let text = String(validating: try binary(header, name), as: UTF8.self) else {
            throw Fault(.malformed("\(name) is not UTF-8"), at: start)
        }
        return text
    }

    /// The elements of a list.
    ///
    /// - Parameters:
    ///   - types: the element types that will do.
    ///   - element: reads one element; is given the type.
    mutating func list<T>(
        _ header: Header, _ name: String, of types: ClosedRange<UInt8>,
        _ element: (inout CompactReader, UInt8) throws(Fault) -> T
    ) throws(Fault) -> [T] {
        try expect(header, name, 9...9, "a list")
        let (count, type) = try listHeader(name)
        guard types.contains(type) || count == 0 else {
            throw Fault(.malformed("\(name) is a list of Thrift type \(type)"), at: header.offset)
        }
        var elements = [T]()
        for _ in 0..<count { elements.append(try element(&self, type)) }
        return elements
    }

    /// The integers of a list.
    mutating func integers(
        _ header: Header, _ name: String, in allowed: ClosedRange<Int> = Int.min...Int.max
    ) throws(Fault) -> [Int] {
        try list(header, name, of: 3...6) { reader, type throws(Fault) in
            try reader.integerElement(type, name, in: allowed)
        }
    }
}

/// The inverse of `zigzag`.
@inline(__always)
func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

/// The value, or the fault that a required field is not there.
func required<T>(_ value: T?, _ name: String, at offset: Int) throws(Fault) -> T {
    guard let value else { throw Fault(.missing(name), at: offset) }
    return value
}
