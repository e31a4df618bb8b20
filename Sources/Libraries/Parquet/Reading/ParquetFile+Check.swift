public import Bytes
import Columns

/// What a check of a whole file found in it.
public struct CheckReport: Hashable, Sendable {
    /// Rows that were read.
    public var rowCount = 0
    /// Data pages of all chunks.
    public var dataPageCount = 0
    /// Dictionary pages of all chunks.
    public var dictionaryPageCount = 0
    /// Pages that have a CRC-32, which was right.
    public var checksumCount = 0
    /// The content digest, as `WrittenFile` has it: of schema and values, whatever the codec, encodings and pages.
    public var valueDigest = XXH3Digest(of: [])
    /// Bytes of the file that nothing refers to, and that may therefore be anything.
    public var gaps: [Range<Int>] = []

    /// Of nothing.
    public init() {}
}

extension ParquetFile {
    /// Reads all of the file and compares all that it says of itself.
    ///
    /// That is: the pages' CRCs, codecs, levels, encodings and counts; sizes of chunks and row groups; statistics in page
    /// headers and footer, column and offset indexes, against the values; and that nothing lies upon something else.
    /// Bounds are compared for being bounds, and for being right where the file calls them exact. Memory: one page.
    ///
    /// - Throws: `ParquetReadingProblem` for the first thing that is not right, and what the source throws.
    @discardableResult
    public func check() throws -> CheckReport {
        var report = CheckReport()
        report.rowCount = rowCount
        report.gaps = try checkPlaces()
        try checkSums()
        var digests = [XXH3Digest]()
        for column in fields.indices {
            var digester = ColumnDigester(type: fields[column].type)
            for rowGroup in rowGroups.indices {
                try checkChunk(column, rowGroup, &digester, &report)
            }
            digests.append(digester.digest())
        }
        report.valueDigest = contentDigest(fields: fields, rowCount: rowCount, columnDigests: digests)
        return report
    }

    // MARK: places and sums

    /// Checks that no two things lie in the same place.
    ///
    /// - Returns: where nothing lies.
    private func checkPlaces() throws -> [Range<Int>] {
        var places = [(range: Range<Int>, name: String)]()
        for (group, rowGroup) in rowGroups.enumerated() {
            for (field, chunk) in zip(fields, rowGroup.columns) {
                let owner = "of column '\(field.name)' in row group \(group)"
                places.append((chunk.pages, "the pages \(owner)"))
                if let range = chunk.columnIndex { places.append((range, "the column index \(owner)")) }
                if let range = chunk.offsetIndex { places.append((range, "the offset index \(owner)")) }
                if let offset = chunk.bloomFilterOffset, let count = chunk.bloomFilterByteCount {
                    places.append((offset..<offset + count, "the Bloom filter \(owner)"))
                }
            }
        }
        places.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        places.append((footer, "the footer"))
        var gaps = [Range<Int>]()
        // The magic number.
        var (end, last) = (4, "the file's first four bytes")
        for place in places where !place.range.isEmpty {
            guard place.range.lowerBound >= end else {
                throw ParquetReadingProblem(
                    .malformed("\(place.name) begin before the end of \(last), at byte \(end)"), file: name,
                    offset: place.range.lowerBound)
            }
            if place.range.lowerBound > end { gaps.append(end..<place.range.lowerBound) }
            (end, last) = (place.range.upperBound, place.name)
        }
        return gaps
    }

    private func checkSums() throws {
        for (index, rowGroup) in rowGroups.enumerated() {
            func check(_ name: String, _ said: Int?, _ size: KeyPath<ColumnChunkMetadata, Int>) throws {
                let sum = rowGroup.columns.reduce(into: 0) { $0 &+= $1[keyPath: size] }
                guard let said, said != sum else { return }
                throw ParquetReadingProblem(
                    .disagrees(name, found: "\(said)", expected: "\(sum), the sum of its columns"),
                    file: name,
                    offset: footer.lowerBound, part: "footer", rowGroup: index)
            }
            try check("total_byte_size", rowGroup.uncompressedByteCount, \.uncompressedByteCount)
            try check("total_compressed_size", rowGroup.compressedByteCount, \.compressedByteCount)
        }
    }

