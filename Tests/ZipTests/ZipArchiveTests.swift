import Bytes
import Compression
import Foundation
import Problems
import TestSupport
import Testing
import Zip

/// The next bytes of a stream, at most `count`; none at the end.
func next(_ count: Int, of stream: inout ZipMemberStream) throws(ZipProblem) -> [UInt8] {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { unsafe block.deallocate() }
    let count = try unsafe stream.read(into: block)
    return unsafe Array(block[..<count])
}

/// All bytes of a member, read in pieces of `cut` bytes.
func readAll(_ member: ZipMember, of archive: ZipArchive, cut: Int = 1 << 16) throws(ZipProblem) -> [UInt8] {
    var stream = try archive.open(member)
    var result: [UInt8] = []
    while true {
        let piece = try next(cut, of: &stream)
        if piece.isEmpty { return result }
        result += piece
    }
}

@safe private final class Room {
    let memory: UnsafeMutableRawBufferPointer
    init(byteCount: Int) { unsafe memory = .allocate(byteCount: byteCount, alignment: 1) }
    deinit { unsafe memory.deallocate() }
}

@Suite struct ZipArchiveTests {
    private func check(_ zip: ZipCase) throws {
        let directory = try TemporaryDirectory()
        try directory.write(Data(zip.bytes), to: "a.zip")
        var refusal: String?
        var opened = false
        do throws(ZipProblem) {
            let archive = try ZipArchive(path: directory.path("a.zip"))
            opened = true
            for member in archive.members { _ = try readAll(member, of: archive) }
        } catch { refusal = error.summary }
        switch zip.verdict {
        case .accepted: #expect(refusal == nil)
        case .refused(let text):
            #expect(!opened && refusal?.contains(text) == true, "\(refusal ?? "accepted")")
        case .refusedOnRead(let text):
            #expect(opened && refusal?.contains(text) == true, "\(refusal ?? "accepted")")
        }
        if let refusal {
            #expect(refusal.hasPrefix(directory.path("a.zip")), "the place comes first: \(refusal)")
        }
    }

    @Test("file", arguments: ZipCases.file) func file(_ zip: ZipCase) throws { try check(zip) }
    @Test("end record", arguments: ZipCases.endRecord) func endRecord(_ zip: ZipCase) throws {
        try check(zip)
    }
    @Test("headers", arguments: ZipCases.headers) func headers(_ zip: ZipCase) throws { try check(zip) }
    @Test("zip64 field", arguments: ZipCases.zip64) func zip64(_ zip: ZipCase) throws { try check(zip) }
    @Test("data descriptor", arguments: ZipCases.descriptors) func descriptors(_ zip: ZipCase) throws {
        try check(zip)
    }
    @Test("names", arguments: ZipCases.names) func names(_ zip: ZipCase) throws { try check(zip) }
    @Test("data", arguments: ZipCases.data) func data(_ zip: ZipCase) throws { try check(zip) }

    @Test("cut at any length, nothing opens") func truncated() throws {
        let directory = try TemporaryDirectory()
        let bytes = RawZip([RawZip.payloadA, RawZip.payloadB]).bytes
        for length in 0..<bytes.count {
            try directory.write(Data(bytes[..<length]), to: "a.zip")
            #expect(throws: ZipProblem.self, "\(length)") { try ZipArchive(path: directory.path("a.zip")) }
        }
    }

    @Test("one byte changed anywhere: refused, or read as before") func mutated() throws {
        let directory = try TemporaryDirectory()
        var zip = RawZip([RawZip.payloadA, RawZip.payloadB])
        zip.entries[1].both { $0.extra = [0x55, 0x54, 1, 0, 7] }
        zip.end64 = RawZip.End64()
        let bytes = zip.bytes
        let expected = [Array("a,b\n1,2\n".utf8), Array("a,b\n9,9\n".utf8)]
        var generator = SeededGenerator(seed: 11)
        var acceptedCount = 0
        for place in bytes.indices {
            for _ in 0..<3 {
                var damaged = bytes
                damaged[place] ^= UInt8.random(in: 1...255, using: &generator)
                try directory.write(Data(damaged), to: "a.zip")
                do throws(ZipProblem) {
                    let archive = try ZipArchive(path: directory.path("a.zip"))
                    var contents: [[UInt8]] = []
                    for member in archive.members { contents.append(try readAll(member, of: archive)) }
                    #expect(contents == expected, "byte \(place)")
                    acceptedCount += 1
                } catch { continue }
            }
        }
        // Times, versions and attributes may change; nothing else.
        #expect(acceptedCount < bytes.count)
    }

