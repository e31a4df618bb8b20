import Columns

/// Writes the column chunks of a file, one after the other, and keeps its memory in between.
struct ColumnChunkWriter: ~Copyable {
    let options: WriterOptions
    var compressor: PageCompressor
    var dictionary = Dictionary()
    /// Encoded values that are only measured.
    var sample = ByteBuffer()
    var compressed = PagePayload()
    var streams = StreamCounts()
    /// Lengths of texts, for encodings that have them apart.
    var lengths = ByteBuffer()
    /// Pages of deltas that were encoded while the encoding was chosen, and where each ends; no ends without them.
    var packedDeltas = ByteBuffer()
    var packedDeltaEnds: [Int] = []
    /// The next chunk's encoding where it was asked for; nil where it is to be chosen.
    var askedEncoding: Encoding?
    /// Of the next chunk's bloom filter; nil where it has none.
    var falsePositiveProbability: Double?
    var hashes = ByteBuffer()
    var distinctHashes = DistinctHashes()
    private var pages: PageWriter
    private var thrift = CompactWriter()
    /// The values of a column with nulls, moved together.
    private var dense = ByteBuffer()
    private var levels = ByteBuffer()
    private var body = ByteBuffer()

    init(options: WriterOptions) {
        self.options = options
        compressor = PageCompressor(options.compression)
        pages = PageWriter(options)
    }

    /// Writes `column`, which has at least one row, as one chunk, which is not placed yet.
    ///
    /// - Parameter settled: the encoding of the column's chunk in the first row group; nil in that.
    mutating func write(
        _ column: Column, field: Field, settled: Encoding?, to file: inout OutputFile
    ) throws -> ColumnChunk {
        switch field.type.layout {
        case .int32:
            unsafe try withDenseValues(of: column, as: Int32.self) { writer, values in
                unsafe try writer.write(
                    column, field, IntegerValues(values, key: UInt32.self), settled, forPackedDeltas: true,
                    to: &file)
            }
        case .int64:
            unsafe try withDenseValues(of: column, as: Int64.self) { writer, values in
                unsafe try writer.write(
                    column, field, IntegerValues(values, key: UInt64.self), settled, forPackedDeltas: true,
                    to: &file)
            }
        case .int128:
            unsafe try withDenseValues(of: column, as: Int128.self) { writer, values in
                unsafe try writer.write(column, field, WideDecimalValues(values), settled, to: &file)
            }
        case .float32:
            unsafe try withDenseValues(of: column, as: Float.self) { writer, values in
                unsafe try writer.write(
                    column, field, FloatValues(values) { $0.bitPattern }, settled, to: &file)
            }
        case .float64:
            unsafe try withDenseValues(of: column, as: Double.self) { writer, values in
                unsafe try writer.write(
                    column, field, FloatValues(values) { $0.bitPattern }, settled, to: &file)
            }
        case .bool:
            unsafe try withDenseValues(of: column, as: UInt8.self) { writer, values in
                unsafe try writer.write(column, field, BoolValues(values), settled, to: &file)
            }
        case .text:
            unsafe try column.withText { _, bytes in
                // A null's text is empty and ends where the one before ends, so dropping its end is enough.
                unsafe try withDenseValues(of: column, as: UInt32.self) { writer, ends in
                    unsafe try writer.write(
                        column, field, TextValues(ends: ends, bytes: bytes), settled, to: &file)
                }
            }
        }
    }

    /// Calls `body` with the slots of the rows that are not null.
    private mutating func withDenseValues<T: BitwiseCopyable>(
        of column: Column, as type: T.Type,
        _ body: (inout ColumnChunkWriter, UnsafeBufferPointer<T>) throws -> ColumnChunk
    ) throws -> ColumnChunk {
        guard column.nullCount > 0 else {
            return unsafe try column.withValues(as: type) { values in unsafe try body(&self, values) }
        }
        unsafe column.withValidity { validity in
            unsafe column.withValues(as: type) { values in
                guard let validity = unsafe validity else { return }
                unsafe dense.fill(with: type, count: values.count) { target in
                    // SAFETY: count <= row < values.count, the length of all three.
                    var count = 0
                    for row in 0..<values.count {
                        unsafe target[count] = values[row]
                        count &+= unsafe Int(validity[row])
                    }
                }
            }
        }
        dense.truncate(to: (column.count - column.nullCount) * MemoryLayout<T>.stride)
        // The buffer leaves the writer for the call, which changes the rest of it.
        var values = ByteBuffer()
        swap(&values, &dense)
        defer { swap(&values, &dense) }
        return unsafe try values.withElements(of: type) { values in unsafe try body(&self, values) }
    }

