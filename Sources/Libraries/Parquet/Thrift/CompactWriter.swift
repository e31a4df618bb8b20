/// Writes structs of Thrift's compact protocol, in which all of Parquet's headers and its footer are written.
///
/// Format: Apache Thrift, `doc/specs/thrift-compact-protocol.md`. A field is a byte of id step and type, then its
/// value; integers are zigzag varints; a struct ends with a zero byte.
package struct CompactWriter: ~Copyable {
    /// The four-bit types of fields and list elements.
    package enum WireType: UInt8 {
        case boolTrue = 1
        case boolFalse = 2
        case i16 = 4
        case i32 = 5
        case i64 = 6
        case binary = 8
        case list = 9
        case structure = 12
    }

    /// What was written.
    package private(set) var buffer = ByteBuffer()
    /// The last field id written, for each struct that is open.
    private var lastFields = [0]

    package init() {}

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() {
        buffer.removeAll()
        lastFields = [0]
    }

    // Fields of the struct that is open.

    /// A true or false, which the type alone says.
    package mutating func bool(_ id: Int, _ value: Bool) { field(id, value ? .boolTrue : .boolFalse) }

    /// An integer that readers take as 16 bits.
    package mutating func i16(_ id: Int, _ value: Int) {
        field(id, .i16)
        integer(value)
    }

    /// An integer or enum that readers take as 32 bits.
    package mutating func i32(_ id: Int, _ value: Int) {
        field(id, .i32)
        integer(value)
    }

    /// An integer that readers take as 64 bits.
    package mutating func i64(_ id: Int, _ value: Int) {
        field(id, .i64)
        integer(value)
    }

    /// Bytes after their count.
    package mutating func binary(_ id: Int, _ value: [UInt8]) {
        field(id, .binary)
        bytes(value)
    }

    /// UTF-8 after its byte count.
    package mutating func string(_ id: Int, _ value: String) { binary(id, Array(value.utf8)) }

    /// A struct whose fields `body` writes.
    package mutating func structure(_ id: Int, _ body: (inout CompactWriter) -> Void) {
        field(id, .structure)
        structure(body)
    }

    /// A struct without fields, such as a union's empty member.
    package mutating func emptyStructure(_ id: Int) { structure(id) { _ in } }

    /// A list whose `count` elements `body` writes with `integer`, `bytes`, `boolElement` or `structure`.
    package mutating func list(
        _ id: Int, of element: WireType, count: Int, _ body: (inout CompactWriter) -> Void
    ) {
        field(id, .list)
        if count < 15 {
            buffer.append(UInt8(count) << 4 | element.rawValue)
        } else {
            buffer.append(0xF0 | element.rawValue)
            buffer.appendVarint(UInt64(count))
        }
        body(&self)
    }

    // Values without a field header: list elements, and the outermost struct.

    /// A list's integer.
    package mutating func integer(_ value: Int) {
        buffer.appendVarint(zigzag(Int64(value)))
    }

    /// A list's bytes or text.
    package mutating func bytes(_ value: [UInt8]) {
        buffer.appendVarint(UInt64(value.count))
        buffer.append(value)
    }

    /// A list's true or false, a byte each.
    package mutating func boolElement(_ value: Bool) {
        buffer.append((value ? WireType.boolTrue : WireType.boolFalse).rawValue)
    }

    /// A list's struct, or the outermost one.
    package mutating func structure(_ body: (inout CompactWriter) -> Void) {
        lastFields.append(0)
        body(&self)
        lastFields.removeLast()
        buffer.append(0)
    }

    private mutating func field(_ id: Int, _ type: WireType) {
        let step = id - lastFields[lastFields.count - 1]
        lastFields[lastFields.count - 1] = id
        if (1...15).contains(step) {
            buffer.append(UInt8(step) << 4 | type.rawValue)
        } else {
            buffer.append(type.rawValue)
            integer(id)
        }
    }
}

/// Signed to unsigned with small magnitudes small: 0, -1, 1, -2 become 0, 1, 2, 3.
@inline(__always)
package func zigzag(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value << 1) ^ (value >> 63))
}
