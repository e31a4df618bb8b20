import Bytes
import Files
import GRDB
import Graph

/// The layout of `action.body`.
///
/// Text that stands in the output's own name is not stored again (values of bindings), names of inputs share their place
/// and their first bytes with the one before, everything else that repeats is interned.
extension RowCoder {
    private struct Flags: OptionSet {
        let rawValue: UInt8
        static let statistics = Flags(rawValue: 1)
        /// The value digest is the file's own, as for every output that is not Parquet.
        static let valueIsContent = Flags(rawValue: 2)
    }

    func action(_ record: ActionRecord, place: Int64, name: some StringProtocol, in database: Database) throws
        -> [UInt8]
    {
        try seal(.action, place: place, name: name) { row in
            var flags: Flags = []
            if record.statistics != nil { flags.insert(.statistics) }
            if record.valueDigest == record.content.xxh3 { flags.insert(.valueIsContent) }
            row.byte(flags.rawValue)
            row.number(try texts.intern(record.rule, in: database))
            row.number(try recipes.number(of: record.recipe, rule: record.rule, in: database))
            row.number(try texts.intern(record.writer, in: database))
            row.number(try texts.intern(record.run, in: database))
            row.content(record.content)
            if !flags.contains(.valueIsContent) { row.digest(record.valueDigest) }
            row.stamp(record.stamp, byteCount: record.content.byteCount)
            row.count(record.rowCount)
            row.count(record.milliseconds)
            try bindings(record.bindings, output: record.output, to: &row, in: database)
            try inputs(record.inputs, to: &row, in: database)
            if let statistics = record.statistics {
                try self.statistics(statistics, rowCount: record.rowCount, to: &row, in: database)
            }
        }
    }

    /// - Parameter output: place and name together.
    func action(_ row: inout RowReader, output: String, in database: Database) throws -> ActionRecord? {
        let flags = Flags(rawValue: row.byte())
        guard flags.rawValue < 4, let rule = try texts.string(row.number(), in: database),
            let recipe = try recipes.recipe(row.number(), in: database),
            let writer = try texts.string(row.number(), in: database),
            let run = try texts.string(row.number(), in: database)
        else { return nil }
        let content = row.content()
        let valueDigest = flags.contains(.valueIsContent) ? content.xxh3 : row.digest()
        let stamp = row.stamp(byteCount: content.byteCount)
        let rowCount = row.count()
        let milliseconds = row.count()
        guard let bindings = try bindings(&row, output: output, in: database),
            let inputs = try inputs(&row, in: database)
        else { return nil }
        var statistics: DatasetStatistics?
        if flags.contains(.statistics) {
            statistics = try self.statistics(&row, rowCount: rowCount, in: database)
            if statistics == nil { return nil }
        }
        guard row.isFinished else { return nil }
        return ActionRecord(
            rule: rule, output: output, bindings: bindings, recipe: recipe, writer: writer, inputs: inputs,
            content: content, valueDigest: valueDigest, stamp: stamp, rowCount: rowCount,
            statistics: statistics,
            milliseconds: milliseconds, run: run)
    }

    // MARK: Bindings

