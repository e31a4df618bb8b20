import Columns
import Parquet
import TestSupport
import Testing

/// Damaged files: what is read is right, or nothing is.
@Suite struct MutationTests {
    /// A file and what is in it.
    private struct Good {
        var bytes: [UInt8]
        var batches: [[Column]]
        var fields: [Field]

        init(seed: UInt64, rowCounts: [Int] = [9, 129, 257]) throws {
            let table = ParquetReaderTests.Table(seed: seed, rowCounts: rowCounts)
            bytes = try writeFile(fields: table.fields, batches: table.batches, options: table.options).bytes
            batches = table.batches
            fields = table.fields
        }

        /// The batch that has a row, and where in it.
        func place(ofRow row: Int) -> (batch: Int, row: Int) {
            var row = row
            for (index, batch) in batches.enumerated() {
                if row < batch[0].count { return (index, row) }
                row -= batch[0].count
            }
            preconditionFailure("the table has fewer rows")
        }
    }

    private static func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        func place() -> Int {
            // Half of it where the footer is, which is small and matters most.
            let start = Bool.random(using: &generator) ? max(0, bytes.count - 1500) : 0
            return Int.random(in: start..<bytes.count, using: &generator)
        }
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
        case 1:
            // A hole: what is behind it moves up.
            let start = place()
            bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...16, using: &generator)))
        case 2:
            let (from, to) = (place(), place())
            for i in 0..<Int.random(in: 1...64, using: &generator)
            where from + i < bytes.count && to + i < bytes.count {
                bytes[to + i] = bytes[from + i]
            }
        case 3:
            let start = place()
            for i in start..<min(bytes.count, start + Int.random(in: 1...64, using: &generator)) {
                bytes[i] = 0
            }
        case 4, 5: bytes[place()] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
        default:
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[place()] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
        }
    }

    @Test("thousands of damaged files read equal or are refused", arguments: 0..<UInt64(40))
    func mutations(seed: UInt64) throws {
        let good = try Good(seed: seed)
        var generator = SeededGenerator(seed: seed)
        var refusedCount = 0
        for round in 0..<100 {
            var bytes = good.bytes
            Self.mutate(&bytes, using: &generator)
            do {
                let file = try ParquetFile(MemorySource(bytes), byteLimit: 1 << 22)
                // Names and types may be damaged so that others come out; then it is another table.
                guard file.fields == good.fields else { continue }
                for (rowGroup, batch) in good.batches.enumerated() where batch[0].count > 0 {
                    for index in file.fields.indices {
                        let column = try file.readColumn(index, rowGroup: rowGroup)
                        #expect(
                            column.difference(from: batch[index]) == nil,
                            "seed \(seed), round \(round), \(file.fields[index].name)")
                    }
                }
                let middle = file.rowCount / 2
                let part = try file.readRows(middle..<middle + 3)
                let (group, row) = good.place(ofRow: middle)
                for (column, index) in zip(part, part.indices) where column.count > 0 {
                    #expect(
                        column.cell(0) == good.batches[group][index].cell(row), "seed \(seed), round \(round)"
                    )
                }
                try file.check()
            } catch let problem as ParquetReadingProblem {
                refusedCount += 1
                #expect((0...bytes.count).contains(problem.offset), "\(problem)")
                #expect(!problem.description.isEmpty)
            }
        }
        #expect(refusedCount > 50)
    }

    @Test("no byte of a page can change unnoticed", arguments: 0..<UInt64(6))
    func payloads(seed: UInt64) throws {
        let good = try Good(seed: seed, rowCounts: [9])
        let file = try ParquetFile(MemorySource(good.bytes))
        var flippedCount = 0
        for (index, chunk) in file.rowGroups[0].columns.enumerated() {
            var offset = chunk.pages.lowerBound
            while offset < chunk.pages.upperBound {
                var reader = SlowReader(good.bytes, offset: offset)
                let header = reader.thriftIntegers()
                let payload = reader.offset..<reader.offset + Int(header[3]!)
                for place in payload {
                    var bytes = good.bytes
                    bytes[place] ^= 1 << UInt8(place % 8)
                    #expect {
                        _ = try ParquetFile(MemorySource(bytes)).readColumn(index, rowGroup: 0)
                    } throws: { error in
                        guard let problem = error as? ParquetReadingProblem, case .checksum = problem.kind
                        else {
                            return false
                        }
                        return problem.offset == offset
                    }
                    flippedCount += 1
                }
                offset = payload.upperBound
            }
        }
        #expect(flippedCount > 300)
    }

    @Test("whatever byte of a file changes, a check that passes has seen the same values")
    func everyByte() throws {
        let good = try Good(seed: 5, rowCounts: [9])
        let golden = try ParquetFile(MemorySource(good.bytes)).check().valueDigest
        for place in stride(from: 0, to: good.bytes.count, by: 2) {
            var bytes = good.bytes
            bytes[place] ^= 1 << UInt8(place % 8)
            guard let file = try? ParquetFile(MemorySource(bytes), byteLimit: 1 << 22),
                file.fields == good.fields,
                let report = try? file.check()
            else { continue }
            #expect(report.valueDigest == golden, "byte \(place)")
        }
    }

    @Test("a file cut anywhere is refused")
    func truncated() throws {
        let good = try Good(seed: 3, rowCounts: [9])
        for count in 0..<good.bytes.count {
            #expect(throws: ParquetReadingProblem.self) {
                try ParquetFile(MemorySource(Array(good.bytes[..<count])), byteLimit: 1 << 22).check()
            }
        }
    }
}
