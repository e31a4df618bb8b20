import Bytes
import Files
import Foundation
import Recording
import TestSupport
import Testing

@Suite struct ManifestWriterTests {
    let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    private static func entry(_ number: Int = 1) -> ManifestEntry {
        ManifestEntry(
            wildcards: ["symbol": "BTCUSDT", "interval": "1m", "date": "2024-01-02"],
            pattern: "archive:data/{symbol}-{interval}-{date:day}.zip", source: "archive",
            key: "data/\(number).zip",
            url: "https://host/data/\(number).zip", etag: "d41d8cd98f00b204e9800998ecf8427e", byteCount: 123,
            sha256: SHA256Digest(words: (1, 2, 3, 4)), status: .fetched, lastError: nil,
            time: "2024-03-05T06:07:08Z")
    }

    private static let fetchedLine = """
        {"date": "2024-01-02", "interval": "1m", "symbol": "BTCUSDT", \
        "pattern": "archive:data/{symbol}-{interval}-{date:day}.zip", "source": "archive", "key": "data/1.zip", \
        "url": "https://host/data/1.zip", "etag": "d41d8cd98f00b204e9800998ecf8427e", "size": 123, \
        "sha256": "0000000000000001000000000000000200000000000000030000000000000004", "status": "fetched", \
        "last_error": null, "time": "2024-03-05T06:07:08Z"}
        """

    @Test("a line has its wildcards, then the fixed fields in their order")
    func line() { #expect(Self.entry().json == Self.fetchedLine) }

    @Test("a failure has its error, unknown values are null, wildcards do not hide fields")
    func failedLine() {
        var entry = Self.entry()
        entry.wildcards = ["status": "x", "é": "\u{1}\"\\\n\u{2028}"]
        entry.byteCount = nil
        entry.sha256 = nil
        entry.status = .quarantined
        entry.lastError = "404 \u{7F}"
        #expect(
            entry.json == """
                {"wildcard_status": "x", "é": "\\u0001\\"\\\\\\n\\u2028", \
                "pattern": "archive:data/{symbol}-{interval}-{date:day}.zip", "source": "archive", "key": "data/1.zip", \
                "url": "https://host/data/1.zip", "etag": "d41d8cd98f00b204e9800998ecf8427e", "size": null, \
                "sha256": null, "status": "quarantined", "last_error": "404 \\u007f", "time": "2024-03-05T06:07:08Z"}
                """)
    }

    @Test("two runs of a day append to one file; a day without downloads has none")
    func appends() throws {
        let directory = scratch.path("manifests")
        for number in 1...2 {
            let writer = ManifestWriter(directory: directory, date: "2024-03-05")
            try writer.append(Self.entry(number))
            try writer.sync()
        }
        try ManifestWriter(directory: directory, date: "2024-03-06").sync()
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory) == ["download_2024-03-05.jsonl"])
        let text = try String(decoding: scratch.read("manifests/download_2024-03-05.jsonl"), as: UTF8.self)
        #expect(text == Self.fetchedLine + "\n" + Self.entry(2).json + "\n")
    }

    @Test(
        "half a line left by a crash is cut off",
        arguments: [
            ("", ""), ("{\"half", ""), ("{}\n{\"half", "{}\n"), ("{}\n", "{}\n"),
            ("{}\n" + String(repeating: "x", count: 10_000), "{}\n"),
        ])
    func halfLine(_ before: String, kept: String) throws {
        try scratch.write(before, to: "download_2024-03-05.jsonl")
        let writer = ManifestWriter(directory: scratch.path, date: "2024-03-05")
        try writer.append(Self.entry())
        let text = try String(decoding: scratch.read("download_2024-03-05.jsonl"), as: UTF8.self)
        #expect(text == kept + Self.fetchedLine + "\n")
    }

    @Test("lines of many threads do not mix")
    func threads() async throws {
        let writer = ManifestWriter(directory: scratch.path, date: "2024-03-05")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask { for index in 0..<200 { try writer.append(Self.entry(worker * 200 + index)) } }
            }
            try await group.waitForAll()
        }
        try writer.sync()
        let lines = try String(decoding: scratch.read("download_2024-03-05.jsonl"), as: UTF8.self).split(
            separator: "\n")
        #expect(Set(lines.map(String.init)) == Set((0..<1_600).map { Self.entry($0).json }))
    }

    @Test("a place that cannot be written says so")
    func unwritable() throws {
        try scratch.write("", to: "file")
        let writer = ManifestWriter(directory: scratch.path("file"), date: "2024-03-05")
        #expect(throws: FileProblem.self) { try writer.append(Self.entry()) }
        try FileManager.default.createSymbolicLink(
            atPath: scratch.path("download_2024-03-05.jsonl"), withDestinationPath: scratch.path("file"))
        let linked = ManifestWriter(directory: scratch.path, date: "2024-03-05")
        #expect(throws: FileProblem.self) { try linked.append(Self.entry()) }
    }

    @Test("another JSON reader agrees", .enabled(if: Peer.python != nil, "needs the judges' Python"))
    func judged() throws {
        let writer = ManifestWriter(directory: scratch.path, date: "2024-03-05")
        for text in Samples.odd {
            var entry = Self.entry()
            entry.wildcards = ["symbol": text]
            entry.lastError = text
            try writer.append(entry)
        }
        try writer.sync()
        let script = """
            import json,sys
            for line in open(sys.argv[1], encoding='utf-8', newline='\\n'):
                o = json.loads(line)
                assert o['symbol'] == o['last_error'] and o['size'] == 123
                print(json.dumps(o['symbol']))
            """
        let output = try Peer.run(Peer.python!, ["-c", script, writer.path])
        let texts = output.standardOutput.split(separator: "\n").map { line in
            try? JSONDecoder().decode(String.self, from: Data(line.utf8))
        }
        #expect(texts == Samples.odd, "\(output.standardError)")
    }
}