    private func bindings(
        _ bindings: Bindings, output: String, to row: inout RowWriter, in database: Database
    ) throws {
        row.count(bindings.count)
        for (name, value) in bindings.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            row.number(try texts.intern(name, in: database))
            if let offset = offset(of: value, in: output) {
                row.count(offset + 1)
                row.count(value.utf8.count)
            } else {
                row.byte(0)
                row.text(value)
            }
        }
    }

    private func bindings(_ row: inout RowReader, output: String, in database: Database) throws -> Bindings? {
        let count = row.countOfParts()
        var bindings = Bindings(minimumCapacity: count)
        for _ in 0..<count {
            guard let name = try texts.string(row.number(), in: database) else { return nil }
            let offset = row.count()
            if offset == 0 {
                bindings[name] = row.text()
            } else {
                guard let value = slice(of: output, at: offset &- 1, count: row.count()) else { return nil }
                bindings[name] = value
            }
        }
        return row.isValid && bindings.count == count ? bindings : nil
    }

    /// Where the bytes of `value` first stand in `text`.
    private func offset(of value: String, in text: String) -> Int? {
        unsafe withUTF8(of: value) { value in
            unsafe withUTF8(of: text) { text in
                guard !value.isEmpty, value.count <= text.count else { return nil }
                // SAFETY: start + index < text.count, as start <= text.count - value.count.
                for start in 0...(text.count - value.count) where unsafe text[start] == value[0] {
                    var index = 1
                    while unsafe index < value.count && text[start + index] == value[index] { index += 1 }
                    if index == value.count { return start }
                }
                return nil
            }
        }
    }

    private func slice(of text: String, at offset: Int, count: Int) -> String? {
        unsafe withUTF8(of: text) { bytes in
            guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
                return nil
            }
            return unsafe String(decoding: bytes[offset..<offset + count], as: UTF8.self)
        }
    }

    // MARK: Inputs

    private func inputs(_ inputs: [InputRecord], to row: inout RowWriter, in database: Database) throws {
        row.count(inputs.count)
        var previous: Substring = ""
        for input in inputs {
            let file = FileName(input.name)
            row.number(try texts.intern(file.place, in: database))
            unsafe withUTF8(of: previous) { before in
                unsafe withUTF8(of: file.name) { name in
                    var shared = 0
                    // SAFETY: shared is below both counts.
                    while unsafe shared < min(before.count, name.count) && before[shared] == name[shared] {
                        shared += 1
                    }
                    row.count(shared)
                    row.count(name.count - shared)
                    unsafe row.raw(name[shared...])
                }
            }
            row.digest(input.digest)
            previous = file.name
        }
    }

    private func inputs(_ row: inout RowReader, in database: Database) throws -> [InputRecord]? {
        let count = row.countOfParts()
        var inputs: [InputRecord] = []
        inputs.reserveCapacity(count)
        nameBytes.removeAll(keepingCapacity: true)
        for _ in 0..<count {
            guard let place = try texts.string(row.number(), in: database) else { return nil }
            let shared = row.count()
            guard shared >= 0, shared <= nameBytes.count else { return nil }
            nameBytes.removeLast(nameBytes.count - shared)
            row.copy(row.count(), to: &nameBytes)
            let name = unsafe nameBytes.withUnsafeBytes { unsafe joined(place, $0) }
            inputs.append(InputRecord(name: name, digest: row.digest()))
            guard row.isValid else { return nil }
        }
        return row.isValid ? inputs : nil
    }

    // MARK: Statistics

    private func statistics(
        _ statistics: DatasetStatistics, rowCount: Int, to row: inout RowWriter, in database: Database
    ) throws {
        row.signed(Int64(statistics.rowCount) &- Int64(rowCount))
        for value in [statistics.first, statistics.last] {
            row.byte(value == nil ? 0 : 1)
            if let value { row.time(value) }
        }
        row.count(statistics.duplicateRowCount)
        row.count(statistics.conflictRowCount)
        row.count(statistics.gapCount)
        row.count(statistics.missingRowCount)
        row.count(statistics.rejectedRowCount)
        row.count(statistics.nullCounts.count)
        for (name, count) in statistics.nullCounts.sorted(by: {
            $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
        }) {
            row.number(try texts.intern(name, in: database))
            row.count(count)
        }
    }

    private func statistics(_ row: inout RowReader, rowCount: Int, in database: Database) throws
        -> DatasetStatistics?
    {
        var statistics = DatasetStatistics()
        statistics.rowCount = Int(Int64(rowCount) &+ row.signed())
        if row.byte() != 0 { statistics.first = row.time() }
        if row.byte() != 0 { statistics.last = row.time() }
        statistics.duplicateRowCount = row.count()
        statistics.conflictRowCount = row.count()
        statistics.gapCount = row.count()
        statistics.missingRowCount = row.count()
        statistics.rejectedRowCount = row.count()
        for _ in 0..<row.countOfParts() {
            guard let name = try texts.string(row.number(), in: database) else { return nil }
            statistics.nullCounts[name] = row.count()
        }
        return row.isValid ? statistics : nil
    }
}
