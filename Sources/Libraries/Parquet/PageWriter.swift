import Compression

/// The file as it grows: gathers bytes for the sink and knows how many there are.
@safe struct OutputFile: ~Copyable {
    /// What is shorter is gathered up to this size; the rest goes to the sink as it is.
    private static let gatheredByteCount = 64 << 10

    private let sink: (UnsafeRawBufferPointer) throws -> Void
    private var pending = ByteBuffer()
    /// Bytes of the file so far, handed to the sink or not.
    private(set) var byteCount = 0

    init(sink: @escaping (UnsafeRawBufferPointer) throws -> Void) { unsafe self.sink = sink }

    mutating func append(_ bytes: borrowing ByteBuffer) throws {
        unsafe try bytes.withBytes { unsafe try append($0) }
    }

    mutating func append(_ bytes: [UInt8]) throws {
        unsafe try bytes.withUnsafeBytes { unsafe try append($0) }
    }

    mutating func append(_ bytes: borrowing ByteBuffer, _ range: Range<Int>) throws {
        unsafe try bytes.withBytes { unsafe try append(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        byteCount += bytes.count
        if pending.count + bytes.count > Self.gatheredByteCount { try flush() }
        if bytes.count >= Self.gatheredByteCount {
            unsafe try sink(bytes)
        } else {
            unsafe pending.append(bytes)
        }
    }

    /// Goes on where the sink stands now; nothing is waiting for it.
    mutating func resume(at byteCount: Int) {
        precondition(pending.count == 0)
        self.byteCount = byteCount
    }

    mutating func flush() throws {
        guard pending.count > 0 else { return }
        unsafe try pending.withBytes { bytes in unsafe try sink(bytes) }
        pending.removeAll()
    }
}

/// A page's size in the file and before compression, both with its header.
struct PageSize: Hashable {
    var compressed: Int
    var uncompressed: Int
}

/// Compresses pages, puts their header before them, and appends them to the file.
///
/// Format: parquet.thrift `PageHeader`; the CRC as in parquet-format `README.md`, "Checksumming": of all
/// that follows the header.
struct PageWriter: ~Copyable {
    private let version: WriterOptions.PageVersion
    private var header = CompactWriter()
    private var payload = PagePayload()

    init(_ options: WriterOptions) {
        version = options.pageVersion
    }

    /// Writes a dictionary page whose entries are in `body`.
    mutating func writeDictionary(
        _ body: borrowing ByteBuffer, entryCount: Int, name: String, compressor: inout PageCompressor,
        to file: inout OutputFile
    ) throws -> PageSize {
        payload.removeAll()
        try compressor.compress(body, to: &payload, name: name)
        return try write(type: 2, of: body, uncompressedByteCount: body.count, name: name, to: &file) {
            header in
            header.structure(7) { page in
                page.i32(1, entryCount)
                page.i32(2, Encoding.plain.rawValue)
            }
        }
    }

    /// Writes a data page of the file's page version.
    ///
    /// - Parameters:
    ///   - levels: definition levels in the RLE hybrid, without a length; empty for a column without nulls.
    ///   - values: the encoded values.
    ///   - scratch: overwritten.
    mutating func writeData(
        _ cut: PageCut, _ choice: EncodingChoice, levels: borrowing ByteBuffer,
        values: borrowing ByteBuffer, isNullable: Bool, name: String, compressor: inout PageCompressor,
        scratch: inout ByteBuffer, to file: inout OutputFile
    ) throws -> PageSize {
        payload.removeAll()
        let encoding = choice.encoding
        // The streams of BYTE_STREAM_SPLIT have little in common.
        let piece = encoding == .byteStreamSplit ? cut.values.count : 0
        switch version {
        case .v1:
            guard isNullable else {
                try compressor.compress(
                    values, piece: piece, randomPieces: choice.randomStreamCount,
                    to: &payload, name: name)
                return try writeV1(cut, encoding: encoding, of: values, name: name, to: &file)
            }
            scratch.removeAll()
            scratch.appendLittleEndian(UInt32(truncatingIfNeeded: levels.count))
            scratch.append(levels)
            scratch.append(values)
            try compressor.compress(
                scratch, lead: scratch.count - values.count, piece: piece,
                randomPieces: choice.randomStreamCount,
                to: &payload, name: name)
            return try writeV1(cut, encoding: encoding, of: scratch, name: name, to: &file)
        case .v2:
            payload.append(levels)
            let levelByteCount = levels.count
            // Nothing stays nothing: a codec would make a frame of it.
            let compresses = compressor.isCompressing && values.count > 0
            if compresses {
                try compressor.compress(
                    values, piece: piece, randomPieces: choice.randomStreamCount,
                    to: &payload, name: name)
            } else {
                payload.keep(values)
            }
            return try write(
                type: 3, of: values, uncompressedByteCount: levelByteCount + values.count, name: name,
                to: &file
            ) { header in
                header.structure(8) { page in
                    page.i32(1, cut.rows.count)
                    page.i32(2, cut.nullCount)
                    page.i32(3, cut.rows.count)
                    page.i32(4, encoding.rawValue)
                    page.i32(5, levelByteCount)
                    page.i32(6, 0)
                    page.bool(7, compresses)
                }
            }
        }
    }

    private mutating func writeV1(
        _ cut: PageCut, encoding: Encoding, of source: borrowing ByteBuffer, name: String,
        to file: inout OutputFile
    ) throws -> PageSize {
        try write(type: 0, of: source, uncompressedByteCount: source.count, name: name, to: &file) { header in
            header.structure(5) { page in
                page.i32(1, cut.rows.count)
                page.i32(2, encoding.rawValue)
                page.i32(3, Encoding.rle.rawValue)
                page.i32(4, Encoding.rle.rawValue)
            }
        }
    }

    /// Writes a header and the payload.
    ///
    /// - Parameter source: of the payload.
    private mutating func write(
        type: Int, of source: borrowing ByteBuffer, uncompressedByteCount: Int, name: String,
        to file: inout OutputFile, fields: (inout CompactWriter) -> Void
    ) throws -> PageSize {
        let payloadByteCount = payload.byteCount
        let longest = max(uncompressedByteCount, payloadByteCount)
        guard longest <= Int(Int32.max) else {
            throw ParquetProblem(.pageTooLong(name: name, byteCount: longest))
        }
        var checksum = CRC32()
        unsafe payload.forEachPart(of: source) { unsafe checksum.update($0) }
        header.removeAll()
        header.structure { header in
            header.i32(1, type)
            header.i32(2, uncompressedByteCount)
            header.i32(3, payloadByteCount)
            header.i32(4, Int(Int32(bitPattern: checksum.value)))
            fields(&header)
        }
        let headerByteCount = header.buffer.count
        try file.append(header.buffer)
        unsafe try payload.forEachPart(of: source) { part throws in unsafe try file.append(part) }
        return PageSize(
            compressed: headerByteCount + payloadByteCount,
            uncompressed: headerByteCount + uncompressedByteCount)
    }
}