    // MARK: chunks

    /// A data page as it turned out to be.
    private struct CheckedPage {
        var location: PageLocation
        var summary: ValueSummary
        var encoding: PageEncoding
    }

    private func checkChunk(
        _ column: Int, _ rowGroup: Int, _ digester: inout ColumnDigester, _ report: inout CheckReport
    ) throws {
        let chunk = rowGroups[rowGroup].columns[column]
        let stored = storedColumns[column]
        var reader = try ChunkReader(self, column: column, rowGroup: rowGroup)
        let rows = Column(type: stored.field.type, capacity: 1)
        var pages = [CheckedPage]()
        var whole = ValueSummary()
        while true {
            rows.removeAll()
            guard let page = try reader.readPage(into: rows) else { break }
            digester.update(rows)
            let summary = ValueSummary(of: rows)
            whole.formUnion(summary)
            try placed(reader, at: page.location.offset, "page header") {
                () throws(ParquetReadingProblem.Kind.Thrown) in
                try page.header.statistics?.check(
                    against: summary, of: stored, hasKnownOrder: chunk.hasKnownOrder)
                try Self.check(page.header.encoding, isAmong: chunk.encodings)
            }
            pages.append(
                CheckedPage(
                    location: page.location, summary: summary, encoding: page.header.encoding))
        }
        report.dataPageCount += pages.count
        report.dictionaryPageCount += reader.dictionaryPageCount
        report.checksumCount += reader.checksumCount
        let (uncompressed, dictionaries) = (reader.uncompressedByteCount, reader.dictionaryPageCount)
        try placed(reader, at: footer.lowerBound + chunk.footerOffset, "footer") {
            () throws(ParquetReadingProblem.Kind.Thrown) in
            guard uncompressed == chunk.uncompressedByteCount else {
                throw .init(
                    .disagrees(
                        "total_uncompressed_size", found: "\(chunk.uncompressedByteCount)",
                        expected: "\(uncompressed)"))
            }
            try chunk.statistics?.check(against: whole, of: stored, hasKnownOrder: chunk.hasKnownOrder)
            try Self.check(chunk.pageCounts, pages, dictionaryPageCount: dictionaries)
        }
        if let range = chunk.offsetIndex, let index = try offsetIndex(column: column, rowGroup: rowGroup) {
            try placed(reader, at: range.lowerBound, "offset index") {
                () throws(ParquetReadingProblem.Kind.Thrown) in try Self.check(index, pages)
            }
        }
        if let range = chunk.columnIndex, let index = try columnIndex(column: column, rowGroup: rowGroup) {
            try placed(reader, at: range.lowerBound, "column index") {
                () throws(ParquetReadingProblem.Kind.Thrown) in
                try Self.check(index, pages, stored, hasKnownOrder: chunk.hasKnownOrder)
            }
        }
    }

    /// Gives what `body` throws its place.
    private func placed(
        _ reader: borrowing ChunkReader, at offset: Int, _ part: String,
        _ body: () throws(ParquetReadingProblem.Kind.Thrown) -> Void
    ) throws {
        do throws(ParquetReadingProblem.Kind.Thrown) {
            try body()
        } catch {
            throw reader.problem(error.kind, at: offset, part: part)
        }
    }

    private static func check(
        _ encoding: PageEncoding, isAmong encodings: [PageEncoding]
    ) throws(ParquetReadingProblem.Kind.Thrown) {
        // Dictionaries go by two names, and files have said the one and meant the other.
        let isListed = encodings.contains { $0 == encoding || $0.usesDictionary && encoding.usesDictionary }
        guard isListed || encodings.isEmpty else {
            throw .init(
                .disagrees(
                    "the page's encoding", found: "\(encoding)",
                    expected: "one of \(encodings.map(\.description).joined(separator: ", "))"))
        }
    }

