import Bytes
import Foundation
import TestSupport
import Zip

/// A small archive on disk: daily zips of bars with their CHECKSUM files, in `data/SYMBOL/SYMBOL-DAY.zip`.
final class Archive: Sendable {
    private let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.url.resolvingSymlinksInPath().path
    }

    /// Archive of these symbols and this many days from 2024-01-01 on.
    convenience init(symbols: [String], days: Int, rows: Int = 24) throws {
        try self.init()
        for symbol in symbols {
            for day in 0..<days { try putDay(symbol, Archive.day(day), rows: rows) }
        }
    }

    /// The `index`-th day of 2024, from 0.
    static func day(_ index: Int) -> String {
        let date = Date(timeIntervalSince1970: 1_704_067_200 + Double(index) * 86_400)
        return String(date.formatted(.iso8601).prefix(10))
    }

    static func key(_ symbol: String, _ day: String) -> String { "data/\(symbol)/\(symbol)-\(day).zip" }

    /// Bars of one day, the same for the same symbol and day: `time,open,volume,count`, no header.
    static func csv(_ symbol: String, _ day: String, rows: Int = 24) -> String {
        let start = Int((try? Date(day + "T00:00:00Z", strategy: .iso8601))?.timeIntervalSince1970 ?? 0)
        var generator = SeededGenerator(seed: XXH3Digest(of: Array("\(symbol) \(day)".utf8)).low)
        var text = ""
        for row in 0..<rows {
            let price = Double(generator.next() % 10_000_000) / 100
            let volume = generator.next() % 1_000_000_000_000
            let time = (start + row * (86_400 / max(rows, 1))) * 1000
            text +=
                "\(time),\(price),\(volume / 100_000_000).\(String(volume % 100_000_000 + 100_000_000).dropFirst()),\(row)\n"
        }
        return text
    }

    static func zip(_ csv: String, name: String, level: Int = 6, month: Int = 1) -> Data {
        var writer = ZipWriter()
        writer.add(
            name: name, bytes: Array(csv.utf8),
            style: .init(
                level: level, modified: ZipTime(year: 2024, month: month, day: 2, hour: 3, minute: 4)))
        return Data(writer.finish())
    }

    func putDay(_ symbol: String, _ day: String, rows: Int = 24) throws {
        try put(Archive.csv(symbol, day, rows: rows), at: Archive.key(symbol, day))
    }

    /// Writes a zip of this CSV and its CHECKSUM.
    func put(_ csv: String, at key: String, level: Int = 6, month: Int = 1) throws {
        let name = key.split(separator: "/").last.map(String.init) ?? key
        try putBytes(
            Archive.zip(csv, name: name.replacing(".zip", with: ".csv"), level: level, month: month), at: key)
    }

    /// Writes any bytes, and a CHECKSUM that is right for them.
    func putBytes(_ bytes: Data, at key: String) throws {
        let name = key.split(separator: "/").last.map(String.init) ?? key
        try directory.write(bytes, to: key)
        try directory.write("\(ContentIdentity(of: Array(bytes)).sha256)  \(name)\n", to: key + ".CHECKSUM")
    }

    /// Writes any bytes, and no CHECKSUM.
    func write(_ bytes: Data, at key: String) throws { try directory.write(bytes, to: key) }

    func read(_ key: String) throws -> Data { try directory.read(key) }

    func remove(_ key: String) throws {
        try FileManager.default.removeItem(at: directory.url.appending(path: key))
    }

    /// Everything in it, by key.
    func objects() throws -> [String: Data] {
        let url = URL(filePath: path)
        var objects: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            let file = url.appending(path: name)
            if try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
                objects[name] = try Data(contentsOf: file)
            }
        }
        return objects
    }
}

/// Where a Datafile of these tests takes its bars from.
enum BarSource {
    case directory(String)
    /// URL of the bucket.
    case bucket(String)

    var yaml: String {
        switch self {
        case .directory(let path): "{dir: \(path)}"
        case .bucket(let url):
            "{s3: \"\(url)\", mirror: raw/archive, checksum: \"{key}.CHECKSUM\", retries: 1}"
        }
    }
}

/// A Datafile that makes one Parquet file a day of the archive's bars.
func barsDatafile(_ source: BarSource, rules: String = "", table: String = "") -> String {
    """
    version: 1
    sources:
      archive: \(source.yaml)
    rules:
      bars:
        from: archive:data/{symbol}/{symbol}-{date:day}.zip
        to: lake/bars/symbol={symbol}/{date}.parquet
        table: bar
    \(rules)
    tables:
      bar:
        columns:
          time: timestamp
          open: float64
          volume: decimal(18,8)
          count: int64
        sort: time
        unique: time
    \(table)
    """
}

/// A rule for `barsDatafile` that reads what its own rule makes.
let copiesOfBars = """
      copies:
        from: lake/bars/symbol={symbol}/{day}.parquet
        to: lake/copies/{symbol}/{day}.parquet
        run: cp {input} {output}
    """

/// Path of the partition that `barsDatafile` makes of one day.
func bars(_ symbol: String, _ day: String) -> String { "lake/bars/symbol=\(symbol)/\(day).parquet" }

/// What tells whether a file was touched: inode, and times to the nanosecond.
struct FileTouch: Hashable {
    var inode: UInt64
    var modifiedNanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        modifiedNanoseconds = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }

    /// Of every one of these files, by name.
    static func of(_ files: [String], in project: ProjectDirectory) -> [String: FileTouch] {
        Dictionary(
            uniqueKeysWithValues: files.compactMap { file in FileTouch(project.path(file)).map { (file, $0) }
            })
    }
}

/// Changes one byte of a file in place, keeping its size and its modification time.
func flipByte(of path: String, at offset: Int = 40) throws {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw CocoaError(.fileNoSuchFile) }
    let handle = try FileHandle(forUpdating: URL(filePath: path))
    try handle.seek(toOffset: UInt64(offset))
    let byte = try handle.read(upToCount: 1)?.first ?? 0
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: Data([byte ^ 0x10]))
    try handle.close()
    let times = [status.st_atim, status.st_mtim]
    guard unsafe utimensat(AT_FDCWD, path, times, 0) == 0 else { throw CocoaError(.fileWriteUnknown) }
}