    @Test(
        "members read in pieces of any size, stored and deflated", arguments: [1, 3, 1000, 65_536, 1 << 20])
    func pieces(cut: Int) throws {
        var generator = SeededGenerator(seed: 3)
        let content = (0..<(cut == 1 ? 3000 : 700_000)).map { _ in UInt8.random(in: 0..<50, using: &generator)
        }
        var writer = ZipWriter()
        writer.add(name: "deflated", bytes: content)
        writer.add(name: "stored", bytes: content, style: .init(level: nil))
        let directory = try TemporaryDirectory()
        try directory.write(Data(writer.finish()), to: "a.zip")
        let archive = try ZipArchive(path: directory.path("a.zip"))
        for member in archive.members { #expect(try readAll(member, of: archive, cut: cut) == content) }
    }

    @Test("the file's own digests, whatever was read of it", arguments: [2_000, 900_000])
    func identity(byteCount: Int) throws {
        var generator = SeededGenerator(seed: 5)
        var writer = ZipWriter()
        for name in ["a", "b"] {
            let content = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
            writer.add(name: name, bytes: content, style: .init(level: name == "a" ? 6 : nil))
        }
        let bytes = writer.finish()
        let directory = try TemporaryDirectory()
        try directory.write(Data(bytes), to: "a.zip")
        for order in [[], [0], [1], [0, 1], [1, 0], [0, 0, 1]] {
            let archive = try ZipArchive(path: directory.path("a.zip"), isHashed: true)
            for index in order { _ = try readAll(archive.members[index], of: archive) }
            #expect(try archive.identity() == ContentIdentity(of: bytes), "\(order)")
        }
        #expect(try ZipArchive(path: directory.path("a.zip")).identity() == nil)
    }

    @Test("members of several archives at once, from files and from memory") func together() throws {
        let directory = try TemporaryDirectory()
        let texts = (0..<7).map { index in
            Array(String(repeating: "\(index),0.1234\n", count: 40 << index).utf8)
        }
        var archives: [ZipArchive] = []
        for (index, text) in texts.enumerated() {
            var zip = ZipWriter()
            zip.add(name: "t.csv", bytes: text)
            var bytes = zip.finish()
            // One whose bytes are not those of its checksum: a changed literal behind the block's header.
            if index == 4 { bytes[60] ^= 0x10 }
            let path = directory.path("\(index).zip")
            try directory.write(Data(bytes), to: "\(index).zip")
            archives.append(
                index % 2 == 0
                    ? try ZipArchive(path: path) : try ZipArchive(path: path, contents: HeldBytes(bytes)))
        }
        let outputs = texts.map { Room(byteCount: $0.count) }
        let members = zip(archives, outputs).map { archive, output in
            unsafe ShortMember(archive.members[0], of: archive, output: output.memory)
        }
        let areWhole = ZipArchive.readTogether(members)
        for index in texts.indices {
            let archive = archives[index]
            if index == 4 {
                #expect(!areWhole[index])
                #expect(throws: ZipProblem.self) { try readAll(archive.members[0], of: archive) }
            } else {
                #expect(try readAll(archive.members[0], of: archive) == texts[index])
                guard archive.isShort(archive.members[0]) else { continue }
                #expect(areWhole[index])
                #expect(unsafe Array(outputs[index].memory) == texts[index])
            }
        }
    }

    @Test("a bomb is stopped at the size the directory gives") func bomb() throws {
        let directory = try TemporaryDirectory()
        let data = rawDeflate([UInt8](repeating: 0, count: 20_000_000), level: 9)
        let entry = RawZip.Entry("x.csv", data: data, crc: 0, byteCount: 100_000)
        try directory.write(Data(RawZip([entry]).bytes), to: "a.zip")
        let archive = try ZipArchive(path: directory.path("a.zip"))
        var stream = try archive.open(archive.members[0])
        var handedOut = 0
        var failure: ZipProblem?
        for _ in 0..<10 {
            do throws(ZipProblem) {
                handedOut += try next(64 << 10, of: &stream).count
            } catch { failure = error }
        }
        #expect(handedOut == 64 << 10)
        #expect(failure?.kind == .tooLong(expected: 100_000))
    }

    @Test("a file that changes between open and the last byte is refused") func changed() throws {
        let directory = try TemporaryDirectory()
        var writer = ZipWriter()
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        writer.add(name: "x", bytes: content, style: .init(level: nil))
        let bytes = writer.finish()
        for change in ["appended", "cut", "touched"] {
            try directory.write(Data(bytes), to: "a.zip")
            let archive = try ZipArchive(path: directory.path("a.zip"))
            switch change {
            case "appended":
                let handle = try FileHandle(forWritingTo: directory.url.appending(path: "a.zip"))
                try handle.seekToEnd()
                try handle.write(contentsOf: Data([0]))
                try handle.close()
            case "cut": #expect(unsafe truncate(directory.path("a.zip"), 1000) == 0)
            default:
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: directory.path("a.zip")
                )
            }
            var failure: ZipProblem?
            do throws(ZipProblem) { _ = try readAll(archive.members[0], of: archive) } catch {
                failure = error
            }
            #expect(failure?.kind == .changedWhileRead, "\(change)")
        }
    }

    @Test("what is not a readable file") func unreadable() throws {
        let directory = try TemporaryDirectory()
        for path in [directory.path("missing.zip"), directory.path, "/dev/null"] {
            var failure: ZipProblem?
            do throws(ZipProblem) { _ = try ZipArchive(path: path) } catch { failure = error }
            #expect(failure?.category == .disk, "\(path)")
        }
    }

    @Test("foreign text in messages cannot steer a terminal") func escaped() {
        let problem = ZipProblem(.duplicateName, path: "a.zip", member: "a\u{202E}\u{1B}[2J")
        #expect(problem.summary == "a.zip!a\\u{202e}\\u{1b}[2J: a second member of this name")
    }

    @Test("the real samples", .enabled(if: Peer.samples != nil, "no samples beside the package"))
    func samples() throws {
        let root = try #require(Peer.samples)
        let files = try #require(FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil))
        var count = 0
        for case let url as URL in files where url.pathExtension == "zip" {
            let archive = try ZipArchive(path: url.path)
            for member in archive.members {
                let content = try readAll(member, of: archive)
                #expect(content.count == member.byteCount && !content.isEmpty)
                // All but Binance's own lists of changes end their last line.
                let isData = url.pathComponents.contains("archive")
                #expect(!isData || content.last == UInt8(ascii: "\n"), "\(url.path)")
                count += 1
            }
        }
        #expect(count >= 8)
    }
}
