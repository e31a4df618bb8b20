package import Foundation

/// A new empty directory, gone again when the value is.
package final class TemporaryDirectory: Sendable {
    package let url: URL
    package var path: String { url.path }

    package init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "datamake-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The absolute path of `relative` inside.
    package func path(_ relative: String) -> String { url.appending(path: relative).path }

    /// Writes a file, making the directories on the way.
    package func write(_ text: String, to relative: String) throws {
        try write(Data(text.utf8), to: relative)
    }

    package func write(_ data: Data, to relative: String) throws {
        let file = url.appending(path: relative)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
    }

    package func read(_ relative: String) throws -> Data {
        try Data(contentsOf: url.appending(path: relative))
    }
}
