import Columns
import Files

/// Runs that memory has no room for, in a file without a name.
///
/// A run is blocks, one after the other; a block is, column by column, the slots as they are in memory, then a validity
/// byte a row where there are nulls, then the bytes of text. What else it takes to read a block is kept in memory.
final class Spill {
    fileprivate struct Part {
        /// Offset in the file, then bytes of text (and where they began in the column they were taken from).
        var offset: Int
        var textByteCount = 0
        var textStart = 0
        var hasNulls = false
    }

    fileprivate struct Block {
        var rowCount: Int
        var parts: [Part]
    }

    fileprivate let types: [ColumnType]
    private var file: ScratchFile

    /// - Parameter directory: where there is room for all rows as they are in memory.
    init(directory: String, types: [ColumnType]) throws {
        file = try ScratchFile(inDirectory: directory)
        self.types = types
    }

    /// Writes all rows of a source as one run.
    func write(_ source: some RowSource) throws -> SpilledRun {
        var blocks: [Block] = []
        while let block = try source.next() {
            blocks.append(
                Block(rowCount: block.rows.count, parts: try block.columns.map { try write($0, block.rows) }))
        }
        return SpilledRun(self, blocks)
    }

    private func write(_ column: Column, _ rows: Range<Int>) throws -> Part {
        precondition(rows.upperBound <= column.count)
        var part = Part(offset: file.byteCount)
        let width = column.type.layout.slotByteCount
        // SAFETY: the rows are the column's.
        unsafe try file.append(
            UnsafeRawBufferPointer(
                start: column.slotBase + rows.lowerBound * width, count: rows.count * width))
        unsafe try column.withValidity { validity in
            guard let validity = unsafe validity else { return }
            part.hasNulls = true
            unsafe try file.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: validity[rows])))
        }
        if column.type.layout == .text {
            part.textByteCount = column.textByteCount(ofRows: rows)
            part.textStart = column.textByteCount(ofRows: 0..<rows.lowerBound)
            unsafe try column.withText { _, bytes in
                let range = part.textStart..<(part.textStart + part.textByteCount)
                unsafe try file.append(UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
        }
        return part
    }

    fileprivate func read(_ block: Block, into columns: [Column]) throws {
        let count = block.rowCount
        for (column, part) in zip(columns, block.parts) {
            column.removeAll()
            column.reserve(count)
            let slotByteCount = count * column.type.layout.slotByteCount
            // SAFETY: there is room for the slots, and below for the text.
            unsafe try file.read(
                into: UnsafeMutableRawBufferPointer(start: column.slotBase, count: slotByteCount),
                at: part.offset)
            var offset = part.offset + slotByteCount
            var validity: [UInt8] = []
            if part.hasNulls {
                validity = Array(repeating: 0, count: count)
                unsafe try validity.withUnsafeMutableBytes { unsafe try file.read(into: $0, at: offset) }
                offset += count
            }
            if column.type.layout == .text {
                column.reserveText(part.textByteCount)
                unsafe try file.read(
                    into: UnsafeMutableRawBufferPointer(start: column.textBase, count: part.textByteCount),
                    at: offset)
                let ends = unsafe column.slotBase.assumingMemoryBound(to: UInt32.self)
                for row in 0..<count { unsafe ends[row] -= UInt32(part.textStart) }
                column.setTextByteCount(part.textByteCount)
            }
            column.setCount(count)
            for row in validity.indices where validity[row] == 0 { column.setNull(row) }
        }
    }
}

/// One run of a spill, read block by block into the same memory.
final class SpilledRun: RowSource {
    private let spill: Spill
    private let blocks: [Spill.Block]
    private var index = 0
    private var columns: [Column] = []

    fileprivate init(_ spill: Spill, _ blocks: [Spill.Block]) {
        self.spill = spill
        self.blocks = blocks
    }

    func next() throws -> RowBlock? {
        guard index < blocks.count else {
            columns = []
            return nil
        }
        if columns.isEmpty {
            let rowCount = blocks.map(\.rowCount).max() ?? 0
            columns = spill.types.map { Column(type: $0, capacity: rowCount) }
        }
        try spill.read(blocks[index], into: columns)
        index += 1
        return RowBlock(columns)
    }
}
