import Bytes
import Fetching
import Foundation
import TestSupport
import Testing

private let hex = "4af12d04aa5df85bae2ff7d67acbbd92baa24ec6c0c2a9f6c2ef0b1ee1c5ea48"
private let other = String(hex.reversed())

@Suite("ChecksumFile")
struct ChecksumFileTests {
    static let good: [(name: String, text: String)] = [
        ("line end", "\(hex)  x.zip\n"), ("no line end", "\(hex)  x.zip"), ("CRLF", "\(hex)  x.zip\r\n"),
        ("binary mark", "\(hex) *x.zip\n"), ("capitals", "\(hex.uppercased())  x.zip\n"),
        ("among others", "\(other)  y.zip\n\(hex)  x.zip\n"),
        ("twice the same", "\(hex)  x.zip\n\(hex)  x.zip\n"),
    ]

    @Test("reads", arguments: good)
    func reads(_ name: String, _ text: String) throws {
        #expect(try ChecksumFile.digest(for: "x.zip", in: Array(text.utf8)).description == hex)
    }

    static let bad: [(name: String, text: String)] = [
        ("empty", ""), ("line end alone", "\n"), ("63 digits", "\(hex.dropLast())  x.zip\n"),
        ("65 digits", "\(hex)0  x.zip\n"),
        ("MD5", "\(hex.prefix(32))  x.zip\n"), ("digest alone", "\(hex)\n"), ("no name", "\(hex)  \n"),
        ("other name", "\(hex)  y.zip\n"), ("name with a path", "\(hex)  a/x.zip\n"),
        ("one space", "\(hex) x.zip\n"),
        ("two digests", "\(hex)  x.zip\n\(other)  x.zip\n"), ("web page", "<html>\n"),
        ("byte order mark", "\u{FEFF}\(hex)  x.zip\n"),
        ("NUL", "\(hex)  x.zip\0\n"), ("blank line between", "\(hex)  x.zip\n\n\(hex)  x.zip\n"),
        ("not hex", "\(hex.dropLast())g  x.zip\n"), ("name in other case", "\(hex)  X.zip\n"),
    ]

    @Test("refuses", arguments: bad)
    func refuses(_ name: String, _ text: String) {
        #expect(throws: ChecksumFile.Refusal.self) {
            try ChecksumFile.digest(for: "x.zip", in: Array(text.utf8))
        }
    }

    @Test("a file cut anywhere before the end of the name is refused")
    func truncation() throws {
        let whole = Array("\(hex)  x.zip\n".utf8)
        for count in 0..<whole.count - 1 {
            #expect(throws: ChecksumFile.Refusal.self) {
                try ChecksumFile.digest(for: "x.zip", in: Array(whole[..<count]))
            }
        }
        #expect(throws: ChecksumFile.Refusal.self) {
            try ChecksumFile.digest(
                for: "x.zip", in: [UInt8](repeating: 0x61, count: ChecksumFile.byteLimit + 1))
        }
        #expect(throws: ChecksumFile.Refusal.self) {
            try ChecksumFile.digest(for: "x.zip", in: [0xFF, 0x0A])
        }
    }

    @Test("real files agree with their objects", .enabled(if: Peer.samples != nil))
    func samples() throws {
        let folder = try #require(Peer.samples).appending(path: "archive")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var count = 0
        for case let file as URL in files where file.pathExtension == "CHECKSUM" {
            let zip = file.deletingPathExtension()
            let digest = try ChecksumFile.digest(
                for: zip.lastPathComponent, in: Array(Data(contentsOf: file)))
            #expect(digest == ContentIdentity(of: try Data(contentsOf: zip)).sha256)
            count += 1
        }
        #expect(count > 0)
    }
}
