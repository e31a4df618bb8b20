import Columns

/// Turns pages of one chunk into rows of a column: levels, dictionary, values.
///
/// Works a page at a time in memory that it keeps; nothing is added to the column unless all of the page is sound.
struct PageDecoder: ~Copyable {
    private let stored: StoredColumn
    /// Most bytes a column may take.
    let byteLimit: Int
    /// Entries of the dictionary; nil before there is one.
    private(set) var dictionaryCount: Int?
    /// The entries as slots, or where texts end, and the texts.
    private var dictionarySlots = ByteBuffer()
    var dictionaryTexts = DecodedTexts()
    var validity = ByteBuffer()
    var indices = ByteBuffer()
    private var stagedValues = ByteBuffer()
    var texts = DecodedTexts()

    init(_ stored: StoredColumn, byteLimit: Int) {
        self.stored = stored
        self.byteLimit = byteLimit
    }

    private var layout: Layout { stored.field.type.layout }

    // MARK: dictionary

    /// Takes the chunk's dictionary.
    mutating func setDictionary(
        _ body: UnsafeRawBufferPointer, count: Int, encoding: PageEncoding
    ) throws(Fault) {
        guard dictionaryCount == nil else {
            throw Fault(.malformed("a second dictionary in one column chunk"), at: 0)
        }
        guard encoding == .plain || encoding == .plainDictionary else {
            throw Fault(.malformed("a dictionary is said to be \(encoding), expected PLAIN"), at: 0)
        }
        switch stored.physicalType {
        case .boolean: throw Fault(.malformed("a dictionary of booleans"), at: 0)
        case .byteArray:
            try unsafe dictionaryTexts.decode(body, .plain, count: count, byteLimit: byteLimit)
            if stored.conversion == .bigEndianTexts {
                try Self.makeDecimals(of: dictionaryTexts, count, layout, to: &dictionarySlots)
            } else {
                try dictionaryTexts.checkUTF8()
            }
        default:
            let expected = count * stored.width
            guard body.count == expected else {
                throw Fault(
                    .cutShort("a dictionary of \(count) values", byteCount: body.count, expected: expected),
                    at: 0)
            }
            try unsafe Self.makeSlots(of: body, stored, layout, to: &dictionarySlots)
        }
        dictionaryCount = count
    }

    private static func makeSlots(
        of values: UnsafeRawBufferPointer, _ stored: StoredColumn, _ layout: Layout,
        to slots: inout ByteBuffer
    ) throws(Fault) {
        let count = values.count / stored.width
        switch (stored.conversion, layout) {
        case (.none, _):
            slots.removeAll()
            unsafe slots.append(values)
        case (_, .int128):
            try unsafe slots.fill(with: Int128.self, count: count) { target throws(Fault) in
                try unsafe FixedWidthDecoder.convert(
                    values, width: stored.width, stored.conversion, into: target)
            }
        default:
            try unsafe slots.fill(with: Int64.self, count: count) { target throws(Fault) in
                try unsafe FixedWidthDecoder.convert(
                    values, width: stored.width, stored.conversion, into: target)
            }
        }
    }

    private static func makeDecimals(
        of texts: borrowing DecodedTexts, _ count: Int, _ layout: Layout, to slots: inout ByteBuffer
    ) throws(Fault) {
        if layout == .int128 {
            try unsafe slots.fill(with: Int128.self, count: count) { target throws(Fault) in
                try unsafe decimals(texts, into: target)
            }
        } else {
            try unsafe slots.fill(with: Int64.self, count: count) { target throws(Fault) in
                try unsafe decimals(texts, into: target)
            }
        }
    }

