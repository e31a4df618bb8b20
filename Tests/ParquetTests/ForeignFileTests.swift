import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// Files that other programs wrote.
@Suite struct ForeignFileTests {
    /// What the script says of a file; the values lie beside it as raw slots, validity and text lengths.
    struct Table: Decodable {
        var file: String
        var columns: [Expected]
        var note: String
    }

    struct Expected: Decodable {
        var name: String
        var type: String
        var isNullable: Bool
    }

    @Test("what pyarrow, DuckDB and Polars write reads equal", .enabled(if: Peer.python != nil))
    func foreign() throws {
        let directory = try TemporaryDirectory()
        try directory.write(foreignFileScript, to: "write.py")
        let output = try Peer.run(Peer.python!, [directory.path("write.py"), directory.path])
        #expect(output.status == 0, "\(output.standardOutput)\n\(output.standardError.suffix(3000))")
        let tables = try JSONDecoder().decode([Table].self, from: try directory.read("tables.json"))
        #expect(tables.count > 60)
        var encodings = Set<String>()
        var codecs = Set<String>()
        for table in tables {
            do {
                try compare(table, in: directory, &encodings, &codecs)
            } catch {
                Issue.record("\(table.note): \(error)")
            }
        }
        #expect(
            encodings.subtracting(["PLAIN_DICTIONARY"]) == [
                "PLAIN", "RLE", "RLE_DICTIONARY", "DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY",
                "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT",
            ])
        #expect(codecs == ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"])
    }

    private func compare(
        _ table: Table, in directory: TemporaryDirectory, _ encodings: inout Set<String>,
        _ codecs: inout Set<String>
    ) throws {
        let file = try ParquetFile(path: directory.path(table.file + ".parquet"))
        #expect(
            file.fields.map { "\($0.name) \($0.type) \($0.isNullable)" }
                == table.columns.map { "\($0.name) \($0.type) \($0.isNullable)" }, "\(table.note)")
        guard file.fields.count == table.columns.count else { return }
        for index in file.fields.indices {
            var (slots, text, validity) = (Data(), Data(), Data())
            for rowGroup in file.rowGroups.indices {
                let chunk = file.rowGroups[rowGroup].columns[index]
                encodings.formUnion(chunk.encodings.map(\.description))
                codecs.insert(chunk.codec.description)
                let column = try file.readColumn(index, rowGroup: rowGroup)
                column.appendRawSlots(to: &slots, text: &text)
                for row in 0..<column.count { validity.append(column.isNull(row) ? 0 : 1) }
            }
            let name = "\(table.file).\(index)."
            let note = "column \(file.fields[index].name), \(table.note)"
            #expect(try validity == directory.read(name + "valid"), "\(note)")
            #expect(try slots == directory.read(name + "slots"), "\(note)")
            #expect(try text == directory.read(name + "text"), "\(note)")
        }
        #expect(throws: Never.self, "\(table.note)") { try file.check() }
    }
}
