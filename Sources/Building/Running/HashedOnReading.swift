import Bytes
import Graph
import Synchronization

/// A file whose record is made when its bytes are first asked for.
final class HashedOnReading: Sendable {
    private let hash: @Sendable () throws -> (record: RawRecord, bytes: HeldBytes?)
    private let known = Mutex(RawRecord?.none)

    /// - Parameter hash: reads the file; gives its bytes, too, unless it is too large.
    init(_ hash: @escaping @Sendable () throws -> (record: RawRecord, bytes: HeldBytes?)) { self.hash = hash }

    /// The bytes that were hashed; nil where the file is too large, and from the second time on: then it has to be read from its path.
    @Sendable func contents() throws -> HeldBytes? {
        guard known.withLock({ $0 == nil }) else { return nil }
        let (record, bytes) = try hash()
        known.withLock { $0 = record }
        return bytes
    }

    /// The file's record, made now if nobody has asked for the bytes.
    func record() throws -> RawRecord {
        if let record = known.withLock({ $0 }) { return record }
        let record = try hash().record
        known.withLock { $0 = record }
        return record
    }
}