    private static func decimals<T: FixedWidthInteger & SignedInteger>(
        _ texts: borrowing DecodedTexts, into target: UnsafeMutableBufferPointer<T>
    ) throws(Fault) {
        try unsafe texts.ends.withElements(of: UInt32.self) { ends throws(Fault) in
            try unsafe texts.bytes.withBytes { bytes throws(Fault) in
                var start = 0
                for i in 0..<ends.count {
                    // SAFETY: ends grow up to bytes.count, and there are as many as slots.
                    let end = unsafe Int(ends[i])
                    guard end - start <= 16,
                        let value = unsafe T(
                            exactly: FixedWidthDecoder.bigEndian(
                                UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
                    else { throw Fault(.malformed("a decimal has more digits than its column"), at: start) }
                    unsafe target[i] = value
                    start = end
                }
            }
        }
    }

    // MARK: data pages

    /// Appends a page's rows to the column.
    ///
    /// - Parameter body: levels, then values, both decompressed.
    mutating func append(
        _ page: PageHeader.Data, _ body: UnsafeRawBufferPointer, to column: Column
    ) throws(Fault) {
        let rows = page.valueCount
        if let v2 = page.v2, v2.rowCount != rows {
            throw Fault(
                .disagrees("num_rows", found: "\(v2.rowCount)", expected: "\(rows), the number of values"),
                at: 0)
        }
        // Before any memory is taken for rows: a run of a few bytes may stand for billions.
        let needed = (column.count + rows) * (layout.slotByteCount + 1) + column.textByteCount
        guard needed <= byteLimit else {
            throw Fault(.tooLarge("the column", byteCount: needed, limit: byteLimit), at: 0)
        }
        let (levelByteCount, nullCount) = try unsafe decodeLevels(page, body)
        let values = unsafe UnsafeRawBufferPointer(rebasing: body[levelByteCount...])
        let count = rows - nullCount
        do throws(Fault) {
            switch layout {
            case .bool: try unsafe appendBools(page, values, count: count, rows: rows, to: column)
            case .text: try unsafe appendTexts(page, values, count: count, rows: rows, to: column)
            case .int32, .float32:
                try unsafe appendFixed(page, values, count: count, rows: rows, as: UInt32.self, to: column)
            case .int64, .float64:
                try unsafe appendFixed(page, values, count: count, rows: rows, as: Int64.self, to: column)
            case .int128:
                try unsafe appendFixed(page, values, count: count, rows: rows, as: Int128.self, to: column)
            }
        } catch { throw Fault(error.kind, at: error.offset + levelByteCount) }
        let first = column.count
        column.setCount(first + rows)
        guard nullCount > 0 else { return }
        unsafe validity.withElements(of: UInt8.self) { unsafe column.setNulls(from: first, where: $0) }
    }

    /// Reads which rows have a value to `validity`, a byte each, if there are any nulls.
    private mutating func decodeLevels(
        _ page: PageHeader.Data, _ body: UnsafeRawBufferPointer
    ) throws(Fault) -> (levelByteCount: Int, nullCount: Int) {
        let rows = page.valueCount
        var start = 0
        if let v2 = page.v2, v2.repetitionByteCount > 0 {
            // A flat column has none; some writers put the level 0 for each row, which takes no bits.
            start = v2.repetitionByteCount
            try unsafe validity.fill(with: UInt8.self, count: rows) { zeros throws(Fault) in
                let used = try unsafe HybridDecoder.decode(
                    UnsafeRawBufferPointer(rebasing: body[..<start]), width: 0, into: zeros)
                guard used == start else {
                    throw Fault(.malformed("a flat column has repetition levels other than 0"), at: 0)
                }
            }
        }
        guard stored.field.isNullable else {
            if let v2 = page.v2, v2.definitionByteCount > 0 || v2.nullCount > 0 {
                throw Fault(
                    .disagrees(
                        "the page of a required column",
                        found: "with \(v2.nullCount) nulls and "
                            + "\(v2.definitionByteCount) bytes of levels", expected: "without"), at: 0)
            }
            return (start, 0)
        }
        guard page.levelEncoding == .rle else {
            throw Fault(.unsupported("levels as \(page.levelEncoding)"), at: 0)
        }
        let byteCount: Int
        if let v2 = page.v2 {
            byteCount = v2.definitionByteCount
        } else {
            guard body.count >= 4 else {
                throw Fault(.cutShort("the length of the levels", byteCount: body.count, expected: 4), at: 0)
            }
            byteCount = unsafe Int(UInt32(littleEndian: body.loadUnaligned(as: UInt32.self)))
            start = 4
        }
        guard byteCount <= body.count - start else {
            throw Fault(
                .outOfRange("the length of the levels", value: byteCount, allowed: 0...body.count - start),
                at: 0)
        }
        let source = unsafe UnsafeRawBufferPointer(rebasing: body[start..<start + byteCount])
        let nullCount: Int
        do throws(Fault) {
            nullCount = try unsafe validity.fill(with: UInt8.self, count: rows) { validity throws(Fault) in
                let used = try unsafe HybridDecoder.decode(source, width: 1, into: validity)
                guard used == byteCount else {
                    throw Fault(
                        .malformed("\(byteCount - used) bytes are left over after the last level"), at: used)
                }
                var sum = 0
                for row in 0..<rows { sum &+= unsafe Int(validity[row]) }
                return rows - sum
            }
        } catch { throw Fault(error.kind, at: error.offset + start) }
        if let v2 = page.v2, v2.nullCount != nullCount {
            throw Fault(
                .disagrees(
                    "num_nulls", found: "\(v2.nullCount)", expected: "\(nullCount), as the levels have"),
                at: 0)
        }
        return (start + byteCount, nullCount)
    }

    /// Moves the values behind `first` apart, so that each stands in its row, from the last one on.
    @inline(__always)
    private static func spread<T: BitwiseCopyable>(
        _ slots: UnsafeMutableBufferPointer<T>, first: Int, count: Int, rows: Int, zero: T,
        validity: borrowing ByteBuffer
    ) {
        guard count < rows else { return }
        unsafe validity.withBytes { validity in
            // SAFETY: value <= row < rows, and the slots have room for first + rows.
            var value = count
            for row in stride(from: rows - 1, through: 0, by: -1) {
                if unsafe validity[row] != 0 {
                    value &-= 1
                    unsafe slots[first &+ row] = slots[first &+ value]
                } else {
                    unsafe slots[first &+ row] = zero
                }
            }
        }
    }

    private mutating func appendFixed<T: FixedWidthInteger & BitwiseCopyable>(
        _ page: PageHeader.Data, _ source: UnsafeRawBufferPointer, count: Int, rows: Int, as type: T.Type,
        to column: Column
    ) throws(Fault) {
        let first = column.count
        if page.encoding.usesDictionary {
            try unsafe decodeIndices(source, count: count)
            column.reserve(first + rows)
            unsafe column.withMutableSlots(as: T.self) { slots in
                unsafe dictionarySlots.withElements(of: T.self) { entries in
                    unsafe indices.withElements(of: UInt32.self) { indices in
                        // SAFETY: indices were checked against the number of entries.
                        for i in 0..<count { unsafe slots[first &+ i] = entries[Int(indices[i])] }
                    }
                }
                unsafe Self.spread(slots, first: first, count: count, rows: rows, zero: 0, validity: validity)
            }
            return
        }
        let stored = stored
        if stored.conversion == .none {
            // Levels are there for all rows, so their number is no mere claim; the values' bytes are checked before.
            if page.encoding == .plain || page.encoding == .byteStreamSplit {
                guard source.count == count * stored.width else {
                    throw Fault(
                        .cutShort(
                            "the page's values", byteCount: source.count, expected: count * stored.width),
                        at: 0)
                }
            }
            column.reserve(first + rows)
            try unsafe column.withMutableSlots(as: T.self) { slots throws(Fault) in
                let target = unsafe UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: slots[first..<first + count]))
                try unsafe FixedWidthDecoder.decode(
                    source, page.encoding, type: stored.physicalType, width: stored.width, into: target)
                unsafe Self.spread(slots, first: first, count: count, rows: rows, zero: 0, validity: validity)
            }
            return
        }
        if stored.conversion == .bigEndianTexts {
            try unsafe texts.decode(source, page.encoding, count: count, byteLimit: byteLimit)
            try Self.makeDecimals(of: texts, count, layout, to: &stagedValues)
        } else {
            var values = ByteBuffer()
            swap(&values, &texts.bytes)
            defer { swap(&values, &texts.bytes) }
            try unsafe values.fill(with: UInt8.self, count: count * stored.width) { values throws(Fault) in
                try unsafe FixedWidthDecoder.decode(
                    source, page.encoding, type: stored.physicalType, width: stored.width,
                    into: UnsafeMutableRawBufferPointer(values))
                try unsafe Self.makeSlots(
                    of: UnsafeRawBufferPointer(values), stored, layout, to: &stagedValues)
            }
        }
        column.reserve(first + rows)
        unsafe column.withMutableSlots(as: T.self) { slots in
            unsafe stagedValues.withElements(of: T.self) { values in
                for i in 0..<count { unsafe slots[first + i] = values[i] }
            }
            unsafe Self.spread(slots, first: first, count: count, rows: rows, zero: 0, validity: validity)
        }
    }