    private mutating func write<Values: ChunkValues & ~Copyable>(
        _ column: Column, _ field: Field, _ values: borrowing Values, _ settled: Encoding?,
        forPackedDeltas: Bool = false, to file: inout OutputFile
    ) throws -> ColumnChunk {
        let cuts = PageCut.cuts(
            of: column, options: options, forPackedDeltas: forPackedDeltas && options.encodings != .all)
        let statistics = values.statistics(cuts)
        packedDeltaEnds.removeAll()
        let choice = try chooseEncoding(of: values, cuts: cuts, settled: settled, name: field.name)
        var chunk = ColumnChunk(
            rowCount: column.count, nullCount: column.nullCount, encoding: choice.encoding,
            compression: choice.isCompressed ? options.compression : .uncompressed)
        compressor.isOn = choice.isCompressed
        defer { compressor.isOn = true }
        let start = file.byteCount
        if choice.encoding == .rleDictionary {
            chunk.dictionaryOffset = 0
            body.removeAll()
            values.appendEntries(of: dictionary, to: &body)
            chunk.add(
                try pages.writeDictionary(
                    body, entryCount: dictionary.entryCount, name: field.name, compressor: &compressor,
                    to: &file))
        }
        chunk.dataOffset = file.byteCount - start
        chunk.pageLocations.reserveCapacity(cuts.count)
        for (page, cut) in cuts.enumerated() {
            let offset = file.byteCount - start
            levels.removeAll()
            if field.isNullable { appendLevels(of: column, cut) }
            body.removeAll()
            if choice.encoding == .deltaBinaryPacked, !packedDeltaEnds.isEmpty {
                body.append(
                    packedDeltas, from: page == 0 ? 0 : packedDeltaEnds[page - 1], to: packedDeltaEnds[page])
            } else {
                _ = Self.append(
                    choice, values, cut.values, dictionary: dictionary, lengths: &lengths, to: &body)
            }
            let size = try pages.writeData(
                cut, choice, levels: levels, values: body, isNullable: field.isNullable, name: field.name,
                compressor: &compressor, scratch: &sample, to: &file)
            guard size.compressed <= Int(Int32.max) else {
                throw ParquetProblem(.pageTooLong(name: field.name, byteCount: size.compressed))
            }
            chunk.add(size)
            chunk.pageLocations.append(
                PageLocation(offset: offset, byteCount: size.compressed, firstRow: cut.rows.lowerBound))
        }
        chunk.dataPageCount = cuts.count
        thrift.removeAll()
        if thrift.columnIndex(statistics, cuts: cuts) { chunk.columnIndex = thrift.buffer.array() }
        chunk.statistics = Statistics(summaryOf: statistics)
        if let probability = falsePositiveProbability {
            chunk.bloomFilter = bloomFilter(
                of: values, encoding: choice.encoding, falsePositiveProbability: probability)
        }
        return chunk
    }

    /// Appends a range of values as a data page has them; returns the widest miniblock in bits, or 0.
    static func append<Values: ChunkValues & ~Copyable>(
        _ choice: EncodingChoice, _ values: borrowing Values, _ range: Range<Int>,
        dictionary: borrowing Dictionary, lengths: inout ByteBuffer, to page: inout ByteBuffer
    ) -> Int {
        if choice.encoding == .rleDictionary {
            dictionary.appendIndices(range, width: choice.indexWidth, to: &page)
            return 0
        }
        return values.append(choice.encoding, range, scratch: &lengths, to: &page)
    }

    /// Definition levels: 1 where there is a value.
    ///
    /// A page without nulls is one run: fastparquet takes that for granted when it skips levels.
    private mutating func appendLevels(of column: Column, _ cut: PageCut) {
        guard cut.nullCount > 0 else {
            RunLength.appendRun(of: 1, count: cut.rows.count, width: 1, to: &levels)
            return
        }
        unsafe column.withValidity { validity in
            guard let validity = unsafe validity else { return }
            unsafe RunLength.appendBits(UnsafeBufferPointer(rebasing: validity[cut.rows]), to: &levels)
        }
    }
}