    private static func check(
        _ counts: [ColumnChunkMetadata.PageCount], _ pages: [CheckedPage], dictionaryPageCount: Int
    ) throws(ParquetReadingProblem.Kind.Thrown) {
        guard !counts.isEmpty else { return }
        // pyarrow counts data pages of version 2 as if they were of version 1: they count alike.
        for (isDictionary, name) in [(false, "data pages"), (true, "dictionary pages")] {
            let said = counts.filter { ($0.pageType == 2) == isDictionary }.reduce(0) { $0 + $1.count }
            let found = isDictionary ? dictionaryPageCount : pages.count
            guard said == found else {
                throw .init(
                    .disagrees("encoding_stats' number of \(name)", found: "\(said)", expected: "\(found)"))
            }
        }
        for encoding in Set(pages.map(\.encoding)) {
            func isSame(_ other: PageEncoding) -> Bool {
                other == encoding || other.usesDictionary && encoding.usesDictionary
            }
            let said = counts.filter { $0.pageType != 2 && isSame($0.encoding) }.reduce(0) { $0 + $1.count }
            let found = pages.count { isSame($0.encoding) }
            guard said == found else {
                throw .init(
                    .disagrees(
                        "encoding_stats' number of \(encoding) pages", found: "\(said)", expected: "\(found)")
                )
            }
        }
    }

    // MARK: page indexes

    private static func check(
        _ index: OffsetIndex, _ pages: [CheckedPage]
    ) throws(ParquetReadingProblem.Kind.Thrown) {
        try checkCount("pages in the offset index", index.pages.count, pages.count)
        for (number, (said, page)) in zip(index.pages, pages).enumerated() where said != page.location {
            let found = page.location
            throw .init(
                .disagrees(
                    "page \(number)'s place",
                    found: "byte \(said.offset), \(said.byteCount) bytes, row \(said.firstRow)",
                    expected: "byte \(found.offset), \(found.byteCount) bytes, row \(found.firstRow)"))
        }
    }

    private static func check(
        _ index: ColumnIndex, _ pages: [CheckedPage], _ stored: StoredColumn, hasKnownOrder: Bool
    ) throws(ParquetReadingProblem.Kind.Thrown) {
        try checkCount("pages in the column index", index.areNullPages.count, pages.count)
        var known = [(min: ComparableValue, max: ComparableValue)]()
        for (number, page) in pages.enumerated() {
            let summary = page.summary
            let isNull = summary.nullCount == summary.rowCount
            guard index.areNullPages[number] == isNull else {
                throw .init(
                    .disagrees(
                        "null_pages of page \(number)", found: "\(index.areNullPages[number])",
                        expected: "\(isNull)"))
            }
            if !index.nullCounts.isEmpty {
                try checkCount("nulls of page \(number)", index.nullCounts[number], summary.nullCount)
            }
            if !index.nanCounts.isEmpty {
                try checkCount("NaNs of page \(number)", index.nanCounts[number], summary.nanCount)
            }
            guard !isNull, hasKnownOrder else { continue }
            let (min, max) = (index.mins[number], index.maxes[number])
            try ColumnStatistics.check(
                min, "min_values of page \(number)", isMax: false, isExact: false, summary, stored)
            try ColumnStatistics.check(
                max, "max_values of page \(number)", isMax: true, isExact: false, summary, stored)
            if let low = ComparableValue(bound: min, of: stored, isMax: false),
                let high = ComparableValue(bound: max, of: stored, isMax: true)
            {
                known.append((low, high))
            }
        }
        let steps = zip(known, known.dropFirst())
        let isRight =
            switch index.order {
            case .unordered: true
            case .ascending: steps.allSatisfy { !($1.min < $0.min) && !($1.max < $0.max) }
            case .descending: steps.allSatisfy { !($0.min < $1.min) && !($0.max < $1.max) }
            }
        guard isRight else {
            throw .init(
                .malformed("the boundary order is said to be \(index.order), and the pages' bounds are not"))
        }
    }

    private static func checkCount(
        _ what: String, _ said: Int, _ found: Int
    ) throws(ParquetReadingProblem.Kind.Thrown) {
        guard said == found else {
            throw .init(.disagrees("the number of \(what)", found: "\(said)", expected: "\(found)"))
        }
    }
}
