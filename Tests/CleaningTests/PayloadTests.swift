import Bytes
import Cleaning
import Columns
import Foundation
import Graph
import Parquet
import Problems
import TestSupport
import Testing
import Zip

@Suite struct PayloadTests {
    @Test(
        "zip, gzip and plain files hold the same payload",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func containers() throws {
        let bench = try Bench()
        let text = (0..<5_000).map { "\($0),\($0).5,\(1_577_836_800_000 + $0)\n" }.joined()
        try bench.directory.write(text, to: "a.csv")
        var zip = ZipWriter()
        zip.add(name: "readme.txt", bytes: Array("hello".utf8))
        zip.add(name: "a.csv", bytes: Array(text.utf8))
        try bench.directory.write(Data(zip.finish()), to: "a.zip")
        let script =
            "import gzip,sys; t=open(sys.argv[1],'rb').read(); open(sys.argv[1]+'.gz','wb').write(gzip.compress(t[:999])+gzip.compress(t[999:]))"
        #expect(try Peer.run(Peer.python!, ["-c", script, bench.directory.path("a.csv")]).status == 0)
        let expected = XXH3Digest(of: Array(text.utf8))
        let plain = try bench.clean(files: ["a.csv"], Table(CleanTests.ticks))
        for file in ["a.csv", "a.zip", "a.csv.gz"] {
            let found = try bench.clean(files: [file], Table(CleanTests.ticks))
            #expect(found.dataset.inputs[0].payload == expected, "\(file)")
            #expect(found.dataset.inputs[0].payloadByteCount == text.utf8.count)
            #expect(found.parquet == plain.parquet)
            let digest = try payloadDigest(ofFile: bench.directory.path(file), name: file)
            #expect(digest.digest == expected && digest.byteCount == text.utf8.count)
        }
        let gzip = try bench.directory.read("a.csv.gz")
        try bench.directory.write(gzip.dropLast(9), to: "cut.csv.gz")
        #expect(throws: CleanProblem.self) { try bench.clean(files: ["cut.csv.gz"], Table(CleanTests.ticks)) }
        try bench.directory.write("<html>", to: "b.zip")
        #expect(throws: (any Error).self) { try bench.clean(files: ["b.zip"], Table(CleanTests.ticks)) }
        var two = ZipWriter()
        two.add(name: "a.csv", bytes: [])
        two.add(name: "b.csv", bytes: [])
        try bench.directory.write(Data(two.finish()), to: "two.zip")
        #expect(throws: CleanProblem(.members(["a.csv", "b.csv"]), place: "two.zip")) {
            try bench.clean(files: ["two.zip"], Table(CleanTests.ticks))
        }
        #expect(throws: CleanProblem(.unreadable("No such file or directory"), place: "none.csv")) {
            try bench.clean(files: ["none.csv"], Table(CleanTests.ticks))
        }
    }

    @Test(
        "short zips, read a few at a time, among others give what plain files give, and the first damaged one is named"
    )
    func shortZips() throws {
        let bench = try Bench()
        var plain: [String] = []
        var mixed: [String] = []
        for index in 0..<11 {
            // The seventh is too long to be read together with others; two are no zips.
            let rows = index == 6 ? 30_000 : 200 + index
            let first = index * 100_000
            let text = (first..<(first + rows)).map { "\($0),\($0 % 97).25,\(1_577_836_800_000 + $0)\n" }
                .joined()
            try bench.directory.write(text, to: "\(index).csv")
            plain.append("\(index).csv")
            var zip = ZipWriter()
            zip.add(
                name: "t.csv", bytes: Array(text.utf8), style: ZipWriter.Style(level: index == 3 ? nil : 6))
            try bench.directory.write(Data(zip.finish()), to: "\(index).zip")
            mixed.append(index == 4 || index == 10 ? "\(index).csv" : "\(index).zip")
        }
        let expected = try bench.clean(files: plain, Table(CleanTests.ticks))
        let found = try bench.clean(files: mixed, Table(CleanTests.ticks))
        #expect(found.parquet == expected.parquet)
        #expect(found.dataset.inputs.map(\.payload) == expected.dataset.inputs.map(\.payload))
        #expect(found.dataset.inputs.map(\.name) == mixed)

        for index in [2, 1] {
            var bytes = try bench.directory.read("\(index).zip")
            bytes[bytes.startIndex + 90] ^= 0x55
            try bench.directory.write(bytes, to: "\(index).zip")
            let problem = #expect(throws: ZipProblem.self) {
                try bench.clean(files: mixed, Table(CleanTests.ticks))
            }
            #expect(problem?.path.hasSuffix("/\(index).zip") == true)
        }
    }
}
