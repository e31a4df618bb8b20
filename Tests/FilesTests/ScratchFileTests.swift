import Files
import Foundation
import TestSupport
import Testing

@Suite("ScratchFile") struct ScratchFileTests {
    @Test("keeps bytes, at any offset, and no name") func readsBack() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("a/b")
        var file = try ScratchFile(inDirectory: path)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try unsafe bytes.withUnsafeBytes { unsafe try file.append($0) }
        try unsafe bytes.withUnsafeBytes {
            unsafe try file.append(UnsafeRawBufferPointer(rebasing: $0[..<7]))
        }
        #expect(file.byteCount == 100_007)
        var found = [UInt8](repeating: 0, count: 1_000)
        try unsafe found.withUnsafeMutableBytes { unsafe try file.read(into: $0, at: 99_007) }
        #expect(found == Array(bytes[99_007...]) + Array(bytes[..<7]))
        #expect(throws: FileProblem.self) {
            try unsafe found.withUnsafeMutableBytes { unsafe try file.read(into: $0, at: 99_500) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }

    @Test("says which directory cannot take it") func refused() throws {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "file")
        #expect(throws: FileProblem.self) { _ = try ScratchFile(inDirectory: directory.path("file")) }
    }
}
