import Bytes
import Columns
import Foundation
import Parquet
import TestSupport
import Testing

/// Row groups that come again are kept, and the file is the one that writing it at once gives.
@Suite struct RepeatingTests {
    /// What a writer's sink took.
    private final class Sink: ByteSource, @unchecked Sendable {
        // Unchecked: one thread writes and reads.
        var bytes: [UInt8] = []
        let name = "sink"
        let byteCount = Int.max

        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
            unsafe buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
        }
    }

    /// What a digester makes of columns that come in pieces.
    private func digests(_ fields: [Field], _ next: () throws -> [Column]?) throws -> [XXH3Digest] {
        final class Box {
            var digester: ColumnDigester
            init(_ type: ColumnType) { digester = ColumnDigester(type: type) }
        }
        let boxes = fields.map { Box($0.type) }
        while let columns = try next() {
            #expect(columns[0].count > 0)
            for (box, column) in zip(boxes, columns) {
                #expect(column.count == columns[0].count)
                box.digester.update(column)
            }
        }
        return boxes.map { $0.digester.digest() }
    }

    @Test(
        "tables of all kinds: rows are read back, any number of row groups kept",
        arguments: 1...60 as ClosedRange<UInt64>)
    func repeats(_ seed: UInt64) throws {
        let table = TestTable(seed: seed)
        let expected = try table.write()
        let batches = table.batches.filter { $0[0].count > 0 }
        for keptCount in Set([0, 1, batches.count / 2, batches.count]) where keptCount <= batches.count {
            let sink = Sink()
            var writer = unsafe try ParquetWriter(schema: table.fields, options: table.options) {
                unsafe sink.bytes.append(contentsOf: $0)
            }
            for batch in batches { try writer.writeRowGroup(batch) }
            if !batches.isEmpty {
                let file = try writer.writtenFile(in: sink)
                #expect(file.rowCount == batches.reduce(0) { $0 + $1[0].count })
                let reader = RowReader(file)
                var rest = batches[...]
                let found = try digests(table.fields) { try reader.next() }
                #expect(try digests(table.fields) { rest.popFirst() } == found, "\(table.note)")
            }
            writer.beginAgain()
            for batch in batches.prefix(keptCount) { #expect(try writer.keepRowGroup(batch)) }
            if let byteCount = writer.endKeeping() {
                #expect(keptCount < batches.count)
                sink.bytes.removeLast(sink.bytes.count - byteCount)
            } else {
                #expect(keptCount == batches.count)
            }
            for batch in batches.dropFirst(keptCount) {
                #expect(try !writer.keepRowGroup(batch))
                try writer.writeRowGroup(batch)
            }
            let written = try writer.finish(keyValueMetadata: table.metadata)
            #expect(sink.bytes == expected, "kept \(keptCount) of \(batches.count), \(table.note)")
            #expect(written.byteCount == expected.count)
        }
    }

    @Test("rows of another number are not those that were written")
    func differs() throws {
        let column = Column(type: .int64, capacity: 3)
        for value in [Int64(1), 2, 3] { column.append(value) }
        let part = Column(type: .int64, capacity: 2)
        part.append(rows: 0..<2, of: column)
        var writer = unsafe try ParquetWriter(
            schema: [Field(name: "a", type: .int64, isNullable: false)], options: WriterOptions()
        ) { _ in }
        try writer.writeRowGroup([column])
        writer.beginAgain()
        #expect(try !writer.keepRowGroup([part]))
        #expect(try writer.keepRowGroup([column]))
        #expect(try !writer.keepRowGroup([column]))
        #expect(writer.endKeeping() == nil)
    }
}
