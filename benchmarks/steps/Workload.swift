import Columns
import Compression
import Foundation
import Graph
import Zip

/// Something went wrong that the user can set right.
struct BenchmarkProblem: Error, CustomStringConvertible {
    var description: String
}

/// A file as it comes: compressed and not.
struct Payload {
    /// Bytes of the zip.
    var zip: [UInt8]
    /// The raw deflate stream in it.
    var deflated: Range<Int>
    var text: [UInt8]

    init(zipAt path: String) throws {
        let archive = try ZipArchive(path: path)
        guard let member = archive.members.first(where: { $0.method == .deflate && !$0.isDirectory }) else {
            throw BenchmarkProblem(description: "\(path): no deflated member")
        }
        zip = Array(try Data(contentsOf: URL(filePath: path)))
        deflated = member.dataOffset..<member.dataOffset + member.compressedByteCount
        text = [UInt8](repeating: 0, count: member.byteCount)
        var stream = try archive.open(member)
        try unsafe text.withUnsafeMutableBytes { buffer in
            var done = 0
            while done < buffer.count {
                done += try unsafe stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            }
        }
    }

    /// A text that comes from no file, deflated as the archive's are.
    init(text: [UInt8]) {
        zip = rawDeflate(text, level: 6)
        deflated = 0..<zip.count
        self.text = text
    }
}

/// Files of one kind, and the table they are cleaned with.
struct Workload {
    var name: String
    var payloads: [Payload]
    /// Nil where there is nothing to clean, for a text that was made up.
    var paths: [String] = []
    var table: Table
    var days: DayRange?

    var textByteCount: Int { payloads.reduce(0) { $0 + $1.text.count } }
    var zipByteCount: Int { payloads.reduce(0) { $0 + $1.zip.count } }

    /// Sorts zips into workloads by their names.
    static func workloads(of paths: [String]) throws -> [Workload] {
        var groups: [(kind: Kind, paths: [String])] = []
        for path in paths.sorted() {
            let name = URL(filePath: path).lastPathComponent
            guard let kind = Kind.all.first(where: { name.contains($0.infix) }) else {
                let known = Kind.all.map { "*\($0.infix)*.zip" }.joined(separator: ", ")
                throw BenchmarkProblem(description: "\(path): no kind that is measured; those are \(known)")
            }
            if let index = groups.firstIndex(where: { $0.kind.name == kind.name }) {
                groups[index].paths.append(path)
            } else {
                groups.append((kind, [path]))
            }
        }
        return try groups.map { group in
            Workload(
                name: group.kind.name, payloads: try group.paths.map { try Payload(zipAt: $0) },
                paths: group.paths, table: try group.kind.table(), days: days(of: group.paths))
        }
    }

    /// From the first day to the last that the names end in.
    private static func days(of paths: [String]) -> DayRange? {
        let ranges = paths.compactMap { path in
            DayRange(
                text: String(URL(filePath: path).deletingPathExtension().lastPathComponent.suffix(10)),
                kind: .day)
        }
        guard ranges.count == paths.count, let first = ranges.map(\.start).min(),
            let last = ranges.map(\.end).max()
        else { return nil }
        return DayRange(start: first, end: last)
    }
}

/// A kind of files of the archive, with the columns, the order and the checks of `Datafile.example`.
struct Kind {
    var name: String
    /// What the names of its files have.
    var infix: String
    var columns: [(name: String, type: String?)]
    var key: String
    var checks: [String]

    static let all = [
        Kind(
            name: "aggTrades", infix: "-aggTrades-",
            columns: [
                ("agg_trade_id", "int64"), ("price", "float64"), ("quantity", "float64"),
                ("first_trade_id", "int64"), ("last_trade_id", "int64"), ("transact_time", "timestamp"),
                ("is_buyer_maker", "bool"), ("is_best_match", "bool"),
            ], key: "agg_trade_id",
            checks: ["last_trade_id >= first_trade_id", "transact_time in partition"]),
        Kind(
            name: "klines 1m", infix: "-1m-",
            columns: [
                ("open_time", "timestamp"), ("open", "float64"), ("high", "float64"), ("low", "float64"),
                ("close", "float64"), ("volume", "float64"), ("close_time", "timestamp"),
                ("quote_volume", "float64"), ("count", "int64"), ("taker_buy_volume", "float64"),
                ("taker_buy_quote_volume", "float64"), ("ignore", nil),
            ], key: "open_time",
            checks: [
                "high >= low", "high >= open and high >= close", "low <= open and low <= close",
                "open_time in partition",
            ]),
    ]

    func table() throws -> Table {
        Table(
            name: name,
            columns: try columns.map { column in
                guard let text = column.type else { return TableColumn(name: column.name, type: nil) }
                guard let type = ColumnType(text) else {
                    throw BenchmarkProblem(description: "no type '\(text)'")
                }
                return TableColumn(name: column.name, type: type)
            },
            sort: [key], unique: [key],
            checks: try checks.map { Check(text: $0, condition: try Expression(parsing: $0)) })
    }
}
