import Foundation
import Zip

/// The deflated bytes of a zip's one member, in memory.
struct DeflatedFile {
    private let zip: Data
    private let range: Range<Int>

    init(path: String) throws {
        let members = try ZipArchive(path: path).members.filter { $0.method == .deflate }
        guard members.count == 1 else {
            throw BenchmarkProblem(description: "\(path): \(members.count) deflated members, expected one")
        }
        zip = try Data(contentsOf: URL(filePath: path))
        range = members[0].dataOffset..<members[0].dataOffset + members[0].compressedByteCount
    }

    func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        try unsafe zip.withUnsafeBytes { try unsafe body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
