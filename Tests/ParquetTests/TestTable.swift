import Columns
import Parquet

/// A table, how it is written, and what the judges should find besides its values.
struct TestTable {
    var fields: [Field] = []
    /// One a row group.
    var batches: [[Column]] = []
    var options = WriterOptions()
    /// Indices of the columns that have a bloom filter.
    var bloomFilterColumns: [Int] = []
    var metadata: [(key: String, value: String)] = []
    /// Where it comes from, for messages.
    var note = ""

    /// Writes the table to memory.
    func write() throws -> [UInt8] {
        try writeFile(fields: fields, batches: batches, options: options, metadata: metadata).bytes
    }

    /// Who reads the table. fastparquet reads neither all encodings nor version 2 of pages, and unpacks wide deltas wrong.
    var judges: [String] {
        let everyone = ["pyarrow", "duckdb", "polars", "fastparquet"]
        let isPortable =
            options.encodings != .all && options.pageVersion == .v1
            && options.columnEncodings.allSatisfy {
                [.plain, .dictionary, .byteStreamSplit].contains($0.encoding)
            }
        return isPortable ? everyone : everyone.dropLast()
    }
}
