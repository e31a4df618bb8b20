import Foundation
import TestSupport
import Testing

/// The program that shows how to write a table, and the article that explains it.
@Suite struct ExampleTests {
    @Test("writes a table of all types, and says so")
    func program() throws {
        let directory = try TemporaryDirectory()
        let output = try Peer.run(RunningProgram.built("parquet-example"), [directory.path("t.parquet")])
        #expect(output.status == 0, "\(output.standardError)")
        let lines = output.standardOutput.split(separator: "\n")
        #expect(lines.count == 11)
        let file = try [UInt8](Data(contentsOf: directory.url.appending(path: "t.parquet")))
        #expect(lines[0].contains(": 6 rows, \(file.count) bytes, values "))
        #expect(lines[4].hasPrefix("  volume: ") && lines[4].hasSuffix(" bytes, 2 nulls"))
        let symbol = chunks(of: file, rowGroup: 1)[1]
        let filter = try #require(SlowBloomFilter(of: symbol, in: file))
        #expect(filter.mayContain(Array("ETHUSDT".utf8)))
        guard let python = Peer.python else { return }
        let script = """
            import pyarrow.parquet as pq, sys
            table = pq.read_table(sys.argv[1], page_checksum_verification=True)
            print(table.num_rows, table["id"].to_pylist(), table["price"][1], table["volume"][2], table["maker"].to_pylist()[:3])
            """
        let judged = try Peer.run(python, ["-c", script, directory.path("t.parquet")])
        #expect(
            judged.standardOutput
                == "6 [1, 2, 3, 4, 5, 6] 2967.05 12345678901234.567890 [True, None, False]\n",
            "\(judged.standardError)")
    }

    @Test("a place that cannot be written")
    func unwritable() throws {
        let output = try Peer.run(RunningProgram.built("parquet-example"), ["/nowhere/t.parquet"])
        #expect(output.status == 1 && output.standardOutput == "cannot write '/nowhere/t.parquet'\n")
    }

    @Test("the article's code is the program's")
    func article() throws {
        let sources = Peer.packageRoot.appending(path: "Sources")
        let program = try String(
            contentsOf: sources.appending(path: "parquet-example/main.swift"), encoding: .utf8)
        for name in ["WritingATable", "EncodingsAndReaders"] {
            let article = try String(
                contentsOf: sources.appending(path: "Libraries/Parquet/Parquet.docc/\(name).md"),
                encoding: .utf8)
            let blocks = article.components(separatedBy: "```swift\n").dropFirst().map {
                $0.components(separatedBy: "```")[0]
            }
            #expect(!blocks.isEmpty)
            for block in blocks { #expect(program.contains(block), "\(name): \(block)") }
        }
    }
}
