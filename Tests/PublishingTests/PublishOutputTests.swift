import Bytes
import Files
import Foundation
import Publishing
import TestSupport
import Testing

@Suite("publishOutput") struct PublishOutputTests {
    private func finished(_ path: String, _ text: String) throws(FileProblem) -> FinishedFile {
        var file = try StagedFile(for: path)
        try file.write(Array(text.utf8).span)
        return try file.finish()
    }

    /// What lies at the destination before, and whether the new bytes `new` are published over it.
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var onDisk: String?
        var recorded: String?
        var isPublished: Bool
    }

    static let cases = [
        Case(testDescription: "never built", onDisk: nil, recorded: nil, isPublished: true),
        Case(
            testDescription: "never built, same bytes there by chance", onDisk: "new", recorded: nil,
            isPublished: true),
        Case(testDescription: "other bytes than before", onDisk: "old", recorded: "old", isPublished: true),
        Case(testDescription: "same bytes, intact", onDisk: "new", recorded: "new", isPublished: false),
        Case(testDescription: "same bytes, gone", onDisk: nil, recorded: "new", isPublished: true),
        Case(
            testDescription: "same bytes, damaged at equal size", onDisk: "nEw", recorded: "new",
            isPublished: true),
        Case(testDescription: "same bytes, cut off", onDisk: "ne", recorded: "new", isPublished: true),
    ]

    @Test("discards only what stands there already", arguments: cases)
    func decides(_ c: Case) throws {
        let root = try TemporaryDirectory()
        let path = root.path("a")
        if let text = c.onDisk { try root.write(text, to: "a") }
        let before = try Stamp.of(path: path)
        let publication = try publishOutput(
            finished(path, "new"), recorded: c.recorded.map { ContentIdentity(of: Array($0.utf8)) })
        let after = try #require(try Stamp.of(path: path))
        #expect(publication == (c.isPublished ? .published(after) : .unchanged(after)))
        #expect((before == after) == !c.isPublished)
        #expect(publication.stamp == after)
        #expect(try root.read("a") == Data("new".utf8))
        #expect(try listDirectory(root.path).map(\.name) == ["a"])
    }

    @Test("a link to the same bytes is replaced by the file")
    func link() throws {
        let root = try TemporaryDirectory()
        try root.write("new", to: "b")
        try FileManager.default.createSymbolicLink(atPath: root.path("a"), withDestinationPath: "b")
        _ = try publishOutput(
            finished(root.path("a"), "new"), recorded: ContentIdentity(of: Array("new".utf8)))
        #expect(try isRegularFile(root.path("a")))
    }
}
