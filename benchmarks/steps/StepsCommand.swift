import ArgumentParser
import Compression
import Foundation

/// Measures every step from zip to Parquet, next to the one that cannot be left out.
@main
struct StepsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "What every step from zip to Parquet costs, next to inflating the zip.",
        discussion: """
            Takes daily zips of spot aggTrades and 1m klines, and adds a made-up text with a column of every type. Times are \
            processor seconds of one thread, medians of all runs; the floor of each kind of file is inflating it with ISA-L. \
            benchmarks/steps.py makes the files and runs this.
            """)

    @Argument(help: "Zips to measure with.") var zips: [String] = []
    @Option(help: "How often everything is run.") var runs = 5
    @Option(help: "Rows of the made-up text of every type; 0 leaves it out.") var typeRows = 200_000
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Print tables for docs/benchmarks.md.") var markdown = false
    @Flag(help: "Only inflate the zips, and print the processor seconds of this whole process.")
    var inflateOnly = false

    func validate() throws {
        guard (1...1000).contains(runs) else { throw ValidationError("--runs: 1 to 1000") }
        guard (0...10_000_000).contains(typeRows) else { throw ValidationError("--type-rows: 0 to 10000000") }
        if inflateOnly, zips.isEmpty { throw ValidationError("--inflate-only needs zips") }
    }

    func run() throws {
        if inflateOnly { return try inflateZips() }
        var workloads = try Workload.workloads(of: zips)
        if typeRows > 0 { workloads.append(try TypesText.workload(rows: typeRows)) }
        let directory = FileManager.default.temporaryDirectory.appending(path: "steps-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        var report = Report(runCount: runs)
        for workload in workloads {
            var measurements = Measurements()
            // The first run is not counted: it finds memory unmapped and caches cold.
            for run in 0...runs {
                if run == 1 { measurements = Measurements() }
                try ByteSteps().run(workload, into: &measurements)
                try RecordSteps().run(workload, into: &measurements)
                var rows = RowSteps()
                try rows.run(workload, into: &measurements)
                try WriteSteps(schema: rows.schema, columns: rows.columns, directory: directory.path)
                    .run(into: &measurements)
                try WholeSteps().run(workload, into: &measurements)
            }
            report.add(workload, measurements)
        }
        print(json ? try report.json() : markdown ? report.markdown() : report.text())
    }

    /// The least that any program must do with the zips: their bytes read and inflated with ISA-L, on one thread, over the
    /// same 256 KiB.
    private func inflateZips() throws {
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { unsafe output.deallocate() }
        var inflater = ISALInflater()
        var byteCount = 0
        for path in zips {
            let stream = try DeflatedFile(path: path)
            inflater.reset()
            byteCount += try unsafe stream.withBytes {
                try unsafe inflateAll($0, with: &inflater, into: output)
            }
        }
        let seconds = processSeconds()
        print(
            json
                ? #"{"cpu_seconds": \#(seconds), "bytes": \#(byteCount), "zips": \#(zips.count)}"#
                : "\(seconds) s of processor time for \(byteCount) bytes from \(zips.count) zips")
    }
}
