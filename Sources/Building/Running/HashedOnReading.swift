import Bytes
import Files
import Graph
import Synchronization

/// A file whose record is made when a recipe reads its bytes, so that they are read once.
///
/// A small one is read here, hashed, and its bytes are given to the recipe; a larger one is read by the recipe, which tells what
/// it held.
final class HashedOnReading: Sendable {
    typealias Found = (content: ContentIdentity, stamp: Stamp)

    private let path: String
    private let makeRecord: @Sendable (Found) throws -> RawRecord
    private let state = Mutex(State())

    private struct State {
        var record: RawRecord?
        /// Of a larger file, before the recipe opened it.
        var stampBefore: Stamp?
    }

    /// Files up to this size are read here, and hashed before the recipe sees a byte.
    static let smallByteCount = 256 << 10

    /// - Parameters:
    ///   - path: absolute.
    ///   - makeRecord: makes the record of what the file was found to hold.
    init(path: String, makeRecord: @escaping @Sendable (Found) throws -> RawRecord) {
        self.path = path
        self.makeRecord = makeRecord
    }

    var isKnown: Bool { state.withLock { $0.record != nil } }

    /// The bytes that were hashed, of the first file and of those after it as far as all goes well: several are hashed sooner together.
    /// Nil for a file that is too large or was hashed before: it has to be read from its path.
    ///
    /// - Throws: what is wrong with the first.
    static func contents(of files: [HashedOnReading]) throws -> [HeldBytes?] {
        var contents: [HeldBytes?] = []
        var read: [(index: Int, bytes: HeldBytes, stamp: Stamp)] = []
        do {
            for (index, file) in files.enumerated() {
                let found = try file.readIfSmall()
                contents.append(found?.bytes)
                if let found { read.append((index, found.bytes, found.stamp)) }
            }
        } catch {
            // What is wrong with a later one is found again when its turn comes.
            if contents.isEmpty { throw error }
        }
        for ((index, _, stamp), content) in zip(read, ContentIdentity.identities(of: read.map(\.bytes))) {
            do {
                try files[index].note((content, stamp))
            } catch {
                if index == 0 { throw error }
                return Array(contents[..<index])
            }
        }
        return contents
    }

    /// What the recipe found the file to hold that it read from its path.
    ///
    /// - Throws: `FileProblem` if it is not the file any more that was there before.
    func identified(_ content: ContentIdentity) throws {
        let after = try Stamp.of(path: path)
        guard let after, after == state.withLock({ $0.stampBefore }), after.byteCount == content.byteCount
        else { throw FileProblem(.read, path: path, cause: .changedWhileRead) }
        try note((content, after))
    }

    /// The file's record, made now if nobody has read the bytes.
    func record() throws -> RawRecord {
        if let record = state.withLock({ $0.record }) { return record }
        return try note(try identity(ofFile: path))
    }

    private func readIfSmall() throws -> (bytes: HeldBytes, stamp: Stamp)? {
        if isKnown { return nil }
        if let found = try Files.contents(ofFile: path, upTo: Self.smallByteCount) { return found }
        let stamp = try Stamp.of(path: path)
        state.withLock { $0.stampBefore = stamp }
        return nil
    }

    @discardableResult
    private func note(_ found: Found) throws -> RawRecord {
        let record = try makeRecord(found)
        state.withLock { $0.record = record }
        return record
    }
}
