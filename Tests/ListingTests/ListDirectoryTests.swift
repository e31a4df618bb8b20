import Foundation
import Graph
import HTTP
import Listing
import Synchronization
import TestSupport
import Testing

@Suite("listing a directory")
struct DirectoryListingTests {
    @Test("walks only what the patterns name, through links, and stamps what it finds")
    func walk() async throws {
        let folder = try TemporaryDirectory()
        for path in [
            "data/A/1m/A-1m-2024-01-01.zip", "data/A/1m/A-1m-2024-01-02.zip",
            "data/A/1m/A-1m-2024-01-02.zip.CHECKSUM",
            "data/A/1h/A-1h-2024-01-01.zip", "data/B/1m/B-1m-2024-01-01.zip", "data/readme",
            "elsewhere/C-1m-2024-01-01.zip",
        ] { try folder.write(path, to: path) }
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder.path("data/C"), withIntermediateDirectories: true)
        try manager.createSymbolicLink(
            atPath: folder.path("data/C/1m"), withDestinationPath: folder.path("elsewhere"))
        try manager.createSymbolicLink(
            atPath: folder.path("data/A/1m/A-1m-2024-01-03.zip"), withDestinationPath: "A-1m-2024-01-02.zip")
        try manager.createSymbolicLink(
            atPath: folder.path("data/A/1m/A-1m-2024-01-04.zip"), withDestinationPath: "nowhere")
        try manager.createSymbolicLink(atPath: folder.path("data/A/loop"), withDestinationPath: ".")

        let pattern = "data/{symbol}/{interval}/{symbol}-{interval}-{date:day}.zip"
        let listing = try await listDirectory(
            path: folder.path + "/",
            patterns: [entry(pattern, ["interval": .globs(includes: ["*m"], excludes: [])])],
            source: "dir")
        #expect(
            listing.objects.map(\.key) == [
                "data/A/1m/A-1m-2024-01-01.zip", "data/A/1m/A-1m-2024-01-02.zip",
                "data/A/1m/A-1m-2024-01-03.zip",
                "data/B/1m/B-1m-2024-01-01.zip", "data/C/1m/C-1m-2024-01-01.zip",
            ])
        #expect(listing.isComplete)
        #expect(listing.requestCount == 0)
        #expect(listing.objects[0].byteCount == 29)
        #expect(listing.objects.allSatisfy { $0.etag.isEmpty && $0.stamp != nil })
        let year = try #require(listing.objects.first).lastModified.prefix(2)
        #expect(year == "20")
        #expect(listing.objects[0].lastModified.count == 24)

        try manager.removeItem(atPath: folder.path("data/B"))
        try folder.write("longer than before", to: "data/A/1m/A-1m-2024-01-01.zip")
        let request = ListingRequest(
            source: Source(name: "dir", location: .directory(path: folder.path)),
            patterns: [try entry(pattern)],
            refresh: .none,
            known: Dictionary(uniqueKeysWithValues: listing.sweptPrefixes.map { ($0.prefix, $0.state!) }))
        let update = merge(
            previous: ObjectList(listing.objects), listing: try await list(request, client: HTTPClient()))
        #expect(update.new.map(\.key) == ["data/A/1h/A-1h-2024-01-01.zip"])
        #expect(update.changed.map(\.key) == ["data/A/1m/A-1m-2024-01-01.zip"])
    }

    @Test("a missing root is a problem, a missing place below it is empty")
    func missing() async throws {
        let folder = try TemporaryDirectory()
        let below = try await listDirectory(
            path: folder.path, patterns: [entry("no/{x}/{y}.zip")], source: "dir")
        #expect(below.isComplete)
        #expect(below.objects.isEmpty)
        let root = try await listDirectory(
            path: folder.path("gone"), patterns: [entry("{x}.zip")], source: "dir")
        #expect(!root.isComplete)
        #expect(root.problems.count == 1)
    }

    @Test("names in a constraint do not lead out of the root")
    func escape() async throws {
        let folder = try TemporaryDirectory()
        try folder.write("x", to: "root/a.zip")
        try folder.write("x", to: "secret/b.zip")
        for pattern in ["{x}/secret/{y}.zip", "{x}/{y}.zip"] {
            let listing = try await listDirectory(
                path: folder.path("root"),
                patterns: [entry(pattern, ["x": names("..", ".", "../secret", "")])], source: "dir")
            #expect(listing.objects.isEmpty)
        }
    }
}
