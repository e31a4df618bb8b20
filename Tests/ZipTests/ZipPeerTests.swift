import Bytes
import Foundation
import TestSupport
import Testing
import Zip

/// What a reader found in an archive: each member's name, length and SHA-256.
private struct Reading: Hashable, Codable {
    var name: String
    var size: Int
    var sha256: String
}

private func read(_ path: String) throws(ZipProblem) -> [Reading] {
    let archive = try ZipArchive(path: path)
    var readings: [Reading] = []
    for member in archive.members {
        let content = try readAll(member, of: archive)
        readings.append(
            Reading(
                name: member.name, size: content.count,
                sha256: ContentIdentity(of: content).sha256.description))
    }
    return readings
}

/// Reads every archive of a directory with Python's zipfile: path -> readings, null where it refuses.
private let pythonReader = """
    import hashlib, json, os, sys, warnings, zipfile
    warnings.simplefilter("ignore")
    result = {}
    for name in sorted(os.listdir(sys.argv[1])):
        try:
            with zipfile.ZipFile(os.path.join(sys.argv[1], name)) as z:
                result[name] = []
                for info in z.infolist():
                    data = z.read(info)
                    result[name].append(dict(name=info.orig_filename, size=len(data), sha256=hashlib.sha256(data).hexdigest()))
        except Exception as error:
            result[name] = None
    print(json.dumps(result))
    """

/// Writes archives of many shapes, by a seed.
private let pythonWriter = """
    import io, random, sys, zipfile
    class Pipe(io.RawIOBase):
        def __init__(self, f): self.f = f
        def writable(self): return True
        def write(self, b): return self.f.write(b)
    for seed in range(int(sys.argv[2])):
        r = random.Random(seed)
        with open(f"{sys.argv[1]}/{seed}.zip", "wb") as f:
            target = Pipe(f) if seed % 3 == 0 else f
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as z:
                for i in range(r.randrange(0, 6)):
                    kind = r.randrange(4)
                    size = r.choice([0, 1, 100, 5000, 200000])
                    data = bytes(r.choices(b"0123456789,.\\n", k=size)) if kind else r.randbytes(size)
                    info = zipfile.ZipInfo(f"m{i}" + r.choice([".csv", "é.csv", "/x.csv"]), (1990 + i, 2, 3, 4, 5, 6))
                    streamed = seed % 3 == 0
                    info.compress_type = 8 if streamed or r.randrange(4) else 0
                    info.comment = b"c" * r.randrange(3)
                    # Before 3.11.4 forcing wrote a zip64 field that nothing in the header asks for (cpython gh-103861).
                    forced = r.randrange(3) == 0 and sys.version_info >= (3, 11, 4)
                    with z.open(info, "w", force_zip64=forced) as m: m.write(data)
                if r.randrange(3) == 0: z.comment = b"hello" * r.randrange(1, 100)
    """

@Suite struct ZipPeerTests {
    private func readByPython(_ directory: TemporaryDirectory) throws -> [String: [Reading]?] {
        let python = try #require(Peer.python)
        let output = try Peer.run(python, ["-c", pythonReader, directory.path])
        #expect(output.standardError == "")
        return try JSONDecoder().decode([String: [Reading]?].self, from: Data(output.standardOutput.utf8))
    }

    @Test(
        "what is accepted, Python's zipfile reads the same",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func casesAgainstPython() throws {
        let directory = try TemporaryDirectory()
        let all =
            ZipCases.file + ZipCases.endRecord + ZipCases.headers + ZipCases.zip64 + ZipCases.descriptors
            + ZipCases.names + ZipCases.data
        var expected: [String: [Reading]] = [:]
        var descriptions: [String: String] = [:]
        for (i, zip) in all.enumerated() {
            guard case .accepted = zip.verdict else { continue }
            try directory.write(Data(zip.bytes), to: "\(i).zip")
            descriptions["\(i).zip"] = zip.testDescription
            expected["\(i).zip"] = try read(directory.path("\(i).zip"))
        }
        for (name, readings) in try readByPython(directory) {
            #expect(readings == expected[name], "\(descriptions[name] ?? "")")
        }
    }

    @Test(
        "archives by Python, in many shapes, read the same here and by unzip",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func archivesByPython() throws {
        let directory = try TemporaryDirectory()
        let output = try Peer.run(try #require(Peer.python), ["-c", pythonWriter, directory.path, "120"])
        #expect(output.status == 0, "\(output.standardError)")
        let expected = try readByPython(directory)
        #expect(expected.count == 120)
        for (name, readings) in expected {
            // Streamed without compression cannot be read without guessing, and Python writes directories so; none here.
            #expect(try read(directory.path(name)) == readings, "\(name)")
        }
        try compareWithUnzip(directory, names: expected.keys.sorted().prefix(25))
    }

    @Test(
        "archives written here are read by Python and unzip",
        .enabled(if: Peer.python != nil, "no Python with judges"))
    func archivesWrittenHere() throws {
        let directory = try TemporaryDirectory()
        var expected: [String: [Reading]] = [:]
        for seed in 0..<60 {
            var generator = SeededGenerator(seed: UInt64(seed))
            var writer = ZipWriter()
            var readings: [Reading] = []
            for i in 0..<Int.random(in: 0...4, using: &generator) {
                let name = "m\(i)" + [".csv", "ü.csv", "/y.csv"].randomElement(using: &generator)!
                let count = [0, 1, 3000, 100_000].randomElement(using: &generator)!
                let content = (0..<count).map { _ in UInt8.random(in: 40...60, using: &generator) }
                var style = ZipWriter.Style(
                    level: [nil, 1, 6, 9].randomElement(using: &generator)!,
                    modified: ZipTime(year: 2024, month: 5, day: 6, hour: 7, minute: 8, second: 10))
                style.usesZip64 = Bool.random(using: &generator)
                style.hasDescriptor = Bool.random(using: &generator)
                writer.add(name: name, bytes: content, style: style)
                readings.append(
                    Reading(name: name, size: count, sha256: ContentIdentity(of: content).sha256.description))
            }
            let bytes = writer.finish(usesZip64: seed % 2 == 0, comment: Array("c".utf8))
            #expect(bytes == writer.finish(usesZip64: seed % 2 == 0, comment: Array("c".utf8)))
            try directory.write(Data(bytes), to: "\(seed).zip")
            expected["\(seed).zip"] = readings
            #expect(try read(directory.path("\(seed).zip")) == readings, "seed \(seed)")
        }
        let found = try readByPython(directory)
        for (name, readings) in expected { #expect(found[name] == readings, "\(name)") }
        try compareWithUnzip(directory, names: expected.keys.sorted().prefix(25))
    }

    /// The bytes of all members in a row, as `unzip -p` prints them.
    private func compareWithUnzip(_ directory: TemporaryDirectory, names: some Sequence<String>) throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/unzip") else { return }
        for name in names {
            let path = directory.path(name)
            let archive = try ZipArchive(path: path)
            if archive.members.isEmpty { continue }
            // Through the shell, for the bytes are not text.
            let output = try Peer.run(
                "/bin/sh", ["-c", "/usr/bin/unzip -p \"$0\" > \"$1\"", path, path + ".out"])
            #expect(output.status == 0, "\(name): \(output.standardError)")
            var expected: [UInt8] = []
            for member in archive.members { expected += try readAll(member, of: archive) }
            #expect(try Array(directory.read(name + ".out")) == expected, "\(name)")
        }
    }
}
