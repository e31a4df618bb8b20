import Bytes
import Files
import GRDB
import Graph
import Problems

/// Turns records into rows and rows into records: the layout of every table's `body`.
///
/// Decoders return nil for a row that is not as it was written; the caller counts it and does without.
final class RowCoder {
    let texts = TextTable()
    let recipes = RecipeTable()
    private var row = RowWriter()
    /// The name of the input before, while an action is read.
    var nameBytes: [UInt8] = []

    func reset() {
        texts.reset()
        recipes.reset()
    }

    /// The sealed bytes of a row with what `fill` writes.
    func seal(
        _ table: RowTable, place: Int64 = 0, name: some StringProtocol, fill: (inout RowWriter) throws -> Void
    ) rethrows -> [UInt8] {
        row.clear()
        try fill(&row)
        row.seal(table: table, place: place, name: name)
        return row.bytes
    }

    // MARK: Objects

    func object(_ record: RemoteObject, place: Int64, name: some StringProtocol) -> [UInt8] {
        seal(.object, place: place, name: name) { row in
            row.etag(record.etag)
            row.time(record.lastModified)
            row.count(record.byteCount)
            row.byte(record.stamp == nil ? 0 : 1)
            if let stamp = record.stamp { row.stamp(stamp, byteCount: record.byteCount) }
        }
    }

    func object(_ row: inout RowReader, key: String) -> RemoteObject? {
        let etag = row.etag()
        let lastModified = row.time()
        let byteCount = row.count()
        let stamp = row.byte() == 0 ? nil : row.stamp(byteCount: byteCount)
        guard row.isFinished else { return nil }
        return RemoteObject(
            key: key, etag: etag, byteCount: byteCount, lastModified: lastModified, stamp: stamp)
    }

    // MARK: Raw files

    /// On disk: the order is part of the format.
    private static let checksums: [RawRecord.ChecksumOutcome] = [.verified, .notRequired, .missing]

    func raw(_ record: RawRecord, place: Int64, name: some StringProtocol) -> [UInt8] {
        seal(.raw, place: place, name: name) { row in
            let checksum: UInt8 =
                switch record.checksum {
                case .verified: 0
                case .notRequired: 1
                case .missing: 2
                }
            row.byte(checksum | (record.payload == nil ? 0 : 4))
            row.etag(record.etag)
            row.time(record.lastModified)
            row.content(record.content)
            if let payload = record.payload { row.digest(payload) }
            row.stamp(record.stamp, byteCount: record.content.byteCount)
        }
    }

    func raw(_ row: inout RowReader, source: String, key: String) -> RawRecord? {
        let flags = row.byte()
        guard Int(flags & 3) < Self.checksums.count, flags < 8 else { return nil }
        let etag = row.etag()
        let lastModified = row.time()
        let content = row.content()
        let payload = flags & 4 == 0 ? nil : row.digest()
        let stamp = row.stamp(byteCount: content.byteCount)
        guard row.isFinished else { return nil }
        return RawRecord(
            source: source, key: key, etag: etag, lastModified: lastModified, content: content,
            payload: payload,
            stamp: stamp, checksum: Self.checksums[Int(flags & 3)])
    }

    // MARK: Sweeps

    func sweep(_ record: SweepRecord, place: Int64, prefix: String) -> [UInt8] {
        seal(.sweep, place: place, name: prefix) { row in
            row.byte(record.lastKey == nil ? 0 : 1)
            if let key = record.lastKey { row.text(key) }
            row.text(record.startAfter)
            row.signed(record.sweptAt)
            row.count(record.pageCount)
        }
    }

    func sweep(_ row: inout RowReader) -> SweepRecord? {
        let lastKey = row.byte() == 0 ? nil : row.text()
        let record = SweepRecord(
            startAfter: row.text(), lastKey: lastKey, sweptAt: row.signed(), pageCount: row.count())
        return row.isFinished ? record : nil
    }

    // MARK: Failures

    func failure(_ record: FailureRecord) -> [UInt8] {
        seal(.failure, name: record.target) { row in
            row.text(record.category.rawValue)
            row.text(record.message)
            row.count(record.attempts)
            row.byte(record.isQuarantined ? 1 : 0)
            row.text(record.subject)
            row.time(record.lastAttempt)
        }
    }

    func failure(_ row: inout RowReader, target: String) -> FailureRecord? {
        guard let category = ProblemCategory(rawValue: row.text()) else { return nil }
        let record = FailureRecord(
            target: target, category: category, message: row.text(), attempts: row.count(),
            isQuarantined: row.byte() != 0, subject: row.text(), lastAttempt: row.time())
        return row.isFinished ? record : nil
    }

    // MARK: Runs and events

    func run(_ record: RunRecord) -> [UInt8] {
        seal(.run, name: record.id) { row in
            row.signed(record.startedAt)
            row.byte(record.finishedAt == nil ? 0 : 1)
            if let finishedAt = record.finishedAt { row.signed(finishedAt) }
            row.count(record.arguments.count)
            for argument in record.arguments { row.text(argument) }
            row.text(record.version)
            row.text(record.outcome?.rawValue ?? "")
            for count in record.counts.fields { row.count(count) }
        }
    }

    func run(_ row: inout RowReader, id: String) -> RunRecord? {
        var record = RunRecord(id: id, startedAt: row.signed(), arguments: [], version: "")
        if row.byte() != 0 { record.finishedAt = row.signed() }
        for _ in 0..<row.countOfParts() { record.arguments.append(row.text()) }
        record.version = row.text()
        let outcome = row.text()
        record.outcome = RunRecord.Outcome(rawValue: outcome)
        guard outcome.isEmpty || record.outcome != nil else { return nil }
        record.counts.fields = (0..<RunCounts.fieldCount).map { _ in row.count() }
        return row.isFinished ? record : nil
    }
}

extension RunCounts {
    static let fieldCount = 8

    /// In the order of the format.
    fileprivate var fields: [Int] {
        get { [considered, fresh, built, unchanged, failed, fetchedObjects, fetchedByteCount, rows] }
        set {
            guard newValue.count == Self.fieldCount else { return }
            (considered, fresh, built, unchanged) = (newValue[0], newValue[1], newValue[2], newValue[3])
            (failed, fetchedObjects, fetchedByteCount, rows) = (
                newValue[4], newValue[5], newValue[6], newValue[7]
            )
        }
    }
}
