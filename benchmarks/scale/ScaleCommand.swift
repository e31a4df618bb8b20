import ArgumentParser
import Bytes
import Cleaning
import DatafileLoading
import Files
import Foundation
import Graph
import Listing
import Planning
import Recording

/// Makes a project in which very many targets are fresh, without any download: empty files, and records that fit them.
@main
struct ScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Makes a project of very many targets that are all fresh.",
        discussion: """
            Objects of an S3 source with their local copies, and partitions made from them: empty files whose records say \
            so. `datamake build --refresh none` in it has nothing to do. benchmarks/scale.py measures with such projects.
            """)

    @Argument(help: "Directory to make; must not exist.") var directory: String
    @Option(help: "How many objects, each with its local copy.") var objects = 100_000
    @Option(help: "Days of each series; every series has its own directory.") var days = 1_000
    @Flag(help: "A partition a month instead of one a day.") var monthly = false
    @Option(help: "Where the Datafile says that the objects are.") var url = "http://127.0.0.1:9/archive"

    func validate() throws {
        guard (1...100_000_000).contains(objects) else { throw ValidationError("--objects: 1 to 100000000") }
        guard (1...20_000).contains(days) else { throw ValidationError("--days: 1 to 20000") }
    }

    func run() throws {
        let root = URL(filePath: directory).standardizedFileURL.path
        guard !FileManager.default.fileExists(atPath: root) else {
            throw ValidationError("\(directory) exists already")
        }
        try makeDirectories(root)
        try writeFileAtomically(root + "/Datafile", Array(datafile.utf8), durable: .nothing)
        let project = try loadDatafile(path: root + "/Datafile")
        let listing = listedObjects()
        let graph = expand(
            project, offerings: Offerings(objects: ["archive": ObjectList(listing)]),
            isMirrorable: isMirrorable)
        try makeFiles(graph.rawIDs.lazy.map { root + "/" + graph[$0].path })
        try makeFiles(graph.actionIDs.lazy.map { root + "/" + graph.output(of: $0) })
        // Stamps of files that changed a moment ago are not trusted.
        Thread.sleep(forTimeInterval: 2.5)

        let state = try StateStore.open(directory: root + "/.datamake", access: .writer).store
        try inChunks(listing.count) { chunk in
            try state.replaceObjects(ofSource: "archive", changed: Array(listing[chunk]), gone: [])
        }
        try inChunks(graph.rawCount) { chunk in
            try state.record(chunk.map { .raw(try record(of: graph[RawID($0)], root: root)) })
        }
        let fields = Dictionary(uniqueKeysWithValues: project.rules.map { ($0.name, $0.recipe.fields) })
        try inChunks(graph.actionCount) { chunk in
            try state.record(
                chunk.map { index in
                    let action = graph[ActionID(index)]
                    return .action(try record(of: action, recipe: fields[action.rule] ?? [], root: root))
                })
        }
        try state.close()
        print("{\"raws\": \(graph.rawCount), \"partitions\": \(graph.actionCount)}")
    }

    private var datafile: String {
        """
        version: 1
        sources:
          archive:
            s3: \(url)
            mirror: raw
        rules:
          klines:
            from: archive:data/spot/daily/klines/{symbol}/1h/{symbol}-1h-{date:day}.zip
            to: lake/klines/symbol={symbol}/\(monthly ? "{date.month}" : "{date}").parquet
            table: kline
        tables:
          kline:
            header: auto
            columns:
              open_time: timestamp
              open: float64
              high: float64
              low: float64
              close: float64
              volume: float64
            sort: open_time
            unique: open_time

        """
    }

    /// Sorted by key: series after series, from 1990 on.
    private func listedObjects() -> [RemoteObject] {
        let dates = (0..<days).map { day in
            Date(timeIntervalSince1970: Double(7_305 + day) * 86_400).formatted(
                .iso8601.year().month().day())
        }
        return (0..<objects).map { index in
            let series = String(index / days + 100_000)
            let key = "data/spot/daily/klines/SYM\(series)/1h/SYM\(series)-1h-\(dates[index % days]).zip"
            // The MD5 of nothing: what a bucket with the local copies in it would list.
            return RemoteObject(
                key: key, etag: "d41d8cd98f00b204e9800998ecf8427e", byteCount: 0,
                lastModified: "2024-05-05T05:05:05.000Z", stamp: nil)
        }
    }

    private func makeFiles(_ paths: some Sequence<String>) throws {
        var made = ""
        for path in paths {
            let parent = parentDirectory(of: path)
            if parent != made {
                try makeDirectories(parent)
                made = parent
            }
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw CocoaError(.fileWriteUnknown)
            }
        }
    }

    private func inChunks(_ count: Int, _ body: (Range<Int>) throws -> Void) rethrows {
        for start in stride(from: 0, to: count, by: 20_000) { try body(start..<min(start + 20_000, count)) }
    }

    private var nothing: ContentIdentity { IdentityHasher().finish() }

    /// What is inside a zip, as far as anybody compares it: another digest for every name.
    private func payload(of raw: String) -> XXH3Digest { XXH3Digest(of: Array(raw.utf8)) }

    private func record(of raw: RawNode, root: String) throws -> RawRecord {
        RawRecord(
            source: raw.source, key: raw.object.key, etag: raw.object.etag,
            lastModified: raw.object.lastModified, content: nothing, payload: payload(of: raw.name),
            stamp: try stamp(root + "/" + raw.path), checksum: .notRequired)
    }

    private func record(of action: Action, recipe: [RecipeField], root: String) throws -> ActionRecord {
        var statistics = DatasetStatistics()
        statistics.rowCount = 24 * action.inputs.count
        statistics.first = "2024-01-01T00:00:00.000000Z"
        statistics.last = "2024-01-01T23:00:00.000000Z"
        return ActionRecord(
            rule: action.rule, output: action.output, bindings: action.bindings, recipe: recipe,
            writer: writerVersion,
            inputs: action.inputs.map { InputRecord(name: $0.name, digest: payload(of: $0.name)) },
            content: nothing, valueDigest: payload(of: action.output),
            stamp: try stamp(root + "/" + action.output), rowCount: statistics.rowCount,
            statistics: statistics,
            milliseconds: 3, run: "20240505T050505Z-1")
    }

    private func stamp(_ path: String) throws -> Stamp {
        guard let stamp = try Stamp.of(path: path) else { throw CocoaError(.fileReadNoSuchFile) }
        return stamp
    }
}
