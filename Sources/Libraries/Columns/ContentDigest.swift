public import Bytes

/// Takes the digest of one column's values, batch by batch.
///
/// Only the values and which rows are null decide: wherever the batches are cut, the digest is the same.
/// Slots, text lengths, text bytes and the row numbers of nulls go to a hasher each, and the digest is taken
/// over the type, the counts and those four. Floats count by their bits, so -0.0 and +0.0 differ. Slots are hashed
/// as they lie in memory; every platform this is built for is little-endian.
public struct ColumnDigester: ~Copyable {
    public let type: ColumnType
    /// Rows taken in so far.
    public private(set) var rowCount = 0
    /// Null rows taken in so far.
    public private(set) var nullCount = 0
    private var slots = XXH3Hasher()
    private var textBytes = XXH3Hasher()
    private var nullRows = XXH3Hasher()

    public init(type: ColumnType) { self.type = type }

    /// Takes in the next rows. `column` must have the digester's type.
    public mutating func update(_ column: Column) {
        precondition(column.type == type)
        switch type.layout {
        case .int32, .float32: updateSlots(of: column, as: UInt32.self)
        case .int64, .float64: updateSlots(of: column, as: UInt64.self)
        case .int128: updateSlots(of: column, as: Int128.self)
        case .bool: updateSlots(of: column, as: UInt8.self)
        case .text: updateText(of: column)
        }
        updateNulls(of: column)
        rowCount += column.count
        nullCount += column.nullCount
    }

    private mutating func updateSlots<T: BitwiseCopyable>(of column: Column, as type: T.Type) {
        unsafe column.withValues(as: type) { values in unsafe slots.update(UnsafeRawBufferPointer(values)) }
    }

    /// Ends depend on where the batch starts, lengths do not.
    private mutating func updateText(of column: Column) {
        unsafe column.withText { ends, bytes in
            unsafe textBytes.update(bytes)
            unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 1024) { lengths in
                var start: UInt32 = 0
                var row = 0
                while row < ends.count {
                    let count = min(1024, ends.count - row)
                    // SAFETY: i < count <= 1024, the room in `lengths`, and row + i < ends.count.
                    for i in 0..<count {
                        let end = unsafe ends[row + i]
                        unsafe lengths[i] = end &- start
                        start = end
                    }
                    unsafe slots.update(
                        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(lengths)[0..<4 * count]))
                    row += count
                }
            }
        }
    }

    private mutating func updateNulls(of column: Column) {
        let firstRow = rowCount
        unsafe column.withValidity { validity in
            guard let validity = unsafe validity else { return }
            unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 1024) { rows in
                var pending = 0
                // SAFETY: pending < 1024 at each store, because a full buffer is emptied at once.
                for row in 0..<validity.count where unsafe validity[row] == 0 {
                    unsafe rows[pending] = UInt64(firstRow + row).littleEndian
                    pending += 1
                    if pending == 1024 {
                        unsafe nullRows.update(UnsafeRawBufferPointer(rows))
                        pending = 0
                    }
                }
                unsafe nullRows.update(
                    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(rows)[0..<8 * pending]))
            }
        }
    }

    /// The digest of all rows so far; more may follow.
    public func digest() -> XXH3Digest {
        var summary = Array("column 1\n\(type)\n".utf8)
        for number in [rowCount, nullCount] { summary.appendLittleEndian(UInt64(number)) }
        for part in [slots.digest(), textBytes.digest(), nullRows.digest()] { summary += part.bytes }
        return XXH3Digest(of: summary)
    }
}

/// The content digest of a table: its schema, its row count and the digests of its columns' values.
///
/// The same for every way to compress, encode or cut the same table. `columnDigests` are in the order of `fields`.
public func contentDigest(fields: [Field], rowCount: Int, columnDigests: [XXH3Digest]) -> XXH3Digest {
    precondition(fields.count == columnDigests.count)
    var summary = Array("table 1\n".utf8)
    summary.appendLittleEndian(UInt64(fields.count))
    summary.appendLittleEndian(UInt64(rowCount))
    for (field, digest) in zip(fields, columnDigests) {
        summary.appendLittleEndian(UInt64(field.name.utf8.count))
        summary += Array(field.name.utf8)
        summary += Array("\(field.type)\n".utf8)
        summary.append(field.isNullable ? 1 : 0)
        summary += digest.bytes
    }
    return XXH3Digest(of: summary)
}

/// The content digest of a table held in memory: one column a field, all with the same number of rows.
public func contentDigest(fields: [Field], columns: [Column]) -> XXH3Digest {
    let digests = columns.map { column in
        var digester = ColumnDigester(type: column.type)
        digester.update(column)
        return digester.digest()
    }
    return contentDigest(fields: fields, rowCount: columns.first?.count ?? 0, columnDigests: digests)
}

extension [UInt8] {
    fileprivate mutating func appendLittleEndian(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