    private mutating func appendBools(
        _ page: PageHeader.Data, _ source: UnsafeRawBufferPointer, count: Int, rows: Int, to column: Column
    ) throws(Fault) {
        let first = column.count
        switch page.encoding {
        case .plain:
            guard source.count == (count + 7) / 8 else {
                throw Fault(
                    .cutShort("the page's values", byteCount: source.count, expected: (count + 7) / 8), at: 0)
            }
        case .rle:
            guard count > 0 || source.count > 0 else { break }
            guard source.count >= 4 else {
                throw Fault(
                    .cutShort("the length of the values", byteCount: source.count, expected: 4), at: 0)
            }
            let length = unsafe Int(UInt32(littleEndian: source.loadUnaligned(as: UInt32.self)))
            guard length == source.count - 4 else {
                throw Fault(
                    .disagrees(
                        "the length of the values", found: "\(length)", expected: "\(source.count - 4)"),
                    at: 0)
            }
        default: throw Fault(.malformed("\(page.encoding) cannot be the encoding of booleans"), at: 0)
        }
        column.reserve(first + rows)
        try unsafe column.withMutableSlots(as: UInt8.self) { slots throws(Fault) in
            let target = unsafe UnsafeMutableBufferPointer(rebasing: slots[first..<first + count])
            if page.encoding == .plain {
                unsafe BitUnpacking.unpack(source, width: 1, into: target)
            } else if count > 0 {
                _ = try unsafe HybridDecoder.decode(
                    UnsafeRawBufferPointer(rebasing: source[4...]), width: 1, into: target)
            }
            unsafe Self.spread(slots, first: first, count: count, rows: rows, zero: 0, validity: validity)
        }
    }

