/// Where the directory of an archive lies, from the one end record the file may have.
struct ZipEndRecord {
    var memberCount: Int
    var directoryOffset: Int
    var directoryByteCount: Int

    /// Finds and checks the end record and, where there is one, its zip64 form.
    ///
    /// The directory must end exactly where the (zip64) end record starts, and that must end the file.
    init(of file: ZipFile, limits: ZipLimits) throws(ZipProblem) {
        let path = file.path
        let offset = try Self.place(in: file)
        let record = try file.bytes(at: offset, count: ZipFormat.endRecordByteCount)

        let disk = record.littleEndian(UInt16.self, at: 4)
        let directoryDisk = record.littleEndian(UInt16.self, at: 6)
        let countHere = record.littleEndian(UInt16.self, at: 8)
        let count = record.littleEndian(UInt16.self, at: 10)
        let directoryByteCount = record.littleEndian(UInt32.self, at: 12)
        let directoryOffset = record.littleEndian(UInt32.self, at: 16)

        let locatorOffset = offset - ZipFormat.endLocator64ByteCount
        var fields = Fields(
            count: UInt64(count), directoryByteCount: UInt64(directoryByteCount),
            directoryOffset: UInt64(directoryOffset))
        var end = offset
        if locatorOffset >= 0 {
            let locator = try file.bytes(at: locatorOffset, count: ZipFormat.endLocator64ByteCount)
            if locator.littleEndian(UInt32.self, at: 0) == ZipFormat.endLocator64Signature {
                end = locatorOffset - ZipFormat.endRecord64ByteCount
                fields = try Self.fields64(of: file, locator: locator, locatorOffset: locatorOffset)
                let agree =
                    (disk == 0 || disk == ZipFormat.sentinel16)
                    && (directoryDisk == 0 || directoryDisk == ZipFormat.sentinel16)
                    && (countHere == ZipFormat.sentinel16 || UInt64(countHere) == fields.count)
                    && (count == ZipFormat.sentinel16 || UInt64(count) == fields.count)
                    && (directoryByteCount == ZipFormat.sentinel32
                        || UInt64(directoryByteCount) == fields.directoryByteCount)
                    && (directoryOffset == ZipFormat.sentinel32
                        || UInt64(directoryOffset) == fields.directoryOffset)
                guard agree else {
                    throw ZipProblem(
                        .badEndRecord("it and the zip64 end record disagree"), path: path, offset: offset)
                }
            }
        }
        if end == offset {
            guard disk == 0, directoryDisk == 0, countHere == count else {
                throw ZipProblem(.splitArchive, path: path, offset: offset)
            }
            guard directoryByteCount != ZipFormat.sentinel32, directoryOffset != ZipFormat.sentinel32 else {
                throw ZipProblem(
                    .badEndRecord("it refers to a zip64 end record that is not there"), path: path,
                    offset: offset)
            }
        }
        // Before anything is allocated by these numbers.
        guard fields.count <= UInt64(limits.memberCount) else {
            throw ZipProblem(
                .tooManyMembers(count: fields.count, limit: limits.memberCount), path: path, offset: offset)
        }
        let (sum, overflow) = fields.directoryOffset.addingReportingOverflow(fields.directoryByteCount)
        guard !overflow, sum <= UInt64(end) else {
            throw ZipProblem(
                .badEndRecord("the directory does not end where the end record starts"), path: path,
                offset: offset)
        }
        guard fields.directoryByteCount <= UInt64(limits.directoryByteCount) else {
            throw ZipProblem(
                .directoryTooLarge(byteCount: fields.directoryByteCount, limit: limits.directoryByteCount),
                path: path, offset: offset)
        }
        // Both fit: their sum is at most the length of the file.
        self.memberCount = Int(fields.count)
        self.directoryByteCount = Int(fields.directoryByteCount)
        self.directoryOffset = Int(fields.directoryOffset)
        if sum < UInt64(end) {
            let found = try file.bytes(at: Int(sum), count: min(4, end - Int(sum)))
            throw ZipProblem(.unknownRecord(signature: found), path: path, offset: Int(sum))
        }
    }

    private struct Fields {
        var count: UInt64
        var directoryByteCount: UInt64
        var directoryOffset: UInt64
    }

    /// The place of the only record that ends the file.
    ///
    /// Readers differ in which of several records they believe, so a second one, anywhere after the first or fitting as well,
    /// is refused.
    private static func place(in file: ZipFile) throws(ZipProblem) -> Int {
        var fitting: Int?
        var last: (place: Int, end: Int)?
        for place in file.placesInTail(of: ZipFormat.endRecordSignature) {
            if let fitting {
                throw ZipProblem(.ambiguousEndRecord(other: place), path: file.path, offset: fitting)
            }
            guard place + ZipFormat.endRecordByteCount <= file.byteCount else { continue }
            let record = try file.bytes(at: place, count: ZipFormat.endRecordByteCount)
            let commentByteCount = Int(record.littleEndian(UInt16.self, at: 20))
            let end = place + ZipFormat.endRecordByteCount + commentByteCount
            if end == file.byteCount { fitting = place }
            last = (place, end)
        }
        if let fitting { return fitting }
        if let last, last.end < file.byteCount {
            throw ZipProblem(
                .trailingData(byteCount: file.byteCount - last.end), path: file.path, offset: last.end)
        }
        let start = try file.bytes(at: 0, count: min(8, file.byteCount))
        guard start.count >= 4,
            start.littleEndian(UInt32.self, at: 0) == ZipFormat.localHeaderSignature
        else { throw ZipProblem(.notAZip(start: start), path: file.path) }
        throw ZipProblem(.noEndRecord, path: file.path, offset: file.byteCount)
    }

    private static func fields64(
        of file: ZipFile, locator: [UInt8], locatorOffset: Int
    ) throws(ZipProblem) -> Fields {
        let path = file.path
        let disk = locator.littleEndian(UInt32.self, at: 4)
        let offset = locator.littleEndian(UInt64.self, at: 8)
        let diskCount = locator.littleEndian(UInt32.self, at: 16)
        guard disk == 0, diskCount == 1 else {
            throw ZipProblem(.splitArchive, path: path, offset: locatorOffset)
        }
        let expected = locatorOffset - ZipFormat.endRecord64ByteCount
        guard expected >= 0, offset == UInt64(expected) else {
            throw ZipProblem(
                .badEndRecord("the zip64 end record does not end where its locator starts"), path: path,
                offset: locatorOffset)
        }
        let record = try file.bytes(at: expected, count: ZipFormat.endRecord64ByteCount)
        // The size field counts from behind itself: 56 - 12.
        guard record.littleEndian(UInt32.self, at: 0) == ZipFormat.endRecord64Signature,
            record.littleEndian(UInt64.self, at: 4) == 44
        else {
            throw ZipProblem(
                .badEndRecord("there is no zip64 end record of version 1"), path: path, offset: expected)
        }
        let count = record.littleEndian(UInt64.self, at: 32)
        guard record.littleEndian(UInt32.self, at: 16) == 0, record.littleEndian(UInt32.self, at: 20) == 0,
            record.littleEndian(UInt64.self, at: 24) == count
        else { throw ZipProblem(.splitArchive, path: path, offset: expected) }
        return Fields(
            count: count, directoryByteCount: record.littleEndian(UInt64.self, at: 40),
            directoryOffset: record.littleEndian(UInt64.self, at: 48))
    }
}
