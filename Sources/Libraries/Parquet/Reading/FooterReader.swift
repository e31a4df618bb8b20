import Columns

/// What the footer says of the file.
///
/// Format: parquet.thrift `FileMetaData`. Only what must fit together for pages to be found is checked here;
/// `ParquetFile.check` does the rest.
struct Footer: Sendable {
    var rowCount: Int
    var columns: [StoredColumn]
    var rowGroups: [RowGroupMetadata]
    var keyValueMetadata: [KeyValue]
    var createdBy: String?

    /// Reads the footer.
    ///
    /// - Parameter pageEnd: where the footer begins in the file: no page may reach beyond.
    init(from reader: inout CompactReader, pageEnd: Int) throws(Fault) {
        var rowCount: Int?
        var columns: [StoredColumn]?
        var rowGroups: [RowGroupMetadata]?
        var keyValueMetadata = [KeyValue]()
        var createdBy: String?
        var orders = [Int]()
        var version: Int?
        try reader.structure("the footer") { reader, field throws(Fault) in
            switch field.id {
            case 1: version = try reader.integer(field, "the format's version", in: 1...Int(Int32.max))
            case 2:
                let elements = try reader.list(field, "the schema", of: 12...12) { reader, _ throws(Fault) in
                    try SchemaElement(from: &reader)
                }
                columns = try Self.columns(of: elements, at: field.offset)
            case 3: rowCount = try reader.integer(field, "the file's row count", in: 0...Int.max)
            case 4:
                guard let columns else {
                    throw Fault(.malformed("row groups come before the schema"), at: field.offset)
                }
                rowGroups = try reader.list(field, "the row groups", of: 12...12) { reader, _ throws(Fault) in
                    try RowGroupMetadata(from: &reader, columns: columns, pageEnd: pageEnd)
                }
            case 5: keyValueMetadata = try reader.keyValues(field)
            case 6: createdBy = try reader.string(field, "created_by")
            case 7:
                orders = try reader.list(field, "the column orders", of: 12...12) { reader, _ throws(Fault) in
                    var order = 0
                    try reader.structure("a column order") { _, field throws(Fault) in
                        order = field.id
                        return false
                    }
                    return order
                }
            case 8: throw Fault(.unsupported("encryption"), at: field.offset)
            default: return false
            }
            return true
        }
        _ = try required(version, "the format's version", at: 0)
        self.columns = try required(columns, "the schema", at: 0)
        self.rowCount = try required(rowCount, "the file's row count", at: 0)
        self.rowGroups = try required(rowGroups, "the list of row groups", at: 0)
        self.keyValueMetadata = keyValueMetadata
        self.createdBy = createdBy
        guard orders.isEmpty || orders.count == self.columns.count else {
            throw Fault(
                .disagrees(
                    "the number of column orders", found: "\(orders.count)", expected: "\(self.columns.count)"
                ),
                at: 0)
        }
        for group in self.rowGroups.indices {
            // 1 is the order of the type; no other is known.
            for column in orders.indices where orders[column] == 1 {
                self.rowGroups[group].columns[column].hasKnownOrder = true
            }
        }
        try checkRowCount()
    }

    private func checkRowCount() throws(Fault) {
        var sum = 0
        for rowGroup in rowGroups {
            let (next, overflow) = sum.addingReportingOverflow(rowGroup.rowCount)
            guard !overflow else { throw Fault(.malformed("row groups have more than 2^63 rows"), at: 0) }
            sum = next
        }
        guard sum == rowCount else {
            throw Fault(
                .disagrees(
                    "the file's row count", found: "\(rowCount)",
                    expected: "\(sum), the sum of its row groups"),
                at: 0)
        }
    }

    /// The leaves of a flat schema: a root, and as many elements below it as there are others.
    private static func columns(of elements: [SchemaElement], at offset: Int) throws(Fault) -> [StoredColumn]
    {
        guard let root = elements.first else { throw Fault(.missing("the schema's root"), at: offset) }
        var columns = [StoredColumn]()
        for element in elements.dropFirst() { columns.append(try element.column()) }
        guard root.childCount == columns.count else {
            throw Fault(
                .disagrees(
                    "the number of columns", found: "\(root.childCount ?? 0)", expected: "\(columns.count)"),
                at: root.offset)
        }
        guard !columns.isEmpty else { throw Fault(.missing("a column in the schema"), at: offset) }
        return columns
    }
}

