/// Neighbouring rows of one of several sources.
public struct RowSpan: Hashable, Sendable {
    /// Index of the source.
    public var source: Int32
    /// First row, and how many.
    public var start: Int32
    public var count: Int32

    public init(source: Int, rows: Range<Int>) {
        self.source = Int32(source)
        start = Int32(rows.lowerBound)
        count = Int32(rows.count)
    }

    public var rows: Range<Int> { Int(start)..<Int(start + count) }
}

/// One row of one of several sources.
public struct RowPlace: Hashable, Sendable {
    /// Index of the source.
    public var source: Int32
    /// The row in it.
    public var row: Int32

    public init(source: Int32, row: Int32) {
        self.source = source
        self.row = row
    }
}

// Copying rows between columns of one type.
extension Column {
    /// Bytes of memory that these rows fill, validity left out.
    public func byteCount(ofRows rows: Range<Int>) -> Int {
        rows.count * type.layout.slotByteCount + textByteCount(ofRows: rows)
    }

    /// Bytes of text in these rows; 0 for other types.
    public func textByteCount(ofRows rows: Range<Int>) -> Int {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count)
        guard type.layout == .text, !rows.isEmpty else { return 0 }
        return unsafe withText { ends, _ in
            // SAFETY: the rows are the column's.
            unsafe Int(ends[rows.upperBound - 1])
                - (rows.lowerBound == 0 ? 0 : Int(ends[rows.lowerBound - 1]))
        }
    }

    /// Appends rows of other columns of the same type, in the order of `spans`.
    ///
    /// - Parameter sources: by the spans' index; this column is not among them.
    /// - Complexity: O(rows); long spans go at the speed of memory.
    public func append(_ spans: Span<RowSpan>, of sources: [Column]) {
        let counts = sources.map(\.count)
        precondition(sources.allSatisfy { $0.type == type })
        var added = 0
        for index in spans.indices {
            let span = spans[index]
            precondition(span.start >= 0 && span.count >= 0)
            precondition(Int(span.start) + Int(span.count) <= counts[Int(span.source)])
            added += Int(span.count)
        }
        let base = count
        reserve(base + added)
        switch type.layout {
        case .bool: copySlots(spans, of: sources, as: UInt8.self)
        case .int32, .float32: copySlots(spans, of: sources, as: UInt32.self)
        case .int64, .float64: copySlots(spans, of: sources, as: UInt64.self)
        case .int128: copySlots(spans, of: sources, as: UInt128.self)
        case .text: copyTexts(spans, of: sources)
        }
        setCount(base + added)
        guard sources.contains(where: { $0.nullCount > 0 }) else { return }
        var row = base
        for index in spans.indices {
            let span = spans[index]
            let source = sources[Int(span.source)]
            if source.nullCount > 0 {
                for offset in 0..<Int(span.count) where source.isNull(Int(span.start) + offset) {
                    setNull(row + offset)
                }
            }
            row += Int(span.count)
        }
    }

    /// Appends single rows of other columns of the same type, in the order of `places`.
    ///
    /// - Parameter sources: by the places' index; this column is not among them.
    public func append(_ places: Span<RowPlace>, of sources: [Column]) {
        precondition(sources.allSatisfy { $0.type == type })
        if type.layout == .text {
            let spans = places.indices.map {
                let row = Int(places[$0].row)
                return RowSpan(source: Int(places[$0].source), rows: row..<(row + 1))
            }
            append(spans.span, of: sources)
            return
        }
        let base = count
        reserve(base + places.count)
        switch type.layout {
        case .bool: copySlots(places, of: sources, as: UInt8.self)
        case .int32, .float32: copySlots(places, of: sources, as: UInt32.self)
        case .int64, .float64: copySlots(places, of: sources, as: UInt64.self)
        case .int128: copySlots(places, of: sources, as: UInt128.self)
        case .text: preconditionFailure("texts were appended above")
        }
        setCount(base + places.count)
        guard sources.contains(where: { $0.nullCount > 0 }) else { return }
        for index in places.indices {
            let place = places[index]
            if sources[Int(place.source)].isNull(Int(place.row)) { setNull(base + index) }
        }
    }

    /// Appends rows of one other column.
    public func append(rows: Range<Int>, of source: Column) {
        let span = [RowSpan(source: 0, rows: rows)]
        append(span.span, of: [source])
    }

    /// Appends single rows of one other column, in the order of `rows`.
    public func append(_ rows: Span<Int32>, of source: Column) {
        precondition(source.type == type)
        // Negative ones are the largest. The greatest of all is found many at a time, unlike the first that is too large.
        let greatest = unsafe rows.withUnsafeBufferPointer { rows in
            unsafe rows.reduce(UInt32(0)) { max($0, UInt32(bitPattern: $1)) }
        }
        precondition(rows.isEmpty || Int(greatest) < source.count)
        let base = self.count
        reserve(base + rows.count)
        switch type.layout {
        case .bool: copySlots(rows, of: source, as: UInt8.self)
        case .int32, .float32: copySlots(rows, of: source, as: UInt32.self)
        case .int64, .float64: copySlots(rows, of: source, as: UInt64.self)
        case .int128: copySlots(rows, of: source, as: UInt128.self)
        case .text:
            let spans = rows.indices.map { RowSpan(source: 0, rows: Int(rows[$0])..<(Int(rows[$0]) + 1)) }
            append(spans.span, of: [source])
            return
        }
        setCount(base + rows.count)
        guard source.nullCount > 0 else { return }
        for index in rows.indices where source.isNull(Int(rows[index])) { setNull(base + index) }
    }

    private func copySlots<T: BitwiseCopyable>(_ rows: Span<Int32>, of source: Column, as: T.Type) {
        // SAFETY: the rows lie in the source, and there is room for as many behind those there are.
        let target = unsafe slotBase.assumingMemoryBound(to: T.self) + count
        let values = unsafe source.slotBase.assumingMemoryBound(to: T.self)
        for index in rows.indices { unsafe target[index] = values[Int(rows[index])] }
    }

    private func copySlots<T: BitwiseCopyable>(_ places: Span<RowPlace>, of sources: [Column], as: T.Type) {
        let buffers = unsafe sources.map {
            unsafe UnsafeBufferPointer(
                start: UnsafePointer($0.slotBase.assumingMemoryBound(to: T.self)), count: $0.count)
        }
        unsafe buffers.withUnsafeBufferPointer { buffers in
            // SAFETY: there is room for all rows behind those there are; a place is checked before it is read.
            let target = unsafe slotBase.assumingMemoryBound(to: T.self) + count
            for index in places.indices {
                let place = places[index]
                precondition(place.source >= 0 && Int(place.source) < buffers.count)
                let buffer = unsafe buffers[Int(place.source)]
                precondition(place.row >= 0 && Int(place.row) < buffer.count)
                unsafe target[index] = buffer[Int(place.row)]
            }
        }
    }

    /// Slots as plain bits, which floating point values are copied as, too.
    private func copySlots<T: BitwiseCopyable>(_ spans: Span<RowSpan>, of sources: [Column], as: T.Type) {
        let bases = unsafe sources.map { unsafe UnsafePointer($0.slotBase.assumingMemoryBound(to: T.self)) }
        // SAFETY: the spans lie in their sources, and there is room for all their rows behind those there are.
        unsafe bases.withUnsafeBufferPointer { bases in
            var target = unsafe slotBase.assumingMemoryBound(to: T.self) + count
            for index in spans.indices {
                let span = spans[index]
                let source = unsafe bases[Int(span.source)] + Int(span.start)
                if span.count < 16 {
                    for offset in 0..<Int(span.count) { unsafe target[offset] = source[offset] }
                } else {
                    unsafe target.update(from: source, count: Int(span.count))
                }
                unsafe target += Int(span.count)
            }
        }
    }

    private func copyTexts(_ spans: Span<RowSpan>, of sources: [Column]) {
        var total = textByteCount
        for index in spans.indices {
            let span = spans[index]
            total += sources[Int(span.source)].textByteCount(ofRows: span.rows)
        }
        reserveText(total)
        // SAFETY: there is room for all ends and bytes; a span's bytes lie between the ends of its source.
        var target = unsafe slotBase.assumingMemoryBound(to: UInt32.self) + count
        var written = textByteCount
        for index in spans.indices {
            let span = spans[index]
            unsafe sources[Int(span.source)].withText { ends, bytes in
                let start = unsafe span.start == 0 ? 0 : Int(ends[Int(span.start) - 1])
                guard span.count > 0 else { return }
                let end = unsafe Int(ends[span.rows.upperBound - 1])
                if end > start {
                    unsafe (textBase + written).copyMemory(
                        from: bytes.baseAddress! + start, byteCount: end - start)
                }
                for offset in 0..<Int(span.count) {
                    unsafe target[offset] = UInt32(Int(ends[Int(span.start) + offset]) - start + written)
                }
                unsafe target += Int(span.count)
                written += end - start
            }
        }
        setTextByteCount(total)
    }
}
