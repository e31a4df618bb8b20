import Bytes
import Cleaning
import Foundation
import Graph
import Problems
import TestSupport
import Testing
import Zip

/// Reading ahead, encoding behind and encoding together: the same bytes, the same errors, and no thread left.
@Suite struct HelperTests {
    /// What a job holds while it uses a spare processor.
    private final class Grant {}

    private struct Disk: Error {}

    private func clean(
        _ bench: Bench, _ files: [String], _ table: Table, helps: Bool, memoryByteCount: Int = 128 << 20,
        failsAt failingByte: Int? = nil,
        contents: InputFiles = InputFiles(), isCancelled: () -> Bool = { false }
    ) throws -> (dataset: CleanedDataset, parquet: Data, grantCount: Int) {
        var job = CleanJob(
            table: table,
            inputs: files.map { CleanInput(path: bench.directory.path($0), name: $0, preference: 0) },
            days: nil,
            bindings: [:])
        job.settings = CleanSettings(
            memoryByteCount: memoryByteCount, directory: bench.directory.path("scratch"), leastBytesAhead: 1,
            leastRowsBehind: 1, leastRowsShared: 1)
        let sink = ByteSink()
        let rejects = ByteSink()
        var output = sink.output
        if let failingByte {
            unsafe output = Output(
                write: {
                    if sink.bytes.count > failingByte { throw Disk() }
                    unsafe sink.bytes.append(contentsOf: $0)
                }, read: { _, _ in }, startOver: { { _, _ in } })
        }
        var grantCount = 0
        weak var grant: Grant?
        defer { #expect(grant == nil) }
        let dataset = try Cleaning.clean(
            job, output: output, rejects: rejects.output, files: contents,
            spareProcessor: {
                guard helps else { return nil }
                grantCount += 1
                let new = Grant()
                grant = new
                return new
            }, isCancelled: isCancelled)
        return (dataset, sink.bytes, grantCount)
    }

    private func put(_ bench: Bench, _ rows: [String], as name: String) throws {
        var zip = ZipWriter()
        zip.add(name: "a.csv", bytes: Array(rows.joined().utf8))
        try bench.directory.write(Data(zip.finish()), to: name)
    }

    private static let table = Table(
        ["id int64", "v text"], sort: ["id"], unique: ["id"], badRows: .quarantine, rowGroupRows: 1_000)

    @Test("the same with helpers as without", arguments: [1, 128 << 20])
    func sameBytes(memoryByteCount: Int) throws {
        let bench = try Bench()
        var random = SeededGenerator(seed: 3)
        let rows = (0..<60_000).map { "\($0),text\(random.next() % 1_000)\n" }
        let late = Array(rows[500...] + rows[..<600])
        let cases: [(String, [String])] = [
            ("in order", rows), ("a fifth first", late),
            ("bad rows", rows.map { $0.hasPrefix("77") ? "x,y\n" : $0 }),
            ("short", Array(rows[..<3])), ("empty", []),
        ]
        for (name, rows) in cases {
            try put(bench, rows, as: "a.zip")
            try bench.directory.write("100000,last\n", to: "b.csv")
            let alone = try clean(
                bench, ["a.zip", "b.csv"], Self.table, helps: false, memoryByteCount: memoryByteCount)
            let helped = try clean(
                bench, ["a.zip", "b.csv"], Self.table, helps: true, memoryByteCount: memoryByteCount)
            #expect(helped.parquet == alone.parquet, "\(name)")
            #expect(helped.dataset == alone.dataset, "\(name)")
            #expect(alone.grantCount == 0)
            #expect(helped.grantCount == 1, "\(name)")
        }
    }

    /// Zips that are in memory, some rows each.
    private func putShortZips(_ bench: Bench, _ rows: [String], count: Int) throws -> [String] {
        try (0..<count).map { index in
            let part = rows[rows.count * index / count..<rows.count * (index + 1) / count]
            try put(bench, Array(part), as: "\(index).zip")
            return "\(index).zip"
        }
    }

    /// As who hashes the files would give them: `most` of those that are asked for, and none from `badFile` on.
    private func contents(
        _ bench: Bench, _ files: [String], most: Int = .max, badFile: Int = .max
    ) -> InputFiles {
        InputFiles(contents: { range in
            if range.lowerBound >= badFile { throw Disk() }
            return try range.prefix { $0 < badFile }.prefix(most).map {
                HeldBytes(Array(try bench.directory.read(files[$0])))
            }
        })
    }

    @Test("many short files, read in groups ahead of their turn", arguments: [1, 2, 3, 4, 5, 7, 10, 31])
    func shortFiles(count: Int) throws {
        let bench = try Bench()
        let rows = (0..<20_010).map { "\($0),text\($0 % 77)\n" }
        let late = Array(rows[9_000...] + rows[..<9_100])
        for (name, rows) in [("in order", rows), ("half first", late)] {
            let files = try putShortZips(bench, rows, count: count)
            let alone = try clean(
                bench, files, Self.table, helps: false, contents: contents(bench, files))
            for most in [1, 2, .max] {
                let helped = try clean(
                    bench, files, Self.table, helps: true, contents: contents(bench, files, most: most))
                #expect(helped.parquet == alone.parquet, "\(name)")
                #expect(helped.dataset == alone.dataset, "\(name)")
                #expect(helped.dataset.inputs.map(\.name) == files)
                #expect(helped.grantCount == 1)
            }
        }
    }

    @Test("the first damaged one of many short files is named, and a file after it that is missing is not")
    func damagedShortFiles() throws {
        let bench = try Bench()
        let rows = (0..<20_010).map { "\($0),text\($0 % 77)\n" }
        let files = try putShortZips(bench, rows, count: 20)
        for index in [0, 1, 5, 11, 19] {
            var damaged = try bench.directory.read(files[index])
            let sound = damaged
            damaged[damaged.count / 2] ^= 0x10
            try bench.directory.write(damaged, to: files[index])
            let problems = [false, true].map { helps in
                #expect(throws: ZipProblem.self, "\(index)") {
                    try clean(
                        bench, files, Self.table, helps: helps,
                        contents: contents(bench, files, badFile: index + 1))
                }
            }
            #expect(problems[0] == problems[1] && problems[0] != nil)
            try bench.directory.write(sound, to: files[index])
            #expect(throws: Disk.self) {
                try clean(
                    bench, files, Self.table, helps: true,
                    contents: contents(bench, files, badFile: index))
            }
            var batches = 0
            #expect(throws: CancellationError.self) {
                try clean(
                    bench, files, Self.table, helps: true, contents: contents(bench, files),
                    isCancelled: {
                        batches += 1
                        return batches > index
                    })
            }
        }
    }

    @Test(
        "who wants to know what large files hold is told, of zip, gzip and plain ones",
        arguments: [false, true])
    func identities(helps: Bool) throws {
        let bench = try Bench()
        let rows = (0..<60_000).map { "\($0),\($0 &* 2_654_435_761 % 1_000_003)\n" }
        try put(bench, Array(rows[..<30_000]), as: "a.zip")
        try bench.directory.write(Data(rows[30_000..<59_000].joined().utf8), to: "b.csv")
        try put(bench, Array(rows[59_000...]), as: "c.zip")
        var files = ["a.zip", "b.csv", "c.zip"]
        if let python = Peer.python {
            let script =
                "import gzip,sys; open(sys.argv[2],'wb').write(gzip.compress(open(sys.argv[1],'rb').read()))"
            let paths = ["b.csv", "b.csv.gz"].map { bench.directory.path($0) }
            #expect(try Peer.run(python, ["-c", script] + paths).status == 0)
            files[1] = "b.csv.gz"
        }
        var found: [Int: ContentIdentity] = [:]
        let wants = InputFiles(wantsIdentity: { _ in true }, identified: { found[$0] = $1 })
        let cleaned = try clean(bench, files, Self.table, helps: helps, contents: wants)
        #expect(cleaned.dataset.statistics.rowCount == 60_000)
        for (index, file) in files.enumerated() {
            #expect(found[index] == ContentIdentity(of: Array(try bench.directory.read(file))), "\(file)")
        }
        // Who has the bytes anyway is not told.
        found = [:]
        var holds = contents(bench, ["a.zip", "c.zip"])
        holds.wantsIdentity = { _ in true }
        holds.identified = { found[$0] = $1 }
        let held = try clean(bench, ["a.zip", "c.zip"], Self.table, helps: helps, contents: holds)
        #expect(held.dataset.statistics.rowCount == 31_000)
        #expect(found.isEmpty)
        let refuses = InputFiles(wantsIdentity: { $0 == 1 }, identified: { _, _ in throw Disk() })
        #expect(throws: Disk.self) {
            try clean(bench, files, Self.table, helps: helps, contents: refuses)
        }
    }

    @Test("errors of either side come out, and wait for nobody")
    func errors() throws {
        let bench = try Bench()
        var rows = (0..<200_000).map { "\($0),some text of row \($0)\n" }
        try put(bench, rows, as: "a.zip")
        // A byte of the stream's end: the checksum tells, long after the first row groups.
        var damaged = try bench.directory.read("a.zip")
        damaged[damaged.count - 300] ^= 0x10
        try bench.directory.write(damaged, to: "damaged.zip")
        for helps in [false, true] {
            #expect(throws: ZipProblem.self, "\(helps)") {
                try clean(bench, ["damaged.zip"], Self.table, helps: helps)
            }
            #expect(throws: Disk.self, "\(helps)") {
                try clean(bench, ["a.zip"], Self.table, helps: helps, failsAt: -1)
            }
            var batches = 0
            #expect(throws: CancellationError.self, "\(helps)") {
                try clean(
                    bench, ["a.zip"], Self.table, helps: helps,
                    isCancelled: {
                        batches += 1
                        return batches > 3
                    })
            }
        }
        rows[100_000] = "bad,row\n"
        try put(bench, rows, as: "a.zip")
        var table = Self.table
        table.badRows = .fail
        let problems = [false, true].map { helps in
            #expect(throws: CleanProblem.self) { try clean(bench, ["a.zip"], table, helps: helps) }
        }
        #expect(problems[0] == problems[1] && problems[0] != nil)
    }
}