    /// Reads `count` indices into the dictionary to `indices`, each checked.
    mutating func decodeIndices(_ source: UnsafeRawBufferPointer, count: Int) throws(Fault) {
        guard let dictionaryCount else {
            throw Fault(.missing("the dictionary that the page's values point into"), at: 0)
        }
        try unsafe indices.fill(with: UInt32.self, count: count) { indices throws(Fault) in
            guard count > 0 else { return }
            guard source.count > 0 else {
                throw Fault(.cutShort("the page's indices", byteCount: 0, expected: 1), at: 0)
            }
            let width = unsafe Int(source[0])
            guard width <= 32 else {
                throw Fault(.outOfRange("the bits of an index", value: width, allowed: 0...32), at: 0)
            }
            // Without bits every index is 0, which is right for a dictionary of one; in a larger one it is damage.
            guard width > 0 || dictionaryCount == 1 else {
                throw Fault(
                    .disagrees(
                        "the bits of an index", found: "0", expected: "more, into \(dictionaryCount) values"),
                    at: 0)
            }
            do throws(Fault) {
                _ = try unsafe HybridDecoder.decode(
                    UnsafeRawBufferPointer(rebasing: source[1...]), width: width, into: indices)
            } catch { throw Fault(error.kind, at: error.offset + 1) }
            var largest: UInt32 = 0
            for i in 0..<count { largest = unsafe max(largest, indices[i]) }
            guard largest < dictionaryCount else {
                throw Fault(
                    .outOfRange("an index", value: Int(largest), allowed: 0...max(0, dictionaryCount - 1)),
                    at: 1)
            }
        }
    }
}
