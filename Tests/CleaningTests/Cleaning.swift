import Bytes
import Cleaning
import Columns
import Foundation
import Graph
import Parquet
import Problems
import TestSupport
import Testing

/// Bytes that a closure collects.
final class ByteSink {
    var bytes = Data()
    var restartCount = 0
    var output: Output {
        unsafe Output(
            write: { [self] in unsafe bytes.append(contentsOf: $0) },
            read: { [self] offset, buffer in
                #expect(offset >= 0 && offset + buffer.count <= bytes.count)
                unsafe buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
            },
            startOver: { [self] in
                let former = bytes
                bytes = Data()
                restartCount += 1
                return { offset, buffer in
                    unsafe buffer.copyBytes(from: former[offset..<offset + buffer.count])
                }
            })
    }
}

/// A directory of inputs, cleaned with a table.
struct Bench {
    let directory: TemporaryDirectory
    init() throws { directory = try TemporaryDirectory() }

    struct Result {
        var dataset: CleanedDataset
        var parquet: Data
        var rejects: Data
        var restartCount: Int
    }

    /// Cleans texts, one file each, named `0.csv`, `1.csv`, …; all equally preferred unless told.
    func clean(
        _ texts: [String], _ table: Table, preferences: [Int]? = nil, days: DayRange? = nil,
        bindings: Bindings = [:],
        metadata: [(key: String, value: String)] = [], memoryByteCount: Int? = nil
    ) throws -> Result {
        var paths: [String] = []
        for (index, text) in texts.enumerated() {
            try directory.write(text, to: "\(index).csv")
            paths.append("\(index).csv")
        }
        return try clean(
            files: paths, table, preferences: preferences, days: days, bindings: bindings, metadata: metadata,
            memoryByteCount: memoryByteCount)
    }

    func clean(
        files: [String], _ table: Table, preferences: [Int]? = nil, days: DayRange? = nil,
        bindings: Bindings = [:],
        metadata: [(key: String, value: String)] = [], memoryByteCount: Int? = nil
    ) throws -> Result {
        let inputs = files.enumerated().map { index, file in
            CleanInput(
                path: file.hasPrefix("/") ? file : directory.path(file),
                name: file.hasPrefix("/") ? URL(filePath: file).lastPathComponent : file,
                preference: preferences?[index] ?? 0)
        }
        let sink = ByteSink()
        let rejects = ByteSink()
        var job = CleanJob(table: table, inputs: inputs, days: days, bindings: bindings)
        job.settings.directory = directory.path("scratch")
        if let memoryByteCount {
            job.settings.memoryByteCount = memoryByteCount
            job.settings.fanIn = 3
        }
        let dataset = try Cleaning.clean(
            job, output: sink.output, rejects: rejects.output, metadata: { _ in metadata })
        #expect(dataset.file.byteCount == sink.bytes.count)
        #expect(dataset.statistics.rowCount == dataset.file.rowCount)
        return Result(
            dataset: dataset, parquet: sink.bytes, rejects: rejects.bytes, restartCount: sink.restartCount)
    }

    /// What a text is refused with.
    func problem(_ text: String, _ table: Table, days: DayRange? = nil) -> String {
        do {
            _ = try clean([text], table, days: days)
            return "accepted"
        } catch let problem as any Problem {
            return problem.summary
        } catch {
            return "\(error)"
        }
    }

    /// Rows of a Parquet file as pyarrow has them, one line each, fields by `|`; nil without a judge.
    func rows(_ parquet: Data) throws -> [String]? {
        guard let python = Peer.python else { return nil }
        try directory.write(parquet, to: "judged.parquet")
        let script = """
            import sys, pyarrow.parquet as pq
            table = pq.read_table(sys.argv[1])
            for row in zip(*[table.column(i).to_pylist() for i in range(table.num_columns)]) if table.num_columns else []:
                print("|".join("" if v is None else repr(v) if isinstance(v, float) else str(v) for v in row).replace("\\n", "\\\\n"))
            """
        let output = try Peer.run(python, ["-c", script, directory.path("judged.parquet")])
        try #require(output.status == 0, "\(output.standardError)")
        return output.standardOutput.split(separator: "\n").map(String.init)
    }
}

extension Table {
    /// `name type`, with `?` behind the type of a nullable column.
    init(
        _ columns: [String], header: Header = .auto, sort: [String] = [], unique: [String] = [],
        every: String? = nil,
        checks: [Check] = [], badRows: BadRows = .fail, rowGroupRows: Int = 1 << 20,
        dialect: Dialect = Dialect()
    ) {
        self.init(
            name: "t", header: header, dialect: dialect,
            columns: columns.map { text in
                let words = text.split(separator: " ").map(String.init)
                let isNullable = words[1].hasSuffix("?")
                let type = isNullable ? String(words[1].dropLast()) : words[1]
                return TableColumn(
                    name: words[0], type: type == "skip" ? nil : ColumnType(type)!,
                    aliases: Array(words.dropFirst(2)),
                    isNullable: isNullable)
            },
            sort: sort, unique: unique, every: every, checks: checks, badRows: badRows,
            parquet: ParquetSettings(rowGroupRows: rowGroupRows))
    }
}
