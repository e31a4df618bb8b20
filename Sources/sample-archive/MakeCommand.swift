import ArgumentParser
import Bytes
import Dispatch
import Foundation
import Problems
import Synchronization
import Zip

/// Writes an archive in the layout and the formats of the real bucket, always the same for the same arguments.
struct MakeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make",
        abstract: "Write an archive of synthetic market data.",
        discussion: """
            Every file depends on the seed and its own name alone, so archives of more symbols, days or kinds hold those of \
            fewer. Existing files of the same names are replaced.
            """)

    @Argument(help: "Where to put it; made if missing.") var directory: String
    @Option(help: "Another seed, other numbers.") var seed: UInt64 = 1
    @Option(help: "How many symbols: BTCUSDT, ETHUSDT, SYM3USDT, …") var symbols = 2
    @Option(help: "How many days.") var days = 4
    @Option(help: "Rows of each daily file (klines: at most 1440, metrics: at most 288).") var rows: Int?
    @Option(
        help: ArgumentHelp(
            "Kinds of files, separated by commas.", discussion: "Of \(ArchiveKind.allCases.map(\.rawValue)).",
            valueName: "kinds"),
        transform: Self.readKinds)
    var kinds: [ArchiveKind] = ArchiveKind.allCases
    @Option(
        help:
            "First day; default: so that 2025-01-01, when spot times became microseconds, is in the middle.",
        transform: Self.readDay)
    var start: Day?

    func validate() throws {
        guard (1...100_000).contains(symbols) else { throw ValidationError("--symbols: 1 to 100000") }
        guard (1...36_500).contains(days) else { throw ValidationError("--days: 1 to 36500") }
        if let rows, !(1...100_000_000).contains(rows) { throw ValidationError("--rows: 1 to 100000000") }
    }

    func run() throws {
        let start = self.start ?? Day.microseconds.adding(-(days / 2))
        let files = Self.files(kinds: kinds, symbolCount: symbols, start: start, dayCount: days)
        let root = directory
        let (seed, rows) = (self.seed, self.rows)
        let outcome = Mutex((objectCount: 0, byteCount: 0, failure: nil as (any Error)?))
        DispatchQueue.concurrentPerform(iterations: files.count) { index in
            if outcome.withLock({ $0.failure != nil }) { return }
            let file = files[index]
            do {
                let rows = ArchiveRows(
                    kind: file.kind, symbol: file.symbol, day: file.day, seed: seed, rowCount: rows)
                let byteCount = try Self.write(rows.csv(), for: file, under: root)
                outcome.withLock {
                    $0.objectCount += 2
                    $0.byteCount += byteCount
                }
            } catch {
                outcome.withLock { $0.failure = $0.failure ?? error }
            }
        }
        let result = outcome.withLock { $0 }
        if let failure = result.failure { throw failure }
        print("wrote \(result.objectCount) objects, \(result.byteCount) bytes to \(root)")
    }

    struct File {
        var kind: ArchiveKind
        var symbol: Symbol
        /// The day, or the first of the month.
        var day: Day
    }

    /// All files, in no order that matters.
    static func files(kinds: [ArchiveKind], symbolCount: Int, start: Day, dayCount: Int) -> [File] {
        let days = (0..<dayCount).map(start.adding)
        var months: [Day] = []
        for day in days where day.firstOfMonth != months.last { months.append(day.firstOfMonth) }
        var files: [File] = []
        for kind in kinds {
            for index in 0..<symbolCount {
                let symbol = Symbol(index: index)
                files += (kind.isMonthly ? months : days).map { File(kind: kind, symbol: symbol, day: $0) }
            }
        }
        return files
    }

    /// Writes the zip and its CHECKSUM.
    ///
    /// - Returns: the bytes of both.
    private static func write(_ csv: [UInt8], for file: File, under root: String) throws -> Int {
        let key = file.kind.key(file.symbol, file.day)
        let url = URL(filePath: root).appending(path: key)
        let name = url.lastPathComponent
        // Published the morning after.
        let published = file.kind.isMonthly ? file.day.firstOfNextMonth : file.day.adding(1)
        let (year, month, day) = published.civil
        var writer = ZipWriter()
        writer.add(
            name: name.replacing(".zip", with: ".csv"), bytes: csv,
            style: .init(modified: ZipTime(year: year, month: month, day: day, hour: 8, minute: 41)))
        let zip = writer.finish()
        let checksum = Array("\(ContentIdentity(of: zip).sha256)  \(name)\n".utf8)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(zip).write(to: url, options: .atomic)
        try Data(checksum).write(to: url.appendingPathExtension("CHECKSUM"), options: .atomic)
        return zip.count + checksum.count
    }

    private static func readKinds(_ text: String) throws -> [ArchiveKind] {
        var kinds: [ArchiveKind] = []
        for word in text.split(separator: ",") {
            guard let kind = ArchiveKind(rawValue: String(word)) else {
                let near = suggestion(for: String(word), among: ArchiveKind.allCases.map(\.rawValue))
                throw ValidationError(
                    "--kinds: no kind '\(String(word).escapedForDisplay)'"
                        + (near.map { ", did you mean '\($0)'?" } ?? ""))
            }
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        guard !kinds.isEmpty else { throw ValidationError("--kinds: none given") }
        return kinds
    }

    private static func readDay(_ text: String) throws -> Day {
        guard let day = Day(text) else {
            throw ValidationError("--start: '\(text.escapedForDisplay)' is no day like 2024-12-30")
        }
        return day
    }
}