extension CompactReader {
    /// Format: parquet.thrift `KeyValue`.
    mutating func keyValues(_ header: Header) throws(Fault) -> [KeyValue] {
        try list(header, "the key-value metadata", of: 12...12) { reader, _ throws(Fault) in
            let start = reader.offset
            var (key, value): (String?, String?) = (nil, nil)
            try reader.structure("a key and its value") { reader, field throws(Fault) in
                switch field.id {
                case 1: key = try reader.string(field, "a metadata key")
                // Some writers put bytes here.
                case 2: value = String(decoding: try reader.binary(field, "a metadata value"), as: UTF8.self)
                default: return false
                }
                return true
            }
            return KeyValue(key: try required(key, "a metadata key", at: start), value: value)
        }
    }

    mutating func encoding(_ type: UInt8) throws(Fault) -> PageEncoding {
        let start = offset
        return try pageEncoding(try integerElement(type, "an encoding"), at: start)
    }
}

/// The encoding of this number.
func pageEncoding(_ number: Int, at offset: Int) throws(Fault) -> PageEncoding {
    guard let encoding = PageEncoding(rawValue: number) else {
        throw Fault(.malformed("there is no encoding \(number)"), at: offset)
    }
    return encoding
}

extension RowGroupMetadata {
    /// Format: parquet.thrift `RowGroup`.
    fileprivate init(
        from reader: inout CompactReader, columns: [StoredColumn], pageEnd: Int
    ) throws(Fault) {
        let start = reader.offset
        var chunks: [(metadata: ColumnChunkMetadata, offset: Int)]?
        var rowCount: Int?
        var uncompressedByteCount: Int?
        var compressedByteCount: Int?
        var firstPageOffset: Int?
        var sortingColumns = [SortingColumn]()
        try reader.structure("a row group") { reader, field throws(Fault) in
            switch field.id {
            case 1:
                var index = 0
                chunks = try reader.list(field, "the column chunks", of: 12...12) { reader, _ throws(Fault) in
                    guard index < columns.count else {
                        throw Fault(
                            .outOfRange(
                                "a row group's number of columns", value: index + 1,
                                allowed: columns.count...columns.count), at: reader.offset)
                    }
                    defer { index += 1 }
                    let offset = reader.offset
                    return (
                        try ColumnChunkMetadata(from: &reader, column: columns[index], pageEnd: pageEnd),
                        offset
                    )
                }
            case 2: uncompressedByteCount = try reader.integer(field, "total_byte_size", in: 0...Int.max)
            case 3: rowCount = try reader.integer(field, "a row group's row count", in: 0...Int.max)
            case 4:
                sortingColumns = try reader.list(
                    field, "the sorting columns", of: 12...12
                ) { reader, _ throws(Fault) in try SortingColumn(from: &reader, columnCount: columns.count) }
            case 5: firstPageOffset = try reader.integer(field, "file_offset")
            case 6:
                compressedByteCount = try reader.integer(field, "total_compressed_size", in: 0...Int.max)
            default: return false
            }
            return true
        }
        let found = try required(chunks, "a row group's columns", at: start)
        guard found.count == columns.count else {
            throw Fault(
                .outOfRange(
                    "a row group's number of columns", value: found.count,
                    allowed: columns.count...columns.count), at: start)
        }
        self.rowCount = try required(rowCount, "a row group's row count", at: start)
        self.uncompressedByteCount = try required(uncompressedByteCount, "total_byte_size", at: start)
        self.compressedByteCount = compressedByteCount
        self.firstPageOffset = firstPageOffset
        self.sortingColumns = sortingColumns
        self.columns = found.map(\.metadata)
        for ((chunk, offset), column) in zip(found, columns) where chunk.valueCount != self.rowCount {
            throw Fault(
                .disagrees(
                    "the number of values of column '\(column.field.name)'", found: "\(chunk.valueCount)",
                    expected: "\(self.rowCount), the rows of its row group"), at: offset)
        }
    }
}

extension SortingColumn {
    /// Format: parquet.thrift `SortingColumn`.
    fileprivate init(from reader: inout CompactReader, columnCount: Int) throws(Fault) {
        let start = reader.offset
        var column: Int?
        var isDescending: Bool?
        var hasNullsFirst: Bool?
        try reader.structure("a sorting column") { reader, field throws(Fault) in
            switch field.id {
            case 1: column = try reader.integer(field, "a sorting column", in: 0...columnCount - 1)
            case 2: isDescending = try reader.bool(field, "a sorting column's direction")
            case 3: hasNullsFirst = try reader.bool(field, "a sorting column's place of nulls")
            default: return false
            }
            return true
        }
        self.column = try required(column, "a sorting column's index", at: start)
        self.isDescending = try required(isDescending, "a sorting column's direction", at: start)
        self.hasNullsFirst = try required(hasNullsFirst, "a sorting column's place of nulls", at: start)
    }
}
